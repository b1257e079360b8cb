//! Another secret in the place of one's own: whose guesses keep whom from it, and what a stolen session buys.

use std::sync::Arc;

use authn::account::Account;
use authn::admin::secrets::SecretRandomness;
use authn::audit::{Kind, Reason};
use authn::credential::memorised_secret::{MAX_IN_A_SESSION, MAX_IN_WINDOW};
use authn::lockout::{ALARM_FAILURES, Place, Subject};
use authn::place::Method;
use authn::portal::{FRESH, PortalError};
use authn::sign_in::Answered;
use proto::secret::Secret;
use tokio::task::JoinSet;

use crate::not_me::{SignedIn, signs_in, tries};
use crate::pages::{Pages, SECRET, code};
use crate::world::{HOME, at};

const NEW_SECRET: &str = "five cows on the moon";
const ELSEWHERE: [u8; 4] = [198, 51, 100, 9];

pub(crate) async fn changes(pages: &Pages, who: &SignedIn, old: &str) -> Result<(), PortalError> {
    let random = SecretRandomness {
        id: pages.world.draw(),
        salt: [2; 16],
    };
    let typed = [old, NEW_SECRET].map(|it| Secret::new(it.to_owned()));
    let owner = who.owner(pages);
    owner.change_secret([&typed[0], &typed[1]], random).await
}

/// Guesses until none is looked at any more, from an address.
async fn guesses(pages: &Pages, account: &Account, (from, second): ([u8; 4], i64)) {
    for _ in 0..=MAX_IN_WINDOW {
        let answered = tries(pages, account, ["a guess", "000000"], (from, second)).await;
        assert!(matches!(answered, Answered::Refused), "{answered:?}");
    }
    let last = pages.reasons().await.pop();
    assert_eq!(last, Some(Reason::TooManyFailures));
}

#[tokio::test]
async fn t_cred_3_whoever_guesses_from_a_familiar_address_keeps_no_owner_from_another_secret() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(100)], (HOME, 100)).await;
    for from in [HOME, ELSEWHERE] {
        guesses(&pages, &anna, (from, 110)).await;
    }
    let shut = tries(&pages, &anna, [SECRET, &code(130)], (HOME, 130)).await;
    assert!(
        matches!(shut, Answered::Refused),
        "nobody signs in: {shut:?}"
    );
    changes(&pages, &hers, SECRET).await.unwrap();
    let done = tries(&pages, &anna, [NEW_SECRET, &code(160)], (HOME, 160)).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn t_cred_5_a_stolen_session_buys_a_few_guesses_however_many_come_at_once() {
    let pages = Arc::new(Pages::new());
    let anna = pages.person("anna").await;
    let stolen = Arc::new(signs_in(&pages, &anna, [SECRET, &code(100)], (HOME, 100)).await);
    let before = pages.hashed();
    let mut guesses = JoinSet::new();
    for _ in 0..64 {
        let (pages, stolen) = (Arc::clone(&pages), Arc::clone(&stolen));
        guesses.spawn(async move { changes(&pages, &stolen, "a guess").await });
    }
    let guessed = guesses.join_all().await;
    let is_wrong = |it: &Result<(), PortalError>| *it == Err(PortalError::WrongSecret);
    assert!(guessed.iter().all(is_wrong));
    assert_eq!(pages.hashed() - before, MAX_IN_A_SESSION);
    // The right one is not looked at either, and nobody learns that it is right.
    let right = changes(&pages, &stolen, SECRET).await;
    assert_eq!(right, Err(PortalError::WrongSecret));
    assert_eq!(pages.hashed() - before, MAX_IN_A_SESSION);
    // Its owner signs in, and has places of her own.
    let hers = signs_in(&pages, &anna, [SECRET, &code(130)], (HOME, 130)).await;
    changes(&pages, &hers, SECRET).await.unwrap();
}

#[tokio::test]
async fn t_cred_8_an_old_secret_costs_the_same_calls_be_it_right_or_wrong_where_none_is_looked_at()
{
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(100)], (HOME, 100)).await;
    for _ in 0..MAX_IN_A_SESSION {
        changes(&pages, &hers, "a guess").await.unwrap_err();
    }
    let mut seen = Vec::new();
    for typed in ["a guess", SECRET, ""] {
        pages.world.watched.calls();
        let before = pages.hashed();
        let refused = changes(&pages, &hers, typed).await;
        assert_eq!(refused, Err(PortalError::WrongSecret), "{typed}");
        seen.push((pages.world.watched.calls(), pages.hashed() - before));
    }
    assert!(!seen[0].0.is_empty());
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
}

/// However long ago it began, and by whatever: what it has left is what it did not guess, and its owner signs in by hers.
#[tokio::test]
async fn t_cred_5_a_stolen_session_that_is_not_fresh_buys_no_more_guesses_and_none_of_its_owner_s()
{
    for is_by_one_factor in [false, true] {
        let pages = Pages::new();
        let anna = pages.person("anna").await;
        let mut stolen = signs_in(&pages, &anna, [SECRET, &code(100)], (HOME, 100)).await;
        if is_by_one_factor {
            stolen.session.methods = vec![Method::MemorisedSecret];
        }
        let wrong = changes(&pages, &stolen, "a guess").await;
        assert_eq!(wrong, Err(PortalError::WrongSecret));
        let before = pages.hashed();
        stolen.at.now = at(100 + FRESH.as_secs() + 60);
        for _ in 0..MAX_IN_WINDOW {
            let wrong = changes(&pages, &stolen, "a guess").await;
            assert_eq!(wrong, Err(PortalError::WrongSecret));
        }
        assert_eq!(pages.hashed() - before, MAX_IN_A_SESSION - 1);
        let answered = tries(&pages, &anna, [SECRET, &code(400)], (HOME, 400)).await;
        assert!(matches!(answered, Answered::Done { .. }), "{answered:?}");
    }
}

#[tokio::test]
async fn t_cred_6_old_secrets_that_are_wrong_raise_the_counter_of_every_way_in_and_its_alarm() {
    let pages = Pages::new();
    let anna = pages.person("anna").await;
    let hers = signs_in(&pages, &anna, [SECRET, &code(100)], (HOME, 100)).await;
    let counted = || async {
        let subject = Subject::Account(anna.id.clone());
        let place = Place::now(subject, hers.at.source.into(), hers.at.now);
        let attempts = &pages.ports.attempt.attempts;
        attempts
            .reserve(place)
            .await
            .unwrap()
            .unwrap()
            .counts
            .subject
    };
    let before = counted().await;
    assert_eq!(
        changes(&pages, &hers, "a guess").await,
        Err(PortalError::WrongSecret)
    );
    // What this test takes itself is counted too.
    assert_eq!(counted().await, before + 2);
    for _ in 0..ALARM_FAILURES {
        changes(&pages, &hers, "a guess").await.unwrap_err();
    }
    let trail = pages.world.watched.trail().await;
    let is_alarm = |kind: &Kind| matches!(kind, Kind::UnderAttack { .. });
    let alarms = trail.iter().filter(|it| is_alarm(&it.event.kind)).count();
    assert_eq!(alarms, 1);
    let reasons = pages.reasons().await;
    assert!(reasons.contains(&Reason::TooManyFailures) && reasons.contains(&Reason::WrongSecret));
}
