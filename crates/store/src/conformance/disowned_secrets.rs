//! Memorised secrets whose owner said that somebody else knows them.

use std::sync::Arc;

use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::sent_code::Carrier;
use ::authn::lockout::Subject;
use ::authn::ports::Unavailable;
use ::authn::sign_in::{Completed, SignIn};
use ::authn::ticket::Grounds;

use super::pages::{begun, completion, key, set, signed_in, with_secret};
use super::{Conforming, at, event};

/// A disowned secret ends every session but one and opens nothing, until another is set.
pub async fn a_disowned_secret_opens_nothing_until_another_is_set<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, ben) = (
        with_secret(&*store, "anna").await?,
        with_secret(&*store, "ben").await?,
    );
    for handle in [2, 3] {
        signed_in(&*store, &anna, handle, 20).await?;
    }
    signed_in(&*store, &ben, 9, 20).await?;
    let long = SignIn {
        ends: at(1_000_000),
        ..begun()
    };
    for handle in [4, 5] {
        store.begin_sign_in(key(handle), &long).await?;
    }
    let disowned = || Kind::NotMe {
        number: 1,
        credential: CredentialId("secret-of-anna".to_owned()),
        secret_disowned: true,
    };
    let credential = CredentialId("secret-of-anna".to_owned());
    let grounds = Grounds {
        account: &anna.id,
        credential: &credential,
        token: None,
    };
    assert!(store.stands(&grounds, at(29)).await?);
    for seconds in [30, 31] {
        let said = event(seconds, disowned(), &anna);
        store
            .disown_memorised_secret(&anna.id, Some(key(2)), said)
            .await?;
    }
    assert!(!store.stands(&grounds, at(40)).await?);
    let is_in = async |handle: u8| {
        store
            .session(key(handle), at(40))
            .await
            .map(|it| it.is_some())
    };
    assert_eq!(
        [is_in(2).await?, is_in(3).await?, is_in(9).await?],
        [true, false, true]
    );
    let subject = Subject::Account(anna.id.clone());
    let found = store.memorised_secret(&subject).await?;
    let since = found.as_ref().and_then(|it| it.record.disowned);
    assert_eq!(since, Some(at(30)), "the first time counts");
    assert!(found.is_some_and(|it| it.standing().is_none()));
    let late = store.complete(completion(&anna, (4, 4), 41)).await?;
    assert_eq!(late, Completed::Overtaken);

    set(&*store, "another", &anna, 50).await?;
    let found = store.memorised_secret(&subject).await?;
    assert_eq!(found.and_then(|it| it.record.disowned), None);
    let mut with_it = completion(&anna, (5, 5), 60);
    with_it.session.credential = CredentialId("another".to_owned());
    assert_eq!(store.complete(with_it).await?, Completed::Written);
    Ok(())
}

/// Whoever has no secret is put out all the same, and it is audited.
pub async fn who_has_no_secret_is_put_out_as_well<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    signed_in(&*store, &anna, 2, 20).await?;
    let removed = event(25, Kind::MemorisedSecretRemoved, &anna);
    assert!(store.remove_memorised_secret(&anna.id, removed).await?);
    let said = event(30, Kind::SessionsEnded, &anna);
    store
        .disown_memorised_secret(&anna.id, None, said.clone())
        .await?;
    let latest = store.latest_of(&anna.id, 1).await?;
    let latest = latest.into_iter().next().map(|it| it.event);
    assert_eq!(latest, Some(said));
    Ok(())
}

/// Where a destination is removed, the session that it is removed in may go on.
pub async fn a_destination_is_removed_beside_a_session_that_goes_on<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    super::sent_codes::set(&*store, &anna, "+46701234567", 10).await?;
    for handle in [2, 3] {
        signed_in(&*store, &anna, handle, 20).await?;
    }
    let removed = event(30, Kind::DestinationRemoved { by: Carrier::Sms }, &anna);
    let what = (&anna.id, Carrier::Sms);
    assert!(
        store
            .remove_destination(what, Some(key(2)), removed)
            .await?
    );
    let is_in = async |handle: u8| {
        store
            .session(key(handle), at(40))
            .await
            .map(|it| it.is_some())
    };
    assert_eq!([is_in(2).await?, is_in(3).await?], [true, false]);
    Ok(())
}
