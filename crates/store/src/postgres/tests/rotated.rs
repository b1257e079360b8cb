//! Keys are rotated on a server, with several gates on it.

use super::*;
use crate::reseal::tests::rotated;
use crate::seal::Stands;

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_sealed_by_another_key_and_opens_by_it_alone() {
    let Some(_) = server::shared("keys that are rotated on PostgreSQL") else {
        return;
    };
    let fresh = async || {
        let world = World::new().unwrap();
        (world.node().await, world.folder.path().join("keys"), world)
    };
    rotated! { fresh().await }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gate_meets_a_key_that_another_gate_sealed_with() {
    let Some(world) = World::new() else { return };
    let gate = world.node().await;
    gate.append(vec![mark(1)]).await.unwrap();
    KeyFile::add(&world.folder.path().join("keys"), [3; 40], Stands::First).unwrap();
    let other = world.node().await;
    other.append(vec![mark(2)]).await.unwrap();
    gate.append(vec![mark(3)]).await.unwrap();
    assert_eq!(gate.keys().ids(), other.keys().ids());
    assert_eq!(gate.verify_trail().await.unwrap().number, 3);
}
