//! Whether the store and its keys can be used, as `serve` would, and without making anything.

use std::path::Path;

use rustix::fs::{Access, access};
use store::seal::KeyFile;

use super::error::{ConfigError, Place};
use super::settings::Settings;

/// Looks at the store and the key file: what is there must be usable, and where something is not there
/// yet it must be possible to make it. A gateway has none.
///
/// # Errors
///
/// `serve` would end with one of them.
pub(crate) fn store_is_usable(settings: &Settings) -> Result<(), ConfigError> {
    let Some(files) = &settings.store else {
        return Ok(());
    };
    let (store, keys) = (&files.file, &files.key_file);
    folder(store, &files.place)?;
    if store.exists() {
        let may = access(store, Access::READ_OK | Access::WRITE_OK);
        let is_file = store.is_file();
        if !is_file || may.is_err() {
            let why = may
                .err()
                .map_or("it is no file".to_owned(), |it| it.to_string());
            let message = format!("the store `{}` cannot be used: {why}", store.display());
            return Err(ConfigError::new(files.place.clone(), message));
        }
    }
    // A new key file is made only beside a new store: without its keys an old one cannot be read.
    if store.exists() || keys.exists() {
        let opened = KeyFile::open(keys).map(drop);
        return opened
            .map_err(|error| ConfigError::new(files.key_place.clone(), error.to_string()));
    }
    folder(keys, &files.key_place)
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
