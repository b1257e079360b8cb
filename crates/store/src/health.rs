//! Whether the database can still be trusted: an error of the disk ends all calls.
//!
//! SECURITY: after a failed fsync nobody knows what is on the disk, so nothing is tried again; the
//! process must be started anew. A full disk is no such error: it passes. A server that does not answer
//! is none either: its own process ends where its disk fails, and we come back when it does.

use std::sync::OnceLock;

use authn::ports::Unavailable;
use sqlx::sqlite::SqliteError;

/// The primary result codes of SQLite after which nothing is tried again.
mod code {
    /// A statement that cannot be executed as things are.
    pub(super) const ERROR: u32 = 1;
    /// Another connection holds a lock.
    pub(super) const BUSY: u32 = 5;
    /// The disk failed to read, write or sync.
    pub(super) const IOERR: u32 = 10;
    /// The file is damaged.
    pub(super) const CORRUPT: u32 = 11;
    /// The file is no database.
    pub(super) const NOTADB: u32 = 26;
}

/// Whether all is well.
#[derive(Debug)]
pub(super) struct Health {
    ours: Disk,
    failure: OnceLock<Unavailable>,
}

/// Whose the disk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    /// This process writes to it.
    Ours,
    /// A server does.
    AServers,
}

impl Health {
    /// All is well.
    pub(super) fn of(ours: Disk) -> Self {
        Self {
            ours,
            failure: OnceLock::new(),
        }
    }

    /// Answers every call, once an error of the disk was seen.
    pub(super) fn check(&self) -> Result<(), Unavailable> {
        self.failure
            .get()
            .map_or(Ok(()), |unavailable| Err(unavailable.clone()))
    }

    /// Takes note of an error and says what the caller is told.
    pub(super) fn failed(&self, error: &sqlx::Error) -> Unavailable {
        if !self.is_fatal(error) {
            return crate::unavailable(error.to_string());
        }
        self.give_up(error)
    }

    /// Ends all calls.
    pub(super) fn give_up(&self, cause: &impl ToString) -> Unavailable {
        let unavailable = self.failure.get_or_init(|| {
            let detail = format!(
                "it stopped after a failure of the disk: {}",
                cause.to_string()
            );
            tracing::error!(store.failure = %detail, "the store takes no more calls");
            crate::unavailable(detail)
        });
        unavailable.clone()
    }

    /// Whether nothing may be tried again after an error.
    pub(super) fn is_fatal(&self, error: &sqlx::Error) -> bool {
        match (self.ours, error) {
            (Disk::AServers, _) => false,
            (Disk::Ours, sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed) => true,
            (Disk::Ours, error) => matches!(
                primary_code(error),
                Some(code::IOERR | code::CORRUPT | code::NOTADB)
            ),
        }
    }
}

/// Whether a statement was refused because of those before it.
pub(super) fn is_misuse(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(code::ERROR)
}

/// Whether another connection is in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    primary_code(error) == Some(code::BUSY)
}

/// The lower byte of an extended result code.
fn primary_code(error: &sqlx::Error) -> Option<u32> {
    let error = error.as_database_error()?;
    // A server has codes of its own, some of which look like these.
    error.try_downcast_ref::<SqliteError>()?;
    let code = error.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
