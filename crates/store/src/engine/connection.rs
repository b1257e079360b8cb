//! One connection of either engine, its transactions and its deadline.
//!
//! INVARIANT: a connection that was given up in the middle of an answer is in doubt from then on, and nobody
//! uses it again: the next answer on it could be the last question's.

use std::io;

use sqlx::{AssertSqlSafe, PgConnection, SqliteConnection};
use tokio::time::{Instant, timeout_at};

/// A connection to read or write with.
pub(crate) struct Connection {
    engine: Option<Engine>,
    deadline: Option<Instant>,
    is_in_doubt: bool,
}

/// What is at its other end.
pub(super) enum Engine {
    /// A file.
    Sqlite(SqliteConnection),
    /// A server.
    Postgres(Box<PgConnection>),
}

/// Locks that keep two processes apart while one of them makes the store: any number nobody else uses.
const MAKING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; \
    SELECT pg_advisory_xact_lock(7021837263)";

/// One writer at a time, over all nodes: counters, numbers and the audit chain know no other order.
///
/// INVARIANT: what comes next takes its snapshot after the lock was had, which READ COMMITTED promises.
const WRITING: &str = "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE; \
    SELECT id FROM audit_head WHERE id = 'trail' FOR UPDATE";

/// What is read in one transaction is of one moment.
const READING: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

#[cfg(test)]
thread_local! {
    /// How many statements were asked for on this thread.
    pub(crate) static ASKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl From<SqliteConnection> for Connection {
    fn from(connection: SqliteConnection) -> Self {
        Self::of(Engine::Sqlite(connection))
    }
}

impl From<PgConnection> for Connection {
    fn from(connection: PgConnection) -> Self {
        Self::of(Engine::Postgres(Box::new(connection)))
    }
}

impl Connection {
    /// One that leads nowhere yet.
    pub(crate) const CLOSED: Self = Self {
        engine: None,
        deadline: None,
        is_in_doubt: false,
    };

    fn of(engine: Engine) -> Self {
        Self {
            engine: Some(engine),
            ..Self::CLOSED
        }
    }

    /// Gives up whatever is not answered by a time.
    pub(crate) fn answer_by(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }

    /// Waits for every answer.
    pub(crate) fn answer_when_it_likes(&mut self) {
        self.deadline = None;
    }

    /// Begins to make or change the tables, which one process does at a time.
    pub(crate) async fn begin_making(&mut self) -> Result<(), sqlx::Error> {
        self.control("BEGIN IMMEDIATE", MAKING).await
    }

    /// Begins to write; whoever else writes waits.
    pub(crate) async fn begin_writing(&mut self) -> Result<(), sqlx::Error> {
        self.control("BEGIN IMMEDIATE", WRITING).await
    }

    /// Begins to read what is there at one moment.
    pub(crate) async fn begin_reading(&mut self) -> Result<(), sqlx::Error> {
        self.control("BEGIN", READING).await
    }

    /// Keeps what was written.
    ///
    /// SECURITY: a server answers with success where it undoes a transaction of which a statement failed, and
    /// somebody would be told that it is durable. The statement before fails then, and the commit is not reached.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.control("COMMIT", "SELECT 1; COMMIT").await
    }

    /// Undoes what was written.
    pub(crate) async fn rollback(&mut self) -> Result<(), sqlx::Error> {
        self.control("ROLLBACK", "ROLLBACK").await
    }

    /// Begins what can be undone alone.
    pub(crate) async fn savepoint(&mut self) -> Result<(), sqlx::Error> {
        let text = "SAVEPOINT one_call";
        self.control(text, text).await
    }

    /// Keeps what was written since the savepoint, as far as the transaction is kept.
    pub(crate) async fn release(&mut self) -> Result<(), sqlx::Error> {
        let text = "RELEASE SAVEPOINT one_call";
        self.control(text, text).await
    }

    /// Undoes what was written since the savepoint.
    pub(crate) async fn rollback_to_savepoint(&mut self) -> Result<(), sqlx::Error> {
        let text = "ROLLBACK TO SAVEPOINT one_call";
        self.control(text, text).await
    }

    /// Runs a text of several statements.
    pub(crate) async fn run(&mut self, text: String) -> Result<(), sqlx::Error> {
        let (engine, deadline) = self.asking()?;
        let text = sqlx::raw_sql(AssertSqlSafe(text));
        let answer = within(deadline, async {
            match engine {
                Engine::Sqlite(connection) => text.execute(connection).await.map(drop),
                Engine::Postgres(connection) => text.execute(&mut **connection).await.map(drop),
            }
        });
        let answer = answer.await;
        self.answered(answer)
    }

    /// Whether the engine understands a statement.
    #[cfg(test)]
    pub(crate) async fn prepare(&mut self, text: &'static str) -> Result<(), sqlx::Error> {
        use sqlx::{Executor, SqlSafeStr};
        let text = text.into_sql_str();
        match self.asking()?.0 {
            Engine::Sqlite(connection) => connection.prepare(text).await.map(drop)?,
            Engine::Postgres(connection) => (&mut **connection).prepare(text).await.map(drop)?,
        }
        self.answered(Ok(()))
    }

    /// Closes it in good order.
    pub(crate) async fn close(self) -> Result<(), sqlx::Error> {
        use sqlx::Connection;
        match self.engine {
            Some(Engine::Sqlite(connection)) => connection.close().await,
            Some(Engine::Postgres(connection)) if !self.is_in_doubt => connection.close().await,
            Some(Engine::Postgres(_)) | None => Ok(()),
        }
    }

    /// Whether it can be asked anything.
    pub(crate) fn is_usable(&self) -> bool {
        self.engine.is_some() && !self.is_in_doubt
    }

    /// Whether a server is at its other end.
    pub(crate) fn is_to_a_server(&self) -> bool {
        matches!(self.engine, Some(Engine::Postgres(_)))
    }

    /// What the engine calls bytes.
    pub(crate) fn blob(&self) -> &'static str {
        match self.is_to_a_server() {
            false => "BLOB",
            true => "BYTEA",
        }
    }

    /// What to ask, and until when; until [`Connection::answered`] the connection is in doubt, also where
    /// whoever asks stops waiting.
    pub(super) fn asking(&mut self) -> Result<(&mut Engine, Option<Instant>), sqlx::Error> {
        if self.is_in_doubt {
            return Err(lost("an earlier answer never came"));
        }
        let Some(engine) = &mut self.engine else {
            return Err(lost("there is no connection"));
        };
        self.is_in_doubt = true;
        #[cfg(test)]
        ASKED.set(ASKED.get() + 1);
        Ok((engine, self.deadline))
    }

    /// Takes note of an answer.
    pub(super) fn answered<T>(&mut self, answer: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        self.is_in_doubt = self.is_to_a_server() && answer.as_ref().is_err_and(is_of_the_line);
        answer
    }

    async fn control(
        &mut self,
        sqlite: &'static str,
        postgres: &'static str,
    ) -> Result<(), sqlx::Error> {
        let (engine, deadline) = self.asking()?;
        let answer = within(deadline, async {
            match engine {
                Engine::Sqlite(connection) => {
                    sqlx::query(sqlite).execute(connection).await.map(drop)
                }
                Engine::Postgres(connection) => {
                    let text = sqlx::raw_sql(postgres);
                    text.execute(&mut **connection).await.map(drop)
                }
            }
        });
        let answer = answer.await;
        self.answered(answer)
    }
}

/// Waits for an answer, no longer than there is time.
pub(super) async fn within<T>(
    deadline: Option<Instant>,
    answering: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match deadline {
        None => answering.await,
        Some(deadline) => timeout_at(deadline, answering)
            .await
            .unwrap_or_else(|_| Err(late())),
    }
}

/// Whether an error leaves nothing to speak with.
fn is_of_the_line(error: &sqlx::Error) -> bool {
    match error {
        // The server ends the connection: it closes, or tires of an idle transaction.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| code.starts_with("57P") || code.starts_with("25P03")),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// No answer came in time.
pub(crate) fn late() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(
        io::ErrorKind::TimedOut,
        "the server did not answer in time",
    ))
}

fn lost(why: &'static str) -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::NotConnected, why))
}
