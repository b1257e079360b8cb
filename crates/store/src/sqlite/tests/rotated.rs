//! Keys are rotated while a gate runs: what it meets it reads, what it cannot read it names, and nothing is lost by whoever
//! is killed.

use sts::ports::KeptTrusts;

use super::*;
use crate::KeyUse;
use crate::reseal::tests::rotated;
use crate::seal::Stands;

impl World {
    fn add_key(&self, stands: Stands) -> String {
        KeyFile::add(&self.path("keys"), [3; 40], stands).unwrap()
    }
}

/// How many values a key seals.
async fn sealed_by(store: &Store, id: &str) -> i64 {
    let uses = store.sealed_by().await.unwrap();
    let of = |it: &&KeyUse| it.key.as_deref() == Some(id);
    uses.iter().find(of).unwrap().seals.values().sum()
}

const OLD: &str = "0101010101010101";

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_sealed_by_another_key_and_opens_by_it_alone() {
    let fresh = async || {
        let world = World::new();
        (world.migrated().await, world.path("keys"), world)
    };
    rotated! { fresh().await }
}

#[tokio::test]
async fn a_gate_reads_the_key_file_again_when_it_meets_a_key() {
    let world = World::new();
    let gate = world.migrated().await;
    gate.append(vec![mark(1)]).await.unwrap();
    let new = world.add_key(Stands::First);
    let verb = Store::open(&world.db(), world.keys()).await.unwrap();
    verb.append(vec![mark(2)]).await.unwrap();
    gate.append(vec![mark(3)]).await.unwrap();
    assert_eq!(gate.keys().ids(), [new.as_str(), OLD]);
    assert_eq!(gate.verify_trail().await.unwrap().number, 3);
}

#[tokio::test]
async fn a_key_that_nobody_here_has_is_named_and_nobody_speaks_of_tampering() {
    let world = World::new();
    let gate = world.migrated().await;
    gate.append(vec![mark(1)]).await.unwrap();
    let file = world.path("keys");
    let before = std::fs::read(&file).unwrap();
    let new = world.add_key(Stands::First);
    let verb = Store::open(&world.db(), world.keys()).await.unwrap();
    // The gate's machine has the old file.
    let elsewhere = std::fs::read(&file).unwrap();
    std::fs::write(&file, before).unwrap();
    verb.append(vec![mark(2)]).await.unwrap();
    let told = gate.append(vec![mark(3)]).await.unwrap_err().to_string();
    assert!(
        told.contains(&format!(
            "sealed by the key `{new}`, which this process has not read"
        )),
        "{told}"
    );
    assert!(!told.contains("without its key"), "{told}");
    std::fs::write(&file, elsewhere).unwrap();
    gate.append(vec![mark(3)]).await.unwrap();
}

#[tokio::test]
async fn a_key_file_that_does_not_open_the_store_is_not_taken() {
    let world = World::new();
    let gate = world.migrated().await;
    furnished(&gate).await;
    let file = world.path("keys");
    let good = std::fs::read_to_string(&file).unwrap();
    let another = "a CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=\n";
    for bad in ["", "nonsense", another, &good.replace("AQE", "AgI")] {
        std::fs::write(&file, bad).unwrap();
        gate.reread_keys().await.unwrap_err();
        assert_eq!(gate.keys().ids(), [OLD], "{bad:.2}");
        gate.append(vec![mark(1)]).await.unwrap();
    }
    std::fs::write(&file, format!("{another}{good}")).unwrap();
    gate.reread_keys().await.unwrap();
    assert_eq!(gate.keys().ids(), ["a", OLD]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_while_they_seal_loses_nothing_and_goes_on() {
    let world = World::new();
    let store = world.migrated().await;
    for name in ["anna", "ben", "cecilia"] {
        let account = conformance::account(name);
        conformance::enrolled(&store, &account, name).await.unwrap();
    }
    let new = world.add_key(Stands::First);
    store.reread_keys().await.unwrap();
    let killed = store.clone();
    let killed = tokio::spawn(async move {
        let told = |table: &str, done| assert!(table != "app_passwords" || done == 0);
        killed.reseal(&by_hand(), told).await
    });
    assert!(killed.await.unwrap_err().is_panic());
    let both = (sealed_by(&store, &new).await, sealed_by(&store, OLD).await);
    assert!(both.0 >= 3 && both.1 > 0, "{both:?}");
    let resealed = store.reseal(&by_hand(), |_, _| {}).await.unwrap();
    assert!(
        !resealed.tables.contains_key("app_passwords"),
        "{resealed:?}"
    );
    assert_eq!(sealed_by(&store, OLD).await, 0);
    let events = store.read(1, 100).await.unwrap();
    let last = &events.last().unwrap().event.kind;
    assert_eq!(*last, Kind::StoreResealed { key: new });
}

#[tokio::test]
async fn what_somebody_wrote_without_the_key_is_not_sealed_anew() {
    let world = World::new();
    let store = world.migrated().await;
    for name in ["anna", "ben"] {
        let account = conformance::account(name);
        conformance::enrolled(&store, &account, name).await.unwrap();
    }
    world
        .execute("UPDATE app_passwords SET revoked = 1 WHERE account = 'id-of-anna'")
        .await;
    world.add_key(Stands::First);
    store.reread_keys().await.unwrap();
    let resealed = store.reseal(&by_hand(), |_, _| {}).await.unwrap();
    assert_eq!(resealed.tables["app_passwords"], 1);
    let [unopened] = resealed.unopened.as_slice() else {
        panic!("{resealed:?}");
    };
    assert!(
        unopened.contains("does not open with the key"),
        "{unopened}"
    );
    assert_eq!(
        sealed_by(&store, OLD).await,
        1,
        "the key may not be taken out"
    );
}

#[tokio::test]
async fn a_set_that_somebody_wrote_into_is_not_sealed_anew() {
    let world = World::new();
    let store = world.migrated().await;
    for name in ["a", "b"] {
        let added = conformance::add_trust(&store, conformance::kept_party(name));
        assert!(added.await.unwrap().is_ok());
    }
    world
        .execute("DELETE FROM trust_identifiers; DELETE FROM trusts WHERE name = 'a'")
        .await;
    world.add_key(Stands::First);
    store.reread_keys().await.unwrap();
    let refused = store.reseal(&by_hand(), |_, _| {}).await.unwrap_err();
    assert!(
        refused.to_string().contains("the rows of `trusts`"),
        "{refused}"
    );
    assert!(store.kept().await.is_err(), "and it is refused as before");
}

/// Whoever has the old file says so, until the newer one is there; of whom nothing more is heard is forgotten.
#[tokio::test]
async fn a_gate_that_has_not_read_the_newer_file_says_by_which_key_it_seals() {
    let world = World::new();
    let (one, file) = (world.migrated().await, world.path("keys"));
    let other = Store::open(&world.db(), world.keys()).await.unwrap();
    let before = std::fs::read(&file).unwrap();
    let new = world.add_key(Stands::First);
    let after = std::fs::read(&file).unwrap();
    // The other's machine has the old file.
    one.reread_keys().await.unwrap();
    std::fs::write(&file, &before).unwrap();
    let at = |second: i64| by_hand().at + SignedDuration::from_secs(second);
    let said = async |second: i64| {
        let sealers = one.sealers(at(second)).await.unwrap();
        let said = sealers.into_iter().map(|it| (it.called, it.key));
        said.collect::<Vec<_>>()
    };
    let says = async |store: &Store, called: &str, second: i64| {
        store.meet_sealers(at(second)).await.unwrap();
        store
            .say_sealing((called, called), at(second))
            .await
            .unwrap()
    };
    assert_eq!(says(&one, "one", 10).await, new);
    assert_eq!(says(&other, "other", 11).await, OLD);
    let both = [
        ("one".to_owned(), new.clone()),
        ("other".to_owned(), OLD.to_owned()),
    ];
    assert_eq!(said(12).await, both);
    // A clock that was ahead is overwritten by the next word of the same process.
    let lives = crate::SEALER_LIVES.as_secs();
    other
        .say_sealing(("other", "other"), at(lives * 10))
        .await
        .unwrap();
    assert_eq!(says(&other, "other", 12).await, OLD);
    assert_eq!(said(12).await, both);
    assert_eq!(said(13 + lives).await, [], "nor does it live longer by it");
    std::fs::write(&file, after).unwrap();
    assert_eq!(
        says(&other, "other", 13).await,
        new,
        "it met the key of one"
    );
    assert!(said(14).await.iter().all(|(_, key)| *key == new));
    assert_eq!(said(10 + lives).await.len(), 2);
    assert_eq!(said(11 + lives).await.len(), 1);
    assert_eq!(said(14 + lives).await, []);
}
