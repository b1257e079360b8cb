//! The first secret of somebody who has nothing: set once, and told; never where there is something already.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::Kind;
use ::authn::credential::app_password::{AppPassword, StoredAppPassword};
use ::authn::credential::sent_code::{Address, Carrier, Content, Language, Message};
use ::authn::lockout::Subject;
use ::authn::ports::Unavailable;
use ::authn::session::Invitation;

use super::pages::{key, made, with_secret};
use super::passkeys::with_passkey;
use super::{Conforming, account, add_app_password, all_at_once, app_password, at, event};

fn told(account: &Account) -> Message {
    let address = format!("{}@contoso.com", account.sam);
    Message {
        id: format!("told-{}", account.sam),
        account: Some(account.id.clone()),
        address: Address::parse(Carrier::Mail, &address)
            .unwrap_or_else(|| Address::Sms(proto::sending::PhoneNumber::of_nobody())),
        content: Content::Enrolled {
            from: "10.0.0.4".to_owned(),
        },
        language: Language::Swedish,
        queued: at(10),
        ends: at(1_000),
    }
}

async fn is_set<S: Conforming>(
    store: &S,
    id: &str,
    account: &Account,
) -> Result<bool, Unavailable> {
    let secret = made(id, account, 10);
    let kind = Kind::MemorisedSecretSet {
        credential: secret.record.id.clone(),
    };
    let told = told(account);
    let set = store.set_first_secret(&secret, event(10, kind, account), told);
    set.await
}

async fn somebody<S: Conforming>(store: &S, sam: &str) -> Result<Account, Unavailable> {
    let somebody = account(sam);
    let created = event(0, Kind::AccountCreated, &somebody);
    assert_eq!(store.add(&somebody, created).await?, Ok(()));
    Ok(somebody)
}

/// A first secret is set where there is nothing, with its message, and ends what its owner was invited by.
pub async fn a_first_secret_is_set_where_there_is_nothing<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = somebody(&*store, "anna").await?;
    let invitation = Invitation {
        account: anna.id.clone(),
        made: at(1),
        ends: at(100),
    };
    let ends = invitation.ends;
    let invited = event(1, Kind::Invited { ends }, &anna);
    store.invite(key(1), &invitation, invited).await?;
    // An app password that is good no more is nothing.
    let ended = StoredAppPassword {
        record: AppPassword {
            expires: Some(at(9)),
            ..app_password("ended", &anna).record
        },
        ..app_password("ended", &anna)
    };
    let created = Kind::AppPasswordCreated {
        credential: ended.record.id.clone(),
    };
    let added = event(2, created, &anna);
    store.add_app_password(&ended, added).await?;
    assert!(is_set(&*store, "first", &anna).await?);
    assert!(!is_set(&*store, "second", &anna).await?, "once");
    let subject = Subject::Account(anna.id.clone());
    let stored = store.memorised_secret(&subject).await?;
    let stored = stored.map(|it| it.record.id.0);
    assert_eq!(stored.as_deref(), Some("first"));
    assert_eq!(store.invited_until(&anna.id, at(11)).await?, None);
    let waiting = store.claim(at(11), at(60), 10).await?;
    let waiting: Vec<Message> = waiting.into_iter().map(|it| it.message).collect();
    assert_eq!(waiting, [told(&anna)]);
    Ok(())
}

/// Nobody gets a first secret who has a secret, a passkey or an app password that stands; of many at once one does.
pub async fn a_first_secret_takes_the_place_of_nothing<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let ben = with_secret(&*store, "ben").await?;
    let cai = with_passkey(&*store, "cai").await?;
    let dan = somebody(&*store, "dan").await?;
    add_app_password(&*store, "phone", &dan).await?;
    for account in [&ben, &cai, &dan] {
        assert!(!is_set(&*store, "first", account).await?, "{}", account.sam);
    }
    assert!(store.claim(at(11), at(60), 10).await?.is_empty());
    let eve = somebody(&*store, "eve").await?;
    let set = all_at_once(&store, 16, move |store, number| {
        let eve = eve.clone();
        async move {
            let id = format!("secret-{number}");
            let secret = made(&id, &eve, 10);
            let kind = Kind::MemorisedSecretSet {
                credential: secret.record.id.clone(),
            };
            let told = Message { id, ..told(&eve) };
            let event = event(10, kind, &eve);
            store.set_first_secret(&secret, event, told).await
        }
    })
    .await?;
    assert_eq!(set.iter().filter(|it| **it).count(), 1);
    Ok(())
}
