//! The table `migrations`: which steps of the schema were applied, and from which text.

use crate::engine::Row;

/// Makes the table.
pub(crate) const CREATE: &str = "
    CREATE TABLE IF NOT EXISTS migrations (
        number BIGINT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        checksum TEXT NOT NULL
    )";

/// Lists what was applied.
pub(crate) const APPLIED: &str = "
    SELECT number, name, checksum
    FROM migrations
    ORDER BY number";

/// Notes a step ($1 to $3 in the order of the columns).
pub(crate) const NOTE: &str = "
    INSERT INTO migrations (number, name, checksum)
    VALUES ($1, $2, $3)";

/// A step that was applied.
pub(crate) struct Applied {
    /// Its number, from 1.
    pub(crate) number: i64,
    /// Its name.
    pub(crate) name: String,
    /// SHA-256 of its text, in hexadecimal.
    pub(crate) checksum: String,
}

/// Reads a step.
pub(crate) fn applied(row: &Row) -> Result<Applied, sqlx::Error> {
    Ok(Applied {
        number: row.try_get("number")?,
        name: row.try_get("name")?,
        checksum: row.try_get("checksum")?,
    })
}
