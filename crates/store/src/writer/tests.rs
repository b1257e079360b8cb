//! The writer under faults: a disk that fails, a task that panics, a store that is closed.

use std::path::PathBuf;

use authn::account::AccountId;
use authn::audit::{Actor, ByHand, Chain, Kind};
use authn::ports::Audit;
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::Notify;

use super::*;
use crate::Store;
use crate::engine::query;
use crate::seal::KeyFile;

async fn store() -> (Store, PathBuf, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("store.db");
    let keys = KeyFile::create(&folder.path().join("keys"), [1; 40]).unwrap();
    Store::migrate(&path).await.unwrap();
    (Store::open(&path, keys).await.unwrap(), path, folder)
}

fn event(failures: u32) -> Event {
    let kind = Kind::UnderAttack { failures };
    let by = ByHand {
        at: Timestamp::UNIX_EPOCH,
        actor: Actor::named("root"),
        origin: None,
    };
    Event::by_hand(&by, kind, Some(AccountId("anna".to_owned())))
}

async fn marks(store: &Store) -> Vec<u32> {
    let mut chain = Chain::default();
    let read = store.read(1, 10_000).await.unwrap();
    read.iter()
        .map(|chained| {
            chain.extend(chained).unwrap();
            match chained.event.kind {
                Kind::UnderAttack { failures } => failures,
                _ => panic!("another event"),
            }
        })
        .collect()
}

/// Appends an event and then runs a statement, as a call would that goes wrong half-way.
struct Then(u32, &'static str);

#[async_trait]
impl Write for Then {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        writing.append(vec![event(self.0)])?;
        query(self.1).execute(&mut *writing.connection).await?;
        Ok(Done::Keep(()))
    }
}

/// Holds the writer until it is let go, so that the calls behind it wait together.
struct Hold {
    held: Arc<Notify>,
    let_go: Arc<Notify>,
}

#[async_trait]
impl Write for Hold {
    type Output = ();

    async fn write(&self, _: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        self.held.notify_one();
        self.let_go.notified().await;
        Ok(Done::Keep(()))
    }
}

/// A writer that is busy until the last value is notified.
async fn held(
    store: &Store,
) -> (
    tokio::task::JoinHandle<Result<(), Unavailable>>,
    Arc<Notify>,
) {
    let (held, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let hold = Hold {
        held: Arc::clone(&held),
        let_go: Arc::clone(&let_go),
    };
    let store = store.clone();
    let holder = tokio::spawn(async move { store.0.writer.submit(hold).await });
    held.notified().await;
    (holder, let_go)
}

const FINE: &str = "SELECT 1";
/// There is one head, and no second of its name.
const WRONG: &str = "INSERT INTO audit_head SELECT * FROM audit_head";

/// Asks the writer's own connection for its settings.
struct Settings;

#[async_trait]
impl Write for Settings {
    type Output = (i64, String);

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let synchronous = query("PRAGMA synchronous")
            .fetch_one(&mut *writing.connection)
            .await?;
        let journal = query("PRAGMA journal_mode")
            .fetch_one(&mut *writing.connection)
            .await?;
        Ok(Done::Keep((
            synchronous.try_get("synchronous")?,
            journal.try_get("journal_mode")?,
        )))
    }
}

#[tokio::test]
async fn each_commit_is_synced_before_it_is_answered() {
    let (store, _path, _folder) = store().await;
    let full = 2;
    let settings = store.0.writer.submit(Settings).await.unwrap();
    assert_eq!(settings, (full, "wal".to_owned()));
}

#[tokio::test]
async fn a_call_that_fails_undoes_itself_and_no_other() {
    let (store, _path, _folder) = store().await;
    let (holder, let_go) = held(&store).await;
    let writer = &store.0.writer;
    let (first, wrong, last, ()) = tokio::join!(
        writer.submit(Then(1, FINE)),
        writer.submit(Then(2, WRONG)),
        writer.submit(Then(3, FINE)),
        async { let_go.notify_one() },
    );
    holder.await.unwrap().unwrap();
    assert_eq!((first, last), (Ok(()), Ok(())));
    assert!(wrong.unwrap_err().detail.contains("UNIQUE"));
    assert_eq!(marks(&store).await, [1, 3]);
    store.health().unwrap();
}

#[tokio::test]
async fn a_commit_that_fails_is_told_to_all_and_keeps_nothing() {
    let (store, path, _folder) = store().await;
    let (holder, let_go) = held(&store).await;
    // A constraint that is checked at the end makes the commit itself fail.
    const DANGLING: &str = "INSERT INTO account_names VALUES ('a', 'nobody')";
    let writer = &store.0.writer;
    let (deferred, first, last, ()) = tokio::join!(
        writer.submit(Then(1, "PRAGMA defer_foreign_keys = ON")),
        writer.submit(Then(2, DANGLING)),
        writer.submit(Then(3, FINE)),
        async { let_go.notify_one() },
    );
    holder.await.unwrap().unwrap();
    for answer in [deferred, first, last] {
        assert!(answer.unwrap_err().detail.contains("FOREIGN KEY"));
    }
    assert_eq!(marks(&store).await, [0_u32; 0]);
    store.append(vec![event(4)]).await.unwrap();
    assert_eq!(marks(&store).await, [4]);
    assert!(path.exists());
}

#[tokio::test]
async fn a_full_disk_refuses_until_there_is_room() {
    let (store, _path, _folder) = store().await;
    let writer = &store.0.writer;
    writer
        .submit(Then(1, "PRAGMA max_page_count = 1"))
        .await
        .unwrap();
    let mut kept = 1;
    let refusal = loop {
        match store.append((0..64).map(event).collect()).await {
            Ok(()) => kept += 64,
            Err(refusal) => break refusal,
        }
        assert!(kept < 10_000, "the limit was never felt");
    };
    assert!(refusal.detail.contains("full"), "{refusal}");
    assert!(store.append((0..64).map(event).collect()).await.is_err());
    store.health().unwrap();
    assert_eq!(marks(&store).await.len(), kept);

    writer
        .submit(Then(2, "PRAGMA max_page_count = 1000000"))
        .await
        .unwrap();
    store.append(vec![event(3)]).await.unwrap();
    assert_eq!(marks(&store).await.len(), kept + 2);
}

#[tokio::test]
async fn a_full_disk_in_a_batch_loses_no_call_that_was_told_it_is_safe() {
    let (store, _path, _folder) = store().await;
    store
        .0
        .writer
        .submit(Then(0, "PRAGMA max_page_count = 1"))
        .await
        .unwrap();
    let (holder, let_go) = held(&store).await;
    let calls: Vec<_> = (1..=200)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                let answer = store.append((0..16).map(|_| event(number)).collect()).await;
                answer.is_ok().then_some(number)
            })
        })
        .collect();
    let_go.notify_one();
    // The holder shares no batch with the others: it was taken alone.
    holder.await.unwrap().unwrap();
    let mut told = Vec::new();
    for call in calls {
        told.extend(call.await.unwrap());
    }
    assert!(told.len() < 200, "the limit was never felt");
    let mut kept = marks(&store).await;
    kept.retain(|mark| *mark != 0);
    kept.sort_unstable();
    kept.dedup();
    told.sort_unstable();
    assert_eq!(kept, told);
}

#[tokio::test]
async fn a_database_that_may_only_be_read_takes_no_calls() {
    let (store, _path, _folder) = store().await;
    let writer = &store.0.writer;
    writer.submit(Then(1, FINE)).await.unwrap();
    // Its own event is written before, its head after.
    let last = writer.submit(Then(2, "PRAGMA query_only = ON")).await;
    assert!(last.unwrap_err().detail.contains("readonly"));
    let refusal = store.append(vec![event(2)]).await.unwrap_err();
    assert!(refusal.detail.contains("readonly"), "{refusal}");
    assert_eq!(marks(&store).await, [1]);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let (store, _path, _folder) = store().await;
    let (holder, let_go) = held(&store).await;
    let waiting: Vec<_> = (0..4_096)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { store.append(vec![event(number)]).await })
        })
        .collect();
    while store.0.writer.orders.capacity() > 0 {
        tokio::task::yield_now().await;
    }
    let refusal = store.append(vec![event(9_999)]).await.unwrap_err();
    assert_eq!(refusal.detail, "too many calls wait for it");
    let_go.notify_one();
    holder.await.unwrap().unwrap();
    for call in waiting {
        call.await.unwrap().unwrap();
    }
    assert_eq!(marks(&store).await.len(), 4_096);
}

#[tokio::test]
async fn a_caller_waits_no_longer_than_the_deadline_and_is_then_forgotten() {
    let (store, _path, _folder) = store().await;
    let (holder, let_go) = held(&store).await;
    tokio::time::pause();
    let refusal = store.append(vec![event(1)]).await.unwrap_err();
    tokio::time::resume();
    assert_eq!(refusal.detail, "no commit within 2s");
    let_go.notify_one();
    assert!(
        holder.await.unwrap().is_err(),
        "the holder waited too long as well"
    );
    store.append(vec![event(2)]).await.unwrap();
    assert_eq!(marks(&store).await, [2]);
}

#[tokio::test]
async fn an_event_of_another_process_is_followed_by_ours() {
    let (store, path, folder) = store().await;
    let keys = KeyFile::open(&folder.path().join("keys")).unwrap();
    let other = Store::open(&path, keys).await.unwrap();
    for number in 0..6 {
        let writer = if number % 2 == 0 { &store } else { &other };
        writer.append(vec![event(number)]).await.unwrap();
    }
    assert_eq!(marks(&store).await, [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn what_waits_is_committed_before_the_store_is_closed() {
    let (store, path, folder) = store().await;
    let (holder, let_go) = held(&store).await;
    let (waiting, (), ()) = tokio::join!(store.append(vec![event(1)]), store.close(), async {
        let_go.notify_one()
    },);
    holder.await.unwrap().unwrap();
    waiting.unwrap();
    assert_eq!(
        store.append(vec![event(2)]).await.unwrap_err().detail,
        "it was closed"
    );
    assert!(store.read(1, 1).await.is_err());
    let keys = KeyFile::open(&folder.path().join("keys")).unwrap();
    assert_eq!(marks(&Store::open(&path, keys).await.unwrap()).await, [1]);
}

#[tokio::test]
async fn whoever_runs_the_store_is_told_of_every_commit() {
    let (store, _path, _folder) = store().await;
    let (told, mut heard) = mpsc::unbounded_channel();
    store.on_commit(move |commit: Commit| told.send(commit.is_durable).unwrap());
    store.append(vec![event(1)]).await.unwrap();
    assert_eq!(heard.recv().await, Some(true));
    let writer = &store.0.writer;
    let dangling = "INSERT INTO account_names VALUES ('a', 'nobody')";
    let (deferred, _) = tokio::join!(
        writer.submit(Then(2, "PRAGMA defer_foreign_keys = ON")),
        writer.submit(Then(3, dangling)),
    );
    assert!(deferred.is_err());
    assert_eq!(heard.recv().await, Some(false));
}

/// A disk that fails once, and would not fail again.
struct FailsOnce(std::sync::atomic::AtomicBool);

#[async_trait]
impl Write for FailsOnce {
    type Output = ();

    async fn write(&self, _: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        match self.0.swap(true, std::sync::atomic::Ordering::Relaxed) {
            false => Err(sqlx::Error::Io(std::io::Error::other("the disk")).into()),
            true => Ok(Done::Keep(())),
        }
    }
}

#[tokio::test]
async fn after_a_disk_failed_once_nothing_is_tried_again() {
    let (store, _path, _folder) = store().await;
    let writer = &store.0.writer;
    let refused = writer.submit(FailsOnce(false.into())).await;
    let refused = refused.unwrap_err();
    assert!(refused.detail.contains("failure of the disk"), "{refused}");
    assert_eq!(writer.submit(Then(1, FINE)).await, Err(refused.clone()));
    assert_eq!(store.health(), Err(refused));
}
