//! Conformance of what an administrator makes of a token: from what it was, once, and with an end for what rests on it.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::TokenAct;
use ::authn::credential::otp_token::{CodeReservation, OtpToken, Source, TokenState};
use ::authn::ports::{TokenChange, TokenEffect, Unavailable};
use ::authn::revocation::Revoked;

use super::otp_tokens::{accepts, done, guess, owner_of, phone, record, spending};
use super::{Conforming, all_at_once, at};

/// By two who do not know of each other, the second is told.
pub async fn a_token_is_changed_from_what_it_was<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let before = phone.record;
    assert!(accepts(&*store, &anna, spending(&before, 100)).await?);
    let change = |after: OtpToken, act| TokenChange {
        before: before.clone(),
        after,
        effect: TokenEffect::None,
        event: done(&anna, &before.id, act),
    };
    let blocked = OtpToken {
        state: TokenState::Blocked,
        ..before.clone()
    };
    let unassigned = OtpToken {
        account: None,
        ..before.clone()
    };
    let block = change(blocked.clone(), TokenAct::Blocked);
    assert!(store.change_otp_token(block.clone()).await?);
    assert!(!store.change_otp_token(block).await?);
    let unassign = change(unassigned, TokenAct::Unassigned);
    assert!(!store.change_otp_token(unassign).await?);
    let after = record(&*store, &before.id).await?;
    let expected = OtpToken {
        // What the code moved on stays moved on.
        next: 101,
        drift: 1,
        last_used: Some(at(2)),
        ..blocked
    };
    assert_eq!(after, expected);
    assert!(!accepts(&*store, &anna, spending(&before, 101)).await?);
    let place = guess(&before, Source::Familiar, 5);
    assert!(store.reserve_code(place, None).await?.tokens.is_empty());
    Ok(())
}

/// Two who confirm a token by the same code.
pub async fn a_change_that_spends_a_code_is_made_once<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let pending = |anna: &Account| {
        let mut token = phone(anna);
        token.record.state = TokenState::Pending;
        token
    };
    let (anna, phone) = owner_of(&*store, pending).await?;
    let before = phone.record;
    let confirmed = all_at_once(&store, 16, |store, _| {
        let (anna, before) = (anna.clone(), before.clone());
        async move {
            let reservation = store
                .reserve_code(guess(&before, Source::Familiar, 2), None)
                .await?;
            let change = TokenChange {
                after: OtpToken {
                    state: TokenState::Active,
                    next: 101,
                    last_used: Some(at(2)),
                    ..before.clone()
                },
                event: done(&anna, &before.id, TokenAct::Confirmed),
                before,
                effect: TokenEffect::Spends(reservation),
            };
            store.change_otp_token(change).await
        }
    })
    .await?;
    assert_eq!(confirmed.into_iter().filter(|it| *it).count(), 1);
    let after = record(&*store, &before.id).await?;
    assert_eq!((after.state, after.next), (TokenState::Active, 101));
    let resync = TokenChange {
        after: OtpToken {
            next: 101,
            ..after.clone()
        },
        event: done(&anna, &before.id, TokenAct::Resynchronised),
        effect: TokenEffect::Spends(CodeReservation {
            place: guess(&before, Source::Familiar, 3),
            tokens: [].into(),
            may_guess: false,
            is_counted: true,
        }),
        before: after,
    };
    assert!(!store.change_otp_token(resync).await?, "the code is spent");
    Ok(())
}

/// Blocked, taken away, removed: once each, and assigning takes nothing away.
pub async fn what_rests_on_a_token_ends_with_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let active = phone.record;
    let blocked = OtpToken {
        state: TokenState::Blocked,
        ..active.clone()
    };
    let nobodys = OtpToken {
        account: None,
        ..active.clone()
    };
    let id = active.id.clone();
    for (before, after, act, revoked) in [
        (&active, &blocked, TokenAct::Blocked, 1),
        (&blocked, &active, TokenAct::Unblocked, 1),
        (&active, &nobodys, TokenAct::Unassigned, 2),
        (&nobodys, &active, TokenAct::Assigned, 2),
    ] {
        let change = TokenChange {
            before: before.clone(),
            after: after.clone(),
            effect: TokenEffect::None,
            event: done(&anna, &id, act),
        };
        assert!(store.change_otp_token(change).await?, "{act:?}");
        let told = store.since(0, 9).await?;
        assert_eq!(told.len(), revoked, "{act:?}");
    }
    let removed = || done(&anna, &id, TokenAct::Removed);
    assert!(store.remove_otp_token(&id, removed()).await?);
    assert!(!store.remove_otp_token(&id, removed()).await?);
    let told = store.since(0, 9).await?;
    let revoked = Revoked::Credential(id.clone());
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|it| it.what == revoked));
    assert!(store.otp_token(&id.0).await?.is_none());
    Ok(())
}
