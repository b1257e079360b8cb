//! `wicketgate audit`: what happened, in order, and proof that nothing was taken out.

use std::path::Path;
use std::str::FromStr;

use authn::audit::Event;
use clap::Subcommand;
use serde::Serialize;
use store::Head;

use super::{CliError, Output};
use crate::wiring::Desk;

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
    /// Check the chain of hashes from the first event to the last, and say where it ends
    Verify {
        /// The number and hash that an earlier `verify` printed, as 12:3f9a...; they must still fit
        #[arg(long)]
        noted: Option<Noted>,
    },
}

/// A head that somebody noted.
#[derive(Clone, Debug)]
pub(crate) struct Noted {
    number: i64,
    hash: String,
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
    head: String,
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
        Verb::Verify { noted } => {
            let head = desk.verify_trail().await?;
            if let Some(noted) = noted {
                compare(&desk, &noted).await?;
            }
            let sound = Sound {
                events: head.number,
                head: head.hash_text(),
            };
            output.print(&sound, |sound| {
                let Sound { events, head } = sound;
                format!(
                    "the chain is whole: {events} events\nits head is {events}:{head}\nNote that \
                     line elsewhere: `wicketgate audit verify --noted {events}:{head}` shows later \
                     whether the whole file was put back to an older state."
                )
            })
        }
    }
}

/// Compares a head that was noted with the event of its number.
async fn compare(desk: &Desk, noted: &Noted) -> Result<(), CliError> {
    let Noted { number, hash } = noted;
    let found = desk.events(*number, 1).await?;
    let found = found.first().filter(|event| event.number == *number);
    let Some(event) = found else {
        let message = format!("the audit trail ends before event {number}, which was noted");
        return Err(CliError::refused(message));
    };
    let head = Head {
        number: *number,
        hash: event.hash,
    };
    if head.hash_text() != *hash {
        let message = format!("event {number} of the audit trail is not the one that was noted");
        return Err(CliError::refused(message));
    }
    Ok(())
}

impl FromStr for Noted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let noted = text.split_once(':').and_then(|(number, hash)| {
            let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
            let number = number.parse().ok().filter(|number| *number > 0);
            number.filter(|_| is_hash).map(|number| Self {
                number,
                hash: hash.to_ascii_lowercase(),
            })
        });
        noted.ok_or_else(|| "expected NUMBER:HASH, as `audit verify` prints it".to_owned())
    }
}

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
