//! Opening and migrating a file, and what can be wrong with it.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32};
use std::time::Duration;

use authn::ports::Unavailable;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection};

use super::commits::Commits;
use super::health::Health;
use super::writer::{DEADLINE, Tools, WriteError, Writer};
use super::{Inner, Store, audit, migrate};
use crate::chain::{BrokenTrail, Head};
use crate::rows;
use crate::rows::key_checks::KeyCheck;
use crate::seal::{KeyFile, Place, Sealed};

/// How many calls may read at a time.
const READERS: u32 = 4;
/// How long another process may hold the file's write lock; shorter than a caller waits.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);

/// A store cannot be opened, migrated, copied or restored.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no file.
    #[error("there is no store at `{}`", path.display())]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// There is no file to put back.
    #[error("there is no backup at `{}`", path.display())]
    NoBackup {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The schema lacks steps.
    #[error("the store lacks {}; run: wicketgate db migrate", names.join(", "))]
    Pending {
        /// The steps.
        names: Vec<String>,
    },
    /// The schema has a step that this program does not know.
    #[error("the store is of a newer version of this program (it has `{name}`)")]
    Newer {
        /// The step.
        name: String,
    },
    /// A step was applied from another text than this program's.
    #[error("the store was made from another text of `{name}` than this program's")]
    Altered {
        /// The step.
        name: String,
    },
    /// The file is another program's.
    #[error("the file is a database of another program")]
    Foreign,
    /// A file would be overwritten.
    #[error("`{}` is there already and is not overwritten", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// The store is open elsewhere.
    #[error("the store `{}` is in use; stop the gate first", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The backup's file is damaged.
    #[error("the backup `{}` is damaged: {detail}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        detail: String,
    },
    /// The audit trail is not what was written.
    #[error(transparent)]
    BrokenTrail(#[from] BrokenTrail),
    /// A file cannot be used.
    #[error("`{}`: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// SQLite refused.
    #[error("the store is unavailable: {0}")]
    Database(#[from] sqlx::Error),
    /// A secret or an event could not be handled.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl From<WriteError> for StoreError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Database(error) => Self::Database(error),
            WriteError::Broken(broken) => Self::BrokenTrail(broken),
            WriteError::Unavailable(error) => Self::Unavailable(error),
        }
    }
}

impl Store {
    /// Opens a file that is up to date; it must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// There is no file, it is not up to date, it is newer or damaged, the keys are not its own, or
    /// its audit trail does not end where its head says.
    pub async fn open(path: &Path, keys: KeyFile) -> Result<Self, StoreError> {
        let mut connection = connect(path).await?;
        let names = migrate::pending(&mut connection).await?;
        if !names.is_empty() {
            return Err(StoreError::Pending { names });
        }
        begin(&mut connection, &keys).await?;
        check_keys(&mut connection, &keys).await?;
        audit::head(&mut connection, &keys).await?;
        let keys = Arc::new(keys);
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(DEADLINE)
            .test_before_acquire(false)
            .connect_lazy_with(options(path).read_only(true));
        let health = Arc::new(Health::default());
        let commits = Arc::new(Commits::default());
        let writer = Writer::start(Tools {
            connection,
            keys: Arc::clone(&keys),
            health: Arc::clone(&health),
            commits: Arc::clone(&commits),
        });
        let reservations = AtomicU32::new(0);
        let forgot = AtomicI64::new(0);
        let path = path.to_owned();
        Ok(Self(Arc::new(Inner {
            path,
            readers,
            writer,
            keys,
            health,
            commits,
            reservations,
            forgot,
        })))
    }

    /// Brings a file up to date, and makes it where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be written, is newer than this program, or is not ours.
    pub async fn migrate(path: &Path) -> Result<(), StoreError> {
        if !path.exists() {
            create_private(path)?;
        }
        let mut connection = connect(path).await?;
        migrate::apply(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// The names of the steps that a file lacks; all of them where there is no file.
    ///
    /// # Errors
    ///
    /// It cannot be read, is newer than this program, or is not ours.
    pub async fn pending(path: &Path) -> Result<Vec<String>, StoreError> {
        if !path.exists() {
            return Ok(migrate::all());
        }
        let mut connection = options(path).read_only(true).connect().await?;
        let names = migrate::pending(&mut connection).await?;
        connection.close().await?;
        Ok(names)
    }
}

/// Makes an empty file that only its owner may use; SQLite gives its companions the same mode.
pub(super) fn create_private(path: &Path) -> Result<(), StoreError> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match created {
        Ok(_) => Ok(()),
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
    let durable = options(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    Ok(durable.connect().await?)
}

/// What all connections share.
pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

/// Gives a store that nobody ever opened the word that shows its keys, and the head of its trail.
pub(super) async fn begin(
    connection: &mut SqliteConnection,
    keys: &KeyFile,
) -> Result<(), StoreError> {
    if was_opened(&mut *connection).await? {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // Another process may have been first.
    if !was_opened(&mut transaction).await? {
        let row = rows::key_checks::ROW;
        let sealed = keys.seal(&Place::of_row(row), &KeyCheck)?;
        sqlx::query(rows::key_checks::WRITE)
            .bind(row)
            .bind(sealed.as_bytes().to_vec())
            .execute(&mut *transaction)
            .await?;
        audit::write_head(&mut transaction, keys, Head::EMPTY).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Checks that the keys are those that the store was first opened with.
pub(super) async fn check_keys(
    connection: &mut SqliteConnection,
    keys: &KeyFile,
) -> Result<(), StoreError> {
    let row = rows::key_checks::ROW;
    let stored: Option<Vec<u8>> = sqlx::query_scalar(rows::key_checks::READ)
        .bind(row)
        .fetch_optional(&mut *connection)
        .await?;
    let sealed = stored.unwrap_or_default();
    keys.unseal::<KeyCheck>(&Place::of_row(row), &Sealed::of_stored(sealed))?;
    Ok(())
}

/// Whether anybody ever opened a store.
pub(super) async fn was_opened(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let was_opened: i64 = sqlx::query_scalar(rows::audit_head::WAS_OPENED)
        .fetch_one(connection)
        .await?;
    Ok(was_opened == 1)
}
