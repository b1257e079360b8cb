//! `wicketgate audit`: what happened, in order, and proof that nothing was taken out.

use std::path::Path;
use std::str::FromStr;

use authn::audit::Event;
use authn::ports::ChainedEvent;
use clap::Subcommand;
use serde::Serialize;
use store::Head;

use super::{CliError, Output};
use crate::wiring::Desk;

/// How many of the newest events are listed where nothing else is asked for.
const NEWEST: u32 = 100;

/// How many events are read at a time.
const PAGE: u32 = 1_024;

/// What can be done with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// List events, oldest first: the newest 100, unless told otherwise
    List(Wanted),
    /// Check the chain of hashes from the first event to the last, and say where it ends
    Verify {
        /// The number and hash that an earlier `verify` printed, as 12:3f9a...; they must still fit
        #[arg(long)]
        noted: Option<Noted>,
    },
}

/// Which events are listed.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// List every event there is
    #[arg(long, conflicts_with_all = ["from", "count"])]
    all: bool,
    /// List from the event of this number on
    #[arg(long)]
    from: Option<i64>,
    /// How many events: of the newest, or from the number on
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
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
        Verb::List(wanted) => list(&desk, &wanted, output).await,
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

/// Lists what is wanted, page after page, and says what it leaves out.
async fn list(desk: &Desk, wanted: &Wanted, output: &Output) -> Result<(), CliError> {
    let (first, count) = match (wanted.all, wanted.from) {
        (true, _) => (1, None),
        (false, Some(from)) => (from, wanted.count),
        (false, None) => (newest(desk, wanted.count, output).await?, None),
    };
    let mut next = first;
    let mut left = count.unwrap_or(u32::MAX);
    loop {
        let asked = left.min(PAGE);
        let events = desk.events(next, asked).await?;
        let found = u32::try_from(events.len()).unwrap_or(u32::MAX);
        let last = events.last().map(|event| event.number);
        let lines: Vec<Line> = events.into_iter().map(Line::of).collect();
        if !lines.is_empty() || next == first {
            output.list(&lines, "there are no events", line)?;
        }
        if count.is_some() {
            left = left.saturating_sub(found);
        }
        match last {
            Some(last) if found == asked && left > 0 => next = last.saturating_add(1),
            _ => return Ok(()),
        }
    }
}

/// The number of the first of the newest events; says where there are older ones.
async fn newest(desk: &Desk, count: Option<u32>, output: &Output) -> Result<i64, CliError> {
    let count = count.unwrap_or(NEWEST);
    let events = desk.trail_end().await?.number;
    let older = events.saturating_sub(count.into());
    if older > 0 {
        output.remark(&format!(
            "the newest {count} of {events} events; `--all` lists every one, `--from N` those from \
             number N on"
        ));
    }
    Ok(older.max(0).saturating_add(1))
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
    let head = Head::at(*number, event.hash);
    if head.hash_text() != *hash {
        let message = format!("event {number} of the audit trail is not the one that was noted");
        return Err(CliError::refused(message));
    }
    Ok(())
}

impl Line {
    fn of(chained: ChainedEvent) -> Self {
        Self {
            number: chained.number,
            event: chained.event,
        }
    }
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
