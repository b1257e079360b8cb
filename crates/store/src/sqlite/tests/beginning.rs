//! A trail whose oldest events were removed begins where its sealed record says, and nowhere else.

use authn::ports::{Removal, Removed, Trail};

use super::*;
use crate::chain::{BrokenTrail, Head};
use crate::database::Database;

/// A closed store with ten events and an account, of which the first four were removed.
async fn four_removed() -> World {
    let world = World::new();
    let store = world.migrated().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone").await.unwrap();
    store.append((0..7).map(mark).collect()).await.unwrap();
    world
        .execute("CREATE TABLE kept_head AS SELECT * FROM audit_head")
        .await;
    removed(&store, 0, 4).await;
    store.close().await;
    world
}

async fn removed(store: &Store, after: i64, through: i64) {
    let event = (after == 0).then(|| mark(9));
    let removal = Removal {
        after,
        through,
        must_be_shipped: false,
        event,
    };
    assert_eq!(store.remove(removal).await.unwrap(), Removed::Done);
}

async fn opened(world: &World) -> Store {
    Store::open(&world.db(), world.keys()).await.unwrap()
}

async fn verified(world: &World) -> Result<Head, StoreError> {
    let store = opened(world).await;
    let verified = store.verify_trail().await;
    store.close().await;
    verified
}

async fn broken(world: &World) -> BrokenTrail {
    match verified(world).await {
        Err(StoreError::BrokenTrail(broken)) => broken,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_trail_that_was_cut_with_its_key_is_whole_from_there_on() {
    let world = four_removed().await;
    assert_eq!(verified(&world).await.unwrap().number, 10);
    let store = opened(&world).await;
    assert_eq!(store.trail_beginning().await.unwrap().number, 4);
    removed(&store, 4, 9).await;
    store.append(vec![mark(1)]).await.unwrap();
    assert_eq!(store.verify_trail().await.unwrap().number, 11);
    assert_eq!(store.read(1, 100).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_trail_that_was_cut_without_the_record_is_found() {
    let forged = |number| BrokenTrail::ForgedBeginning { number };
    let wrong = |expected, first| BrokenTrail::WrongBeginning { expected, first };
    let cases: [(&[&str], BrokenTrail); 8] = [
        (&["DELETE FROM audit WHERE number <= 6"], wrong(5, 7)),
        (&["DELETE FROM audit_beginning"], wrong(1, 5)),
        (
            &[
                "UPDATE audit_beginning SET number = 6, hash = (SELECT hash FROM audit WHERE number = 6)",
                "DELETE FROM audit WHERE number <= 6",
            ],
            forged(6),
        ),
        (
            // SECURITY: a head is sealed too, and says nothing of a beginning.
            &[
                "DELETE FROM audit_beginning",
                "INSERT INTO audit_beginning (id, number, hash, sealed_with, mac) SELECT id, number, hash, sealed_with, mac FROM kept_head",
                "DELETE FROM audit WHERE number <= 9",
            ],
            forged(9),
        ),
        (
            &["UPDATE audit_beginning SET hash = zeroblob(32)"],
            forged(4),
        ),
        (&["UPDATE audit_beginning SET number = 5"], forged(5)),
        (
            &["UPDATE audit_beginning SET sealed_with = 'another'"],
            BrokenTrail::KeyNotRead {
                key: "another".to_owned(),
            },
        ),
        (
            &[
                "INSERT INTO audit SELECT 4, event, previous, hash, account FROM audit WHERE number = 5",
            ],
            wrong(5, 4),
        ),
    ];
    for (statements, expected) in cases {
        let world = four_removed().await;
        for statement in statements {
            world.execute(statement).await;
        }
        assert_eq!(broken(&world).await, expected, "{statements:?}");
    }
}

#[tokio::test]
async fn an_older_record_puts_nothing_back() {
    let world = four_removed().await;
    world
        .execute("CREATE TABLE kept AS SELECT * FROM audit_beginning")
        .await;
    let store = opened(&world).await;
    removed(&store, 4, 6).await;
    store.close().await;
    world.execute("DELETE FROM audit_beginning").await;
    world
        .execute("INSERT INTO audit_beginning SELECT * FROM kept")
        .await;
    let expected = 5;
    assert_eq!(
        broken(&world).await,
        BrokenTrail::WrongBeginning { expected, first: 7 }
    );
}

#[tokio::test]
async fn what_was_changed_is_not_removed_with_the_rest() {
    for statement in [
        "UPDATE audit SET event = REPLACE(event, '2', '3') WHERE number = 6",
        "DELETE FROM audit WHERE number = 6",
        "INSERT INTO audit SELECT 3, event, previous, hash, account FROM audit WHERE number = 5",
        "UPDATE audit_beginning SET hash = zeroblob(32)",
    ] {
        let world = four_removed().await;
        world.execute(statement).await;
        let store = opened(&world).await;
        let removal = Removal {
            after: 4,
            through: 8,
            must_be_shipped: false,
            event: None,
        };
        let refused = store.remove(removal).await.unwrap_err();
        assert!(
            refused.detail.contains("audit trail"),
            "{statement}: {refused}"
        );
        assert!(store.verify_trail().await.is_err(), "{statement}");
        assert!(!store.read(7, 1).await.unwrap().is_empty(), "{statement}");
    }
}

#[tokio::test]
async fn a_backup_and_what_is_put_back_of_it_begin_where_the_trail_did() {
    let world = four_removed().await;
    let store = opened(&world).await;
    let backup = world.path("backup.db");
    store.backup(&backup, &by_hand()).await.unwrap();
    store.close().await;
    let restored = Store::restore(&backup, &world.db(), &world.keys(), &by_hand()).await;
    restored.unwrap();
    let store = opened(&world).await;
    assert_eq!(store.trail_beginning().await.unwrap().number, 4);
    assert_eq!(store.verify_trail().await.unwrap().number, 11);
}

#[tokio::test]
async fn a_copy_begins_where_the_trail_did() {
    let world = four_removed().await;
    let [from, to] = [world.db(), world.path("copy.db")].map(Database::Sqlite);
    let copied = Store::copy((&from, &to), &world.keys(), &by_hand())
        .await
        .unwrap();
    assert_eq!(copied.head.number, 10);
    let copy = Store::open(&world.path("copy.db"), world.keys())
        .await
        .unwrap();
    assert_eq!(copy.trail_beginning().await.unwrap().number, 4);
    assert_eq!(copy.verify_trail().await.unwrap().number, 11);
}
