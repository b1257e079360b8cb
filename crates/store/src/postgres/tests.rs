//! The store on a server by its own promises: several nodes, a server that goes, hangs or comes back.

#[expect(
    unreachable_pub,
    dead_code,
    reason = "stories and measurements ask for more"
)]
#[path = "../../tests/postgres/mod.rs"]
mod server;

mod copied;
mod once;
mod put_back;
mod rotated;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::{Actor, ByHand, Event, Kind};
use authn::credential::CredentialId;
use authn::credential::grant::CodeSettlement;
use authn::lockout::{Place, Subject};
use authn::place::SourceNetwork;
use authn::ports::{Accounts, Attempts, Audit, Credentials, Revocations, Settled, Settlement};
use authn::ports::{Succeeded, Unavailable};
use authn::revocation::Revoked;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::time::Instant;

use super::*;
use crate::engine::query;
use crate::seal::KeyFile;
use crate::writer::{Done, Write, WriteError, Writing};
use crate::{Database, Store, StoreError, conformance, migrate, rows};

/// A database of a test's own, and the keys of all nodes that share it.
struct World {
    server: &'static server::Postgres,
    folder: TempDir,
    address: String,
}

impl World {
    /// Nothing, where this machine has no server.
    fn new() -> Option<Self> {
        let server = server::shared("the store on PostgreSQL")?;
        Some(Self::on(server))
    }

    fn on(server: &'static server::Postgres) -> Self {
        Self {
            server,
            folder: TempDir::new().unwrap(),
            address: server.database().unwrap(),
        }
    }

    fn database(&self) -> Database {
        self.as_user("wicketgate", None)
    }

    fn as_user(&self, user: &str, password: Option<Password>) -> Database {
        let text = self.address.replace("wicketgate@", &format!("{user}@"));
        Database::Postgres(Server {
            address: Address::parse(&text, self.folder.path()).unwrap(),
            password,
        })
    }

    fn keys(&self) -> KeyFile {
        let path = self.folder.path().join("keys");
        KeyFile::open(&path)
            .or_else(|_| KeyFile::create(&path, [1; 40]))
            .unwrap()
    }

    async fn node(&self) -> Store {
        Store::migrate_in(&self.database()).await.unwrap();
        Store::open_in(self.database(), self.keys()).await.unwrap()
    }

    async fn refusal(&self) -> String {
        let opened = Store::open_in(self.database(), self.keys()).await;
        opened.unwrap_err().to_string()
    }

    fn sql(&self, text: &str) -> String {
        let (_, name) = self.address.rsplit_once("@/").unwrap();
        let (name, _) = name.split_once('?').unwrap();
        self.server
            .sql(name, &text.replace("{database}", name))
            .unwrap()
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

fn mark(failures: u32) -> Event {
    let anna = AccountId("id-of-anna".to_owned());
    Event::by_hand(&by_hand(), Kind::UnderAttack { failures }, Some(anna))
}

fn attempt(name: &str) -> Place {
    Place {
        subject: Subject::Account(AccountId(format!("id-of-{name}"))),
        source: SourceNetwork("192.0.2.0/24".to_owned()),
        window_start: Timestamp::from_second(1_699_999_000).unwrap(),
        now: now(),
        limit: None,
    }
}

/// Asks until the store answers again, at most for a minute.
async fn answered<T, F>(question: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, Unavailable>>,
{
    let begun = Instant::now();
    loop {
        match question().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "{error}"),
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_statement_prepares_on_a_server() {
    let Some(world) = World::new() else { return };
    let mut connection = world.database().to_make().await.unwrap();
    migrate::apply(&mut connection).await.unwrap();
    for statement in rows::ALL {
        let prepared = connection.prepare(statement).await;
        assert!(prepared.is_ok(), "{statement}\n{:?}", prepared.err());
    }
}

#[tokio::test]
async fn a_store_on_a_server_is_made_once_and_by_its_own_steps() {
    let Some(world) = World::new() else { return };
    let pending = Store::pending_in(&world.database()).await.unwrap();
    assert_eq!(pending, Store::all_migrations());
    assert!(world.refusal().await.contains("lacks 0001_"));
    // Two nodes at once: one makes it, the other finds it made.
    let database = world.database();
    let (first, second) = tokio::join!(Store::migrate_in(&database), Store::migrate_in(&database));
    first.unwrap();
    second.unwrap();
    assert_eq!(Store::pending_in(&database).await.unwrap(), [""; 0]);
    let (first, second) = tokio::join!(
        Store::open_in(world.database(), world.keys()),
        Store::open_in(world.database(), world.keys())
    );
    first.unwrap().append(vec![mark(1)]).await.unwrap();
    second.unwrap().append(vec![mark(2)]).await.unwrap();

    let _ = world.sql("INSERT INTO migrations VALUES (999, '0999_future', 'abc')");
    assert!(
        world
            .refusal()
            .await
            .contains("newer version of this program")
    );
    let _ = world.sql("UPDATE migrations SET checksum = 'abc' WHERE number = 1");
    assert!(world.refusal().await.contains("another text of `0001_"));
}

#[tokio::test]
async fn a_database_of_another_program_on_a_server_is_left_alone() {
    let Some(world) = World::new() else { return };
    let _ = world.sql("CREATE TABLE theirs (a TEXT)");
    assert!(matches!(
        Store::migrate_in(&world.database()).await,
        Err(StoreError::Foreign)
    ));
    assert!(world.refusal().await.contains("another program"));
}

#[tokio::test]
async fn a_store_on_a_server_opens_with_its_own_keys_only() {
    let Some(world) = World::new() else { return };
    world.node().await.append(vec![mark(1)]).await.unwrap();
    let other = KeyFile::create(&world.folder.path().join("other"), [2; 40]).unwrap();
    let opened = Store::open_in(world.database(), other).await;
    assert!(opened.unwrap_err().to_string().contains("key"));
    let _ = world.sql("UPDATE audit_head SET number = 0");
    assert!(world.refusal().await.contains("written without its key"));
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_refused() {
    let Some(world) = World::new() else { return };
    world.node().await.close().await;
    let _ = world.sql("ALTER DATABASE {database} SET default_transaction_read_only = on");
    let refusal = world.refusal().await;
    assert!(refusal.contains("the server takes no writes"), "{refusal}");
}

struct Setting(&'static str);

#[async_trait]
impl Write for Setting {
    type Output = String;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<String>, WriteError> {
        let row = query("SELECT current_setting($1) AS set_to")
            .bind(self.0)
            .fetch_one(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(row.try_get("set_to")?))
    }
}

#[tokio::test]
async fn a_commit_is_on_the_servers_disk_also_where_it_was_set_up_to_hurry() {
    let Some(world) = World::new() else { return };
    let _ = world.sql("ALTER DATABASE {database} SET synchronous_commit = off");
    let _ = world.sql("ALTER DATABASE {database} SET default_transaction_isolation = serializable");
    let store = world.node().await;
    for (setting, expected) in [
        ("synchronous_commit", "on"),
        ("transaction_isolation", "read committed"),
        ("statement_timeout", "2s"),
        ("lock_timeout", "1s"),
        ("idle_in_transaction_session_timeout", "2s"),
    ] {
        let set = store.0.writer.submit(Setting(setting)).await.unwrap();
        assert_eq!(set, expected, "{setting}");
    }
}

/// Appends an event, and does not look at what came of another statement.
struct Careless(&'static str);

#[async_trait]
impl Write for Careless {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        writing.append(vec![mark(1)])?;
        let _ = query(self.0).execute(&mut *writing.connection).await;
        Ok(Done::Keep(()))
    }
}

/// Takes the way that [`Careless`] takes, with no event behind it that would be refused.
struct Reckless;

#[async_trait]
impl Write for Reckless {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let added = query("INSERT INTO drained_members VALUES ('farm', 'member')");
        added.execute(&mut *writing.connection).await?;
        let _ = query("SELECT 1 / 0")
            .execute(&mut *writing.connection)
            .await;
        Ok(Done::Keep(()))
    }
}

#[tokio::test]
async fn a_call_that_fails_undoes_itself_and_no_other_on_a_server() {
    let Some(world) = World::new() else { return };
    let store = world.node().await;
    let (writer, none) = (&store.0.writer, CredentialId("none".to_owned()));
    let (first, careless, undone, last) = tokio::join!(
        store.append(vec![mark(1)]),
        writer.submit(Careless("SELECT 1 / 0")),
        store.revoke_app_password(&none, now(), mark(2)),
        store.append(vec![mark(3)]),
    );
    assert_eq!((first, undone, last), (Ok(()), Ok(false), Ok(())));
    assert!(careless.is_err());
    assert_eq!(store.verify_trail().await.unwrap().number, 2);
    assert_eq!(writer.submit(Careless("SELECT 1")).await, Ok(()));
    assert_eq!(store.verify_trail().await.unwrap().number, 3);
}

/// SECURITY: `COMMIT` of a transaction that has failed is a rollback, which the server calls a success.
#[tokio::test]
async fn nobody_is_told_that_something_is_durable_which_the_server_undid() {
    let Some(world) = World::new() else { return };
    let store = world.node().await;
    assert!(store.0.writer.submit(Reckless).await.is_err());
    assert_eq!(world.sql("SELECT COUNT(*) FROM drained_members"), "0");
    store.append(vec![mark(1)]).await.unwrap();
}

/// INVARIANT: one trail for all nodes, without a gap and without a fork.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_trail_is_whole_after_many_nodes_wrote_at_once() {
    let Some(world) = World::new() else { return };
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(world.node().await);
    }
    let mut tasks = Vec::new();
    for number in 0..50_u32 {
        for node in &nodes {
            let node = node.clone();
            tasks.push(tokio::spawn(async move {
                answered(|| node.append(vec![mark(number), mark(number)])).await;
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    let head = nodes.first().unwrap().verify_trail().await.unwrap();
    assert_eq!(head.number, 400);
}

/// Counters are shared: exactly the limit gets a place, however many nodes are asked.
#[tokio::test(flavor = "multi_thread")]
async fn of_many_attempts_at_many_nodes_exactly_the_limit_get_a_place() {
    let Some(world) = World::new() else { return };
    let nodes = [world.node().await, world.node().await, world.node().await];
    let mut tasks = Vec::new();
    for number in 0..90_usize {
        let node = nodes[number % 3].clone();
        tasks.push(tokio::spawn(async move {
            let place = Place {
                limit: Some(10),
                ..attempt("anna")
            };
            node.reserve(place).await
        }));
    }
    let mut taken = 0;
    for task in tasks {
        taken += u32::from(task.await.unwrap().unwrap().is_some());
    }
    assert_eq!(taken, 10);
}

#[tokio::test]
async fn what_one_node_revokes_every_other_hears_at_once() {
    let Some(world) = World::new() else { return };
    let (here, there) = (world.node().await, world.node().await);
    let anna = conformance::account("anna");
    conformance::enrolled(&here, &anna, "phone").await.unwrap();
    let credential = CredentialId("phone".to_owned());
    assert_eq!(there.last().await.unwrap(), 0);
    assert!(
        here.revoke_app_password(&credential, now(), mark(1))
            .await
            .unwrap()
    );
    let heard = there.since(0, 10).await.unwrap();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].what, Revoked::Credential(credential.clone()));
    // And a sign-in at the other that was under way meanwhile is overtaken.
    let reservation = there.reserve(attempt("anna")).await.unwrap().unwrap();
    let settlement = Settlement {
        reservation,
        succeeded: Some(Succeeded {
            account: anna.id.clone(),
            credential,
            source: "192.0.2.7".parse().unwrap(),
            device: None,
            second_factor: None,
        }),
        code: CodeSettlement::None,
        events: vec![mark(2)],
        alarm: None,
    };
    assert_eq!(there.settle(settlement).await.unwrap(), Settled::Overtaken);
}

#[tokio::test]
async fn a_device_that_calls_itself_something_strange_does_not_make_the_store_unavailable() {
    let Some(world) = World::new() else { return };
    let store = world.node().await;
    let anna = conformance::account("anna");
    conformance::enrolled(&store, &anna, "phone").await.unwrap();
    let reservation = store.reserve(attempt("anna")).await.unwrap().unwrap();
    let credential = CredentialId("phone".to_owned());
    let settlement = Settlement {
        reservation,
        succeeded: Some(Succeeded {
            account: anna.id.clone(),
            credential: credential.clone(),
            source: "192.0.2.7".parse().unwrap(),
            device: Some("a\0b".to_owned()),
            second_factor: None,
        }),
        code: CodeSettlement::None,
        events: vec![mark(2)],
        alarm: None,
    };
    let settled = store.settle(settlement).await.unwrap();
    assert_eq!(settled, Settled::Written { is_alarmed: false });
    let stored = store.app_password(&credential).await.unwrap().unwrap();
    assert_eq!(stored.seen_device.as_deref(), Some("a\u{fffd}b"));
}

/// A node that stops in the middle of a batch holds the others up no longer than the server allows.
#[tokio::test]
async fn a_node_that_stops_with_the_lock_in_hand_is_put_out() {
    let Some(world) = World::new() else { return };
    let store = world.node().await;
    let mut stopped = world.database().to_write().await.unwrap();
    stopped.begin_writing().await.unwrap();
    let begun = Instant::now();
    let refused = store.append(vec![mark(1)]).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_millis(2_500));
    assert!(refused.detail.contains("lock timeout"), "{refused}");
    answered(|| store.append(vec![mark(2)])).await;
    assert!(stopped.commit().await.is_err());
    assert!(!stopped.is_usable());
    assert_eq!(store.verify_trail().await.unwrap().number, 1);
}

/// Lets a server hang that no other test of this process uses.
#[tokio::test]
async fn a_server_that_hangs_is_refused_within_the_deadline_and_comes_back() {
    let Some(_) = server::shared("a server that hangs") else {
        return;
    };
    let own: &_ = Box::leak(Box::new(server::Postgres::start().unwrap()));
    let world = World::on(own);
    let store = world.node().await;
    store.append(vec![mark(1)]).await.unwrap();
    assert_eq!(store.list().await.unwrap(), []);

    own.hang(true).unwrap();
    let begun = Instant::now();
    let (written, read) = tokio::join!(store.append(vec![mark(2)]), store.list());
    assert!(begun.elapsed() < Duration::from_millis(2_500));
    assert!(written.is_err());
    let read = read.unwrap_err();
    assert!(read.detail.contains("did not answer in time"), "{read}");
    own.hang(false).unwrap();
    answered(|| store.append(vec![mark(3)])).await;
    answered(|| store.list()).await;
    store.health().unwrap();
    store.verify_trail().await.unwrap();
    store.close().await;
    own.stop();
}

#[tokio::test]
async fn a_server_that_is_killed_refuses_loses_nothing_and_comes_back() {
    let Some(_) = server::shared("a server that is killed") else {
        return;
    };
    let own: &_ = Box::leak(Box::new(server::Postgres::start().unwrap()));
    let world = World::on(own);
    let store = world.node().await;
    store.append(vec![mark(1)]).await.unwrap();
    assert!(
        store
            .by_id(&AccountId("nobody".to_owned()))
            .await
            .unwrap()
            .is_none()
    );
    for _ in 0..3 {
        let before = store.verify_trail().await.unwrap().number;
        let writer = store.clone();
        // Counts what was acknowledged until the server goes.
        let writing = tokio::spawn(async move {
            let mut acknowledged = 0;
            while writer.append(vec![mark(2)]).await.is_ok() {
                acknowledged += 1;
                if acknowledged == 50 {
                    own.kill().unwrap();
                }
            }
            acknowledged
        });
        let acknowledged: i64 = writing.await.unwrap();
        assert!(acknowledged >= 50);
        assert!(store.append(vec![mark(3)]).await.is_err());
        assert!(store.list().await.is_err());
        store.health().unwrap();
        own.start_again().unwrap();
        answered(|| store.append(vec![mark(4)])).await;
        answered(|| store.list()).await;
        let after = store.verify_trail().await.unwrap().number;
        assert!(
            after > before + acknowledged,
            "{before} {acknowledged} {after}"
        );
    }
    store.close().await;
    own.stop();
}

#[tokio::test]
async fn a_password_comes_from_its_file_and_is_in_no_error() {
    let Some(world) = World::new() else { return };
    world.node().await.close().await;
    let canary = "canary-of-the-database";
    let _ = world.sql(&format!(
        "CREATE ROLE guarded LOGIN PASSWORD '{canary}' IN ROLE wicketgate"
    ));
    let file = world.folder.path().join("password");
    std::fs::write(&file, format!("{canary}\n")).unwrap();
    let password = Password { file: file.clone() };
    let database = world.as_user("guarded", Some(password.clone()));
    // The file is everybody's.
    permit(&file, 0o644);
    let refused = Store::open_in(database.clone(), world.keys()).await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("chmod 640"), "{refused}");
    permit(&file, 0o600);
    Store::open_in(database.clone(), world.keys())
        .await
        .unwrap()
        .close()
        .await;
    std::fs::write(&file, format!("{canary}-but-wrong\n")).unwrap();
    let refused = Store::open_in(database.clone(), world.keys()).await;
    let refused = refused.unwrap_err();
    let said = format!("{refused} {refused:?} {database:?} {database} {password:?}");
    assert!(said.contains("password authentication failed"), "{said}");
    assert!(!said.contains(canary), "{said}");
    for (text, problem) in [
        ("", "none in its first line"),
        (&*"x".repeat(5_000), "too long"),
    ] {
        std::fs::write(&file, text).unwrap();
        let refused = Store::open_in(database.clone(), world.keys()).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains(problem), "{refused}");
    }
}

fn permit(file: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn a_store_on_a_server_is_backed_up_by_the_servers_own_means() {
    let Some(world) = World::new() else { return };
    let store = world.node().await;
    let refused = store
        .backup(&world.folder.path().join("copy"), &by_hand())
        .await;
    assert!(refused.unwrap_err().to_string().contains("pg_dump"));
    let _: Arc<Store> = Arc::new(store);
}
