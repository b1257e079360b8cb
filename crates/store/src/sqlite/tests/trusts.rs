//! Trusts, signing keys and the ledger, where somebody writes into the file or puts a backup back.

use authn::audit::TrustAct;
use sts::key_ring::KeyState;
use sts::ledger::TokenId;
use sts::ports::{Change, KeptTrusts, Ledger, RestsOn, SigningKeys};
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
    store
        .record_token(&entry, mark(1), RestsOn::default())
        .await
        .unwrap();
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

/// The rows that there are, put aside to be put back.
async fn set_aside(world: &World) {
    for table in ["trusts", "trust_identifiers", "signing_keys", "audit_head"] {
        let text = format!("CREATE TABLE kept_{table} AS SELECT * FROM {table}");
        world.execute(&text).await;
    }
}

async fn put_back(world: &World, table: &str) {
    let delete = format!("PRAGMA foreign_keys = OFF; DELETE FROM {table}");
    world.execute(&delete).await;
    let insert = format!("INSERT INTO {table} SELECT * FROM kept_{table}");
    world.execute(&insert).await;
}

/// Somebody changes the trust called `changed`.
async fn change_one(store: &Store) {
    let kept = store.kept().await.unwrap().trusts;
    let (revision, was) = kept.iter().find(|(_, it)| it.name == "changed").unwrap();
    let mut with = was.clone();
    with.text = "stricter".to_owned();
    let change = Change::Replace {
        name: "changed".to_owned(),
        revision: *revision,
        with,
    };
    assert!(store.change(vec![(change, mark(1))]).await.unwrap().is_ok());
}

#[tokio::test]
async fn an_older_row_of_a_trust_is_not_put_back_without_the_key() {
    for change in [
        "DELETE FROM trusts WHERE name = 'changed'; INSERT INTO trusts SELECT * FROM kept_trusts WHERE name = 'changed'",
        "DELETE FROM trusts WHERE name = 'kept'",
        "UPDATE trusts SET revision = revision + 100 WHERE name = 'kept'",
    ] {
        let world = World::new();
        let store = with_parties(&world).await;
        set_aside(&world).await;
        change_one(&store).await;
        store.kept().await.unwrap();
        let off = "PRAGMA foreign_keys = OFF";
        world.execute(&format!("{off}; {change}")).await;
        let refused = store.kept().await.expect_err(change);
        assert_eq!(refused.what, "the trusts");
        assert!(refused.detail.contains("wicketgate db restore"));
        // Nobody seals what somebody else made of them.
        let added = conformance::add_trust(&store, conformance::kept_party("new"));
        assert_eq!(added.await.unwrap_err().what, "the trusts", "{change}");
        store.append(vec![mark(2)]).await.unwrap();
        assert!(store.kept().await.is_err());
        store.close().await;
        let again = Store::open(&world.db(), world.keys()).await.unwrap();
        assert!(again.kept().await.is_err(), "{change}");
    }
}

#[tokio::test]
async fn an_older_set_does_not_come_back_with_its_older_seal() {
    let world = World::new();
    let store = with_parties(&world).await;
    set_aside(&world).await;
    change_one(&store).await;
    let revision = store.revision().await.unwrap();
    put_back(&world, "trusts").await;
    // The seal of the older set is of an older head, and the trail went on.
    put_back(&world, "audit_head").await;
    for answer in [
        store.kept().await.map(drop),
        store.revision().await.map(drop),
    ] {
        let refused = answer.unwrap_err();
        assert!(refused.detail.contains("audit trail"), "{refused}");
    }
    // Nor with the seal moved into the newer head, which is made with a key.
    let world = World::new();
    let store = with_parties(&world).await;
    set_aside(&world).await;
    change_one(&store).await;
    put_back(&world, "trusts").await;
    world
        .execute("UPDATE audit_head SET trusts = (SELECT trusts FROM kept_audit_head), trusts_revision = (SELECT trusts_revision FROM kept_audit_head)")
        .await;
    let refused = store.kept().await.unwrap_err();
    assert!(refused.detail.contains("without its key"), "{refused}");
    assert_eq!(revision, 4);
}

#[tokio::test]
async fn the_number_of_the_last_change_is_not_put_back_either() {
    let world = World::new();
    let store = with_parties(&world).await;
    let before = store.revision().await.unwrap();
    world
        .execute("UPDATE audit_head SET trusts_revision = trusts_revision - 1")
        .await;
    assert!(store.revision().await.is_err(), "a gate would not look");
    world
        .execute("UPDATE audit_head SET trusts_revision = trusts_revision + 1")
        .await;
    change_one(&store).await;
    assert_eq!(store.revision().await.unwrap(), before + 1);
}

#[tokio::test]
async fn a_key_that_was_retired_is_not_put_back_without_the_key_file() {
    let world = World::new();
    let store = world.migrated().await;
    let signs = KeyState::Primary { since: now() };
    let next = KeyState::Next { promotes_at: now() };
    for (id, state) in [("a", signs), ("bb", next)] {
        conformance::add_signing_key(&store, id, state)
            .await
            .unwrap();
    }
    set_aside(&world).await;
    conformance::promote_signing_key(&store, "bb")
        .await
        .unwrap();
    store.kept_keys().await.unwrap();
    put_back(&world, "signing_keys").await;
    let refused = store.kept_keys().await.unwrap_err();
    assert_eq!(refused.what, "the signing keys");
    let promoted = conformance::promote_signing_key(&store, "bb").await;
    assert_eq!(promoted.unwrap_err().what, "the signing keys");
}

#[tokio::test]
async fn sets_of_a_store_from_before_they_were_sealed_are_sealed_when_it_is_opened() {
    let world = World::new();
    let store = with_parties(&world).await;
    let kept = store.kept().await.unwrap();
    let head = store.trail_end().await.unwrap();
    store.close().await;
    world
        .execute("UPDATE audit_head SET trusts = NULL, trusts_revision = NULL, signing_keys = NULL, signing_keys_revision = NULL")
        .await;
    let refused = Store::open(&world.db(), world.keys()).await.unwrap_err();
    assert!(refused.to_string().contains("without its key"), "{refused}");

    let old = crate::Head { sets: None, ..head };
    let mac = world.keys().seal_head(old).mac;
    world
        .execute(&format!(
            "UPDATE audit_head SET mac = x'{}'",
            crate::hex(&mac)
        ))
        .await;
    let insert = "INSERT INTO revisions (what, number) VALUES ('trusts', 3)";
    world.execute(insert).await;
    let store = Store::open(&world.db(), world.keys()).await.unwrap();
    assert_eq!(store.kept().await.unwrap(), kept);
    change_one(&store).await;
    assert_eq!(store.revision().await.unwrap(), 4);
}

#[tokio::test]
async fn a_backup_whose_sets_do_not_fit_is_not_put_back_and_nothing_is_taken_over_of_a_store_like_that()
 {
    let world = World::new();
    let store = with_parties(&world).await;
    set_aside(&world).await;
    change_one(&store).await;
    backed_up(&store, &world).await;
    let kept = store.kept().await.unwrap().trusts;
    put_back(&world, "trusts").await;
    store.close().await;

    let store = restored(&world).await;
    let names = |trusts: &[(i64, sts::ports::KeptTrust)]| -> Vec<_> {
        let texts = trusts.iter().map(|(_, it)| it.text.clone());
        texts.collect()
    };
    let found = store.kept().await.unwrap().trusts;
    assert_eq!(names(&found), names(&kept), "the older row is not there");
    store.close().await;

    let mut backup = open::connect(&world.path("backup.db")).await.unwrap();
    sqlx::raw_sql("PRAGMA foreign_keys = OFF; DELETE FROM trusts WHERE name = 'kept'")
        .execute(&mut backup)
        .await
        .unwrap();
    backup.close().await.unwrap();
    std::fs::remove_file(world.path("store.db.before-restore")).unwrap();
    let (from, keys) = (world.path("backup.db"), world.keys());
    let refused = Store::restore(&from, &world.db(), &keys, &by_hand()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("are not what was sealed"), "{refused}");
}
