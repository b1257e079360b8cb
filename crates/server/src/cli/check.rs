//! `wicketgate check`: reads a configuration as `serve` would, and changes nothing.

use std::path::Path;

use serde::Serialize;

use super::{CliError, Output};
use crate::config::Settings;
use crate::config::settings::Role;
use crate::{config, wiring};

#[derive(Serialize)]
struct Checked {
    config: String,
    role: &'static str,
    hosts: Vec<String>,
    routes: usize,
    listeners: Vec<String>,
    warnings: Vec<String>,
}

/// Reads a configuration, its certificates and keys, and looks whether the store can be used.
///
/// # Errors
///
/// The first thing that is wrong.
pub(super) fn checked(file: &Path) -> Result<Settings, CliError> {
    let settings = config::load(file)?;
    wiring::check(&settings)?;
    config::store_is_usable(&settings)?;
    Ok(settings)
}

/// As [`checked`], where the keytab need not be there yet.
///
/// # Errors
///
/// As [`checked`].
pub(super) fn checked_for_keytab(file: &Path) -> Result<Settings, CliError> {
    let settings = config::load_for_keytab(file)?;
    wiring::check(&settings)?;
    config::store_is_usable(&settings)?;
    Ok(settings)
}

/// Checks the configuration, its certificates and keys, and whether the store can be used.
///
/// # Errors
///
/// The first thing that is wrong.
pub(crate) fn run(file: &Path, output: &Output) -> Result<(), CliError> {
    let settings = checked(file)?;
    let hosts = &settings.publication.hosts;
    let checked = Checked {
        config: file.display().to_string(),
        role: match &settings.role {
            Role::All => "all",
            Role::Gateway(_) => "gateway",
            Role::Authn(_) => "authn",
        },
        hosts: hosts.keys().cloned().collect(),
        routes: hosts.values().map(|host| host.routes.len()).sum(),
        listeners: match &settings.role {
            Role::Authn(answering) => vec![answering.address.to_string()],
            Role::All | Role::Gateway(_) => {
                let listeners = settings.listeners.iter();
                listeners.map(|it| it.address.to_string()).collect()
            }
        },
        warnings: settings.warnings,
    };
    output.print(&checked, |checked| {
        let of_role = match checked.role {
            "authn" => format!(
                "an authentication server for gateways on {}",
                checked.listeners.join(", ")
            ),
            role => format!(
                "{}{} on {}, {} routes",
                if role == "gateway" {
                    "a gateway for "
                } else {
                    ""
                },
                checked.hosts.join(", "),
                checked.listeners.join(", "),
                checked.routes
            ),
        };
        let warnings = checked.warnings.iter().map(|it| format!("\nwarning: {it}"));
        format!(
            "{} is right: {of_role}{}",
            checked.config,
            warnings.collect::<String>()
        )
    })
}
