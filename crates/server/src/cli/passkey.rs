//! `wicketgate passkey`: passkeys, which their owners add on the portal and an administrator can only take away.

use std::path::Path;

use authn::credential::passkey::Passkey;
use clap::Subcommand;

use super::{CliError, Output};
use crate::wiring::Desk;

/// What can be done with passkeys.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the passkeys of an account
    #[command(after_help = "Example:\n  wicketgate passkey list anna@contoso.com")]
    List {
        /// Any name of the account
        name: String,
    },
    /// Remove a passkey whose device was lost; whoever is signed in by it is put out
    #[command(after_help = "Example:\n  wicketgate passkey remove anna@contoso.com \
        1f0c8a3e-62b4-4a57-9b1e-0d5f0a7c2e11")]
    Remove {
        /// Any name of the account
        name: String,
        /// The id that `list` shows
        id: String,
    },
}

/// Does it.
///
/// # Errors
///
/// The name leads nowhere, there is no such passkey, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::List { name } => {
            let passkeys = desk.passkeys(&name).await?;
            output.list(&passkeys, "there are no passkeys", line)
        }
        Verb::Remove { name, id } => {
            let removed = desk.remove_passkey(&name, &id).await?;
            output.print(&removed, |removed| format!("removed {}", line(removed)))
        }
    }
}

fn line(passkey: &Passkey) -> String {
    let used = passkey.last_used;
    let used = used.map_or("never used".to_owned(), |at| format!("last used {at}"));
    format!(
        "{} {} (added {}, {used})",
        passkey.id.0, passkey.label, passkey.created
    )
}
