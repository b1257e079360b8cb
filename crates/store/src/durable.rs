//! The store that lasts: what serves the ports, whatever keeps its rows.
//!
//! Start at [`Store::start`]; what changes the database goes through [`Writer`].

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32};
use std::time::Duration;

use authn::ports::Unavailable;
use tokio::time::Instant;

use crate::chain::Head;
use crate::commits::{Commit, Commits};
use crate::database::Database;
use crate::engine::{Connection, Reader, Readers, query};
use crate::health::{Disk, Health};
use crate::ports::audit;
use crate::rows::key_checks::KeyCheck;
use crate::seal::{KeyFile, Place, Sealed};
use crate::writer::{DEADLINE, DEADLINE_BY_HAND, Tools, WriteError, Writer};
use crate::{StoreError, migrate, rows, sets, sqlite};

/// The durable store, in a file or on a server; clones share it.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

/// What clones share.
pub(crate) struct Inner {
    pub(crate) database: Arc<Database>,
    pub(crate) readers: Readers,
    pub(crate) writer: Writer,
    pub(crate) keys: Arc<KeyFile>,
    pub(crate) health: Arc<Health>,
    pub(crate) commits: Arc<Commits>,
    pub(crate) reservations: AtomicU32,
    pub(crate) forgot: AtomicI64,
}

impl Store {
    /// Opens a store that is up to date; it must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// There is none, it is not up to date, it is newer or damaged, the keys are not its own, or
    /// its audit trail does not end where its head says.
    pub async fn open_in(database: Database, keys: KeyFile) -> Result<Self, StoreError> {
        must_be_there(&database)?;
        let connection = database.to_write().await?;
        Self::start(connection, database, keys, DEADLINE).await
    }

    /// The same for one command of an operator: it waits longer where a gate is busy writing.
    ///
    /// # Errors
    ///
    /// As [`Store::open_in`].
    pub async fn open_by_hand(database: Database, keys: KeyFile) -> Result<Self, StoreError> {
        must_be_there(&database)?;
        let connection = database.to_write_by_hand().await?;
        Self::start(connection, database, keys, DEADLINE_BY_HAND).await
    }

    /// Brings a store up to date, and makes it where there is none; a server must have the database.
    ///
    /// # Errors
    ///
    /// It cannot be written, is newer than this program, or is not ours.
    pub async fn migrate_in(database: &Database) -> Result<(), StoreError> {
        if let Database::Sqlite(path) = database
            && !path.exists()
        {
            sqlite::create_private(path)?;
        }
        let mut connection = database.to_make().await?;
        migrate::apply(&mut connection).await?;
        connection.close().await?;
        Ok(())
    }

    /// The names of the steps that a store lacks; all of them where there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read, is newer than this program, or is not ours.
    pub async fn pending_in(database: &Database) -> Result<Vec<String>, StoreError> {
        if must_be_there(database).is_err() {
            return Ok(migrate::all());
        }
        let mut connection = database.to_read().await?;
        let names = migrate::pending(&mut connection).await?;
        connection.close().await?;
        Ok(names)
    }

    /// The names of all steps, which a store lacks that nobody made yet.
    #[must_use]
    pub fn all_migrations() -> Vec<String> {
        migrate::all()
    }

    /// Starts to serve what a connection leads to.
    async fn start(
        mut connection: Connection,
        database: Database,
        keys: KeyFile,
        deadline: Duration,
    ) -> Result<Self, StoreError> {
        let names = migrate::pending(&mut connection).await?;
        if !names.is_empty() {
            return Err(StoreError::Pending { names });
        }
        begin(&mut connection, &keys).await?;
        check_keys(&mut connection, &keys).await?;
        audit::head(&mut connection, &keys).await?;
        sets::seal_first(&mut connection, &keys).await?;
        let (database, keys) = (Arc::new(database), Arc::new(keys));
        let disk = match &*database {
            Database::Sqlite(_) => Disk::Ours,
            Database::Postgres(_) => Disk::AServers,
        };
        let health = Arc::new(Health::of(disk));
        let commits = Arc::new(Commits::default());
        let tools = Tools {
            connection,
            database: Arc::clone(&database),
            keys: Arc::clone(&keys),
            health: Arc::clone(&health),
            commits: Arc::clone(&commits),
        };
        let writer = Writer::start(tools, deadline);
        Ok(Self(Arc::new(Inner {
            readers: Readers::new(Arc::clone(&database)),
            database,
            writer,
            keys,
            health,
            commits,
            reservations: AtomicU32::new(0),
            forgot: AtomicI64::new(0),
        })))
    }

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

    /// The keys that it was opened with, and those that were read since.
    #[must_use]
    pub fn keys(&self) -> &KeyFile {
        &self.0.keys
    }

    /// Reads the key file again; nothing is taken of it that does not open this store.
    ///
    /// # Errors
    ///
    /// It cannot be used, or the store cannot be read with it; the keys that were read before stay.
    pub async fn reread_keys(&self) -> Result<(), StoreError> {
        let again = self.0.keys.reread()?;
        let mut reader = self.reader().await?;
        check_keys(&mut reader, &again).await?;
        audit::head(&mut reader, &again).await?;
        self.0.keys.take(&again);
        Ok(())
    }

    /// Tells somebody of every commit, from the writer's own task; the first who asks stays.
    pub fn on_commit(&self, told: impl Fn(Commit) + Send + Sync + 'static) {
        self.0.commits.tell(Box::new(told));
    }

    /// A connection to read with.
    pub(crate) async fn reader(&self) -> Result<Reader, Unavailable> {
        self.0.health.check()?;
        let deadline = Instant::now() + DEADLINE;
        let reader = self.0.readers.acquire(deadline).await;
        reader.map_err(|error| self.failed(&error))
    }

    /// What the caller of a read that failed is told.
    pub(crate) fn failed(&self, error: &sqlx::Error) -> Unavailable {
        self.0.health.failed(error)
    }

    /// What the caller of a read that failed, or found what cannot be trusted, is told.
    pub(crate) fn unread(&self, error: WriteError) -> Unavailable {
        error.told(&self.0.health)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.0.database).finish()
    }
}

/// Refuses where there is no file; what a server has shows when it is asked.
pub(crate) fn must_be_there(database: &Database) -> Result<(), StoreError> {
    match database {
        Database::Sqlite(path) if !path.exists() => Err(StoreError::Missing {
            path: path.to_owned(),
        }),
        Database::Sqlite(_) | Database::Postgres(_) => Ok(()),
    }
}

/// Gives a store that nobody ever opened the word that shows its keys, and the head of its trail.
pub(crate) async fn begin(connection: &mut Connection, keys: &KeyFile) -> Result<(), StoreError> {
    if was_opened(&mut *connection).await? {
        return Ok(());
    }
    connection.begin_making().await?;
    // Another process may have been first.
    if !was_opened(&mut *connection).await? {
        let row = rows::key_checks::ROW;
        let sealed = keys.seal(&Place::of_row(row), &KeyCheck)?;
        query(rows::key_checks::WRITE)
            .bind(row)
            .bind(sealed.as_bytes().to_vec())
            .execute(&mut *connection)
            .await?;
        audit::write_head(&mut *connection, keys, Head::EMPTY).await?;
    }
    connection.commit().await?;
    Ok(())
}

/// Checks that the keys are the store's, and tells them which of them it names as its own.
pub(crate) async fn check_keys(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<(), StoreError> {
    let row = rows::key_checks::ROW;
    let stored = query(rows::key_checks::READ)
        .bind(row)
        .fetch_optional(&mut *connection)
        .await?;
    let sealed = stored.map(|row| row.try_get("sealed")).transpose()?;
    let sealed: Vec<u8> = sealed.unwrap_or_default();
    let sealed = Sealed::of_stored(sealed);
    keys.unseal::<KeyCheck>(&Place::of_row(row), &sealed)?;
    keys.belongs_to(sealed.key_id().unwrap_or_default());
    Ok(())
}

/// Whether anybody ever opened a store.
pub(crate) async fn was_opened(connection: &mut Connection) -> Result<bool, sqlx::Error> {
    let row = query(rows::audit_head::WAS_OPENED)
        .fetch_one(connection)
        .await?;
    Ok(row.try_get::<i64>("was_opened")? == 1)
}
