//! `wicketgate sent`: what became of messages, without what they said.

use std::path::Path;

use authn::credential::sent_code::{MessageRecord, MessageState};
use clap::Subcommand;
use serde::Serialize;

use super::{CliError, Output};
use crate::wiring::Desk;

/// What can be asked about messages.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List the latest messages, the last first; kept for 90 days
    #[command(
        after_help = "Examples:\n  wicketgate sent list\n  wicketgate sent list anna@contoso.com --count 5"
    )]
    List {
        /// Any name of an account
        name: Option<String>,
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
    },
}

/// A message, as it is shown.
#[derive(Serialize)]
struct Shown {
    user: String,
    #[serde(flatten)]
    record: MessageRecord,
}

/// Does it.
///
/// # Errors
///
/// The name leads nowhere, or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    let Verb::List { name, count } = verb;
    let records = desk.messages(name.as_deref(), count).await?;
    let owners = desk.owners().await?;
    let shown = records.into_iter().map(|record| Shown {
        user: owners.get(&record.account).cloned().unwrap_or_default(),
        record,
    });
    let shown: Vec<Shown> = shown.collect();
    output.list(&shown, "no message was sent", line)
}

fn line(shown: &Shown) -> String {
    let Shown { user, record } = shown;
    let state = match record.state {
        MessageState::Queued => "waits",
        MessageState::Sending => "is being sent",
        MessageState::Sent => "sent",
        MessageState::Failed => "NOT SENT",
    };
    let by = record.provider.as_ref().map(|it| format!(" by {it}"));
    let said = record.said.as_ref().map(|it| format!(" ({it})"));
    format!(
        "{}  {user}  {} {}  {state}{}{}",
        record.queued,
        record.carrier,
        record.to,
        by.unwrap_or_default(),
        said.unwrap_or_default()
    )
}
