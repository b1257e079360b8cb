//! Conformance of [`Audit`](authn::ports::Audit): a chain that is whole and in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::authn::audit::{Chain, Kind};
use ::authn::credential::grant::CodeSettlement;
use ::authn::ports::{
    ChainedEvent, Claim, Follower, MOST_REMOVED, Removal, Removed, Settlement, Unavailable,
};

use super::{Conforming, account, all_at_once, anna_with, at, event, of_account, taken};

/// Each event once, those of a settlement side by side, and every link holds.
pub async fn the_audit_chain_is_whole_after_64_parallel_settlements<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    all_at_once(&store, 64, |store, number| {
        let anna = anna.clone();
        async move {
            let reservation = taken(&*store, of_account(&anna, 0)).await?;
            let mark = |failures| event(0, Kind::UnderAttack { failures }, &anna);
            let events = vec![mark(number * 2), mark(number * 2 + 1)];
            store
                .settle(Settlement {
                    code: CodeSettlement::None,
                    reservation,
                    succeeded: None,
                    events,
                    alarm: None,
                })
                .await
        }
    })
    .await?;
    let read = store.read(1, 1_000).await?;
    let mut chain = Chain::default();
    for chained in &read {
        assert_eq!(chain.extend(chained), Ok(()));
    }
    let marks: Vec<u32> = read
        .iter()
        .filter_map(|chained| match chained.event.kind {
            Kind::UnderAttack { failures } => Some(failures),
            _ => None,
        })
        .collect();
    let pairs: Vec<(u32, u32)> = marks
        .chunks(2)
        .filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)))
        .collect();
    assert!(
        pairs
            .iter()
            .all(|(first, second)| first % 2 == 0 && *second == first + 1)
    );
    assert_eq!(
        marks.iter().copied().collect::<BTreeSet<u32>>(),
        (0..128).collect()
    );
    assert_eq!(marks.len(), 128);
    Ok(())
}

/// From any number on, and empty past the end.
pub async fn the_audit_trail_is_read_in_pages<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let events = |range: std::ops::Range<u32>| {
        range
            .map(|failures| event(0, Kind::UnderAttack { failures }, &anna))
            .collect()
    };
    store.append(vec![]).await?;
    store.append(events(0..7)).await?;
    store.append(events(7..10)).await?;
    let numbers = |first, count| {
        let store = Arc::clone(&store);
        async move {
            let page = store.read(first, count).await?;
            Ok::<_, Unavailable>(
                page.iter()
                    .map(|chained| chained.number)
                    .collect::<Vec<i64>>(),
            )
        }
    };
    assert_eq!(numbers(1, 4).await?, [1, 2, 3, 4]);
    assert_eq!(numbers(5, 100).await?, [5, 6, 7, 8, 9, 10]);
    assert_eq!(numbers(-5, 1).await?, [1]);
    assert!(numbers(11, 1).await?.is_empty());
    assert!(numbers(1, 0).await?.is_empty());
    let read = store.read(1, 100).await?;
    let read: Vec<_> = read.into_iter().map(|chained| chained.event).collect();
    let expected: Vec<_> = events(0..10);
    assert_eq!(read, expected);
    Ok(())
}

/// A change that was refused leaves no event and no gap.
pub async fn what_came_to_nothing_is_not_audited<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let refused = store
        .add(&anna, event(9, Kind::AccountCreated, &anna))
        .await?;
    assert!(refused.is_err());
    let first = store.read(1, 10).await?;
    store
        .append(vec![event(10, Kind::UnderAttack { failures: 1 }, &anna)])
        .await?;
    let second = store.read(1, 10).await?;
    assert_eq!((first.len(), second.len()), (2, 3));
    let mut chain = Chain::default();
    assert!(second.iter().all(|chained| chain.extend(chained).is_ok()));
    Ok(())
}

/// Up to a number, with what is said of it; what is left follows on what is gone.
pub async fn the_oldest_events_are_removed_and_the_chain_goes_on<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let whole = ten_events(&*store).await?;
    let said = event(20, Kind::SignedOut, &account("anna"));
    let four = Removal {
        event: Some(said.clone()),
        ..removal(0, 4)
    };
    assert_eq!(store.remove(four).await?, Removed::Done);
    assert_eq!((store.removed().await?, store.last_event().await?), (4, 11));
    let kept = store.read(1, 100).await?;
    let numbers: Vec<i64> = kept.iter().map(|it| it.number).collect();
    assert_eq!(numbers, [5, 6, 7, 8, 9, 10, 11]);
    assert_eq!(kept.last().map(|it| &it.event), Some(&said));
    let gone = whole.get(3).map(|it| it.hash).unwrap_or_default();
    let mut chain = Chain::behind(4, gone);
    assert!(kept.iter().all(|chained| chain.extend(chained).is_ok()));
    assert_eq!(store.remove(removal(4, 6)).await?, Removed::Done);
    assert_eq!(store.read(1, 1).await?.first().map(|it| it.number), Some(7));
    Ok(())
}

/// From where the trail begins, and the last of all stays.
pub async fn events_are_removed_once_and_never_all_of_them<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    ten_events(&*store).await?;
    let cases = [
        (removal(1, 4), Removed::Elsewhere),
        (removal(0, 0), Removed::NotThere),
        (removal(0, -1), Removed::NotThere),
        (removal(0, 10), Removed::NotThere),
        (removal(0, 11), Removed::NotThere),
        (removal(0, MOST_REMOVED + 1), Removed::NotThere),
    ];
    for (removal, expected) in cases {
        assert_eq!(store.remove(removal).await?, expected);
    }
    assert_eq!(store.read(1, 100).await?.len(), 10);
    let at_once = all_at_once(&store, 16, |store, _| async move {
        store.remove(removal(0, 9)).await
    });
    let done = at_once.await?.into_iter().filter(|it| *it == Removed::Done);
    assert_eq!(done.count(), 1);
    assert_eq!(store.read(1, 100).await?.len(), 1);
    Ok(())
}

/// Where that is asked for.
pub async fn what_the_collector_lacks_is_not_removed<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    ten_events(&*store).await?;
    let shipped = |through| Removal {
        must_be_shipped: true,
        ..removal(0, through)
    };
    assert_eq!(store.remove(shipped(1)).await?, Removed::NotShipped(0));
    assert_eq!(store.follow(COLLECTOR, claim("a", 0)).await?, Some(0));
    assert!(store.note(COLLECTOR, ("a", 4), vec![]).await?);
    assert_eq!(store.remove(shipped(5)).await?, Removed::NotShipped(4));
    assert_eq!(store.remove(shipped(4)).await?, Removed::Done);
    assert_eq!(store.remove(removal(4, 5)).await?, Removed::Done);
    Ok(())
}

/// For as long as its claim runs, and whoever has it goes on.
pub async fn of_16_that_would_ship_the_trail_one_does<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    ten_events(&*store).await?;
    let claims = all_at_once(&store, 16, |store, number| async move {
        let by = number.to_string();
        let claimed = store.follow(COLLECTOR, claim(&by, 0)).await?;
        Ok(claimed.map(|_| by))
    });
    let winners: Vec<String> = claims.await?.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    let winner = winners.first().cloned().unwrap_or_default();
    assert_eq!(store.follow(COLLECTOR, claim(&winner, 10)).await?, Some(0));
    assert!(store.note(COLLECTOR, (&winner, 7), vec![]).await?);
    assert_eq!(store.follow(COLLECTOR, claim("late", 39)).await?, None);
    assert!(!store.note(COLLECTOR, ("late", 8), vec![]).await?);
    assert_eq!(store.follow(COLLECTOR, claim("late", 40)).await?, Some(7));
    assert!(!store.note(COLLECTOR, (&winner, 8), vec![]).await?);
    assert!(store.note(COLLECTOR, ("late", 8), vec![]).await?);
    Ok(())
}

/// Nor is it more than there is.
pub async fn what_the_collector_has_never_grows_less<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(
        (store.reached(COLLECTOR).await?, store.last_event().await?),
        (0, 0)
    );
    ten_events(&*store).await?;
    assert_eq!(
        (store.reached(COLLECTOR).await?, store.last_event().await?),
        (0, 10)
    );
    assert!(
        !store.note(COLLECTOR, ("a", 1), vec![]).await?,
        "nobody claimed it"
    );
    store.follow(COLLECTOR, claim("a", 0)).await?;
    assert!(store.note(COLLECTOR, ("a", 6), vec![]).await?);
    for number in [-1, 5, 6, 11] {
        assert!(
            !store.note(COLLECTOR, ("a", number), vec![]).await?,
            "{number}"
        );
    }
    assert_eq!(store.reached(COLLECTOR).await?, 6);
    Ok(())
}

/// In the transaction of the note, and each follower is by itself.
pub async fn what_a_follower_says_is_written_once<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    ten_events(&*store).await?;
    let anna = account("anna");
    let said = || vec![event(30, Kind::SignedOut, &anna)];
    store.follow(Follower::Watch, claim("a", 0)).await?;
    assert!(store.note(Follower::Watch, ("a", 10), said()).await?);
    for (by, number) in [("a", 10), ("a", 9), ("b", 11), ("a", 12)] {
        let noted = store.note(Follower::Watch, (by, number), said()).await?;
        assert!(!noted, "{by} {number}");
    }
    assert_eq!(store.last_event().await?, 11);
    assert_eq!(store.reached(Follower::Watch).await?, 10);
    assert_eq!(store.reached(COLLECTOR).await?, 0);
    assert_eq!(store.follow(COLLECTOR, claim("b", 0)).await?, Some(0));
    Ok(())
}

async fn ten_events<S: Conforming>(store: &S) -> Result<Vec<ChainedEvent>, Unavailable> {
    let anna = account("anna");
    let mark = |failures| event(0, Kind::UnderAttack { failures }, &anna);
    store.append((0..10).map(mark).collect()).await?;
    store.read(1, 100).await
}

fn removal(after: i64, through: i64) -> Removal {
    Removal {
        after,
        through,
        must_be_shipped: false,
        event: None,
    }
}

const COLLECTOR: Follower = Follower::Collector;

/// A claim of 30 seconds.
fn claim(by: &str, seconds: i64) -> Claim {
    Claim {
        by: by.to_owned(),
        now: at(seconds),
        until: at(seconds.saturating_add(30)),
    }
}
