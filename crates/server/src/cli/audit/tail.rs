//! `wicketgate audit tail`: events as they come.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::wanted::{Filter, Wanted};
use super::when::when;
use super::{Line, PAGE, line};
use crate::cli::{CliError, Output};
use crate::stop::Stop;
use crate::wiring::Desk;

pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate audit tail                                      the newest ten, and each that comes
  wicketgate audit tail --since '2 hours' --event refused    who was refused since, and who is
  wicketgate audit tail --account anna@contoso.com --json | jq .
  wicketgate audit tail --source 192.0.2.0/24 --count 0      only what comes from there from now on
  wicketgate audit tail --since 2026-11-30 --activity 0f3c1f4e-6c2b-4d4c-9a52-0d8f5e0a8a11

It ends with Ctrl-C, or when nobody reads it any more.";

/// How often it is looked whether there are new events.
const LOOK_EVERY: Duration = Duration::from_millis(300);
/// How long it is waited with a store that does not answer.
const AWAY: Duration = Duration::from_secs(2);
/// How many of the newest events it begins with.
const NEWEST: u32 = 10;

/// What is followed.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    wanted: Wanted,
    /// Begin with the events since this time: 2026-11-30T08:00:00Z, 2026-11-30, or so long ago, as '2 hours'
    #[arg(long, value_name = "WHEN", value_parser = when, conflicts_with = "count")]
    since: Option<Timestamp>,
    /// Begin with what is wanted of so many of the newest events
    #[arg(long, default_value_t = NEWEST)]
    count: u32,
}

/// Follows the trail until the process is told to stop.
///
/// # Errors
///
/// An account is not known, the store cannot be read at the beginning, or nobody reads what is printed.
pub(super) async fn run(
    desk: &Desk,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let stop = Stop::begin()?;
    let filter = arguments.wanted.filter(desk).await?;
    let first = match arguments.since {
        Some(_) => 1,
        None => {
            let end = desk.trail_end().await?.number;
            end.saturating_sub(arguments.count.into()).saturating_add(1)
        }
    };
    tokio::select! {
        () = stop.asked() => Ok(()),
        ended = follow(desk, first, (&filter, arguments.since), output) => ended,
    }
}

/// Prints from a number on, for as long as anybody reads it.
async fn follow(
    desk: &Desk,
    mut next: i64,
    (filter, since): (&Filter<'_>, Option<Timestamp>),
    output: &Output,
) -> Result<(), CliError> {
    let mut is_away = false;
    loop {
        let events = match desk.events(next, PAGE).await {
            Ok(events) => events,
            Err(error) => {
                if !is_away {
                    output.remark(&format!("{error}; it is asked again"));
                }
                is_away = true;
                sleep(AWAY).await;
                continue;
            }
        };
        is_away = false;
        if events.is_empty() {
            sleep(LOOK_EVERY).await;
        }
        for chained in events {
            next = chained.number.saturating_add(1);
            let is_new = since.is_none_or(|since| chained.event.at >= since);
            if is_new && filter.takes(&chained.event) {
                output.print(&Line::of(chained), line)?;
            }
        }
    }
}
