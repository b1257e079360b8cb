//! Recovery codes and temporary codes: what they prove, once, and what a guess costs.

use authn::account::{Account, AccountState};
use authn::admin::spare_codes::{
    SpareCodeError, SpareRandomness, TemporaryOrder, end_temporary_code, give_temporary_code,
};
use authn::audit::{Kind, Reason};
use authn::credential::spare_code::{LIST, LONGEST, MAX_IN_WINDOW, MOST_USES};
use authn::handle::Handle;
use authn::place::{Method, Service};
use authn::portal::{Owner, PortalError};
use authn::sign_in::Answered;
use jiff::SignedDuration;

use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand};

/// Pages whose policy takes these besides a code of a token.
fn pages(methods: &[&str]) -> Pages {
    let mut pages = Pages::new();
    let rule = pages.world.rules.policy.rules.first_mut().unwrap();
    let more = methods.iter().map(|it| format!("memorised-secret + {it}"));
    rule.methods.extend(more.map(|it| it.parse().unwrap()));
    pages
}

fn random(pages: &Pages) -> SpareRandomness {
    SpareRandomness {
        id: pages.world.draw(),
        code: pages.world.draw(),
    }
}

/// Somebody who is signed in makes recovery codes.
async fn recovery_codes(pages: &Pages, account: &Account, typed: &str) -> Vec<String> {
    let done = pages.signs_in(&account.upn, SECRET, typed).await;
    let handle = handle_of(done).unwrap();
    let found = pages
        .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
        .await;
    let (session, account) = found.unwrap();
    let owner = Owner {
        ports: &pages.ports,
        account: &account,
        session: &session,
        key: handle.key(),
        at: &here(HOME, at(1)),
    };
    let fresh: [SpareRandomness; LIST] = std::array::from_fn(|_| random(pages));
    let made = owner.make_recovery_codes(&pages.world.rules.policy, fresh);
    let made = made.await.unwrap();
    made.into_iter().map(|it| it.expose().clone()).collect()
}

fn handle_of(answered: Answered) -> Option<Handle> {
    match answered {
        Answered::Done { handle, .. } => Some(handle),
        _ => None,
    }
}

async fn gives(
    pages: &Pages,
    account: &Account,
    (lasting, uses): (SignedDuration, u32),
) -> Result<String, SpareCodeError> {
    let order = TemporaryOrder { lasting, uses };
    let codes = &*pages.ports.spare_codes;
    let given = give_temporary_code(codes, account, order, &by_hand(0), random(pages)).await?;
    Ok(given.0.expose().clone())
}

async fn is_refused(pages: &Pages, account: &Account, typed: &str, reason: Reason) {
    let answered = pages.signs_in(&account.upn, SECRET, typed).await;
    assert!(matches!(answered, Answered::Refused), "{answered:?}");
    assert_eq!(pages.reasons().await.last(), Some(&reason));
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_a_token_once_and_new_ones_end_the_old() {
    let pages = pages(&["recovery-code"]);
    let anna = pages.person("anna").await;
    let codes = recovery_codes(&pages, &anna, &code(0)).await;
    assert_eq!(codes.len(), LIST);
    let [first, second, third, ..] = &*codes else {
        panic!("too few");
    };
    let done = pages.signs_in(&anna.upn, SECRET, first).await;
    let handle = handle_of(done).unwrap();
    let found = pages
        .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
        .await;
    let (session, account) = found.unwrap();
    assert_eq!(
        session.methods,
        [Method::MemorisedSecret, Method::RecoveryCode]
    );
    let remembered = account.second_factor.unwrap();
    assert_eq!(remembered.method, Method::RecoveryCode);
    let trail = pages.world.watched.trail().await;
    let told = trail.iter().rev().find_map(|it| match &it.event.kind {
        Kind::SpareCodeUsed { method, left, .. } => Some((*method, *left)),
        _ => None,
    });
    assert_eq!(told, Some((Method::RecoveryCode, 9)));
    is_refused(&pages, &anna, first, Reason::CodeSpent).await;
    // In whatever spelling, it is one code.
    is_refused(&pages, &anna, &first.replace('-', ""), Reason::CodeSpent).await;
    let by_spaces = second.replace('-', " ");
    let done = pages.signs_in(&anna.upn, SECRET, &by_spaces).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    let ben = pages.person("ben").await;
    is_refused(&pages, &ben, third, Reason::WrongCode).await;
    recovery_codes(&pages, &anna, &code(30)).await;
    is_refused(&pages, &anna, third, Reason::WrongCode).await;
}

#[tokio::test]
async fn recovery_codes_are_made_by_whoever_proved_two_factors_not_long_ago() {
    let pages = pages(&["recovery-code"]);
    let anna = pages.person("anna").await;
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    let handle = handle_of(done).unwrap();
    let found = pages
        .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
        .await;
    let (mut session, account) = found.unwrap();
    session.methods = vec![Method::MemorisedSecret];
    let owner = Owner {
        ports: &pages.ports,
        account: &account,
        session: &session,
        key: handle.key(),
        at: &here(HOME, at(1)),
    };
    let fresh: [SpareRandomness; LIST] = std::array::from_fn(|_| random(&pages));
    let made = owner.make_recovery_codes(&pages.world.rules.policy, fresh);
    assert_eq!(made.await.unwrap_err(), PortalError::NotFresh);
    assert_eq!(owner.recovery_codes().await.unwrap(), (0, 0));
}

#[tokio::test]
async fn a_temporary_code_ends_and_is_good_so_often() {
    let pages = pages(&["temporary-code"]);
    let anna = pages.person("anna").await;
    let hours = SignedDuration::from_hours;
    for (order, error) in [
        ((LONGEST + hours(1), 1), SpareCodeError::Lasting),
        ((hours(0), 1), SpareCodeError::Lasting),
        ((hours(-1), 1), SpareCodeError::Lasting),
        ((hours(8), 0), SpareCodeError::Uses),
        ((hours(8), MOST_USES + 1), SpareCodeError::Uses),
    ] {
        assert_eq!(gives(&pages, &anna, order).await, Err(error), "{order:?}");
    }
    let first = gives(&pages, &anna, (hours(8), 1)).await.unwrap();
    let typed = gives(&pages, &anna, (hours(8), 2)).await.unwrap();
    is_refused(&pages, &anna, &first, Reason::WrongCode).await;
    for _ in 0..2 {
        let done = pages.signs_in(&anna.upn, SECRET, &typed).await;
        let handle = handle_of(done).unwrap();
        let found = pages
            .resumed(&handle, (&Service::PORTAL, &here(HOME, at(1))))
            .await;
        let methods = found.unwrap().0.methods;
        assert_eq!(methods, [Method::MemorisedSecret, Method::TemporaryCode]);
    }
    is_refused(&pages, &anna, &typed, Reason::CodeSpent).await;
    // It was given before the playbook began, and has ended.
    let (codes, order) = (
        &*pages.ports.spare_codes,
        TemporaryOrder {
            lasting: hours(1),
            uses: 1,
        },
    );
    let before = by_hand(-2 * 3_600);
    let given = give_temporary_code(codes, &anna, order, &before, random(&pages)).await;
    let (ended, ends) = given.unwrap();
    assert_eq!(ends, at(-3_600));
    is_refused(&pages, &anna, ended.expose(), Reason::Expired).await;
    let back = gives(&pages, &anna, (hours(8), 1)).await.unwrap();
    end_temporary_code(codes, &anna, &by_hand(1)).await.unwrap();
    let none = end_temporary_code(codes, &anna, &by_hand(1)).await;
    assert_eq!(none, Err(SpareCodeError::None));
    is_refused(&pages, &anna, &back, Reason::WrongCode).await;

    let trail = pages.world.watched.trail().await;
    let made = trail.iter().filter(|it| {
        matches!(it.event.kind, Kind::TemporaryCodeMade { .. }) && it.event.actor.is_some()
    });
    assert_eq!(made.count(), 4, "with who made it");
    let locked = Account {
        state: AccountState::Locked,
        ..anna
    };
    let refused = gives(&pages, &locked, (hours(8), 1)).await;
    assert_eq!(refused, Err(SpareCodeError::MayNotSignIn));
}

#[tokio::test]
async fn a_spare_code_is_taken_where_the_policy_says_and_behind_the_secret_alone() {
    let none = pages(&[]);
    let anna = none.person("anna").await;
    let codes = recovery_codes(&none, &anna, &code(0)).await;
    let typed = gives(&none, &anna, (SignedDuration::from_hours(8), 1))
        .await
        .unwrap();
    is_refused(&none, &anna, codes.first().unwrap(), Reason::NotAllowedHere).await;
    is_refused(&none, &anna, &typed, Reason::NotAllowedHere).await;

    let pages = pages(&["temporary-code"]);
    let anna = pages.person("anna").await;
    let typed = gives(&pages, &anna, (SignedDuration::from_hours(8), 1))
        .await
        .unwrap();
    for secret in ["wrong", ""] {
        let refused = pages.signs_in(&anna.upn, secret, &typed).await;
        assert!(matches!(refused, Answered::Refused), "{refused:?}");
        assert_eq!(pages.reasons().await.last(), Some(&Reason::WrongSecret));
    }
    let done = pages.signs_in(&anna.upn, SECRET, &typed).await;
    assert!(
        matches!(done, Answered::Done { .. }),
        "it was not spent: {done:?}"
    );
}

#[tokio::test]
async fn t_cred_9_guesses_at_a_temporary_code_are_counted_and_new_codes_do_not_help_the_guesser() {
    let pages = pages(&["temporary-code"]);
    let anna = pages.person("anna").await;
    let typed = gives(&pages, &anna, (SignedDuration::from_hours(8), 1))
        .await
        .unwrap();
    for guess in 0..MAX_IN_WINDOW {
        let guess = format!("{guess:012}");
        is_refused(&pages, &anna, &guess, Reason::WrongCode).await;
    }
    is_refused(&pages, &anna, &typed, Reason::TooManyCodes).await;
    // The codes of a token have a budget of their own.
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    // From home, where she is known now, strangers' guesses do not count.
    let done = pages.signs_in(&anna.upn, SECRET, &typed).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
}
