//! Whether the database can still be trusted: an error of the disk ends all calls.
//!
//! SECURITY: after a failed fsync nobody knows what is on the disk, so nothing is tried again; the
//! process must be started anew. A full disk is no such error: it passes.

use std::sync::OnceLock;

use authn::ports::Unavailable;

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

/// Empty as long as all is well.
#[derive(Debug, Default)]
pub(super) struct Health(OnceLock<Unavailable>);

impl Health {
    /// Answers every call, once an error of the disk was seen.
    pub(super) fn check(&self) -> Result<(), Unavailable> {
        self.0
            .get()
            .map_or(Ok(()), |unavailable| Err(unavailable.clone()))
    }

    /// Takes note of an error and says what the caller is told.
    pub(super) fn failed(&self, error: &sqlx::Error) -> Unavailable {
        if !is_fatal(error) {
            return crate::unavailable(error.to_string());
        }
        self.give_up(error)
    }

    /// Ends all calls.
    pub(super) fn give_up(&self, cause: &impl ToString) -> Unavailable {
        let unavailable = self.0.get_or_init(|| {
            let detail = format!(
                "it stopped after a failure of the disk: {}",
                cause.to_string()
            );
            tracing::error!(store.failure = %detail, "the store takes no more calls");
            crate::unavailable(detail)
        });
        unavailable.clone()
    }
}

/// Whether nothing may be tried again after an error.
pub(super) fn is_fatal(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed => true,
        _ => matches!(
            primary_code(error),
            Some(code::IOERR | code::CORRUPT | code::NOTADB)
        ),
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
    let code = error.as_database_error()?.code()?;
    code.parse::<u32>().ok().map(|code| code & 0xff)
}
