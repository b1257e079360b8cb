//! Attempts at the same time get no more places than attempts one by one (T-CRED-5).
//!
//! Regression: Keycloak CVE-2024-4629.

use std::sync::Arc;

use authn::audit::{Kind, Reason};
use authn::{Outcome, Refusal};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::world::{EVERY_WAY, Person, Try, World, passed, refusal};

const ATTEMPTS: usize = 500;

/// Makes all attempts at once, each in a task of its own.
async fn all_at_once(world: &Arc<World>, attempts: Vec<Try>) -> Vec<Outcome> {
    let start = Arc::new(Barrier::new(attempts.len()));
    let mut tasks = JoinSet::new();
    for tried in attempts {
        let (world, start) = (world.clone(), start.clone());
        tasks.spawn(async move {
            start.wait().await;
            world.verify(tried).await
        });
    }
    tasks.join_all().await
}

fn wrong(anna: &Person) -> Vec<Try> {
    let ways = EVERY_WAY.into_iter().cycle().take(ATTEMPTS);
    ways.map(|by| Try::new(by, &anna.account.upn, "wrong"))
        .collect()
}

async fn audited(world: &World, wanted: Reason) -> usize {
    let trail = world.watched.trail().await;
    let of_reason = trail.iter().filter(
        |chained| matches!(chained.event.kind, Kind::Refused { reason, .. } if reason == wanted),
    );
    of_reason.count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_cred_5_five_hundred_attempts_at_once_get_no_more_places_than_there_are() {
    let world = Arc::new(World::new());
    let anna = world.person("anna").await;
    world.watched.limit(10);
    let outcomes = all_at_once(&world, wrong(&anna)).await;
    assert!(
        outcomes
            .iter()
            .all(|outcome| refusal(outcome) == Some(&Refusal::Denied))
    );
    let mut counts: Vec<u32> = world
        .watched
        .reserved()
        .iter()
        .map(|(_, counts)| counts.subject)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, Vec::from_iter(1..=10));
    assert_eq!(audited(&world, Reason::WrongSecret).await, 10);
    assert_eq!(
        audited(&world, Reason::TooManyFailures).await,
        ATTEMPTS - 10
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_cred_5_five_hundred_attempts_at_once_are_counted_exactly() {
    let world = Arc::new(World::new());
    let anna = world.person("anna").await;
    all_at_once(&world, wrong(&anna)).await;
    let reserved = world.watched.reserved();
    for count in [
        |counts: &authn::lockout::Counts| counts.subject,
        |counts: &authn::lockout::Counts| counts.source,
    ] {
        let mut counts: Vec<u32> = reserved.iter().map(|(_, held)| count(held)).collect();
        counts.sort_unstable();
        assert_eq!(counts, Vec::from_iter(1..=500));
    }
    assert_eq!(audited(&world, Reason::WrongSecret).await, ATTEMPTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn t_cred_5_the_owner_among_five_hundred_guesses_passes_and_gives_every_place_back() {
    let world = Arc::new(World::new());
    let anna = world.person("anna").await;
    let right = EVERY_WAY.into_iter().cycle().take(100);
    let right = right.map(|by| Try::new(by, &anna.account.upn, &anna.secret));
    let attempts = wrong(&anna).into_iter().chain(right).collect();
    let outcomes = all_at_once(&world, attempts).await;
    let passed = outcomes.iter().filter(|outcome| passed(outcome).is_some());
    assert_eq!(passed.count(), 100);
    world.watched.reserved();
    let one_more = Try::new(EVERY_WAY[0], &anna.account.upn, "wrong");
    world.verify(one_more).await;
    let [(_, counts)] = world.watched.reserved().try_into().unwrap();
    assert_eq!((counts.subject, counts.source), (501, 501));
}

#[tokio::test]
async fn t_cred_5_without_a_place_the_right_secret_is_refused_like_a_wrong_one() {
    let world = World::new();
    let anna = world.person("anna").await;
    world.watched.limit(0);
    let mut all = Vec::new();
    for secret in ["wrong", anna.secret.as_str()] {
        for by in EVERY_WAY {
            world.watched.calls();
            let outcome = world.verify(Try::new(by, &anna.account.upn, secret)).await;
            assert_eq!(refusal(&outcome), Some(&Refusal::Denied));
            assert_eq!(world.reason().await, Some(Reason::TooManyFailures));
            all.push((world.watched.calls(), outcome.hold_back));
        }
    }
    all.dedup();
    assert_eq!(all.len(), 1, "{all:?}");
}
