//! The table `revisions`: the numbers that changes of sets had before the sets were sealed, which number them since
//! ([`crate::sets`]).

use crate::engine::Row;

/// Finds the last number of something ($1).
pub(crate) const LAST: &str = "
    SELECT COALESCE(MAX(number), 0) AS number
    FROM revisions
    WHERE what = $1";

/// Reads a number.
pub(crate) fn number(row: &Row) -> Result<i64, sqlx::Error> {
    row.try_get("number")
}
