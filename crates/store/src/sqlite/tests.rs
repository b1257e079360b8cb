//! The SQLite store by its own promises: durable, chained, backed up, never opened wrongly.

mod alike;
mod beginning;
mod by_hand;
mod carried;
mod places;
mod rotated;
mod sealed;
mod trail;
mod trusts;

use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;

use authn::account::AccountId;
use authn::audit::{Actor, ByHand, Chain, Event, Kind};
use authn::credential::CredentialId;
use authn::lockout::{Place, Subject};
use authn::place::{Channel, Method, SourceNetwork};
use authn::ports::{Accounts, Adding, Attempts, Audit, Credentials, OtpTokens, Tickets};
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use jiff::{SignedDuration, Timestamp};
use sqlx::{AssertSqlSafe, Connection};
use tempfile::TempDir;

use super::*;
use crate::seal::KeyFile;
use crate::{Replaced, Restored, Store, StoreError, conformance};

struct World {
    folder: TempDir,
}

impl World {
    fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn db(&self) -> PathBuf {
        self.path("store.db")
    }

    fn keys(&self) -> KeyFile {
        let path = self.path("keys");
        KeyFile::open(&path)
            .or_else(|_| KeyFile::create(&path, [1; 40]))
            .unwrap()
    }

    async fn migrated(&self) -> Store {
        Store::migrate(&self.db()).await.unwrap();
        Store::open(&self.db(), self.keys()).await.unwrap()
    }

    async fn execute(&self, statement: &str) {
        let mut connection = open::connect(&self.db()).await.unwrap();
        sqlx::query(AssertSqlSafe(statement.to_owned()))
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    }

    async fn refusal(&self) -> String {
        Store::open(&self.db(), self.keys())
            .await
            .unwrap_err()
            .to_string()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn by_hand() -> ByHand {
    ByHand {
        at: now(),
        actor: Actor::named("root"),
        origin: None,
    }
}

fn attempt() -> Place {
    Place {
        subject: Subject::Account(AccountId("id-of-anna".to_owned())),
        source: SourceNetwork("192.0.2.0/24".to_owned()),
        window_start: Timestamp::from_second(1_699_999_000).unwrap(),
        now: now(),
        limit: None,
    }
}

fn mark(failures: u32) -> Event {
    let anna = AccountId("id-of-anna".to_owned());
    Event::by_hand(&by_hand(), Kind::UnderAttack { failures }, Some(anna))
}

/// An account with an app password, a ticket, a counter and the events of all that.
async fn furnished(store: &Store) {
    conformance::a_ticket_stays_whose_it_is(Arc::new(store.clone()))
        .await
        .unwrap();
    store.reserve(attempt()).await.unwrap().unwrap();
}

async fn chain_length(store: &Store) -> i64 {
    let mut chain = Chain::default();
    for event in store.read(1, 10_000).await.unwrap() {
        chain.extend(&event).unwrap();
    }
    chain.length()
}

#[tokio::test]
async fn a_new_store_is_its_owners_alone() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    for name in ["store.db", "store.db-wal", "store.db-shm"] {
        let mode = std::fs::metadata(world.path(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_store_that_is_not_there_is_not_made_by_opening_it() {
    let world = World::new();
    assert!(world.refusal().await.contains("there is no store at"));
    assert!(!world.db().exists());
    let pending = Store::pending(&world.db()).await.unwrap();
    let steps = [
        "0001_accounts_counters_tickets_audit",
        "0002_drained_members",
        "0003_directory",
        "0004_own_passwords",
        "0005_otp_tokens",
        "0006_second_factors",
        "0007_pages",
        "0008_revoked_tickets",
        "0009_sent_codes",
        "0010_passkeys",
        "0011_spare_codes",
        "0012_trusts",
        "0013_signing_keys",
        "0014_client_codes",
        "0015_api_tokens",
        "0016_secret_verdicts",
        "0017_sealed_sets",
        "0018_used_assertions",
        "0019_audit_beginning",
        "0022_places_and_pins",
        "0023_disowned_secrets_and_lapses",
        "0024_attributes",
        "0026_metadata_readers",
        "0028_partner_readings",
        "0029_tickets_by_age",
        "0031_guesses_and_sealers",
        "0032_sessions_that_stay",
    ];
    assert_eq!(pending, steps);
    assert!(!world.db().exists());
}

#[tokio::test]
async fn a_store_that_lacks_a_step_is_not_opened_until_it_is_migrated() {
    let world = World::new();
    create_private(&world.db()).unwrap();
    assert!(world.refusal().await.contains("lacks 0001_"));
    let store = world.migrated().await;
    assert_eq!(Store::pending(&world.db()).await.unwrap(), [""; 0]);
    Store::migrate(&world.db()).await.unwrap();
    store.health().unwrap();
}

#[tokio::test]
async fn a_newer_store_is_refused() {
    let world = World::new();
    world.migrated().await.close().await;
    world
        .execute("INSERT INTO migrations VALUES (999, '0999_future', 'abc')")
        .await;
    assert!(
        world
            .refusal()
            .await
            .contains("newer version of this program (it has `0999_future`")
    );
    assert!(matches!(
        Store::migrate(&world.db()).await,
        Err(StoreError::Newer { .. })
    ));
    assert!(matches!(
        Store::pending(&world.db()).await,
        Err(StoreError::Newer { .. })
    ));
}

#[tokio::test]
async fn a_store_that_was_made_from_another_text_is_refused() {
    let world = World::new();
    world.migrated().await.close().await;
    world
        .execute("UPDATE migrations SET checksum = 'abc'")
        .await;
    assert!(world.refusal().await.contains("another text of `0001_"));
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let world = World::new();
    create_private(&world.db()).unwrap();
    world.execute("CREATE TABLE theirs (a TEXT)").await;
    assert!(world.refusal().await.contains("another program"));
    assert!(matches!(
        Store::migrate(&world.db()).await,
        Err(StoreError::Foreign)
    ));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let world = World::new();
    std::fs::write(world.db(), "no database\n".repeat(1_000)).unwrap();
    assert!(world.refusal().await.contains("not a database"));
    assert!(Store::migrate(&world.db()).await.is_err());
}

#[tokio::test]
async fn the_wrong_keys_are_refused_when_the_store_is_opened() {
    let world = World::new();
    world.migrated().await.close().await;
    let same_id = KeyFile::create(&world.path("same"), {
        let mut random = [1; 40];
        random[39] = 2;
        random
    });
    let refused = Store::open(&world.db(), same_id.unwrap())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("does not open with the key `0101010101010101`"),
        "{refused}"
    );
    let other = KeyFile::create(&world.path("other"), [2; 40]).unwrap();
    let refused = Store::open(&world.db(), other)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused
            .contains("`0101010101010101`, which this process has not read and the key file lacks"),
        "{refused}"
    );
}

#[tokio::test]
async fn hashes_that_changed_rows_make_the_store_unavailable_for_that_account() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    let anna = Subject::Account(AccountId("id-of-anna".to_owned()));
    assert_eq!(store.app_passwords(&anna).await.unwrap().len(), 2);
    world
        .execute(
            "UPDATE app_passwords SET hashes =
                (SELECT hashes FROM app_passwords WHERE id = 'tablet') WHERE id = 'phone'",
        )
        .await;
    let refused = store.app_passwords(&anna).await.unwrap_err();
    assert_eq!(refused.what, "a sealed secret");
    assert!(refused.detail.contains("`phone`"), "{refused}");
}

#[tokio::test]
async fn no_hash_is_in_the_files_in_clear() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    let anna = Subject::Account(AccountId("id-of-anna".to_owned()));
    let hashes = store.app_passwords(&anna).await.unwrap().remove(0).hashes;
    for name in ["store.db", "store.db-wal"] {
        let bytes = std::fs::read(world.path(name)).unwrap();
        for hash in [&hashes.grouped, &hashes.plain] {
            assert!(
                !bytes.windows(16).any(|window| window == hash.as_bytes()),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_damaged_file_ends_all_calls() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    store.append((0..2_000).map(mark).collect()).await.unwrap();
    store.close().await;
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(world.db())
        .unwrap();
    let length = file.metadata().unwrap().len();
    for page in 2..length / 4_096 {
        file.write_all_at(&[0xa5; 4_096], page * 4_096).unwrap();
    }
    drop(file);
    let refused = match Store::open(&world.db(), world.keys()).await {
        Err(refused) => refused.to_string(),
        Ok(store) => {
            let refused = store.append(vec![mark(0)]).await.unwrap_err();
            assert_eq!(store.health(), Err(refused.clone()));
            assert_eq!(store.list().await, Err(refused.clone()));
            refused.to_string()
        }
    };
    assert!(refused.contains("malformed"), "{refused}");
}

#[tokio::test]
async fn ended_tickets_are_forgotten_also_where_nobody_signs_in_by_password() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    let ticket = |byte: u8, second: i64| {
        let relayed = Timestamp::from_second(second).unwrap();
        Relaying::of(RelayedTicket {
            key: TicketKey([byte; 32]),
            account: AccountId("id-of-anna".to_owned()),
            credential: CredentialId("phone".to_owned()),
            token: None,
            channel: Channel::Ntlm,
            methods: [Method::AppPassword].into(),
            second_factor: None,
            pool: "pool".to_owned(),
            relayed,
            expires: relayed.checked_add(SignedDuration::from_hours(1)).unwrap(),
        })
    };
    let mut left = Vec::new();
    let day = 24 * 3_600;
    for (byte, second) in [
        (11, 0),
        (12, 60),
        (13, day),
        (14, day + 3_600),
        (15, 2 * day + 1),
    ] {
        let recording = store.record(ticket(byte, 1_700_000_000 + second), i64::MAX);
        recording.await.unwrap();
        let mut connection = open::connect(&world.db()).await.unwrap();
        let count: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM tickets WHERE pool = 'pool'")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        left.push(count);
    }
    assert_eq!(left, [1, 2, 3, 4, 3], "a day after their end they go");
}

#[tokio::test]
async fn old_counters_and_tickets_are_forgotten_in_time() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    world
        .execute(
            "INSERT INTO familiar_sources VALUES
                ('id-of-anna', '192.0.2.0/24', 1700000000000000),
                ('id-of-anna', '198.51.100.0/24', 1690000000000000)",
        )
        .await;
    let in_two_days = Timestamp::from_second(1_700_200_000).unwrap();
    let place = |bucket: u32| Place {
        subject: Subject::Unknown(bucket),
        now: in_two_days,
        window_start: in_two_days,
        source: SourceNetwork("198.51.100.0/24".to_owned()),
        limit: None,
    };
    for bucket in 0..4_096 {
        store.reserve(place(bucket % 8)).await.unwrap();
    }
    let mut connection = open::connect(&world.db()).await.unwrap();
    let familiar: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM familiar_sources")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(familiar, 1, "the one of long ago is forgotten");
    let left: (i64, i64) = (
        sqlx::query_scalar("SELECT COUNT(*) FROM counters")
            .fetch_one(&mut connection)
            .await
            .unwrap(),
        sqlx::query_scalar("SELECT COUNT(*) FROM tickets")
            .fetch_one(&mut connection)
            .await
            .unwrap(),
    );
    assert_eq!(left, (9, 0));
}

#[tokio::test]
async fn a_backup_holds_everything_and_overwrites_nothing() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    let backup = world.path("backup.db");
    store.backup(&backup, &by_hand()).await.unwrap();
    let mode = std::fs::metadata(&backup).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let copy = Store::open(&backup, world.keys()).await.unwrap();
    assert_eq!(copy.list().await.unwrap(), store.list().await.unwrap());
    let length = chain_length(&store).await;
    assert_eq!(chain_length(&copy).await, length - 1);
    let last = store.read(length, 1).await.unwrap().remove(0).event;
    assert_eq!(last.actor, Some(Actor::named("root")));
    assert!(
        matches!(last.kind, Kind::StoreBackedUp { file } if file.ends_with("backup.db")),
        "the event of the copy follows it"
    );
    let before = std::fs::read(&backup).unwrap();
    let refused = store.backup(&backup, &by_hand()).await;
    assert!(
        matches!(refused, Err(StoreError::InTheWay { .. })),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&backup).unwrap(), before);
    let key = std::fs::read(world.path("keys")).unwrap();
    assert!(!before.windows(16).any(|window| window == &key[17..33]));
}

#[tokio::test]
async fn a_backup_that_cannot_be_written_leaves_nothing() {
    let world = World::new();
    let store = world.migrated().await;
    let nowhere = world.path("nowhere").join("backup.db");
    assert!(matches!(
        store.backup(&nowhere, &by_hand()).await,
        Err(StoreError::File { .. })
    ));
    assert!(!nowhere.exists());
}

#[tokio::test]
async fn what_is_restored_has_its_accounts_but_no_tickets_and_no_counters() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    let ticket = TicketKey([1; 32]);
    assert!(store.find(&ticket, now()).await.unwrap().is_some());
    let backup = world.path("backup.db");
    let length = chain_length(&store).await;
    store.backup(&backup, &by_hand()).await.unwrap();
    let phone = CredentialId("phone".to_owned());
    store.append(vec![mark(1)]).await.unwrap();
    store.close().await;

    Store::restore(&backup, &world.db(), &world.keys(), &by_hand())
        .await
        .unwrap();
    let store = Store::open(&world.db(), world.keys()).await.unwrap();
    assert!(store.app_password(&phone).await.unwrap().is_some());
    assert!(store.find(&ticket, now()).await.unwrap().is_none());
    assert!(store.was_relayed(&ticket).await.unwrap());
    let counts = store.reserve(attempt()).await.unwrap().unwrap().counts;
    assert_eq!((counts.subject, counts.source), (1, 1));
    assert_eq!(chain_length(&store).await, length + 1);
    let last = store.read(length + 1, 1).await.unwrap().remove(0).event;
    assert_eq!(last, Event::by_hand(&by_hand(), Kind::StoreRestored, None));

    let replaced = Store::open(&world.path("store.db.before-restore"), world.keys())
        .await
        .unwrap();
    assert_eq!(chain_length(&replaced).await, length + 2);
    assert!(!world.path("store.db.restoring").exists());
}

#[tokio::test]
async fn a_backup_is_restored_where_there_is_nothing() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    let elsewhere = world.path("elsewhere.db");
    Store::restore(
        &world.path("backup.db"),
        &elsewhere,
        &world.keys(),
        &by_hand(),
    )
    .await
    .unwrap();
    let restored = Store::open(&elsewhere, world.keys()).await.unwrap();
    assert_eq!(restored.list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_backup_takes_the_place_of_a_store_that_is_damaged() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    store.close().await;
    std::fs::write(world.db(), "garbage").unwrap();
    std::fs::write(world.path("store.db-wal"), "more garbage").unwrap();
    Store::restore(
        &world.path("backup.db"),
        &world.db(),
        &world.keys(),
        &by_hand(),
    )
    .await
    .unwrap();
    let store = Store::open(&world.db(), world.keys()).await.unwrap();
    assert_eq!(store.list().await.unwrap().len(), 1);
    assert!(world.path("store.db.before-restore-wal").exists());
}

#[tokio::test]
async fn a_store_in_use_is_not_replaced() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    let refused = restore(&world, "backup.db").await;
    assert!(matches!(refused, StoreError::InUse { .. }), "{refused}");
    store.append(vec![mark(7)]).await.unwrap();
}

/// Tries to restore a file that must be refused, and checks that the store is what it was.
async fn restore(world: &World, from: &str) -> StoreError {
    let before = std::fs::read(world.db()).unwrap();
    let refused = Store::restore(&world.path(from), &world.db(), &world.keys(), &by_hand())
        .await
        .unwrap_err();
    assert_eq!(std::fs::read(world.db()).unwrap(), before);
    assert!(!world.path("store.db.before-restore").exists());
    assert!(!world.path("store.db.restoring").exists());
    refused
}

#[tokio::test]
async fn a_backup_that_is_not_whole_is_not_restored() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    store.append((0..50).map(mark).collect()).await.unwrap();
    store.close().await;
    let cases: [(&'static str, &str); 7] = [
        (
            "DELETE FROM audit WHERE number > 5",
            "ends at event 5, but its head is event",
        ),
        ("DELETE FROM audit WHERE number = 5", "broken at event 5"),
        (
            "UPDATE audit SET event = REPLACE(event, '{', '{\"foreign\":1,') WHERE number = 9",
            "broken at event 9",
        ),
        (
            "UPDATE audit SET event = 'no event' WHERE number = 9",
            "broken at event 9",
        ),
        (
            "UPDATE audit SET event = REPLACE(event, '\"failures\":7', '\"failures\":8')",
            "broken at",
        ),
        (
            "UPDATE audit SET hash = previous WHERE number = 9",
            "broken at event 9",
        ),
        (
            "INSERT INTO migrations VALUES (999, '0999_future', 'abc')",
            "newer version",
        ),
    ];
    for (statement, expected) in cases {
        let copy = world.path("copy.db");
        std::fs::copy(world.db(), &copy).unwrap();
        let mut connection = open::connect(&copy).await.unwrap();
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        let refused = restore(&world, "copy.db").await.to_string();
        assert!(refused.contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn a_damaged_missing_or_foreign_backup_is_not_restored() {
    let world = World::new();
    let store = world.migrated().await;
    furnished(&store).await;
    store.append((0..2_000).map(mark).collect()).await.unwrap();
    store.close().await;
    std::fs::write(world.path("text"), "no database\n".repeat(1_000)).unwrap();
    assert!(matches!(
        restore(&world, "text").await,
        StoreError::Damaged { .. }
    ));
    assert!(matches!(
        restore(&world, "nothing").await,
        StoreError::NoBackup { .. }
    ));
    std::fs::copy(world.db(), world.path("torn")).unwrap();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(world.path("torn"))
        .unwrap();
    let pages = file.metadata().unwrap().len() / 4_096;
    file.write_all_at(&[0xa5; 64], (pages / 2) * 4_096).unwrap();
    assert!(matches!(
        restore(&world, "torn").await,
        StoreError::Damaged { .. }
    ));
    std::fs::write(world.path("empty"), "").unwrap();
    let refused = restore(&world, "empty").await;
    assert!(matches!(refused, StoreError::Foreign), "{refused}");
}

#[tokio::test]
async fn a_backup_of_other_keys_is_not_restored() {
    let world = World::new();
    let store = world.migrated().await;
    store.close().await;
    let theirs = World::new();
    let keys = KeyFile::create(&theirs.path("keys"), [2; 40]).unwrap();
    Store::migrate(&theirs.db()).await.unwrap();
    let other = Store::open(&theirs.db(), keys).await.unwrap();
    other
        .backup(&world.path("theirs.db"), &by_hand())
        .await
        .unwrap();
    let refused = restore(&world, "theirs.db").await.to_string();
    assert!(
        refused
            .contains("`0202020202020202`, which this process has not read and the key file lacks"),
        "{refused}"
    );
}

#[tokio::test]
async fn what_an_earlier_restore_put_aside_is_not_overwritten() {
    let world = World::new();
    let store = world.migrated().await;
    store
        .backup(&world.path("backup.db"), &by_hand())
        .await
        .unwrap();
    store.close().await;
    std::fs::write(world.path("store.db.before-restore"), "kept").unwrap();
    let refused = Store::restore(
        &world.path("backup.db"),
        &world.db(),
        &world.keys(),
        &by_hand(),
    )
    .await;
    assert!(
        matches!(refused, Err(StoreError::InTheWay { .. })),
        "{refused:?}"
    );
    let kept = std::fs::read_to_string(world.path("store.db.before-restore")).unwrap();
    assert_eq!(kept, "kept");
}
