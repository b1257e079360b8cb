//! `wicketgate user pin`: what somebody types before a one-time code where a client has nothing but NTLM; set and taken away,
//! and never shown.

use clap::Subcommand;
use proto::secret::Secret;
use serde::Serialize;

use super::{CliError, Output, hidden};
use crate::wiring::Desk;

/// What can be done with a PIN.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Set the PIN of an account, typed twice or read from standard input
    #[command(
        after_help = "Examples:\n  wicketgate user pin set anna@contoso.com\n  \
        wicketgate user pin set anna@contoso.com < pin.txt\n\nIt counts only where [ntlm] says `pin = true` and a rule of the \
        policy takes \"ntlm-pin + one-time-code\"; the guide says why that is off."
    )]
    Set {
        /// Any name of the account
        name: String,
    },
    /// Remove the PIN of an account; whoever is signed in by it is put out
    #[command(after_help = "Example:\n  wicketgate user pin remove anna@contoso.com")]
    Remove {
        /// Any name of the account
        name: String,
    },
}

#[derive(Serialize)]
struct Changed {
    account: String,
    pin: &'static str,
}

/// Does it.
///
/// # Errors
///
/// The name leads nowhere, the PIN may not be chosen, PINs are off, or the store is unavailable.
pub(super) async fn run(desk: &Desk, verb: Verb, output: &Output) -> Result<(), CliError> {
    match verb {
        Verb::Set { name } => {
            desk.set_pin(&name, &typed()?).await?;
            said(name, "set", output)
        }
        Verb::Remove { name } => {
            desk.remove_pin(&name).await?;
            said(name, "removed", output)
        }
    }
}

/// The PIN: twice where somebody types it, as nobody sees it.
fn typed() -> Result<Secret<String>, CliError> {
    let typed = hidden::password("the PIN")?;
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        let again = hidden::password("the same again")?;
        if typed.expose() != again.expose() {
            return Err(CliError::usage(
                "the two PINs are not the same; nothing was changed",
            ));
        }
    }
    Ok(typed)
}

fn said(account: String, pin: &'static str, output: &Output) -> Result<(), CliError> {
    let changed = Changed { account, pin };
    output.print(&changed, |changed| {
        format!("the PIN of {} is {}", changed.account, changed.pin)
    })
}
