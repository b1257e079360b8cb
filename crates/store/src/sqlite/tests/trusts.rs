//! Trusts, signing keys and the ledger, where somebody writes into the file or puts a backup back.

use authn::audit::TrustAct;
use sts::key_ring::KeyState;
use sts::ledger::TokenId;
use sts::ports::{Change, KeptTrusts, Ledger, SigningKeys};
use sts::trust::Kind as Of;

use super::*;

async fn names(store: &Store) -> Vec<(String, String)> {
    let kept = store.kept().await.unwrap().trusts.into_iter();
    kept.map(|(_, trust)| (trust.name, trust.text)).collect()
}

async fn with_parties(world: &World) -> Store {
    let store = world.migrated().await;
    for name in ["changed", "kept", "removed"] {
        let added = conformance::add_trust(&store, conformance::kept_party(name));
        assert!(added.await.unwrap().is_ok());
    }
    store
}

async fn backed_up(store: &Store, world: &World) {
    let (backup, by) = (world.path("backup.db"), by_hand());
    store.backup(&backup, &by).await.unwrap();
}

async fn restored(world: &World) -> Store {
    let (backup, keys) = (world.path("backup.db"), world.keys());
    let restored = Store::restore(&backup, &world.db(), &keys, &by_hand()).await;
    assert_eq!(restored.unwrap().replaced, Replaced::Read);
    Store::open(&world.db(), world.keys()).await.unwrap()
}

#[tokio::test]
async fn a_trust_is_not_changed_without_the_key() {
    for change in [
        "UPDATE trusts SET written = 'x' WHERE name = 'kept'",
        "UPDATE trusts SET name = 'other', name_key = 'other' WHERE name = 'kept'",
        "UPDATE trusts SET identifiers = '[\"urn:evil\"]' WHERE name = 'kept'",
        "UPDATE trusts SET kind = 'claims-provider' WHERE name = 'kept'",
        "UPDATE trusts SET seal = (SELECT seal FROM trusts WHERE name = 'removed') WHERE name = 'kept'",
    ] {
        let world = World::new();
        let store = with_parties(&world).await;
        store.kept().await.unwrap();
        world
            .execute("PRAGMA foreign_keys = OFF; DELETE FROM trust_identifiers")
            .await;
        world.execute(change).await;
        assert!(store.kept().await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_private_half_is_sealed_for_its_key_and_is_not_in_the_files_in_clear() {
    let world = World::new();
    let store = world.migrated().await;
    let signs = KeyState::Primary { since: now() };
    conformance::add_signing_key(&store, "a", signs)
        .await
        .unwrap();
    store.kept_keys().await.unwrap();
    let half = b"private half of a";
    for name in ["store.db", "store.db-wal"] {
        let bytes = std::fs::read(world.path(name)).unwrap();
        let is_there = bytes.windows(half.len()).any(|it| it == half);
        assert!(!is_there, "{name}");
    }
    for change in [
        "UPDATE signing_keys SET id = 'b'",
        "UPDATE signing_keys SET algorithm = 'rsa-2048'",
        "UPDATE signing_keys SET made = made + 1",
    ] {
        world.execute(change).await;
        assert!(store.kept_keys().await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn a_trust_that_was_changed_or_removed_since_stays_so_when_a_backup_is_put_back() {
    let world = World::new();
    let store = with_parties(&world).await;
    backed_up(&store, &world).await;
    let mut stricter = conformance::kept_party("changed");
    stricter.text = "stricter".to_owned();
    let kept = store.kept().await.unwrap().trusts;
    let revision = |name: &str| kept.iter().find(|(_, it)| it.name == name).unwrap().0;
    let replace = Change::Replace {
        name: "changed".to_owned(),
        revision: revision("changed"),
        with: stricter.clone(),
    };
    let remove = Change::Remove {
        kind: Of::RelyingParty,
        name: "removed".to_owned(),
        revision: revision("removed"),
    };
    let changes = vec![(replace, mark(1)), (remove, mark(2))];
    assert!(store.change(changes).await.unwrap().is_ok());
    store.close().await;

    let store = restored(&world).await;
    let stays = conformance::kept_party("kept");
    let expected = [(stricter.name, stricter.text), (stays.name, stays.text)];
    assert_eq!(names(&store).await, expected);
    let trail = store.read(1, 100).await.unwrap();
    let acts = trail.iter().filter_map(|it| match &it.event.kind {
        Kind::Trust { name, act, .. } => Some((name.as_str(), *act)),
        _ => None,
    });
    let acts: Vec<_> = acts.collect();
    let carried = [
        ("changed", TrustAct::Changed),
        ("removed", TrustAct::Removed),
    ];
    assert!(acts.ends_with(&carried), "{acts:?}");
    // Both names are free or taken as they were.
    let again = conformance::add_trust(&store, conformance::kept_party("removed"));
    assert!(again.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_key_that_was_retired_since_does_not_sign_again_and_a_token_issued_since_is_known() {
    let world = World::new();
    let store = world.migrated().await;
    let signs = KeyState::Primary { since: now() };
    conformance::add_signing_key(&store, "a", signs)
        .await
        .unwrap();
    backed_up(&store, &world).await;
    let next = KeyState::Next { promotes_at: now() };
    conformance::add_signing_key(&store, "bb", next)
        .await
        .unwrap();
    conformance::promote_signing_key(&store, "bb")
        .await
        .unwrap();
    let mut entry = conformance::ledger_entry("_one", conformance::lync().unwrap());
    entry.expires = "2100-01-01T00:00:00Z".parse().unwrap();
    store.record_token(&entry, mark(1)).await.unwrap();
    store.close().await;

    let store = restored(&world).await;
    let listed = conformance::signing_keys_listed(&store).await.unwrap();
    let halves = listed
        .iter()
        .map(|(id, _, half)| (id.as_str(), half.is_some()));
    assert_eq!(halves.collect::<Vec<_>>(), [("a", false), ("bb", true)]);
    assert!(matches!(listed[1].1, KeyState::Primary { .. }));
    let found = store.token(&TokenId("_one".to_owned())).await.unwrap();
    assert_eq!(found, Some(entry));
}
