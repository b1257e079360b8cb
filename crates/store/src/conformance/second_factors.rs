//! Conformance of [`SecondFactors`](authn::ports::SecondFactors), and of what a success notes.

use std::sync::Arc;

use ::authn::account::{Account, AccountId};
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::grant::CodeSettlement;
use ::authn::credential::second_factor::SecondFactor;
use ::authn::credential::sent_code::{Address, Carrier, Content, Language, Message};
use ::authn::place::Method;
use ::authn::ports::{Settled, Settlement, Succeeded, Unavailable};
use ::authn::ticket::Relaying;

use super::tickets::ticket;
use super::{Conforming, account, all_at_once, anna_with, at, event, from_home, of_account, taken};

fn proved(seconds: i64, account: &Account) -> ::authn::audit::Event {
    let method = Method::OneTimeCode;
    event(seconds, Kind::SecondFactorProved { method }, account)
}

fn remembered(method: Method, first: i64, last: i64) -> Option<SecondFactor> {
    Some(SecondFactor {
        method,
        first: at(first),
        last: at(last),
    })
}

/// By whichever way it is looked up; the account itself is what it was.
pub async fn an_account_remembers_its_first_and_its_last_second_factor<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let relayed = Relaying::of(ticket(1, &anna, "phone"));
    let key = relayed.ticket.key.clone();
    store.record(relayed, store.last().await?).await?;
    for (method, seconds, expected) in [
        (
            Method::OneTimeCode,
            50,
            remembered(Method::OneTimeCode, 50, 50),
        ),
        (Method::Passkey, 90, remembered(Method::Passkey, 50, 90)),
        (Method::SentCode, 70, remembered(Method::Passkey, 50, 90)),
        (Method::SentCode, 20, remembered(Method::Passkey, 20, 90)),
    ] {
        let event = proved(seconds, &anna);
        assert!(store.note_second_factor(&anna.id, method, event).await?);
        let found = store.by_id(&anna.id).await?;
        assert_eq!(found.as_ref().and_then(|it| it.second_factor), expected);
        assert_eq!(store.by_names(&anna.name_keys()).await?, found);
        assert_eq!(store.list().await?.into_iter().next(), found);
        let by_ticket = store.find(&key, at(100)).await?;
        assert_eq!(by_ticket.map(|(_, account)| account), found);
        let forgetful = found.map(|it| Account {
            second_factor: None,
            ..it
        });
        assert_eq!(forgetful, Some(anna.clone()));
    }
    Ok(())
}

/// Of one proof its owner is told once that its lease lapsed, and of none that was followed by another.
pub async fn a_lapse_is_told_once<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let (anna, ben) = (anna_with(&*store, "phone").await?, account("ben"));
    let address = Address::parse(Carrier::Mail, "anna@example.com");
    let address = address.ok_or_else(|| crate::unavailable("an address"))?;
    let tells = |who: &Account, seconds, id: &str| {
        let message = Message {
            id: id.to_owned(),
            account: Some(who.id.clone()),
            address: address.clone(),
            content: Content::LeaseLapsed,
            language: Language::Swedish,
            queued: at(100),
            ends: at(200),
        };
        let (store, who) = (&store, who.id.clone());
        async move { store.tell_of_lapse(&who, at(seconds), message).await }
    };
    assert!(!tells(&anna, 50, "0").await?, "none was proved");
    let by = proved(50, &anna);
    let method = Method::OneTimeCode;
    assert!(store.note_second_factor(&anna.id, method, by).await?);
    assert!(tells(&anna, 50, "1").await?);
    assert!(!tells(&anna, 50, "2").await?, "it was told");
    assert!(!tells(&ben, 50, "3").await?, "there is no such account");
    let by = proved(60, &anna);
    assert!(store.note_second_factor(&anna.id, method, by).await?);
    assert!(!tells(&anna, 50, "4").await?, "another was proved since");
    let all = all_at_once(&store, 8, |store, number| {
        let message = Message {
            id: format!("at-once-{number}"),
            account: Some(anna.id.clone()),
            address: address.clone(),
            content: Content::LeaseLapsed,
            language: Language::English,
            queued: at(100),
            ends: at(200),
        };
        let who = anna.id.clone();
        async move { store.tell_of_lapse(&who, at(60), message).await }
    });
    let told = all.await?.into_iter().filter(|it| *it).count();
    assert_eq!(told, 1, "of many at once one is");
    let waiting = store.claim(at(100), at(150), 10).await?;
    let contents: Vec<_> = waiting.iter().map(|it| &it.message.content).collect();
    assert_eq!(contents, [&Content::LeaseLapsed; 2]);
    Ok(())
}

/// Nor is anything audited.
pub async fn nobody_s_second_factor_is_not_noted<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let events = store.read(1, 100).await?.len();
    let nobody = AccountId("nobody".to_owned());
    let event = proved(50, &account("nobody"));
    assert!(
        !store
            .note_second_factor(&nobody, Method::Passkey, event)
            .await?
    );
    assert_eq!(store.read(1, 100).await?.len(), events);
    let found = store.by_id(&anna.id).await?;
    assert_eq!(found.and_then(|it| it.second_factor), None);
    Ok(())
}

/// In the transaction of the success, so that one that is overtaken notes nothing.
pub async fn a_success_notes_the_second_factor_that_it_proved<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let phone = CredentialId("phone".to_owned());
    let settle = async |seconds: i64, second_factor: Option<Method>| {
        let reservation = taken(&*store, of_account(&anna, seconds)).await?;
        let succeeded = Succeeded {
            second_factor,
            ..from_home(&anna, &phone)
        };
        let settlement = Settlement {
            code: CodeSettlement::None,
            reservation,
            succeeded: Some(succeeded),
            events: Vec::new(),
            alarm: None,
        };
        store.settle(settlement).await
    };
    let known = async || {
        let found = store.by_id(&anna.id).await?;
        Ok::<_, Unavailable>(found.and_then(|it| it.second_factor))
    };
    settle(10, None).await?;
    assert_eq!(known().await?, None);
    settle(20, Some(Method::OneTimeCode)).await?;
    assert_eq!(known().await?, remembered(Method::OneTimeCode, 20, 20));
    settle(30, None).await?;
    settle(40, Some(Method::SentCode)).await?;
    assert_eq!(known().await?, remembered(Method::SentCode, 20, 40));
    let revoked = Kind::AppPasswordRevoked {
        credential: phone.clone(),
    };
    let revoking = event(50, revoked, &anna);
    assert!(store.revoke_app_password(&phone, at(50), revoking).await?);
    let settled = settle(60, Some(Method::OneTimeCode)).await?;
    assert_eq!(settled, Settled::Overtaken);
    assert_eq!(known().await?, remembered(Method::SentCode, 20, 40));
    Ok(())
}

/// With when the second factor among it was proved.
pub async fn a_ticket_remembers_what_was_proved_to_buy_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let mut relayed = ticket(1, &anna, "phone");
    for (methods, second_factor) in [
        ([Method::AppPassword].into(), None),
        (
            [Method::AppPassword, Method::OneTimeCode].into(),
            Some(at(7)),
        ),
        (
            [Method::MemorisedSecret, Method::Passkey].into(),
            Some(at(8)),
        ),
    ] {
        relayed.methods = methods;
        relayed.second_factor = second_factor;
        let recording = Relaying::of(relayed.clone());
        store.record(recording, store.last().await?).await?;
        let found = store.find(&relayed.key, at(100)).await?;
        assert_eq!(found.map(|(ticket, _)| ticket), Some(relayed.clone()));
    }
    Ok(())
}
