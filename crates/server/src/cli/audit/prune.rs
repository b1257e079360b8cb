//! `wicketgate audit prune`: old events go, and the chain still verifies.

use jiff::Timestamp;
use serde::Serialize;

use super::when::when;
use crate::cli::{CliError, Output};
use crate::wiring::Desk;

pub(super) const EXAMPLES: &str = "\
Examples:
  wicketgate audit prune --before '400 days' --dry-run      what would go
  wicketgate audit export --out audit.jsonl                 keep it elsewhere first
  wicketgate audit prune --before 2025-10-01

Only the oldest go. Where the kept trail begins is sealed with the store's key, so that `audit verify` still finds what
anybody else takes out. With [audit.syslog] nothing goes that the collector has not. `keep` of [audit] does the same by
itself, once an hour.";

/// What is removed.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Remove what happened before this time: 2025-10-01T00:00:00Z, 2025-10-01, or so long ago, as '400 days'
    #[arg(long, value_name = "WHEN", value_parser = when)]
    before: Timestamp,
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize)]
struct Pruned {
    events: i64,
    first: i64,
    last: i64,
    removed: bool,
}

/// Removes what is old.
///
/// # Errors
///
/// The collector lacks some of it, the time is in the future, or the store is unavailable.
pub(super) async fn run(
    desk: &Desk,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let planned = desk.old_events(arguments.before).await?;
    let removed = !arguments.dry_run && planned.count() > 0;
    if removed {
        desk.remove_events(&planned).await?;
    }
    let pruned = Pruned {
        events: planned.count(),
        first: planned.first,
        last: planned.last,
        removed,
    };
    output.print(&pruned, |it| {
        let Pruned {
            events,
            first,
            last,
            removed,
        } = it;
        match (events, removed) {
            (0, _) => "no event is that old".to_owned(),
            (_, false) => format!("events {first} to {last} would go: {events}"),
            (_, true) => format!("events {first} to {last} are gone: {events}"),
        }
    })
}
