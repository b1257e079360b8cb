//! PINs for NTLM: kept sealed, one an account, with a budget of their own, and what was typed with a code before.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::{Event, Kind};
use ::authn::credential::CredentialId;
use ::authn::credential::grant::{Client, CodeSettlement, Grant, GrantKey};
use ::authn::credential::memorised_secret::{Budget, MAX_IN_WINDOW, SecretPlace};
use ::authn::credential::ntlm_pin::{MAX_BEFORE, NtlmPin, Pin, StoredNtlmPin};
use ::authn::credential::otp_token::Source;
use ::authn::lockout::Subject;
use ::authn::ports::{Settled, Settlement, Succeeded, Unavailable};
use ::authn::revocation::Revoked;
use proto::secret::Secret;

use super::{Conforming, account, at, event, of_account, taken};

const TEXT: &str = "493817";

pub(crate) fn ntlm_pin(id: &str, account: &Account, seconds: i64) -> StoredNtlmPin {
    StoredNtlmPin {
        record: NtlmPin {
            id: CredentialId(id.to_owned()),
            account: account.id.clone(),
            set: at(seconds),
            last_used: None,
        },
        pin: Pin::of_stored(Secret::new(TEXT.to_owned())),
    }
}

fn set(id: &str, account: &Account, seconds: i64) -> Event {
    let credential = CredentialId(id.to_owned());
    event(seconds, Kind::NtlmPinSet { credential }, account)
}

fn subject(account: &Account) -> Subject {
    Subject::Account(account.id.clone())
}

/// Somebody with a PIN.
async fn anna<S: Conforming>(store: &S) -> Result<Account, Unavailable> {
    let anna = account("anna");
    let created = event(0, Kind::AccountCreated, &anna);
    assert_eq!(store.add(&anna, created).await?, Ok(()));
    let event = set("first", &anna, 10);
    store
        .set_ntlm_pin(&ntlm_pin("first", &anna, 10), event)
        .await?;
    Ok(anna)
}

/// Settles a sign-in by a PIN, or a refusal, with what becomes of its code.
async fn settle<S: Conforming>(
    store: &S,
    account: &Account,
    (id, code): (Option<&str>, CodeSettlement),
    seconds: i64,
) -> Result<Settled, Unavailable> {
    let succeeded = id.map(|id| Succeeded {
        account: account.id.clone(),
        credential: CredentialId(id.to_owned()),
        source: [192, 0, 2, 7].into(),
        device: None,
        second_factor: None,
    });
    let settlement = Settlement {
        reservation: taken(store, of_account(account, seconds)).await?,
        succeeded,
        code,
        events: Vec::new(),
        alarm: None,
    };
    store.settle(settlement).await
}

/// And is nobody else's; its use is noted where it stands.
pub async fn an_ntlm_pin_keeps_all_its_fields<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna(&*store).await?;
    let found = store.ntlm_pin(&subject(&anna)).await?;
    let expected = ntlm_pin("first", &anna, 10);
    assert_eq!(
        found.as_ref().map(|it| (&it.record, it.pin.expose())),
        Some((&expected.record, TEXT))
    );
    let unknown = store.ntlm_pin(&Subject::Unknown(7)).await?;
    assert!(unknown.is_none());
    let written = settle(&*store, &anna, (Some("first"), CodeSettlement::None), 20).await?;
    assert!(matches!(written, Settled::Written { .. }));
    let used = store.ntlm_pin(&subject(&anna)).await?;
    assert_eq!(used.and_then(|it| it.record.last_used), Some(at(20)));
    let another = settle(&*store, &anna, (Some("another"), CodeSettlement::None), 21).await?;
    assert_eq!(another, Settled::Overtaken);
    Ok(())
}

/// Whether it is changed or removed.
pub async fn what_rests_on_an_ntlm_pin_ends_with_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna(&*store).await?;
    let heard = store.last().await?;
    let second = ntlm_pin("second", &anna, 20);
    store
        .set_ntlm_pin(&second, set("second", &anna, 20))
        .await?;
    let removed = || event(30, Kind::NtlmPinRemoved, &anna);
    assert!(store.remove_ntlm_pin(&anna.id, removed()).await?);
    assert!(!store.remove_ntlm_pin(&anna.id, removed()).await?);
    assert!(store.ntlm_pin(&subject(&anna)).await?.is_none());
    let revoked = store.since(heard, 10).await?;
    let revoked: Vec<_> = revoked.into_iter().map(|it| it.what).collect();
    let credential = |id: &str| Revoked::Credential(CredentialId(id.to_owned()));
    assert_eq!(revoked, [credential("first"), credential("second")]);
    for id in ["first", "second"] {
        let gone = settle(&*store, &anna, (Some(id), CodeSettlement::None), 40).await?;
        assert_eq!(gone, Settled::Overtaken, "{id}");
    }
    Ok(())
}

/// Guesses at it take nothing of the memorised secret's, and another PIN begins anew.
pub async fn the_budget_of_an_ntlm_pin_is_its_own<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna(&*store).await?;
    let place = |budget| SecretPlace {
        budget,
        ..SecretPlace::now(subject(&anna), Source::Unfamiliar, at(20))
    };
    for _ in 0..MAX_IN_WINDOW {
        assert!(store.reserve_secret(place(Budget::OfPin)).await?.is_taken());
    }
    assert!(!store.reserve_secret(place(Budget::OfPin)).await?.is_taken());
    let of_secret = store.reserve_secret(place(Budget::OfSecret)).await?;
    assert!(of_secret.is_taken());
    let second = ntlm_pin("second", &anna, 20);
    store
        .set_ntlm_pin(&second, set("second", &anna, 20))
        .await?;
    assert!(store.reserve_secret(place(Budget::OfPin)).await?.is_taken());
    Ok(())
}

/// And no more of it than are tried again.
pub async fn what_was_typed_before_is_known_latest_first<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna(&*store).await?;
    let typed = |number: u8| Grant {
        key: GrantKey([number; 32]),
        account: anna.id.clone(),
        credential: CredentialId("first".to_owned()),
        token: None,
        client: Client("192.0.2.7/32".to_owned()),
        made: at(20 + i64::from(number)),
        used: at(20 + i64::from(number)),
        ends: at(20 + i64::from(number)),
    };
    assert_eq!(store.typed_before(&subject(&anna)).await?, []);
    for number in 0..20 {
        let remembers = CodeSettlement::Remembers(Box::new(typed(number)));
        let seconds = 20 + i64::from(number);
        settle(&*store, &anna, (None, remembers), seconds).await?;
    }
    let found = store.typed_before(&subject(&anna)).await?;
    let expected: Vec<Grant> = (4..20).rev().map(typed).collect();
    assert_eq!(found, expected);
    assert_eq!(found.len(), usize::try_from(MAX_BEFORE).unwrap_or_default());
    assert_eq!(store.typed_before(&Subject::Unknown(7)).await?, []);
    Ok(())
}
