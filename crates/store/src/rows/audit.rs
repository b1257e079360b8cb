//! The table `audit`: the chain of events.

use authn::audit::{Broken, Chain};
use authn::ports::ChainedEvent;

use super::{bytes_32, unreadable};
use crate::engine::Row;

/// Reads events from a number ($1) on, at most so many ($2).
pub(crate) const READ: &str = "
    SELECT number, event, previous, hash
    FROM audit
    WHERE number >= $1
    ORDER BY number
    LIMIT $2";

/// Reads the latest events that are about an account ($1), at most so many ($2), the last first.
pub(crate) const LATEST_OF: &str = "
    SELECT number, event, previous, hash
    FROM audit
    WHERE account = $1
    ORDER BY number DESC
    LIMIT $2";

/// Reads the number of the last event; NULL where there is none.
pub(crate) const LAST: &str = "
    SELECT MAX(number) AS last
    FROM audit";

/// Removes every event up to a number ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM audit
    WHERE number <= $1";

/// Appends an event ($1 to $5 in the order of the columns).
pub(crate) const APPEND: &str = "
    INSERT INTO audit (number, event, previous, hash, account)
    VALUES ($1, $2, $3, $4, $5)";

/// How many events one statement appends, the most first: few texts, which a server keeps prepared.
pub(crate) const TOGETHER: [usize; 3] = [64, 8, 1];

/// As [`APPEND`], of so many events at once.
pub(crate) fn append(count: usize) -> String {
    let numbers = (0..count).map(|row| row.saturating_mul(5));
    let row = |first: usize| {
        let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|it| first.saturating_add(it));
        format!("(${a}, ${b}, ${c}, ${d}, ${e})")
    };
    let rows: Vec<String> = numbers.map(row).collect();
    let rows = rows.join(", ");
    format!("INSERT INTO audit (number, event, previous, hash, account) VALUES {rows}")
}

/// Checks that a row is the next of a chain, by what is stored and not by what it means.
pub(crate) fn extend(chain: &mut Chain, row: &Row) -> Result<(), Broken> {
    let broken = chain.broken();
    let read = || {
        Ok::<_, sqlx::Error>((
            row.try_get("number")?,
            row.try_get::<&str>("event")?,
            bytes_32(row, "previous")?,
            bytes_32(row, "hash")?,
        ))
    };
    // What has no such form was not written by this program.
    let (number, text, previous, hash) = read().map_err(|_| broken)?;
    chain.extend_by(number, text, &previous, &hash)
}

/// Reads an event in its place.
pub(crate) fn chained(row: &Row) -> Result<ChainedEvent, sqlx::Error> {
    let text: String = row.try_get("event")?;
    let event = serde_json::from_str(&text).map_err(|error| unreadable("event", error))?;
    Ok(ChainedEvent {
        number: row.try_get("number")?,
        event,
        text,
        previous: bytes_32(row, "previous")?,
        hash: bytes_32(row, "hash")?,
    })
}
