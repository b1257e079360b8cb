//! `wicketgate audit`: what happened, in order, and proof that nothing was taken out.

mod export;
mod list;
mod prune;
mod tail;
mod verify;
mod wanted;
mod when;

use std::path::Path;

use authn::audit::Event;
use authn::ports::ChainedEvent;
use clap::Subcommand;
use serde::Serialize;

use super::{CliError, Output};
use crate::wiring::Desk;

/// How many events are read at a time.
const PAGE: u32 = 1_024;

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List events, oldest first: the newest 100, unless told otherwise
    List(list::Wanted),
    /// Follow the trail: print events as they come, until told to stop
    #[command(after_help = tail::EXAMPLES)]
    Tail(tail::Arguments),
    /// Check the chain of hashes from the first event that is kept to the last, and say where it ends
    #[command(after_help = verify::EXAMPLES)]
    Verify(verify::Arguments),
    /// Write events as lines of JSON that can be checked alone
    #[command(after_help = export::EXAMPLES)]
    Export(export::Arguments),
    /// Remove old events; the chain still verifies from there on
    #[command(after_help = prune::EXAMPLES)]
    Prune(prune::Arguments),
}

/// An event as it is printed.
#[derive(Serialize)]
struct Line {
    number: i64,
    #[serde(flatten)]
    event: Event,
}

/// Does it.
///
/// # Errors
///
/// The chain is broken (exit status 1), or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let verb = match verb {
        Verb::Verify(verify) if verify.is_of_a_file() => return verify::of_a_file(&verify, output),
        verb => verb,
    };
    let desk = Desk::open(config).await?;
    let done = match verb {
        Verb::List(wanted) => list::run(&desk, &wanted, output).await,
        Verb::Tail(arguments) => tail::run(&desk, &arguments, output).await,
        Verb::Verify(arguments) => verify::run(&desk, &arguments, output).await,
        Verb::Export(arguments) => export::run(&desk, &arguments, output).await,
        Verb::Prune(arguments) => prune::run(&desk, &arguments, output).await,
    };
    match done {
        // Who had enough of a trail is no error of it.
        Err(CliError::NobodyReads) => Ok(()),
        done => done,
    }
}

impl Line {
    fn of(chained: ChainedEvent) -> Self {
        Self {
            number: chained.number,
            event: chained.event,
        }
    }
}

/// An event in one line of text.
fn line(line: &Line) -> String {
    let event = &line.event;
    let kind = serde_json::to_string(&event.kind).unwrap_or_default();
    let account = event.account.as_ref().map_or("-", |id| &id.0);
    let source = event
        .source
        .map_or("-".to_owned(), |source| source.to_string());
    let by = match &event.actor {
        Some(actor) => format!("by {}", actor.as_str()),
        None => format!("from {source}"),
    };
    format!("{}  {}  {account}  {by}  {kind}", line.number, event.at)
}
