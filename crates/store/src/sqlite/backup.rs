//! Backup while the store is used, and restore in its place.
//!
//! A backup holds everything but the keys. What is put back is checked first, and neither its
//! tickets nor its counters come back to life, nor anybody who was shut out meanwhile.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use authn::audit::{ByHand, Event, Kind, shown_name};
use authn::ports::Audit;
use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteJournalMode, SqliteLockingMode};

use super::open::{connect, create_private, options};
use crate::carry::{self, Bans, Replaced, Restored};
use crate::database::Database;
use crate::durable::{begin, check_keys, was_opened};
use crate::engine::{Connection, query};
use crate::ports::audit;
use crate::put_back::forget_and_note;
use crate::seal::KeyFile;
use crate::writer::WriteError;
use crate::{Store, StoreError, health, migrate, sets};

/// What SQLite keeps beside a file.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

impl Store {
    /// Copies everything into a new file while the store is used.
    ///
    /// The keys are not in it: without the key file its app passwords are worth nothing. The event
    /// that says so follows in the store; the copy ends before it.
    ///
    /// # Errors
    ///
    /// The audit trail is broken, the file is there already, or cannot be written; nothing is left
    /// of it then.
    pub async fn backup(&self, to: &Path, by: &ByHand) -> Result<(), StoreError> {
        if let Database::Postgres(_) = &*self.0.database {
            let instead = "`pg_dump` copies it while the gate runs; keep the key file apart";
            return Err(StoreError::OnAServer { instead });
        }
        let mut connection = self.0.database.to_examine().await?;
        audit::verify(&mut connection, &self.0.keys).await?;
        copy(&mut connection, to).await?;
        connection.close().await?;
        let kind = Kind::StoreBackedUp {
            file: shown_name(&to.to_string_lossy(), ""),
        };
        let noted = self.append(vec![Event::by_hand(by, kind, None)]).await;
        if noted.is_err() {
            remove_with_companions(to);
        }
        Ok(noted?)
    }

    /// Puts a backup in a store's place; what was there is kept beside it as `.before-restore`.
    ///
    /// The tickets, counters and familiar sources of the backup are dropped. What is revoked,
    /// disabled or locked in the store that it replaces stays so; where that cannot be read, codes that are good once
    /// end. The audit trail says all that.
    ///
    /// # Errors
    ///
    /// The backup is damaged, its audit chain is broken, it is of a newer version or was sealed
    /// with other keys; the store is in use; an earlier `.before-restore` is in the way. Nothing
    /// was changed then.
    pub async fn restore(
        from: &Path,
        to: &Path,
        keys: &KeyFile,
        by: &ByHand,
    ) -> Result<Restored, StoreError> {
        let fresh = beside(to, ".restoring");
        let aside = beside(to, ".before-restore");
        if aside.exists() {
            return Err(StoreError::InTheWay { path: aside });
        }
        let replaced = Database::Sqlite(to.to_owned());
        let bans = carry::bans(&replaced, keys, by).await;
        let prepared = prepare((from, &fresh), keys, bans, by).await;
        let result = match prepared {
            Ok(restored) => replace(&fresh, to, &aside).await.map(|()| restored),
            Err(error) => Err(error),
        };
        if result.is_err() && !matches!(result, Err(StoreError::InTheWay { .. })) {
            remove_with_companions(&fresh);
        }
        result
    }
}

/// Copies a database into a new file that only its owner may use, durably.
async fn copy(connection: &mut Connection, to: &Path) -> Result<(), StoreError> {
    create_private(to)?;
    let target = to.to_string_lossy().into_owned();
    let copied = query("VACUUM INTO $1")
        .bind(target)
        .execute(connection)
        .await;
    let synced = match copied {
        Ok(_) => sync(to),
        Err(error) => Err(error.into()),
    };
    if synced.is_err() {
        remove_with_companions(to);
    }
    synced
}

/// Makes, beside the store, the file that will take its place.
async fn prepare(
    (from, fresh): (&Path, &Path),
    keys: &KeyFile,
    bans: (Replaced, Bans),
    by: &ByHand,
) -> Result<Restored, StoreError> {
    if !from.exists() {
        return Err(StoreError::NoBackup {
            path: from.to_owned(),
        });
    }
    let mut backup = Connection::from(options(from).read_only(true).connect().await?);
    check_integrity(&mut backup, from).await?;
    if migrate::pending(&mut backup).await? == migrate::all() {
        return Err(StoreError::Foreign);
    }
    copy(&mut backup, fresh).await?;
    backup.close().await?;

    let mut connection = Connection::from(connect(fresh).await?);
    migrate::apply(&mut connection).await?;
    check_trail(&mut connection, from, keys).await?;
    begin(&mut connection, keys).await?;
    sets::seal_first(&mut connection, keys).await?;
    connection.begin_making().await?;
    let put_back = forget_and_note(&mut connection, keys, bans, by).await?;
    connection.commit().await?;
    // Without a journal beside it, one rename puts the whole of it in place.
    query("PRAGMA journal_mode = DELETE")
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    sync(fresh)?;
    Ok(put_back.restored)
}

async fn check_integrity(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let damaged = |detail| StoreError::Damaged {
        path: path.to_owned(),
        detail,
    };
    let found = query("PRAGMA integrity_check").fetch_all(connection).await;
    let found = found.and_then(|rows| {
        let rows = rows.iter().map(|row| row.try_get("integrity_check"));
        rows.collect::<Result<Vec<String>, _>>()
    });
    let found = found.map_err(|error| damaged(error.to_string()))?;
    match found.first() {
        Some(first) if first == "ok" => Ok(()),
        first => Err(damaged(first.cloned().unwrap_or_default())),
    }
}

/// Checks the audit trail of a backup and the sets that are sealed with it, unless it is of a store that nobody ever opened.
async fn check_trail(
    backup: &mut Connection,
    path: &Path,
    keys: &KeyFile,
) -> Result<(), StoreError> {
    if !was_opened(backup).await? {
        return Ok(());
    }
    check_keys(backup, keys).await?;
    let damaged = |detail| StoreError::Damaged {
        path: path.to_owned(),
        detail,
    };
    let head = match audit::verify(backup, keys).await {
        Err(StoreError::BrokenTrail(broken)) => return Err(damaged(broken.to_string())),
        verified => verified?,
    };
    if head.sets.is_none() {
        // It is from before sets were sealed.
        return Ok(());
    }
    match sets::must_fit(backup, head).await {
        Err(WriteError::Unavailable(unfit)) => Err(damaged(unfit.to_string())),
        fits => Ok(fits?),
    }
}

/// Puts a prepared file in the store's place.
async fn replace(fresh: &Path, to: &Path, aside: &Path) -> Result<(), StoreError> {
    if to.exists() {
        match settle(to).await {
            Ok(()) => fs::hard_link(to, aside).map_err(|error| unusable(aside, error))?,
            Err(error) if health::is_busy(&error) => {
                return Err(StoreError::InUse {
                    place: to.display().to_string(),
                });
            }
            // What is in place is damaged, which may be why a backup is put back.
            Err(_) => move_aside(to, aside)?,
        }
    }
    fs::rename(fresh, to).map_err(|error| unusable(to, error))?;
    crate::sync_folder_of(to).map_err(|error| unusable(to, error))
}

/// Folds the journal of a store into its file, which works only where nobody else has it open.
pub(crate) async fn settle(path: &Path) -> Result<(), sqlx::Error> {
    // Whoever may write tidies up when it closes, and would take the journal of a damaged store
    // away; whoever may only read leaves it for those who examine it.
    let mut reading = Connection::from(options(path).read_only(true).connect().await?);
    let read = query("SELECT name FROM sqlite_master")
        .fetch_all(&mut reading)
        .await;
    reading.close().await?;
    read?;
    let alone = options(path)
        .locking_mode(SqliteLockingMode::Exclusive)
        .journal_mode(SqliteJournalMode::Delete);
    Connection::from(alone.connect().await?).close().await
}

/// Moves a damaged store aside, with all that belongs to it.
fn move_aside(to: &Path, aside: &Path) -> Result<(), StoreError> {
    for companion in COMPANIONS {
        let (from, to) = (beside(to, companion), beside(aside, companion));
        if from.exists() {
            fs::rename(&from, &to).map_err(|error| unusable(&to, error))?;
        }
    }
    fs::rename(to, aside).map_err(|error| unusable(aside, error))
}

/// Removes a file of ours that is not finished.
fn remove_with_companions(path: &Path) {
    for path in [
        path.to_owned(),
        beside(path, "-journal"),
        beside(path, "-wal"),
        beside(path, "-shm"),
    ] {
        if path.exists()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(file.path = %path.display(), failure = %error, "a file was left over");
        }
    }
}

fn sync(path: &Path) -> Result<(), StoreError> {
    fs::File::open(path)
        .and_then(|file| file.sync_all())
        .and_then(|()| crate::sync_folder_of(path))
        .map_err(|error| unusable(path, error))
}

fn unusable(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::File {
        path: path.to_owned(),
        error,
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}
