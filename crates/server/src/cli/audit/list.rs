//! `wicketgate audit list`: events in their order.

use super::{Line, PAGE, line};
use crate::cli::{CliError, Output};
use crate::wiring::Desk;

/// How many of the newest events are listed where nothing else is asked for.
const NEWEST: u32 = 100;

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

/// Lists what is wanted, page after page, and says what it leaves out.
///
/// # Errors
///
/// The store is unavailable.
pub(super) async fn run(desk: &Desk, wanted: &Wanted, output: &Output) -> Result<(), CliError> {
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
