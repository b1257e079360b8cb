//! The store's two files: who may make them, and what is said where one of them is not there.
//!
//! INVARIANT: no verb makes a store by the way. A mistyped path would otherwise be a new, empty
//! store in which everything looks well; only `db migrate`, the demo, the first start of `serve` and `ad join`, which
//! comes before it, make one. Start at [`open`].

use std::io::ErrorKind;
use std::path::Path;

use authn::audit::{Event, Kind};
use authn::ports::Audit;
use store::seal::{KeyFile, KeyFileError};
use store::{Copied, Database, Doing, PutBack, Restored, Store, StoreError};

use crate::cli::CliError;
use crate::clock;
use crate::config::Settings;
use crate::operator::by_hand;

/// Opens the store for one command; it must be there.
///
/// # Errors
///
/// There is none, its keys are not there, or it cannot be opened.
pub(crate) async fn open(settings: &Settings) -> Result<Store, CliError> {
    must_be_there(settings)?;
    let keys = open_keys(settings)?;
    let opened = Store::open_by_hand(settings.store()?.database.clone(), keys).await;
    opened.map_err(of_store)
}

/// The same to serve: whoever asks a gate waits no longer than two seconds.
async fn open_to_serve(settings: &Settings) -> Result<Store, CliError> {
    must_be_there(settings)?;
    let keys = open_keys(settings)?;
    let opened = Store::open_in(settings.store()?.database.clone(), keys).await;
    opened.map_err(of_store)
}

/// Opens the store; at the very first start, when neither of its files is there, it is made.
///
/// # Errors
///
/// Its keys are there and it is not, or as [`open`].
pub(crate) async fn open_or_begin(settings: &Settings) -> Result<Store, CliError> {
    let stored = settings.store()?;
    if !is_begun(&stored.database).await? {
        if is_there(&stored.key_file)? {
            let message = format!(
                "there is no store at `{}`, but its key file `{}` is there: put a backup back with \
                 `wicketgate db restore`, or begin anew with `wicketgate db migrate`",
                stored.database,
                stored.key_file.display()
            );
            return Err(CliError::usage(message));
        }
        migrate(settings).await?;
    }
    open_to_serve(settings).await
}

/// What the store still lacks; all of it where there is no store.
///
/// # Errors
///
/// The store cannot be opened.
pub(crate) async fn pending_migrations(settings: &Settings) -> Result<Vec<String>, CliError> {
    let pending = Store::pending_in(&settings.store()?.database).await;
    pending.map_err(of_store)
}

/// Brings the store up to this program's version; makes it and its keys where there is none.
///
/// # Errors
///
/// The store is newer than the program, its keys are not there, or it cannot be written.
pub(crate) async fn migrate(settings: &Settings) -> Result<(), CliError> {
    let stored = settings.store()?;
    if is_there(&stored.key_file)? || is_begun(&stored.database).await? {
        open_keys(settings)?;
    } else {
        KeyFile::create(&stored.key_file, clock::random()?).map_err(of_keys)?;
    }
    let steps = pending_migrations(settings).await?;
    let migrated = Store::migrate_in(&stored.database).await;
    migrated.map_err(of_store)?;
    if steps.is_empty() {
        return Ok(());
    }
    let store = open(settings).await?;
    let event = Event::by_hand(&by_hand(), Kind::StoreMigrated { steps }, None);
    store.append(vec![event]).await?;
    store.close().await;
    Ok(())
}

/// Copies the store while it is used.
///
/// # Errors
///
/// The file is there already, or cannot be written.
pub(crate) async fn backup(settings: &Settings, to: &Path) -> Result<(), CliError> {
    let store = open(settings).await?;
    store.backup(to, &by_hand()).await.map_err(of_store)
}

/// Puts a backup in the store's place.
///
/// # Errors
///
/// The backup is not there or damaged, its chain is broken, or it is of a newer version.
pub(crate) async fn restore(settings: &Settings, from: &Path) -> Result<Restored, CliError> {
    let keys = open_keys(settings)?;
    let Database::Sqlite(file) = &settings.store()?.database else {
        let instead = "`pg_restore` puts it back; then run, before a gate is started: wicketgate db after-restore";
        return Err(of_store(StoreError::OnAServer { instead }));
    };
    Store::restore(from, file, &keys, &by_hand())
        .await
        .map_err(of_store)
}

/// Takes out of a database that was put back by a server's own means what must not come back to life.
///
/// # Errors
///
/// A gate uses it, it is damaged or of another version, or the one before cannot be read.
pub(crate) async fn after_restore(
    settings: &Settings,
    before: Option<&Database>,
    doing: Doing,
) -> Result<PutBack, CliError> {
    let keys = open_keys(settings)?;
    let database = &settings.store()?.database;
    Store::after_restore((database, before), &keys, &by_hand(), doing)
        .await
        .map_err(of_store)
}

/// Copies everything from one database to another, under the keys of the configuration.
///
/// # Errors
///
/// One is in use or of another version, or something is where the copy would go.
pub(crate) async fn copy(
    settings: &Settings,
    (from, to): (&Database, &Database),
) -> Result<Copied, CliError> {
    let keys = open_keys(settings)?;
    Store::copy((from, to), &keys, &by_hand())
        .await
        .map_err(of_store)
}

/// Refuses where there is no store.
///
/// # Errors
///
/// There is none; the sentence says what makes one.
pub(crate) fn must_be_there(settings: &Settings) -> Result<(), CliError> {
    let Database::Sqlite(file) = &settings.store()?.database else {
        // A server says itself what its database lacks.
        return Ok(());
    };
    if is_there(file)? {
        return Ok(());
    }
    let file = file.display();
    let message = format!("there is no store at `{file}`; `wicketgate db migrate` makes one");
    Err(CliError::usage(message))
}

/// How an error of the store ends a verb.
pub(super) fn of_store(error: StoreError) -> CliError {
    let sentence = error.to_string();
    match error {
        StoreError::Missing { .. } | StoreError::NoBackup { .. } => CliError::usage(sentence),
        StoreError::Pending { .. }
        | StoreError::Newer { .. }
        | StoreError::Altered { .. }
        | StoreError::Foreign
        | StoreError::InTheWay { .. }
        | StoreError::InUse { .. }
        | StoreError::Damaged { .. }
        | StoreError::NotEmpty { .. }
        | StoreError::Unlike
        | StoreError::NotWhatCameAfter
        | StoreError::Incomplete { .. }
        | StoreError::BrokenTrail(_) => CliError::refused(sentence),
        StoreError::OnAServer { .. } => CliError::usage(sentence),
        StoreError::Keys(error) => of_keys(error),
        StoreError::File { .. } | StoreError::Database(_) | StoreError::Unavailable(_) => {
            CliError::unavailable(sentence)
        }
    }
}

/// How an error of the key file ends a verb.
pub(super) fn of_keys(error: KeyFileError) -> CliError {
    let sentence = error.to_string();
    match error {
        KeyFileError::Exposed { .. }
        | KeyFileError::Malformed { .. }
        | KeyFileError::Another { .. } => CliError::usage(sentence),
        KeyFileError::Unusable { error, .. } => match error.kind() {
            ErrorKind::NotFound => CliError::usage(sentence),
            _ => CliError::unavailable(sentence),
        },
    }
}

/// Opens the key file.
///
/// # Errors
///
/// It is not there, others may read it, or it is malformed.
pub(super) fn open_keys(settings: &Settings) -> Result<KeyFile, CliError> {
    KeyFile::open(&settings.store()?.key_file).map_err(of_keys)
}

/// Whether anybody ever made this store.
async fn is_begun(database: &Database) -> Result<bool, CliError> {
    match database {
        Database::Sqlite(file) => is_there(file),
        Database::Postgres(_) => {
            let pending = Store::pending_in(database).await.map_err(of_store)?;
            Ok(pending != Store::all_migrations())
        }
    }
}

fn is_there(path: &Path) -> Result<bool, CliError> {
    path.try_exists()
        .map_err(|error| CliError::unavailable(format!("`{}`: {error}", path.display())))
}
