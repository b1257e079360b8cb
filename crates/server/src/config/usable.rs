//! Whether the store and its keys can be used, as `serve` would, and without making anything.

use std::path::Path;

use rustix::fs::{Access, access};
use store::Database;
use store::seal::KeyFile;

use super::error::{ConfigError, Place};
use super::settings::{Settings, StoreSettings};

/// Looks at the store and the key file: what is there must be usable, and where something is not there
/// yet it must be possible to make it. A gateway has none.
///
/// # Errors
///
/// `serve` would end with one of them.
pub(crate) fn store_is_usable(settings: &Settings) -> Result<(), ConfigError> {
    let Some(stored) = &settings.store else {
        return Ok(());
    };
    let keys = &stored.key_file;
    let store = match &stored.database {
        Database::Sqlite(store) => store,
        // What a server has shows when it is asked.
        Database::Postgres(_) if keys.exists() => return keys_are_usable(stored),
        Database::Postgres(_) => return folder(keys, &stored.key_place),
    };
    folder(store, &stored.place)?;
    if store.exists() {
        let may = access(store, Access::READ_OK | Access::WRITE_OK);
        let is_file = store.is_file();
        if !is_file || may.is_err() {
            let why = may
                .err()
                .map_or("it is no file".to_owned(), |it| it.to_string());
            let message = format!("the store `{}` cannot be used: {why}", store.display());
            return Err(ConfigError::new(stored.place.clone(), message));
        }
    }
    // A new key file is made only beside a new store: without its keys an old one cannot be read.
    if store.exists() || keys.exists() {
        return keys_are_usable(stored);
    }
    folder(keys, &stored.key_place)
}

fn keys_are_usable(stored: &StoreSettings) -> Result<(), ConfigError> {
    let opened = KeyFile::open(&stored.key_file).map(drop);
    opened.map_err(|error| ConfigError::new(stored.key_place.clone(), error.to_string()))
}

fn folder(file: &Path, place: &Place) -> Result<(), ConfigError> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let folder = folder.unwrap_or_else(|| Path::new("."));
    let wrong = |why: String| {
        let message = format!(
            "the folder `{}` cannot be used: {why}; make it, writable for the user that serves",
            folder.display()
        );
        ConfigError::new(place.clone(), message)
    };
    if !folder.is_dir() {
        return Err(wrong("there is no such folder".to_owned()));
    }
    // SQLite keeps its journal beside its file.
    access(folder, Access::WRITE_OK | Access::EXEC_OK).map_err(|error| wrong(error.to_string()))
}
