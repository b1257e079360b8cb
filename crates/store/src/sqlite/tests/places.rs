//! Up to which event the collector has the trail: whoever lacks the key file says it to nobody.

use authn::ports::{Claim, Follower, Removal, Removed, Trail};

use super::*;

const COLLECTOR: Follower = Follower::Collector;

fn claim() -> Claim {
    let now = Timestamp::from_second(1_800_000_000).unwrap();
    Claim {
        by: "this".to_owned(),
        now,
        until: now + SignedDuration::from_mins(1),
    }
}

fn shipped(through: i64) -> Removal {
    Removal {
        after: 0,
        through,
        must_be_shipped: true,
        event: None,
    }
}

/// A closed store with ten events, of which the collector has four and the watch eight; it had the collector's two before.
async fn four_of_ten() -> World {
    let world = World::new();
    let store = world.migrated().await;
    store.append((0..10).map(mark).collect()).await.unwrap();
    for (follower, number) in [(COLLECTOR, 2), (COLLECTOR, 4), (Follower::Watch, 8)] {
        store.follow(follower, claim()).await.unwrap();
        let noted = store.note(follower, ("this", number), vec![]).await;
        assert!(noted.unwrap());
        if number == 2 {
            world
                .execute("CREATE TABLE kept AS SELECT * FROM audit_readers")
                .await;
        }
    }
    store.close().await;
    world
}

async fn opened(world: &World) -> Store {
    Store::open(&world.db(), world.keys()).await.unwrap()
}

#[tokio::test]
async fn a_place_that_was_written_without_the_key_is_not_believed() {
    let of_watch = |column: &str| {
        format!("{column} = (SELECT {column} FROM audit_readers WHERE id = 'watch')")
    };
    let watch_s = ["number", "hash", "sealed_with", "mac"]
        .map(of_watch)
        .join(", ");
    let cases = [
        "number = 9".to_owned(),
        "number = 9, hash = (SELECT hash FROM audit WHERE number = 9)".to_owned(),
        "number = 9000".to_owned(),
        "number = 9, hash = NULL, sealed_with = NULL, mac = NULL".to_owned(),
        "number = -1".to_owned(),
        "hash = zeroblob(32)".to_owned(),
        "mac = zeroblob(32)".to_owned(),
        "sealed_with = 'another'".to_owned(),
        watch_s,
    ];
    for change in cases {
        let world = four_of_ten().await;
        let statement = format!("UPDATE audit_readers SET {change} WHERE id = 'syslog'");
        world.execute(&statement).await;
        let store = opened(&world).await;
        assert_eq!(store.reached(COLLECTOR).await.unwrap(), 0, "{change}");
        let refused = store.remove(shipped(2)).await.unwrap();
        assert_eq!(refused, Removed::NotShipped(0), "{change}");
        // It gets everything once more, and its place counts again.
        assert_eq!(store.follow(COLLECTOR, claim()).await.unwrap(), Some(0));
        assert!(store.note(COLLECTOR, ("this", 3), vec![]).await.unwrap());
        assert_eq!(store.reached(COLLECTOR).await.unwrap(), 3, "{change}");
        assert_eq!(store.remove(shipped(3)).await.unwrap(), Removed::Done);
        assert_eq!(store.reached(Follower::Watch).await.unwrap(), 8);
    }
}

#[tokio::test]
async fn an_older_place_keeps_nothing_from_the_collector() {
    let world = four_of_ten().await;
    world.execute("DELETE FROM audit_readers").await;
    let put_back = "INSERT INTO audit_readers SELECT * FROM kept";
    world.execute(put_back).await;
    let store = opened(&world).await;
    assert_eq!(store.reached(COLLECTOR).await.unwrap(), 2);
    assert_eq!(store.follow(COLLECTOR, claim()).await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_place_of_another_trail_is_not_believed() {
    let [world, another] = [four_of_ten().await, World::new()];
    std::fs::copy(world.path("keys"), another.path("keys")).unwrap();
    let store = another.migrated().await;
    store.append((10..20).map(mark).collect()).await.unwrap();
    store.close().await;
    let attach = format!("ATTACH '{}' AS first", world.db().display());
    let put = "INSERT INTO audit_readers SELECT * FROM first.audit_readers";
    another.execute(&format!("{attach}; {put}")).await;
    let store = opened(&another).await;
    assert_eq!(store.reached(COLLECTOR).await.unwrap(), 0);
}

#[tokio::test]
async fn a_place_is_believed_when_its_event_was_removed() {
    let world = four_of_ten().await;
    let store = opened(&world).await;
    assert_eq!(store.reached(COLLECTOR).await.unwrap(), 4);
    assert_eq!(store.remove(shipped(4)).await.unwrap(), Removed::Done);
    assert_eq!(store.reached(COLLECTOR).await.unwrap(), 4);
    assert_eq!(store.follow(COLLECTOR, claim()).await.unwrap(), Some(4));
    let beyond = store.note(COLLECTOR, ("this", 11), vec![]).await;
    assert!(!beyond.unwrap(), "beyond the end of the trail");
    store.close().await;
}
