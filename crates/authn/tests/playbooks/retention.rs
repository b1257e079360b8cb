//! Old events go, what is young or not yet elsewhere stays, and the chain goes on.

use authn::audit::{Actor, ByHand, Chain, Event, Kind};
use authn::ports::{Audit, Claim, Follower, Trail};
use authn::retention::{Collector, Planned, RetentionError};
use jiff::{SignedDuration, Timestamp};
use store::memory::Memory;

fn day(day: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * day)
}

/// A trail of one event a day, from the first day on.
async fn days(count: i64) -> Memory {
    let store = Memory::new();
    let mark = |at| Event::observed(at, Kind::StoreRestored, None);
    let events = (1..=count).map(|it| mark(day(it))).collect();
    store.append(events).await.unwrap();
    store
}

async fn planned(
    store: &Memory,
    before: i64,
    collector: Collector,
) -> Result<Planned, RetentionError> {
    Planned::look((store, store), (day(before), day(5_000)), collector).await
}

async fn shipped(store: &Memory, number: i64) {
    let claim = Claim {
        by: "a".to_owned(),
        now: day(1),
        until: day(9_000),
    };
    store.follow(Follower::Collector, claim).await.unwrap();
    assert!(
        store
            .note(Follower::Collector, ("a", number), vec![])
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn what_is_old_goes_and_what_is_left_is_one_chain() {
    let store = days(3_000).await;
    let gone = store.read(2_499, 1).await.unwrap().remove(0);
    let planned = planned(&store, 2_500, Collector::Absent).await.unwrap();
    assert_eq!(
        (planned.first, planned.last, planned.count()),
        (1, 2_499, 2_499)
    );
    assert_eq!(store.read(1, 1).await.unwrap()[0].number, 1, "only planned");
    let by = ByHand {
        at: day(5_000),
        actor: Actor::named("root"),
        origin: None,
    };
    let removing = planned.remove(&store, (day(5_000), Some(&by)), Collector::Absent);
    removing.await.unwrap();
    let kept = store.read(1, 10_000).await.unwrap();
    assert_eq!(kept[0].number, 2_500);
    let mut chain = Chain::behind(2_499, gone.hash);
    for event in &kept {
        chain.extend(event).unwrap();
    }
    let said: Vec<&Event> = kept
        .iter()
        .map(|it| &it.event)
        .filter(|it| matches!(it.kind, Kind::TrailCut { .. }))
        .collect();
    assert_eq!(said.len(), 1, "once, however many parts it took");
    assert_eq!(said[0].actor, Some(Actor::named("root")));
    let cut = Kind::TrailCut {
        first: 1,
        last: 2_499,
        before: day(2_500),
    };
    assert_eq!(said[0].kind, cut);
}

#[tokio::test]
async fn nothing_young_and_never_the_last_event_goes() {
    let store = days(9).await;
    let none = planned(&store, 1, Collector::Absent).await.unwrap();
    assert_eq!((none.count(), none.last), (0, 0));
    let removing = none.remove(&store, (day(9), None), Collector::Absent);
    removing.await.unwrap();
    assert_eq!(
        store.read(1, 100).await.unwrap().len(),
        9,
        "no event is added"
    );
    let all = planned(&store, 1_000, Collector::Absent).await.unwrap();
    assert_eq!((all.count(), all.last), (8, 8));
    let future = planned(&store, 5_001, Collector::Absent).await;
    let before = day(5_001);
    assert_eq!(future, Err(RetentionError::InTheFuture { before }));
}

#[tokio::test]
async fn an_old_event_behind_a_young_one_stays() {
    let store = days(5).await;
    let late = Event::observed(day(2), Kind::StoreRestored, None);
    store.append(vec![late]).await.unwrap();
    let planned = planned(&store, 4, Collector::Absent).await.unwrap();
    assert_eq!(planned.last, 3);
}

#[tokio::test]
async fn what_the_collector_lacks_stays_or_keeps_everything() {
    let store = days(9).await;
    let wanted = planned(&store, 6, Collector::MustHaveAll).await;
    let not_shipped = |shipped| {
        let wanted = 5;
        Err(RetentionError::NotShipped { shipped, wanted })
    };
    assert_eq!(wanted, not_shipped(0));
    shipped(&store, 4).await;
    let wanted = planned(&store, 6, Collector::MustHaveAll).await;
    assert_eq!(wanted, not_shipped(4));
    let some = planned(&store, 6, Collector::KeepsTheRest).await.unwrap();
    assert_eq!(some.last, 4);
    let all = planned(&store, 6, Collector::Absent).await.unwrap();
    let removing = all.remove(&store, (day(9), None), Collector::MustHaveAll);
    assert_eq!(
        removing.await,
        Err(RetentionError::NotShipped {
            shipped: 4,
            wanted: 5
        })
    );
    assert_eq!(
        store.removed().await.unwrap(),
        0,
        "decided again where it is done"
    );
    let removing = some.remove(&store, (day(9), None), Collector::KeepsTheRest);
    removing.await.unwrap();
    assert_eq!(store.removed().await.unwrap(), 4);
}

#[tokio::test]
async fn a_plan_that_was_overtaken_removes_nothing() {
    let store = days(9).await;
    let (one, other) = (
        planned(&store, 6, Collector::Absent).await.unwrap(),
        planned(&store, 4, Collector::Absent).await.unwrap(),
    );
    let removing = other.remove(&store, (day(9), None), Collector::Absent);
    removing.await.unwrap();
    let removing = one.remove(&store, (day(9), None), Collector::Absent);
    assert_eq!(removing.await, Err(RetentionError::Elsewhere));
    store.break_down();
    let broken = planned(&store, 4, Collector::Absent).await;
    assert!(matches!(broken, Err(RetentionError::Unavailable(_))));
}
