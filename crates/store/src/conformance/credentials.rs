//! Conformance of [`Credentials`](authn::ports::Credentials).

use std::sync::Arc;

use ::authn::account::{Account, AccountId};
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::app_password::{AppPassword, StoredAppPassword};
use ::authn::lockout::Subject;
use ::authn::ports::Unavailable;

use super::{
    Conforming, ELSEWHERE, account, add_app_password, anna_with, app_password, at, event,
    of_account, sign_in,
};

/// Its hashes included, and in the order in which they were made.
pub async fn an_app_password_keeps_all_its_fields<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "second").await?;
    let bare = StoredAppPassword {
        record: AppPassword {
            device: None,
            expires: None,
            scope: [].into(),
            created: at(-1),
            last_used: Some((at(3), ELSEWHERE)),
            ..app_password("first", &anna).record
        },
        ..app_password("first", &anna)
    };
    let created = Kind::AppPasswordCreated {
        credential: bare.record.id.clone(),
    };
    store
        .add_app_password(&bare, event(1, created, &anna))
        .await?;

    let found = store
        .app_passwords(&Subject::Account(anna.id.clone()))
        .await?;
    let expected = [bare, app_password("second", &anna)];
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found.record, expected.record);
        assert_eq!(found.hashes.grouped, expected.hashes.grouped);
        assert_eq!(found.hashes.plain, expected.hashes.plain);
        let known = store.app_password(&expected.record.id).await?;
        assert_eq!(known.as_ref(), Some(&expected.record));
    }
    Ok(())
}

/// Not even where an account's id reads like its bucket.
pub async fn an_unknown_subject_has_no_app_passwords<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let seven = Account {
        id: AccountId("7".to_owned()),
        ..account("seven")
    };
    let added = store
        .add(&seven, event(0, Kind::AccountCreated, &seven))
        .await?;
    assert_eq!(added, Ok(()));
    add_app_password(&*store, "one", &seven).await?;
    assert_eq!(
        store
            .app_passwords(&Subject::Account(seven.id))
            .await?
            .len(),
        1
    );
    assert!(store.app_passwords(&Subject::Unknown(7)).await?.is_empty());
    assert!(
        store
            .app_passwords(&Subject::Account(account("anna").id))
            .await?
            .is_empty()
    );
    assert_eq!(
        store.app_password(&CredentialId("two".to_owned())).await?,
        None
    );
    Ok(())
}

/// And an id of its own; what is refused is not audited.
pub async fn an_app_password_needs_its_account<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    assert!(
        add_app_password(&*store, "stray", &account("nobody"))
            .await
            .is_err()
    );
    assert!(add_app_password(&*store, "phone", &anna).await.is_err());
    assert_eq!(
        store.app_passwords(&Subject::Account(anna.id)).await?.len(),
        1
    );
    assert_eq!(store.read(1, 10).await?.len(), 2);
    Ok(())
}

/// With one event, and only the one that was named.
pub async fn an_app_password_is_revoked_once<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    let phone = CredentialId("phone".to_owned());
    let revoked = || {
        event(
            5,
            Kind::AppPasswordRevoked {
                credential: phone.clone(),
            },
            &anna,
        )
    };
    assert!(store.revoke_app_password(&phone, at(5), revoked()).await?);
    assert!(!store.revoke_app_password(&phone, at(6), revoked()).await?);
    let nobody = CredentialId("nobody".to_owned());
    assert!(!store.revoke_app_password(&nobody, at(6), revoked()).await?);
    let found = store
        .app_passwords(&Subject::Account(anna.id.clone()))
        .await?;
    let revoked: Vec<_> = found
        .into_iter()
        .map(|stored| (stored.record.id.0, stored.record.revoked))
        .collect();
    assert_eq!(
        revoked,
        [
            ("phone".to_owned(), Some(at(5))),
            ("tablet".to_owned(), None)
        ]
    );
    assert_eq!(store.read(1, 10).await?.len(), 4);
    Ok(())
}

/// When, and from which address.
pub async fn a_success_notes_the_last_use<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    add_app_password(&*store, "tablet", &anna).await?;
    sign_in(&*store, of_account(&anna, 60), (&anna, "phone", ELSEWHERE)).await?;
    let last_used = |record: Option<AppPassword>| record.and_then(|record| record.last_used);
    let phone = store
        .app_password(&CredentialId("phone".to_owned()))
        .await?;
    assert_eq!(last_used(phone), Some((at(60), ELSEWHERE)));
    let tablet = store
        .app_password(&CredentialId("tablet".to_owned()))
        .await?;
    assert_eq!(last_used(tablet), None);
    Ok(())
}
