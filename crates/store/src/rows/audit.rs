//! The table `audit`: the chain of events.

use authn::ports::ChainedEvent;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{bytes_32, unreadable};
use crate::chain::Head;

/// Finds the last event's number and hash.
pub(crate) const HEAD: &str = "
    SELECT number, hash
    FROM audit
    ORDER BY number DESC
    LIMIT 1";

/// Reads events from a number ($1) on, at most so many ($2).
pub(crate) const READ: &str = "
    SELECT number, event, previous, hash
    FROM audit
    WHERE number >= $1
    ORDER BY number
    LIMIT $2";

/// Appends an event ($1 to $4 in the order of the columns).
pub(crate) const APPEND: &str = "
    INSERT INTO audit (number, event, previous, hash)
    VALUES ($1, $2, $3, $4)";

/// Reads the head of the chain.
pub(crate) fn head(row: &SqliteRow) -> Result<Head, sqlx::Error> {
    Ok(Head {
        number: row.try_get("number")?,
        hash: bytes_32(row, "hash")?,
    })
}

/// Reads an event in its place.
pub(crate) fn chained(row: &SqliteRow) -> Result<ChainedEvent, sqlx::Error> {
    let event =
        serde_json::from_str(row.try_get("event")?).map_err(|error| unreadable("event", error))?;
    Ok(ChainedEvent {
        number: row.try_get("number")?,
        event,
        previous: bytes_32(row, "previous")?,
        hash: bytes_32(row, "hash")?,
    })
}
