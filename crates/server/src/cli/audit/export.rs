//! `wicketgate audit export`: a part of the trail as lines of JSON, with its hashes and a seal.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use authn::audit::Chain;
use authn::audit::export::{self, Place};
use jiff::Timestamp;
use serde::Serialize;
use store::Head;

use super::PAGE;
use super::when::when;
use crate::cli::{CliError, Output, of_standard_output};
use crate::wiring::Desk;

pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate audit export --out audit.jsonl                        all that is kept
  wicketgate audit export --since 2026-10-01 --until 2026-11-01 --out october.jsonl
  wicketgate audit export --from 1200 --to 1300 | jq -c .event
  wicketgate audit verify --file october.jsonl --key-file /etc/wicketgate/keys

Each event has the hash of the one before and its own; the last line is sealed with the store's key. The chain is checked
first, and a broken one is not exported.";

/// What is exported: all that is kept where nothing is said.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// From the event of this number on
    #[arg(long, value_name = "NUMBER", conflicts_with = "since")]
    from: Option<i64>,
    /// Up to the event of this number
    #[arg(long, value_name = "NUMBER", conflicts_with = "until")]
    to: Option<i64>,
    /// From the first event on that happened since this time: 2026-11-30T08:00:00Z, 2026-11-30, '400 days'
    #[arg(long, value_name = "WHEN", value_parser = when)]
    since: Option<Timestamp>,
    /// Up to the last event that happened before this time
    #[arg(long, value_name = "WHEN", value_parser = when)]
    until: Option<Timestamp>,
    /// The file to write, which must not be there; standard output where it is left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Written {
    first: i64,
    last: i64,
    head: String,
}

/// Writes what is wanted.
///
/// # Errors
///
/// The chain is broken, there is no such event, the file is there already, or the store is unavailable.
pub(super) async fn run(
    desk: &Desk,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let end = desk.verify_trail().await?;
    let (first, last) = range(desk, arguments, end).await?;
    let Some(file) = &arguments.out else {
        let mut out = BufWriter::new(std::io::stdout());
        write(desk, (first, last), &mut out, &of_standard_output).await?;
        return Ok(());
    };
    let failed = |error: &std::io::Error| of_file(file, error);
    let opened = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    let mut out = BufWriter::new(opened.map_err(|error| failed(&error))?);
    let end = write(desk, (first, last), &mut out, &failed).await?;
    let synced = out.get_ref().sync_all();
    synced.map_err(|error| failed(&error))?;
    let written = Written {
        first,
        last,
        head: end.hash_text(),
    };
    output.print(&written, |it| {
        let Written { first, last, head } = it;
        let file = file.display();
        format!("events {first} to {last} are in `{file}`; their end is {last}:{head}")
    })
}

/// The first and the last event that are wanted.
async fn range(desk: &Desk, wanted: &Arguments, end: Head) -> Result<(i64, i64), CliError> {
    let kept = desk.trail_beginning().await?.number.saturating_add(1);
    if let Some(from) = wanted.from.filter(|from| *from < kept) {
        let message = format!("the trail begins at event {kept}; event {from} is not there");
        return Err(CliError::refused(message));
    }
    if let Some(to) = wanted.to.filter(|to| *to > end.number) {
        let message = format!(
            "the trail ends at event {}; event {to} is not there",
            end.number
        );
        return Err(CliError::refused(message));
    }
    let (mut first, mut last) = (wanted.from.unwrap_or(kept), wanted.to.unwrap_or(end.number));
    if wanted.since.is_some() || wanted.until.is_some() {
        (first, last) = between(desk, (first, last), wanted).await?;
    }
    match first > last {
        true => Err(CliError::refused("no event is in that range")),
        false => Ok((first, last)),
    }
}

/// From the first event since a time to the last before another: all between go along, whenever they happened.
async fn between(
    desk: &Desk,
    (first, last): (i64, i64),
    wanted: &Arguments,
) -> Result<(i64, i64), CliError> {
    let mut found: Option<(i64, i64)> = None;
    let mut next = first;
    while next <= last {
        let events = desk.events(next, PAGE).await?;
        let Some(read) = events.last() else { break };
        next = read.number.saturating_add(1);
        for event in events.iter().filter(|it| it.number <= last) {
            let at = event.event.at;
            let is_since = wanted.since.is_none_or(|since| at >= since);
            let is_before = wanted.until.is_none_or(|until| at < until);
            if is_since && is_before {
                found = Some((found.map_or(event.number, |(first, _)| first), event.number));
            }
        }
    }
    // What was asked for by number stays as it was asked for.
    let (since, until) = found.unwrap_or((last.saturating_add(1), last));
    Ok((
        if wanted.since.is_some() { since } else { first },
        if wanted.until.is_some() { until } else { last },
    ))
}

/// Writes the lines, and gives the end of what was written.
async fn write(
    desk: &Desk,
    (first, last): (i64, i64),
    out: &mut impl Write,
    failed: &impl Fn(&std::io::Error) -> CliError,
) -> Result<Place, CliError> {
    let mut say = |line: String| writeln!(out, "{line}").map_err(|error| failed(&error));
    let mut after = None;
    let mut chain = Chain::default();
    while chain.length() < last {
        let next = after.map_or(first, |_| chain.length().saturating_add(1));
        let left = last.saturating_sub(next).saturating_add(1);
        let count = u32::try_from(left).unwrap_or(PAGE).min(PAGE);
        let events = desk.events(next, count).await?;
        let gone = || CliError::refused(format!("event {next} of the audit trail is gone"));
        let Some(begins) = events.first() else {
            return Err(gone());
        };
        if after.is_none() {
            let before = Place {
                number: first.saturating_sub(1),
                hash: begins.previous,
            };
            say(export::begins(&before))?;
            chain = Chain::behind(before.number, before.hash);
            after = Some(before);
        }
        for event in &events {
            let broken = |error: authn::audit::Broken| CliError::refused(error.to_string());
            chain.extend(event).map_err(broken)?;
            say(export::event(event))?;
        }
    }
    let after = after.unwrap_or_default();
    let end = Place {
        number: chain.length(),
        hash: chain.head(),
    };
    say(export::ends(&end, &desk.seal_export(&after, &end)))?;
    out.flush().map_err(|error| failed(&error))?;
    Ok(end)
}

fn of_file(file: &Path, error: &std::io::Error) -> CliError {
    let sentence = format!("`{}`: {error}", file.display());
    match error.kind() {
        std::io::ErrorKind::AlreadyExists => CliError::refused(format!(
            "`{}` is there already and is not overwritten",
            file.display()
        )),
        _ => CliError::unavailable(sentence),
    }
}
