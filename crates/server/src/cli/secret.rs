//! `wicketgate secret`: what people know by heart; it is set and taken away, and never shown.

use std::path::Path;

use clap::Subcommand;
use proto::secret::Secret;
use serde::Serialize;

use super::user::Invited;
use super::{CliError, Output, hidden};
use crate::wiring::Desk;

/// What can be done with memorised secrets.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Set the memorised secret of an account, typed twice or read from standard input
    #[command(after_help = "Examples:\n  wicketgate secret set anna@contoso.com\n  \
        wicketgate secret set anna@contoso.com < secret.txt\n\nBetter is that nobody but its owner ever knows it: \
        wicketgate user invite anna@contoso.com")]
    Set {
        /// Any name of the account
        name: String,
    },
    /// Remove the secret of an account that its owner forgot, and print an invitation to choose another
    #[command(after_help = "Example:\n  wicketgate secret reset anna@contoso.com")]
    Reset {
        /// Any name of the account
        name: String,
    },
    /// Remove the secret of an account; whoever is signed in by it is put out
    #[command(after_help = "Example:\n  wicketgate secret remove anna@contoso.com")]
    Remove {
        /// Any name of the account
        name: String,
    },
}

#[derive(Serialize)]
struct Changed {
    account: String,
    secret: &'static str,
}

/// Does it.
///
/// # Errors
///
/// The name leads nowhere, the secret may not be chosen, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::Set { name } => {
            let typed = typed()?;
            desk.set_secret(&name, &typed).await?;
            said(name, "set", output)
        }
        Verb::Reset { name } => {
            desk.remove_secret(&name).await?;
            let (link, ends) = desk.invite(&name, authn::session::INVITATION).await?;
            Invited::new(name, link, ends).say(output)
        }
        Verb::Remove { name } => {
            desk.remove_secret(&name).await?;
            said(name, "removed", output)
        }
    }
}

/// The secret: twice where somebody types it, as nobody sees it.
fn typed() -> Result<Secret<String>, CliError> {
    let typed = hidden::password("the secret")?;
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        let again = hidden::password("the same again")?;
        if typed.expose() != again.expose() {
            return Err(CliError::usage(
                "the two secrets are not the same; nothing was changed",
            ));
        }
    }
    Ok(typed)
}

fn said(account: String, secret: &'static str, output: &Output) -> Result<(), CliError> {
    let changed = Changed { account, secret };
    output.print(&changed, |changed| {
        format!(
            "the memorised secret of {} is {}",
            changed.account, changed.secret
        )
    })
}
