//! Conformance of what a settlement does about one-time codes: a code buys one grant, and a grant ends with all that it
//! rests on.

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::{Kind, TokenAct};
use ::authn::credential::CredentialId;
use ::authn::credential::grant::{
    Bought, BoundTo, Client, CodeSettlement, Grant, GrantKey, LONGEST, MAX_PER_ACCOUNT, Spends,
};
use ::authn::credential::otp_token::{CodePlace, CodesOf, OtpToken, Source, TokenState};
use ::authn::lockout::Subject;
use ::authn::ports::{Settled, Settlement, TokenChange, TokenEffect, Unavailable};

use super::otp_tokens::{done, guess, otp_token, owner_of, spending};
use super::{
    Conforming, add_app_password, all_at_once, at, by_hand, event, from_home, of_account, taken,
};

/// Anna with a token and an app password.
async fn anna<S: Conforming>(store: &S) -> Result<(Account, OtpToken), Unavailable> {
    let (anna, token) = owner_of(store, |anna| otp_token("token", anna)).await?;
    add_app_password(store, "phone", &anna).await?;
    Ok((anna, token.record))
}

fn phone() -> CredentialId {
    CredentialId("phone".to_owned())
}

/// A grant of a typed secret, bought at a time.
fn grant(byte: u8, token: &OtpToken, account: &Account, seconds: i64) -> Grant {
    Grant {
        key: GrantKey([byte; 32]),
        account: account.id.clone(),
        credential: phone(),
        token: Some(token.id.clone()),
        client: Client("192.0.2.7/32".to_owned()),
        made: at(seconds),
        used: at(seconds),
        ends: at(seconds).saturating_add(LONGEST).unwrap_or(at(seconds)),
    }
}

/// Settles a sign-in, or a refusal, with what becomes of its code.
async fn settle<S: Conforming>(
    store: &S,
    account: &Account,
    code: CodeSettlement,
    (is_right, seconds): (bool, i64),
) -> Result<Settled, Unavailable> {
    let reservation = taken(store, of_account(account, seconds)).await?;
    let kind = Kind::OtpToken {
        token: phone(),
        act: TokenAct::Tested,
    };
    let settlement = Settlement {
        reservation,
        succeeded: is_right.then(|| from_home(account, &phone())),
        code,
        events: vec![by_hand(at(seconds), kind, account)],
        alarm: None,
    };
    store.settle(settlement).await
}

const WRITTEN: Settled = Settled::Written { is_alarmed: false };

fn buys(token: &OtpToken, number: u64, grant: Grant) -> CodeSettlement {
    let spends = Spends::OfToken(spending(token, number));
    CodeSettlement::Buys(Box::new(Bought { spends, grant }))
}

fn uses(grant: &Grant) -> CodeSettlement {
    CodeSettlement::Uses(Box::new((grant.clone(), None)))
}

/// Whoever comes at once with the same typed secret; the step is spent with it, and the failures are forgotten.
pub async fn of_64_parallel_sign_ins_with_a_code_one_buys_a_grant<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    store
        .reserve_code(guess(&token, Source::Unfamiliar, 0), None)
        .await?;
    let settled = all_at_once(&store, 64, |store, _| {
        let (anna, token) = (anna.clone(), token.clone());
        async move {
            let code = buys(&token, 100, grant(1, &token, &anna, 0));
            settle(&*store, &anna, code, (true, 0)).await
        }
    })
    .await?;
    let written = settled.iter().filter(|it| **it == WRITTEN).count();
    let spent = settled.iter().filter(|it| **it == Settled::Spent).count();
    assert_eq!((written, spent), (1, 63));
    let found = store.grant(&GrantKey([1; 32])).await?;
    assert_eq!(found, Some(grant(1, &token, &anna, 0)));
    let after = store.otp_token("token").await?.map(|it| it.record);
    let after = after.map(|it| (it.next, it.failures));
    assert_eq!(after, Some((101, 0)));
    Ok(())
}

/// What was typed is good for one client, until it was idle for too long.
pub async fn a_grant_is_used_while_it_is_good<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    let bought = grant(1, &token, &anna, 0);
    let used =
        async |grant: &Grant, seconds| settle(&*store, &anna, uses(grant), (true, seconds)).await;
    assert_eq!(used(&bought, 1).await?, Settled::Spent, "nobody bought it");
    let code = buys(&token, 100, bought.clone());
    assert_eq!(settle(&*store, &anna, code, (true, 0)).await?, WRITTEN);
    let elsewhere = Grant {
        client: Client("192.0.2.8/32".to_owned()),
        ..bought.clone()
    };
    assert_eq!(used(&elsewhere, 1).await?, Settled::Spent);
    assert_eq!(used(&bought, 599).await?, WRITTEN);
    assert_eq!(used(&bought, 1_198).await?, WRITTEN);
    assert_eq!(used(&bought, 1_798).await?, Settled::Spent);
    let found = store.grant(&bought.key).await?;
    assert_eq!(found.map(|it| it.used), Some(at(1_198)));
    let over = settle(&*store, &anna, uses(&bought), (true, 36_000)).await?;
    assert_eq!(over, Settled::Spent);
    Ok(())
}

/// The app password, the token, the account.
pub async fn a_grant_ends_with_all_that_it_rests_on<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    let bought = async |byte, number| {
        let code = buys(&token, number, grant(byte, &token, &anna, 0));
        settle(&*store, &anna, code, (true, 0)).await
    };
    assert_eq!(bought(1, 100).await?, WRITTEN);
    let active = store.otp_token("token").await?.map(|it| it.record);
    let active = active.unwrap_or_else(|| token.clone());
    let blocked = OtpToken {
        state: TokenState::Blocked,
        ..active.clone()
    };
    for (before, after, act) in [
        (&active, &blocked, TokenAct::Blocked),
        (&blocked, &active, TokenAct::Unblocked),
    ] {
        let change = TokenChange {
            before: before.clone(),
            after: after.clone(),
            effect: TokenEffect::None,
            event: done(&anna, &token.id, act),
        };
        assert!(store.change_otp_token(change).await?);
    }
    assert_eq!(store.grant(&GrantKey([1; 32])).await?, None);
    assert_eq!(bought(2, 101).await?, WRITTEN);
    for state in [AccountState::Disabled, AccountState::Active] {
        let changed = event(2, Kind::AccountStateChanged { state }, &anna);
        assert!(store.set_state(&anna.id, state, changed).await?);
    }
    assert_eq!(store.grant(&GrantKey([2; 32])).await?, None);
    assert_eq!(bought(3, 102).await?, WRITTEN);
    let credential = phone();
    let revoked = event(3, Kind::AppPasswordRevoked { credential }, &anna);
    assert!(store.revoke_app_password(&phone(), at(3), revoked).await?);
    assert_eq!(store.grant(&GrantKey([3; 32])).await?, None);
    let used = settle(&*store, &anna, uses(&grant(3, &token, &anna, 0)), (true, 4)).await?;
    assert_eq!(
        used,
        Settled::Overtaken,
        "the app password is the first to be looked at"
    );
    Ok(())
}

/// And gives the later places back; what was never typed before stays counted.
pub async fn a_typed_secret_that_comes_again_in_vain_is_counted_once<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    let wrong = Grant {
        token: None,
        ends: at(0),
        ..grant(1, &token, &anna, 0)
    };
    let remembers = CodeSettlement::Remembers(Box::new(wrong.clone()));
    assert_eq!(
        settle(&*store, &anna, remembers, (false, 0)).await?,
        WRITTEN
    );
    assert_eq!(store.grant(&wrong.key).await?, Some(wrong.clone()));
    for second in 1..20 {
        let again = CodeSettlement::Again(wrong.key.clone(), None);
        let settled = settle(&*store, &anna, again, (false, second)).await?;
        assert_eq!(settled, WRITTEN);
    }
    let counts = taken(&*store, of_account(&anna, 20)).await?.counts;
    assert_eq!(
        counts.subject, 3,
        "the wrong one, its first repeat, and this"
    );
    let used = settle(&*store, &anna, uses(&wrong), (true, 21)).await?;
    assert_eq!(used, Settled::Spent, "it was never good");
    Ok(())
}

/// Somebody was faster with the same typed secret: its place is given back, as often as it happens.
pub async fn a_right_code_that_was_spent_meanwhile_gives_its_place_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    for byte in 1..=20 {
        let (number, bought) = (u64::from(byte) + 100, grant(byte, &token, &anna, 0));
        let claim = Grant {
            token: None,
            ends: at(10),
            ..bought.clone()
        };
        let place = guess(&token, Source::Unfamiliar, 0);
        let reservation = store.reserve_code(place, Some(claim)).await?;
        assert!(reservation.is_counted, "{byte}");
        assert_eq!(reservation.tokens.len(), 1, "{byte}: there is room");
        let faster = buys(&token, number, bought.clone());
        assert_eq!(settle(&*store, &anna, faster, (true, 0)).await?, WRITTEN);
        let again = CodeSettlement::Again(bought.key, Some(reservation));
        assert_eq!(settle(&*store, &anna, again, (false, 0)).await?, WRITTEN);
    }
    Ok(())
}

/// So many typed secrets of an account are known; those that were made first go.
pub async fn the_grants_of_one_account_are_so_many_and_no_more<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    let count = u8::try_from(MAX_PER_ACCOUNT).unwrap_or(u8::MAX);
    for byte in 0..=count {
        let bought = grant(byte, &token, &anna, i64::from(byte));
        let code = buys(&token, 100 + u64::from(byte), bought);
        let settled = settle(&*store, &anna, code, (true, i64::from(byte))).await?;
        assert_eq!(settled, WRITTEN, "{byte}");
    }
    assert_eq!(store.grant(&GrantKey([0; 32])).await?, None);
    for byte in [1, count] {
        assert!(
            store.grant(&GrantKey([byte; 32])).await?.is_some(),
            "{byte}"
        );
    }
    Ok(())
}

/// Blocked, it opens nothing; unblocked, it does not come back.
pub async fn a_ticket_ends_with_the_token_behind_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    let bought = ::authn::ticket::RelayedTicket {
        token: Some(token.id.clone()),
        ..super::tickets::ticket(9, &anna, "phone")
    };
    let relaying = ::authn::ticket::Relaying::of(bought.clone());
    store.record(relaying.clone(), i64::MAX).await?;
    let found = store.find(&bought.key, at(11)).await?;
    assert_eq!(found.map(|(ticket, _)| ticket), Some(bought.clone()));
    let blocked = OtpToken {
        state: TokenState::Blocked,
        ..token.clone()
    };
    let block = TokenChange {
        before: token.clone(),
        after: blocked.clone(),
        effect: TokenEffect::None,
        event: done(&anna, &token.id, TokenAct::Blocked),
    };
    assert!(store.change_otp_token(block).await?);
    assert!(store.find(&bought.key, at(11)).await?.is_none());
    assert!(!store.stands(&bought.grounds(), at(11)).await?);
    assert!(store.record(relaying, i64::MAX).await.is_err());
    let unblock = TokenChange {
        before: blocked,
        after: token.clone(),
        effect: TokenEffect::Forgives,
        event: done(&anna, &token.id, TokenAct::Unblocked),
    };
    assert!(store.change_otp_token(unblock).await?);
    assert!(store.find(&bought.key, at(11)).await?.is_none());
    Ok(())
}

/// It is no further guess, whether it turns out right or wrong; without room nothing is claimed.
pub async fn the_same_typed_secret_at_once_takes_one_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, token) = anna(&*store).await?;
    let claim = Grant {
        token: None,
        ends: at(10),
        ..grant(1, &token, &anna, 0)
    };
    let place = || CodePlace {
        of: CodesOf::Subject(Subject::Account(anna.id.clone())),
        ..guess(&token, Source::Unfamiliar, 0)
    };
    let given = all_at_once(&store, 32, |store, _| {
        let (place, claim) = (place(), claim.clone());
        async move { store.reserve_code(place, Some(claim)).await }
    })
    .await?;
    assert!(given.iter().all(|it| it.tokens.contains(&token.id)));
    assert_eq!(given.iter().filter(|it| it.is_counted).count(), 1);
    let failures = async || {
        let found = store.otp_token("token").await?;
        Ok::<_, Unavailable>(found.map(|it| it.record.failures))
    };
    assert_eq!(failures().await?, Some(1));
    let known = store.grant(&claim.key).await?;
    assert!(known.is_some_and(|known| known.is_claim(at(9))));
    let bought = buys(&token, 100, grant(1, &token, &anna, 0));
    assert_eq!(settle(&*store, &anna, bought, (true, 1)).await?, WRITTEN);
    let known = store.grant(&claim.key).await?;
    assert!(known.is_some_and(|known| known.is_good((&claim.client, BoundTo::Address), at(9))));

    let other = |byte| Grant {
        key: GrantKey([byte; 32]),
        ..claim.clone()
    };
    let wrong = CodeSettlement::Remembers(Box::new(Grant {
        ends: at(2),
        ..other(2)
    }));
    store.reserve_code(place(), Some(other(2))).await?;
    assert_eq!(settle(&*store, &anna, wrong, (false, 2)).await?, WRITTEN);
    let known = store.grant(&GrantKey([2; 32])).await?;
    assert!(known.is_some_and(|known| !known.is_claim(at(3))));
    for byte in 3..20 {
        store.reserve_code(place(), Some(other(byte))).await?;
    }
    let unlooked = store.reserve_code(place(), Some(other(20))).await?;
    assert!(unlooked.tokens.is_empty());
    assert_eq!(store.grant(&GrantKey([20; 32])).await?, None);
    Ok(())
}
