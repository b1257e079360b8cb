//! Conformance of [`Audit`](authn::ports::Audit): a chain that is whole and in order.

use std::collections::BTreeSet;
use std::sync::Arc;

use ::authn::audit::{Chain, Kind};
use ::authn::credential::grant::CodeSettlement;
use ::authn::ports::{Settlement, Unavailable};

use super::{Conforming, account, all_at_once, anna_with, event, of_account, taken};

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
