//! The configuration, twice: as written ([`written`]) and as understood ([`settings`]).
//!
//! A key nobody knows, a name that leads nowhere or a file that is not there is an error with its
//! file, line and what was probably meant; `serve` and `check` read it by the same code.

mod error;
pub(crate) mod settings;
mod understand;
mod usable;
pub(crate) mod written;

use std::path::Path;

pub(crate) use error::{ConfigError, meant};
pub(crate) use settings::Settings;
pub(crate) use understand::{is_host_name, is_netbios_name, length_of, published_paths};
pub(crate) use usable::store_is_usable;

/// Reads and understands a configuration file.
///
/// # Errors
///
/// The first thing that is wrong with it, with its place.
pub(crate) fn load(file: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| ConfigError::unreadable(file, &error.to_string()))?;
    let written = written::parse(file, &text)?;
    let mut settings = understand::understand(file, &text, written)?;
    let of_the_day = understand::of_the_day(&settings.listeners, crate::clock::now());
    settings.warnings.extend(of_the_day);
    Ok(settings)
}

/// As [`load`], where the keytab need not be there yet: for what comes before the gate has an account.
///
/// # Errors
///
/// As [`load`].
pub(crate) fn load_for_keytab(file: &Path) -> Result<Settings, ConfigError> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| ConfigError::unreadable(file, &error.to_string()))?;
    let written = written::parse(file, &text)?;
    understand::understand_for_keytab(file, &text, written)
}
