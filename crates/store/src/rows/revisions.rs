//! The table `revisions`: the number of the last change of a kind of thing, so that every node sees that there was one.

use crate::engine::Row;

/// What is numbered: trusts.
pub(crate) const TRUSTS: &str = "trusts";

/// What is numbered: signing keys.
pub(crate) const SIGNING_KEYS: &str = "signing-keys";

/// Adds the next number of something ($1).
///
/// Two nodes that add at the same time want one number, so that one of them begins anew.
pub(crate) const NEXT: &str = "
    INSERT INTO revisions (what, number)
    SELECT $1, COALESCE(MAX(number), 0) + 1
    FROM revisions
    WHERE what = $1
    RETURNING number";

/// Forgets the numbers of something ($1) below one ($2).
pub(crate) const FORGET: &str = "
    DELETE FROM revisions
    WHERE what = $1 AND number < $2";

/// Finds the last number of something ($1).
pub(crate) const LAST: &str = "
    SELECT COALESCE(MAX(number), 0) AS number
    FROM revisions
    WHERE what = $1";

/// Reads a number.
pub(crate) fn number(row: &Row) -> Result<i64, sqlx::Error> {
    row.try_get("number")
}
