//! What the command line does with the key file: its keys are rotated while gates run.

use store::seal::{KeyFile, Stands};
use store::{KeyUse, Resealed};

use super::keeping;
use crate::cli::CliError;
use crate::clock;
use crate::config::Settings;
use crate::operator::by_hand;

/// What each key of the file seals.
///
/// # Errors
///
/// The store cannot be opened.
pub(crate) async fn uses(settings: &Settings) -> Result<Vec<KeyUse>, CliError> {
    let store = keeping::open(settings).await?;
    let uses = store.sealed_by().await?;
    store.close().await;
    Ok(uses)
}

/// Adds a key; gives its id.
///
/// # Errors
///
/// The file cannot be read or written.
pub(crate) fn add(settings: &Settings, stands: Stands) -> Result<String, CliError> {
    let added = KeyFile::add(&settings.store()?.key_file, clock::random()?, stands);
    added.map_err(keeping::of_keys)
}

/// Lets a key seal.
///
/// # Errors
///
/// There is no such key, or the file cannot be read or written.
pub(crate) fn promote(settings: &Settings, id: &str) -> Result<(), CliError> {
    KeyFile::promote(&settings.store()?.key_file, id).map_err(keeping::of_keys)
}

/// Seals by the first key what others seal.
///
/// # Errors
///
/// The store is unavailable.
pub(crate) async fn reseal(
    settings: &Settings,
    told: impl Fn(&str, i64),
) -> Result<Resealed, CliError> {
    let store = keeping::open(settings).await?;
    let resealed = store.reseal(&by_hand(), told).await?;
    store.close().await;
    Ok(resealed)
}

/// Takes a key out that seals nothing.
///
/// # Errors
///
/// It seals something, there is no such key, or a file or the store is unavailable.
pub(crate) async fn remove(settings: &Settings, id: &str) -> Result<(), CliError> {
    let uses = uses(settings).await?;
    let used = uses.iter().find(|it| it.key.as_deref() == Some(id));
    let Some(used) = used else {
        return Err(CliError::refused(format!("the key file has no key `{id}`")));
    };
    let count: i64 = used.seals.values().sum();
    if count > 0 || uses.first() == Some(used) {
        return Err(CliError::refused(format!(
            "`{id}` seals {count} values, or is the key that seals: let another be first, then run `wicketgate key-file \
             reseal`"
        )));
    }
    KeyFile::remove(&settings.store()?.key_file, id).map_err(keeping::of_keys)
}
