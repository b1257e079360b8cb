//! The audit trail is neither cut nor computed anew without the key file.

use super::*;
use crate::chain::{BrokenTrail, Head};

/// A closed store with nine events and an account.
async fn nine_events() -> World {
    let world = World::new();
    let store = world.migrated().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone").await.unwrap();
    store.append((0..7).map(mark).collect()).await.unwrap();
    store.close().await;
    world
}

async fn opened(world: &World) -> Result<Store, StoreError> {
    Store::open(&world.db(), world.keys()).await
}

async fn verified(world: &World) -> Result<Head, StoreError> {
    let store = opened(world).await?;
    let verified = store.verify_trail().await;
    store.close().await;
    verified
}

/// Computes the chain anew, as anybody can who reads this program.
async fn chain_anew(world: &World) {
    let mut connection = open::connect(&world.db()).await.unwrap();
    let events: Vec<(i64, String)> =
        sqlx::query_as("SELECT number, event FROM audit ORDER BY number")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    let mut previous = [0; 32];
    for (number, text) in events {
        let hash = authn::audit::hash(&previous, number, &text);
        sqlx::query("UPDATE audit SET previous = $2, hash = $3 WHERE number = $1")
            .bind(number)
            .bind(previous.to_vec())
            .bind(hash.to_vec())
            .execute(&mut connection)
            .await
            .unwrap();
        previous = hash;
    }
    sqlx::query("UPDATE audit_head SET hash = $1")
        .bind(previous.to_vec())
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_head_names_the_last_event_and_goes_on_with_it() {
    let world = nine_events().await;
    let head = verified(&world).await.unwrap();
    assert_eq!(head.number, 9);
    let store = opened(&world).await.unwrap();
    assert_eq!(store.read(9, 1).await.unwrap()[0].hash, head.hash);
    assert_eq!(store.trail_end().await.unwrap(), head);
    store.append(vec![mark(7)]).await.unwrap();
    assert_eq!(store.verify_trail().await.unwrap().number, 10);
    assert_eq!(store.trail_end().await.unwrap().number, 10);
}

#[tokio::test]
async fn a_trail_that_was_cut_or_emptied_is_not_opened() {
    let cases: [(&[&'static str], &str); 7] = [
        (
            &["DELETE FROM audit WHERE number > 5"],
            "ends at event 5, but its head is event 9",
        ),
        (
            &["DELETE FROM audit"],
            "ends at event 0, but its head is event 9",
        ),
        (
            &[
                "DELETE FROM audit WHERE number > 5",
                "UPDATE audit_head SET number = 5,
                    hash = (SELECT hash FROM audit WHERE number = 5)",
            ],
            "the head of the audit trail (event 5) was written without its key",
        ),
        (
            &["DELETE FROM audit_head"],
            "the head of the audit trail was taken out",
        ),
        (
            &["DELETE FROM audit", "DELETE FROM audit_head"],
            "the head of the audit trail was taken out",
        ),
        (
            &[
                "DELETE FROM audit",
                "DELETE FROM audit_head",
                "DELETE FROM key_checks",
            ],
            "`sealed` of `store` in `key_checks`",
        ),
        (
            &["UPDATE audit SET hash = zeroblob(32) WHERE number = 9"],
            "the last event of the audit trail (9) is not the one",
        ),
    ];
    for (statements, expected) in cases {
        let world = nine_events().await;
        for statement in statements {
            world.execute(statement).await;
        }
        let refused = world.refusal().await;
        assert!(refused.contains(expected), "{statements:?}: {refused}");
    }
}

#[tokio::test]
async fn the_head_of_the_beginning_does_not_hide_what_came_after() {
    let world = World::new();
    let store = world.migrated().await;
    let kept = "CREATE TABLE kept AS SELECT * FROM audit_head";
    world.execute(kept).await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone").await.unwrap();
    store.close().await;
    for statement in [
        "DELETE FROM audit",
        "DELETE FROM audit_head",
        "INSERT INTO audit_head SELECT * FROM kept",
    ] {
        world.execute(statement).await;
    }
    let refused = opened(&world).await.unwrap_err();
    assert!(
        matches!(refused, StoreError::BrokenTrail(BrokenTrail::Emptied)),
        "{refused}"
    );
}

#[tokio::test]
async fn a_chain_that_was_computed_anew_does_not_fit_its_head() {
    let world = nine_events().await;
    chain_anew(&world).await;
    assert_eq!(verified(&world).await.unwrap().number, 9, "nothing changed");
    world
        .execute("UPDATE audit SET event = REPLACE(event, '\"failures\":2', '\"failures\":3')")
        .await;
    chain_anew(&world).await;
    let refused = opened(&world).await.unwrap_err();
    assert!(
        matches!(
            refused,
            StoreError::BrokenTrail(BrokenTrail::ForgedHead { number: 9 })
        ),
        "{refused}"
    );
}

#[tokio::test]
async fn an_event_that_was_put_before_the_first_is_found() {
    let world = nine_events().await;
    world
        .execute("INSERT INTO audit SELECT -1, event, previous, hash, account FROM audit WHERE number = 1")
        .await;
    let refused = verified(&world).await.unwrap_err().to_string();
    assert!(refused.contains("begins at event -1"), "{refused}");
}

#[tokio::test]
async fn nothing_is_added_to_a_trail_that_was_cut_while_it_was_used() {
    let world = nine_events().await;
    let store = opened(&world).await.unwrap();
    world.execute("DELETE FROM audit WHERE number > 5").await;
    let refused = store.append(vec![mark(8)]).await.unwrap_err();
    assert!(refused.detail.contains("ends at event 5"), "{refused}");
    assert!(matches!(
        store.verify_trail().await,
        Err(StoreError::BrokenTrail(BrokenTrail::WrongEnd {
            head: 9,
            last: 5
        }))
    ));
    let backup = store.backup(&world.path("backup.db"), &by_hand()).await;
    assert!(matches!(backup, Err(StoreError::BrokenTrail(_))));
    assert!(!world.path("backup.db").exists());
}

#[tokio::test]
async fn a_head_of_other_keys_is_no_head() {
    let world = nine_events().await;
    let head = Head {
        number: 9,
        hash: [0; 32],
        sets: None,
    };
    let sealed = world.keys().seal_head(head);
    assert!(world.keys().has_sealed(&sealed));
    let namesake = KeyFile::create(&world.path("other"), {
        let mut random = [1; 40];
        random[39] = 2;
        random
    });
    assert!(!namesake.unwrap().has_sealed(&sealed));
    let stranger = KeyFile::create(&world.path("stranger"), [2; 40]).unwrap();
    assert!(!stranger.has_sealed(&sealed));
}
