//! A file, and how connections to it are set up.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};

use crate::database::Database;
use crate::seal::KeyFile;
use crate::{Store, StoreError};

/// How long another process may hold the file's write lock; shorter than a caller waits.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a command of an operator waits for it: a gate that is busy takes the lock again and again, and SQLite keeps no queue.
const BUSY_TIMEOUT_BY_HAND: Duration = Duration::from_secs(25);

impl Store {
    /// As [`Store::open_in`], of a file.
    ///
    /// # Errors
    ///
    /// As it.
    pub async fn open(path: &Path, keys: KeyFile) -> Result<Self, StoreError> {
        Self::open_in(Database::Sqlite(path.to_owned()), keys).await
    }

    /// As [`Store::migrate_in`], of a file.
    ///
    /// # Errors
    ///
    /// As it.
    pub async fn migrate(path: &Path) -> Result<(), StoreError> {
        Self::migrate_in(&Database::Sqlite(path.to_owned())).await
    }

    /// As [`Store::pending_in`], of a file.
    ///
    /// # Errors
    ///
    /// As it.
    pub async fn pending(path: &Path) -> Result<Vec<String>, StoreError> {
        Self::pending_in(&Database::Sqlite(path.to_owned())).await
    }
}

/// Makes an empty file that only its owner may use; SQLite gives its companions the same mode.
pub(crate) fn create_private(path: &Path) -> Result<(), StoreError> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let handed_over = created.and_then(|file| crate::hand_over(&file, path));
    match handed_over {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(StoreError::InTheWay {
                path: path.to_owned(),
            })
        }
        Err(error) => Err(StoreError::File {
            path: path.to_owned(),
            error,
        }),
    }
}

/// Connects to write durably.
pub(super) async fn connect(path: &Path) -> Result<SqliteConnection, StoreError> {
    if !path.exists() {
        return Err(StoreError::Missing {
            path: path.to_owned(),
        });
    }
    Ok(durable(path).connect().await?)
}

/// What a connection has that writes.
pub(crate) fn durable(path: &Path) -> SqliteConnectOptions {
    options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
}

/// The same for one command of an operator.
pub(crate) fn durable_by_hand(path: &Path) -> SqliteConnectOptions {
    durable(path).busy_timeout(BUSY_TIMEOUT_BY_HAND)
}

/// What all connections share.
pub(crate) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}
