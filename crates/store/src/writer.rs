//! The one writer: commits the calls that wait together.
//!
//! One fsync serves a whole batch; a call that fails undoes itself and no other; nobody is answered
//! before the commit (design 4). A full queue, a caller that waited over [`DEADLINE`] and a commit
//! that failed are all [`Unavailable`]. Start at [`Writer::submit`].
//!
//! Each statement costs a way there and back, to a server or to the thread of SQLite, and a savepoint two and a copy of
//! what is changed: a batch is written without them first, and only where one of its calls fails or undoes itself it is
//! written anew, each call in its own. Its audit events are written together at its end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{ChainedEvent, Unavailable};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::chain::{BrokenTrail, Head};
use crate::commits::{Commit, Commits};
use crate::database::Database;
use crate::engine::{Connection, late};
use crate::health::{self, Health};
use crate::ports::audit;
use crate::seal::KeyFile;
use crate::sets::{SealedSet, Set};

/// How many calls may wait.
const QUEUE: usize = 4_096;
/// How many calls share a commit.
const BATCH: usize = 256;
/// From how many events on their writer knows that it takes long.
const MANY_EVENTS: usize = 4_096;
/// How long a caller waits; the gate answers 503 then.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);
/// How long a command of an operator waits, who would only give it again.
pub(super) const DEADLINE_BY_HAND: Duration = Duration::from_secs(30);

/// A call that changes the database.
#[async_trait]
pub(super) trait Write: Send + Sync + 'static {
    /// What the caller is answered.
    type Output: Send + 'static;
    /// Makes the change.
    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError>;
}

/// A change that was made, or came to nothing.
pub(super) enum Done<T> {
    /// It stays.
    Keep(T),
    /// It is undone, and this is the answer.
    Undo(T),
}

/// A change could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum WriteError {
    /// The database refused.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The audit trail was tampered with.
    #[error(transparent)]
    Broken(#[from] BrokenTrail),
    /// Something else was missing.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl WriteError {
    /// What the caller is told.
    pub(super) fn told(self, health: &Health) -> Unavailable {
        match self {
            Self::Database(error) => health.failed(&error),
            Self::Broken(unread @ BrokenTrail::KeyNotRead { .. }) => {
                tracing::error!(store.failure = %unread, "a key of the key file is missing");
                crate::unavailable(unread.to_string())
            }
            Self::Broken(broken) => {
                tracing::error!(store.failure = %broken, "the audit trail was tampered with");
                crate::unavailable(broken.to_string())
            }
            Self::Unavailable(unavailable) => unavailable,
        }
    }
}

/// The transaction that a call writes in.
pub(super) struct Writing<'c> {
    /// The connection, inside the call's savepoint.
    pub(super) connection: &'c mut Connection,
    keys: &'c KeyFile,
    head: Head,
    /// Events that are linked and written at the end; nothing but the head depends on them.
    linked: Vec<ChainedEvent>,
}

impl<'c> Writing<'c> {
    /// Gives a call of many statements the time for the next one; whoever made it waits for as long.
    pub(super) fn goes_on(&mut self) {
        if self.connection.is_to_a_server() {
            self.connection.answer_by(Instant::now() + DEADLINE);
        }
    }

    /// What is sealed of a set before it is changed.
    ///
    /// # Errors
    ///
    /// SECURITY: its rows are not what was sealed: a change would seal what somebody else made of them.
    pub(super) async fn set(&mut self, set: Set) -> Result<SealedSet, WriteError> {
        let sealed = set.of(self.head)?;
        let rows = set.rows(&mut *self.connection).await?;
        set.must_fit(&rows, sealed)?;
        Ok(sealed)
    }

    /// Seals a set as it was changed, up to the change of this number.
    pub(super) async fn seal_set(&mut self, set: Set, revision: i64) -> Result<(), WriteError> {
        let sealed = set.sealed(&mut *self.connection, revision).await?;
        self.head.sets = self.head.sets.map(|sets| sets.with(set, sealed));
        Ok(())
    }

    /// The keys that seal what is written.
    pub(super) fn keys(&self) -> &'c KeyFile {
        self.keys
    }

    /// The number of the last event, those included that this transaction appends.
    pub(super) fn last_event(&self) -> i64 {
        self.head.number
    }

    /// Appends events to the audit chain.
    pub(super) fn append(&mut self, events: Vec<Event>) -> Result<(), WriteError> {
        let linked = self.head.link(events)?;
        let last = linked.last();
        self.head = last.map_or(self.head, |last| self.head.behind(last));
        self.linked.extend(linked);
        Ok(())
    }
}

/// What becomes of a batch of which a call fails or undoes itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Care {
    /// All of it is undone.
    Together,
    /// That call is undone.
    Apart,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// It is committed.
    Whole,
    /// It must be written anew, each call apart.
    NotTogether,
}

/// What the writer works with.
pub(super) struct Tools {
    /// The only connection of this process that writes.
    pub(super) connection: Connection,
    /// Where another one comes from, once that one is lost.
    pub(super) database: Arc<Database>,
    /// The keys that seal the head of the audit trail.
    pub(super) keys: Arc<KeyFile>,
    /// Whether the database can still be trusted.
    pub(super) health: Arc<Health>,
    /// Who is told of each commit.
    pub(super) commits: Arc<Commits>,
}

/// The way to the writer.
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    deadline: Duration,
}

impl Writer {
    /// Starts the task that owns the connection; its callers wait so long.
    pub(super) fn start(tools: Tools, deadline: Duration) -> Self {
        let (orders, inbox) = mpsc::channel(QUEUE);
        tokio::spawn(run(tools, inbox));
        Self { orders, deadline }
    }

    /// Waits until a change was committed.
    pub(super) async fn submit<W: Write>(&self, write: W) -> Result<W::Output, Unavailable> {
        self.submit_within(write, self.deadline).await
    }

    /// Waits so long until a change was committed.
    pub(super) async fn submit_within<W: Write>(
        &self,
        write: W,
        deadline: Duration,
    ) -> Result<W::Output, Unavailable> {
        let (reply, answer) = oneshot::channel();
        let call = Box::new(Pending {
            write,
            reply,
            outcome: None,
        });
        self.orders
            .try_send(Order::Call(call))
            .map_err(|error| match error {
                mpsc::error::TrySendError::Full(_) => {
                    crate::unavailable("too many calls wait for it")
                }
                mpsc::error::TrySendError::Closed(_) => crate::unavailable("it was closed"),
            })?;
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(crate::unavailable("it was closed")),
            Err(_) => Err(crate::unavailable(format!("no commit within {deadline:?}"))),
        }
    }

    /// Commits what waits and closes the connection; later calls are refused.
    pub(super) async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.orders.send(Order::Close(closed)).await.is_ok() {
            // An error means that the task has ended already, which is what was asked for.
            let _ = done.await;
        }
    }
}

enum Order {
    Call(Box<dyn Call>),
    Close(oneshot::Sender<()>),
}

/// A [`Pending`] whatever it writes.
#[async_trait]
trait Call: Send {
    /// Whether nobody waits for the answer any more.
    fn is_abandoned(&self) -> bool;
    /// Makes the change and remembers the answer; `false` where it must be undone.
    async fn write(&mut self, writing: &mut Writing<'_>) -> Result<bool, WriteError>;
    /// Remembers that the change could not be made.
    fn fail(&mut self, unavailable: Unavailable);
    /// Answers, once the batch was committed or not.
    fn answer(self: Box<Self>, committed: Result<(), Unavailable>);
}

struct Pending<W: Write> {
    write: W,
    reply: oneshot::Sender<Result<W::Output, Unavailable>>,
    outcome: Option<Result<W::Output, Unavailable>>,
}

#[async_trait]
impl<W: Write> Call for Pending<W> {
    fn is_abandoned(&self) -> bool {
        self.reply.is_closed()
    }

    async fn write(&mut self, writing: &mut Writing<'_>) -> Result<bool, WriteError> {
        let (output, keeps) = match self.write.write(writing).await? {
            Done::Keep(output) => (output, true),
            Done::Undo(output) => (output, false),
        };
        self.outcome = Some(Ok(output));
        Ok(keeps)
    }

    fn fail(&mut self, unavailable: Unavailable) {
        self.outcome = Some(Err(unavailable));
    }

    fn answer(self: Box<Self>, committed: Result<(), Unavailable>) {
        let untouched = || Err(crate::unavailable("the call was not reached"));
        let answer = match committed {
            Ok(()) => self.outcome.unwrap_or_else(untouched),
            Err(unavailable) => Err(unavailable),
        };
        // Whoever stopped waiting was told `Unavailable` already.
        drop(self.reply.send(answer));
    }
}

async fn run(mut tools: Tools, mut inbox: mpsc::Receiver<Order>) {
    let mut closed = None;
    while let Some(order) = inbox.recv().await {
        let (calls, close) = gather(order, &mut inbox);
        if let Some(close) = close {
            inbox.close();
            closed = Some(close);
        }
        commit(&mut tools, calls).await;
    }
    if let Err(error) = tools.connection.close().await {
        tracing::warn!(store.failure = %error, "the store did not close in good order");
    }
    if let Some(closed) = closed {
        // Whoever asked may have stopped waiting.
        let _ = closed.send(());
    }
}

/// Takes all that waits, up to a batch.
fn gather(
    first: Order,
    inbox: &mut mpsc::Receiver<Order>,
) -> (Vec<Box<dyn Call>>, Option<oneshot::Sender<()>>) {
    let mut calls = Vec::new();
    let mut next = Some(first);
    while let Some(order) = next {
        match order {
            Order::Call(call) => calls.push(call),
            Order::Close(closed) => return (calls, Some(closed)),
        }
        next = if calls.len() < BATCH {
            inbox.try_recv().ok()
        } else {
            None
        };
    }
    (calls, None)
}

async fn commit(tools: &mut Tools, mut calls: Vec<Box<dyn Call>>) {
    calls.retain(|call| !call.is_abandoned());
    if calls.is_empty() {
        return;
    }
    let began = Instant::now();
    let committed = match tools.health.check() {
        Ok(()) => transact(tools, &mut calls).await,
        Err(unavailable) => Err(unavailable),
    };
    tools.commits.happened(Commit {
        took: began.elapsed(),
        is_durable: committed.is_ok(),
    });
    for call in calls {
        call.answer(committed.clone());
    }
}

async fn transact(tools: &mut Tools, calls: &mut [Box<dyn Call>]) -> Result<(), Unavailable> {
    let Tools {
        connection,
        database,
        keys,
        health,
        ..
    } = tools;
    let deadline = Instant::now() + DEADLINE;
    if !connection.is_usable() {
        let connecting = timeout_at(deadline, database.to_write());
        let made = connecting.await.unwrap_or_else(|_| Err(late()));
        *connection = made.map_err(|error| health.failed(&error))?;
    }
    if connection.is_to_a_server() {
        connection.answer_by(deadline);
    }
    let mut care = Care::Together;
    loop {
        begin(connection, health).await?;
        match write_all(connection, (calls, care), keys, health).await {
            Ok(Written::Whole) => return Ok(()),
            Ok(Written::NotTogether) => {
                undo(connection).await;
                care = Care::Apart;
            }
            Err(error) => {
                let unavailable = error.told(health);
                tracing::warn!(store.failure = %unavailable.detail, "a transaction was not committed");
                undo(connection).await;
                return Err(unavailable);
            }
        }
    }
}

async fn begin(connection: &mut Connection, health: &Health) -> Result<(), Unavailable> {
    let Err(error) = connection.begin_writing().await else {
        return Ok(());
    };
    // The batch before was neither committed nor undone; this one must not complete it.
    if health::is_misuse(&error) {
        return Err(health.give_up(&error));
    }
    if connection.is_to_a_server() {
        undo(connection).await;
    }
    Err(health.failed(&error))
}

/// Undoes a transaction. SQLite ends one by itself after some errors, and "no transaction is active" is what is
/// wanted; one that stays open makes the next BEGIN fail. A server's is undone with its connection.
async fn undo(connection: &mut Connection) {
    if let Err(error) = connection.rollback().await {
        tracing::debug!(store.failure = %error, "there was nothing to undo");
    }
}

async fn write_all(
    connection: &mut Connection,
    (calls, care): (&mut [Box<dyn Call>], Care),
    keys: &KeyFile,
    health: &Health,
) -> Result<Written, WriteError> {
    // Another process (the command line, another node) may have appended since the last batch.
    let head = audit::head(&mut *connection, keys).await?;
    let mut writing = Writing {
        connection,
        keys,
        head,
        linked: Vec::new(),
    };
    for call in calls {
        match care {
            Care::Apart => write_one(&mut writing, call.as_mut(), health).await?,
            Care::Together => match call.write(&mut writing).await {
                Ok(true) => {}
                Err(WriteError::Database(error)) if ends_all(&writing, &error, health) => {
                    return Err(error.into());
                }
                Ok(false) | Err(_) => return Ok(Written::NotTogether),
            },
        }
    }
    let is_headed = writing.head != head;
    match finish(&mut writing, keys, is_headed).await {
        Ok(()) => Ok(Written::Whole),
        // One of the calls did not look at an error of its own.
        Err(error) if care == Care::Together && !ends_all(&writing, &error, health) => {
            Ok(Written::NotTogether)
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether an error leaves nothing to write anew by, or nothing to be sure of.
///
/// SECURITY: after a disk failed nothing is tried again (`health`), also where it would not fail twice.
fn ends_all(writing: &Writing<'_>, error: &sqlx::Error, health: &Health) -> bool {
    !writing.connection.is_usable() || health.is_fatal(error)
}

async fn finish(
    writing: &mut Writing<'_>,
    keys: &KeyFile,
    is_headed: bool,
) -> Result<(), sqlx::Error> {
    let linked = std::mem::take(&mut writing.linked);
    for some in linked.chunks(MANY_EVENTS) {
        if linked.len() > MANY_EVENTS {
            writing.goes_on();
        }
        audit::append_linked(&mut *writing.connection, some).await?;
    }
    if is_headed {
        audit::write_head(&mut *writing.connection, keys, writing.head).await?;
    }
    writing.connection.commit().await
}

/// Lets one call write in a savepoint of its own.
///
/// # Errors
///
/// The whole batch is lost: the disk failed, or SQLite ended the transaction by itself (as it does
/// when the disk is full), so that nothing written before can be committed any more.
async fn write_one(
    writing: &mut Writing<'_>,
    call: &mut dyn Call,
    health: &Health,
) -> Result<(), sqlx::Error> {
    let before = (writing.head, writing.linked.len());
    writing.connection.savepoint().await?;
    let failure = match call.write(writing).await {
        // A call that did not look at an error of its own fails here.
        Ok(true) => match writing.connection.release().await {
            Ok(()) => return Ok(()),
            Err(error) => Some(error),
        },
        Ok(false) => None,
        Err(WriteError::Database(error)) => Some(error),
        Err(other) => {
            call.fail(other.told(health));
            None
        }
    };
    if let Some(error) = &failure {
        call.fail(health.failed(error));
    }
    let (head, linked) = before;
    writing.head = head;
    writing.linked.truncate(linked);
    let undone = writing.connection.rollback_to_savepoint().await;
    match (undone, failure) {
        (Ok(()), Some(error)) if health.is_fatal(&error) => Err(error),
        (Ok(()), _) => writing.connection.release().await,
        // The first error says why there is nothing left to undo.
        (Err(_), Some(error)) => Err(error),
        (Err(error), None) => Err(error),
    }
}

#[cfg(test)]
mod tests;
