//! `wicketgate audit`: what happened, in order, and proof that nothing was taken out.

use std::path::Path;

use authn::audit::Event;
use clap::Subcommand;
use serde::Serialize;

use super::{CliError, Output};
use crate::wiring::Desk;

/// How many events are read at a time.
const PAGE: u32 = 1_000;

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List events, oldest first
    List {
        /// The number of the first event
        #[arg(long, default_value_t = 1)]
        from: i64,
        /// How many events
        #[arg(long, default_value_t = 100)]
        count: u32,
    },
    /// Check the chain of hashes from the first event to the last
    Verify,
}

#[derive(Serialize)]
struct Line {
    number: i64,
    #[serde(flatten)]
    event: Event,
}

#[derive(Serialize)]
struct Sound {
    events: i64,
}

/// Does it.
///
/// # Errors
///
/// The chain is broken (exit status 1), or the store is unavailable.
pub(crate) async fn run(config: &Path, verb: Verb, output: &Output) -> Result<(), CliError> {
    let desk = Desk::open(config).await?;
    match verb {
        Verb::List { from, count } => {
            let events = desk.events(from, count).await?.into_iter();
            let lines: Vec<Line> = events
                .map(|it| Line {
                    number: it.number,
                    event: it.event,
                })
                .collect();
            output.list(&lines, "there are no events", line)
        }
        Verb::Verify => {
            let sound = Sound {
                events: verify(&desk).await?,
            };
            output.print(&sound, |sound| {
                format!("the chain is whole: {} events", sound.events)
            })
        }
    }
}

async fn verify(desk: &Desk) -> Result<i64, CliError> {
    let mut chain = authn::audit::Chain::default();
    loop {
        let page = desk.events(chain.length() + 1, PAGE).await?;
        if page.is_empty() {
            return Ok(chain.length());
        }
        for event in &page {
            chain
                .extend(event)
                .map_err(|broken| CliError::refused(broken.to_string()))?;
        }
    }
}

fn line(line: &Line) -> String {
    let event = &line.event;
    let kind = serde_json::to_string(&event.kind).unwrap_or_default();
    let account = event.account.as_ref().map_or("-", |id| &id.0);
    let source = event
        .source
        .map_or("-".to_owned(), |source| source.to_string());
    format!("{}  {}  {account}  {source}  {kind}", line.number, event.at)
}
