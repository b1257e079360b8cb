//! A command of an operator waits where another process writes; whoever asks a gate is told before they give up.

use super::*;
use crate::database::Database;

#[tokio::test]
async fn a_command_waits_for_whoever_writes_and_a_gate_does_not() {
    let world = World::new();
    let gate = world.migrated().await;
    let database = Database::Sqlite(world.db());
    let desk = Store::open_by_hand(database, world.keys()).await.unwrap();

    let mut other = open::connect(&world.db()).await.unwrap();
    let held = sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await;
    held.unwrap();
    let command = tokio::spawn(async move {
        let done = desk.append(vec![mark(1)]).await;
        desk.close().await;
        done
    });
    // The gate's own patience is the time that passes here.
    let refused = gate.append(vec![mark(2)]).await.unwrap_err();
    assert!(refused.to_string().contains("locked"), "{refused}");
    assert!(!command.is_finished());
    let released = sqlx::query("ROLLBACK").execute(&mut other).await;
    released.unwrap();
    other.close().await.unwrap();
    command.await.unwrap().unwrap();
    gate.append(vec![mark(3)]).await.unwrap();
    gate.close().await;
}
