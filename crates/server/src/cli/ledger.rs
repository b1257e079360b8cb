//! `wicketgate ledger`: whether we issued a token, by its id or by the token itself.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde::Serialize;
use sts::ledger::{Judged, LedgerEntry, Presented, TokenId};

use super::{CliError, Output};
use crate::wiring::Desk;

const FINDING: &str = "\
Examples:
  wicketgate ledger find _4c1b8c5e-8a0e-4f0f-9d0b-1f6f4a3f2a11
  wicketgate ledger find --token wresult.xml

An id is what a token calls itself (AssertionID, ID). With --token the signature is checked too: a token that a key of
ours signed and that is not in the ledger was forged by whoever has a copy of the key. That is audited, and `wicketgate
key roll --urgent` is what to do then. Exit status 1 where we did not issue it.";

/// What can be asked of the ledger.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say whether we issued a token, to whom, about whom and when
    #[command(after_help = FINDING)]
    Find {
        /// The id of the token
        #[arg(required_unless_present = "token", conflicts_with = "token")]
        id: Option<String>,
        /// A file with the token, or with the message that it came in
        #[arg(long, value_name = "FILE")]
        token: Option<PathBuf>,
    },
}

/// Does it.
///
/// # Errors
///
/// We did not issue it, the file is no token, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let Verb::Find { id, token } = verb;
    let desk = Desk::open(config).await?;
    match (id, token) {
        (_, Some(file)) => by_token(&desk, &file, output).await,
        (id, None) => by_id(&desk, &id.unwrap_or_default(), output).await,
    }
}

/// What is printed.
#[derive(Serialize)]
struct Printed {
    issued: bool,
    token: String,
    relying_party: String,
    account: Option<String>,
    activity: String,
    key: String,
    issued_at: String,
    expires: String,
}

async fn by_id(desk: &Desk, id: &str, output: &Output) -> Result<(), CliError> {
    match desk.issued(&TokenId(id.to_owned())).await? {
        Some(entry) => print(&entry, output),
        None => Err(CliError::refused(format!("we issued no token `{id}`"))),
    }
}

async fn by_token(desk: &Desk, file: &Path, output: &Output) -> Result<(), CliError> {
    let name = file.display();
    let text = super::trust::form::text(file)?;
    let ring = desk.key_ring().await?;
    let presented = Presented::read(&text, ring.as_ref());
    let presented = presented.map_err(|error| CliError::refused(format!("`{name}`: {error}")))?;
    let token = &presented.token.0;
    match desk.judge(&presented).await? {
        Judged::Issued(entry) => print(&entry, output),
        Judged::Forged { key } => Err(CliError::refused(format!(
            "`{name}`: FORGED: the key `{}` of ours signed the token `{token}`, and we did not issue it; somebody has a \
             copy of the key",
            key.0
        ))
        .with_hint("`wicketgate key roll --urgent` takes it out of use at once")),
        Judged::NotOurs => Err(CliError::refused(format!(
            "`{name}`: no key of ours signed the token `{token}` as it stands"
        ))),
    }
}

fn print(entry: &LedgerEntry, output: &Output) -> Result<(), CliError> {
    let printed = Printed {
        issued: true,
        token: entry.token.0.clone(),
        relying_party: entry.relying_party.to_string(),
        account: entry.account.as_ref().map(|it| it.0.clone()),
        activity: entry.activity.0.clone(),
        key: entry.key.0.clone(),
        issued_at: entry.issued.to_string(),
        expires: entry.expires.to_string(),
    };
    output.print(&printed, |it| {
        let about = it
            .account
            .as_deref()
            .unwrap_or("somebody of another provider");
        format!(
            "we issued {} at {}, to {}, about {about}; it is good until {} (key {}, request {})",
            it.token, it.issued_at, it.relying_party, it.expires, it.key, it.activity
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::gate::Gate;

    fn asked(id: Option<&str>, token: Option<PathBuf>) -> Verb {
        let id = id.map(str::to_owned);
        Verb::Find { id, token }
    }

    #[tokio::test]
    async fn what_we_did_not_issue_is_refused_by_its_id_and_by_itself() {
        let gate = Gate::new().await;
        let output = Output::new(true);
        let unknown = run(&gate.config(), asked(Some("_1"), None), &output).await;
        assert_eq!(unknown, Err(CliError::refused("we issued no token `_1`")));
        let file = gate.folder().join("token.xml");
        let unsigned =
            "<Assertion xmlns=\"urn:oasis:names:tc:SAML:1.0:assertion\" AssertionID=\"_1\"/>";
        for (text, words) in [
            (unsigned, "no key of ours signed the token `_1`"),
            ("<a/>", "not exactly one SAML assertion"),
        ] {
            std::fs::write(&file, text).unwrap();
            let said = run(&gate.config(), asked(None, Some(file.clone())), &output).await;
            assert!(
                matches!(&said, Err(CliError::Refused(it)) if it.contains(words)),
                "{said:?}"
            );
        }
    }
}
