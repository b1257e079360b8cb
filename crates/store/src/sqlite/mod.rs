//! SQLite: one file, one writer task, a few readers; durable means WAL with `synchronous=FULL`.
//!
//! Start at [`Store::open`]; what changes the database goes through [`writer`].

mod open;
mod own_passwords;
mod revocations;

mod commits;
mod health;
pub(crate) mod migrate;
mod writer;

mod accounts;
mod attempts;
mod audit;
mod credentials;
mod directory;
mod drains;
mod memorised_secrets;
mod otp_tokens;
mod pages;
mod second_factors;
mod session_grants;
mod tickets;

mod backup;
mod carry;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32};

use authn::ports::Unavailable;
use sqlx::pool::PoolConnection;
use sqlx::{Sqlite, SqlitePool};

pub use carry::{Replaced, Restored};
pub use commits::Commit;
pub use open::StoreError;

use crate::seal::KeyFile;
use commits::Commits;
use health::Health;
use writer::{WriteError, Writer};

/// The durable store in one SQLite file; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    readers: SqlitePool,
    writer: Writer,
    keys: Arc<KeyFile>,
    health: Arc<Health>,
    commits: Arc<Commits>,
    reservations: AtomicU32,
    forgot: AtomicI64,
}

impl Store {
    /// Commits what waits and closes the file; later calls are refused.
    pub async fn close(&self) {
        self.0.readers.close().await;
        self.0.writer.close().await;
    }

    /// Whether the store takes calls; after an error of the disk it never does again.
    ///
    /// # Errors
    ///
    /// The disk failed; the process should end.
    pub fn health(&self) -> Result<(), Unavailable> {
        self.0.health.check()
    }

    /// The keys that it was opened with.
    #[must_use]
    pub fn keys(&self) -> &KeyFile {
        &self.0.keys
    }

    /// Tells somebody of every commit, from the writer's own task; the first who asks stays.
    pub fn on_commit(&self, told: impl Fn(Commit) + Send + Sync + 'static) {
        self.0.commits.tell(Box::new(told));
    }

    /// A connection to read with.
    async fn reader(&self) -> Result<PoolConnection<Sqlite>, Unavailable> {
        self.0.health.check()?;
        self.0
            .readers
            .acquire()
            .await
            .map_err(|error| self.failed(&error))
    }

    /// What the caller of a read that failed is told.
    fn failed(&self, error: &sqlx::Error) -> Unavailable {
        self.0.health.failed(error)
    }

    /// What the caller of a read that failed, or found what cannot be trusted, is told.
    fn unread(&self, error: WriteError) -> Unavailable {
        error.told(&self.0.health)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.0.path).finish()
    }
}

#[cfg(test)]
mod tests;
