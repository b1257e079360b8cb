//! Moving a store: everything arrives or nothing does, and the trail goes on where it arrived.

use authn::ports::Tickets;
use authn::ticket::{RelayedTicket, Relaying, TicketKey};

use super::*;

fn file(world: &World, name: &str) -> Database {
    Database::Sqlite(world.folder.path().join(name))
}

async fn furnished(world: &World, database: &Database) {
    Store::migrate_in(database).await.unwrap();
    let store = Store::open_in(database.clone(), world.keys())
        .await
        .unwrap();
    for name in ["anna", "bert"] {
        let account = conformance::account(name);
        conformance::enrolled(&store, &account, &format!("phone-of-{name}"))
            .await
            .unwrap();
        store.reserve(attempt(name)).await.unwrap().unwrap();
        let ticket = RelayedTicket {
            key: TicketKey([name.len().try_into().unwrap(); 32]),
            account: account.id.clone(),
            credential: CredentialId(format!("phone-of-{name}")),
            channel: authn::place::Channel::Ntlm,
            pool: "pool".to_owned(),
            relayed: now(),
            expires: now(),
        };
        let relaying = Relaying {
            ticket,
            used: None,
            events: vec![mark(7)],
        };
        // The second is the first one's, and refused.
        let _ = store.record(relaying, 0).await;
    }
    store.append((0..1_200).map(mark).collect()).await.unwrap();
    store.close().await;
}

async fn listed(world: &World, database: &Database) -> String {
    let store = Store::open_in(database.clone(), world.keys())
        .await
        .unwrap();
    let anna = Subject::Account(AccountId("id-of-anna".to_owned()));
    let passwords = store.app_passwords(&anna).await.unwrap();
    let passwords: Vec<_> = passwords.iter().map(|it| &it.record).collect();
    let listed = format!("{:?} {passwords:?}", store.list().await.unwrap());
    store.close().await;
    listed
}

#[tokio::test]
async fn a_store_moves_to_a_server_and_back_and_its_trail_goes_on() {
    let Some(world) = World::new() else { return };
    let (from, to, back) = (file(&world, "a.db"), world.database(), file(&world, "b.db"));
    furnished(&world, &from).await;
    let before = listed(&world, &from).await;
    let there = Store::copy((&from, &to), &world.keys(), &by_hand())
        .await
        .unwrap();
    assert_eq!(listed(&world, &to).await, before);
    let again = Store::copy((&to, &back), &world.keys(), &by_hand())
        .await
        .unwrap();
    assert_eq!(listed(&world, &back).await, before);

    assert_eq!(again.head.number, there.head.number + 1);
    let count = |copied: &crate::Copied, wanted: &str| {
        let tables = copied.tables.iter();
        let found = tables.clone().find(|(name, _)| name == wanted);
        found.map(|(_, rows)| *rows).unwrap()
    };
    for (table, rows) in [("accounts", 2), ("app_passwords", 2), ("tickets", 1)] {
        assert_eq!(count(&there, table), rows, "{table}");
        assert_eq!(count(&again, table), rows, "{table}");
    }
    assert_eq!(count(&there, "audit"), there.head.number);
    let store = Store::open_in(back, world.keys()).await.unwrap();
    assert_eq!(
        store.verify_trail().await.unwrap().number,
        again.head.number + 1
    );
    let last = store.read(again.head.number, 2).await.unwrap();
    for (event, place) in last.iter().zip(["a.db", "postgres://"]) {
        let Kind::StoreCopied { from } = &event.event.kind else {
            panic!("another event");
        };
        assert!(from.contains(place), "{from}");
    }
}

#[tokio::test]
async fn every_table_of_every_step_is_copied() {
    let Some(world) = World::new() else { return };
    let mut connection = world.database().to_make().await.unwrap();
    migrate::apply(&mut connection).await.unwrap();
    let there = world.sql(
        "SELECT table_name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_name <> 'migrations' ORDER BY 1",
    );
    let mut made: Vec<_> = migrate::made().collect();
    made.sort_unstable();
    assert_eq!(there.lines().collect::<Vec<_>>(), made);
}

#[tokio::test]
async fn nothing_is_copied_over_something() {
    let Some(world) = World::new() else { return };
    let (from, to) = (file(&world, "a.db"), world.database());
    furnished(&world, &from).await;
    furnished(&world, &to).await;
    let copied = Store::copy((&from, &to), &world.keys(), &by_hand()).await;
    let refused = copied.unwrap_err().to_string();
    assert!(
        refused.contains("has something in it already (2 rows in `accounts`)"),
        "{refused}"
    );
    let copied = Store::copy((&to, &from), &world.keys(), &by_hand()).await;
    assert!(matches!(copied, Err(StoreError::NotEmpty { .. })));
}

#[tokio::test]
async fn a_store_in_use_is_not_copied() {
    let Some(world) = World::new() else { return };
    let (here, there) = (file(&world, "a.db"), world.database());
    for (from, to) in [(&here, &there), (&there, &here)] {
        Store::migrate_in(from).await.unwrap();
        let store = Store::open_in((*from).clone(), world.keys()).await.unwrap();
        let copied = Store::copy((from, to), &world.keys(), &by_hand()).await;
        let refused = copied.unwrap_err();
        assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
        store.close().await;
    }
}

#[tokio::test]
async fn a_store_with_other_keys_or_a_broken_trail_is_not_copied() {
    let Some(world) = World::new() else { return };
    let (from, to) = (world.database(), file(&world, "b.db"));
    furnished(&world, &from).await;
    let other = KeyFile::create(&world.folder.path().join("other"), [2; 40]).unwrap();
    let copied = Store::copy((&from, &to), &other, &by_hand()).await;
    assert!(matches!(copied, Err(StoreError::Unavailable(_))));
    let _ = world.sql("UPDATE audit SET event = replace(event, 'root', 'toor') WHERE number = 5");
    let copied = Store::copy((&from, &to), &world.keys(), &by_hand()).await;
    assert!(matches!(copied, Err(StoreError::BrokenTrail(_))));
    let nothing = Store::open_in(to, world.keys()).await.unwrap();
    assert_eq!(nothing.list().await.unwrap(), []);
}
