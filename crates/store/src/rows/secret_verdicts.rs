//! The table `secret_verdicts`: typed texts that were refused, by a MAC that says what was found.

use authn::credential::memorised_secret::VerdictTag;

use super::bytes_32;
use crate::engine::Row;

/// Knows a text of a subject ($1, $2) again by either of two tags ($3, $4) at a time ($5), and answers with that.
pub(crate) const KNOWN: &str = "
    UPDATE secret_verdicts
    SET seen = CASE WHEN seen > $5 THEN seen ELSE $5 END
    WHERE kind = $1 AND name = $2 AND tag IN ($3, $4)
    RETURNING tag";

/// Makes a text of a subject ($1, $2) known by a tag ($3) at a time ($4), unless it is.
pub(crate) const NOTE: &str = "
    INSERT INTO secret_verdicts (kind, name, tag, seen)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (kind, name, tag) DO NOTHING";

/// Drops texts of a subject ($1, $2) that are not among so many ($3) of the last that came, a few at once.
pub(crate) const DROP_BEYOND: &str = "
    DELETE FROM secret_verdicts
    WHERE kind = $1 AND name = $2 AND tag IN (
        SELECT tag FROM secret_verdicts
        WHERE kind = $1 AND name = $2
        ORDER BY seen DESC, tag
        LIMIT 16 OFFSET $3)";

/// Forgets what did not come since a time ($1).
pub(crate) const FORGET_OLD: &str = "
    DELETE FROM secret_verdicts
    WHERE seen < $1";

/// Forgets all.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM secret_verdicts";

/// Reads a tag.
pub(crate) fn tag(row: &Row) -> Result<VerdictTag, sqlx::Error> {
    Ok(VerdictTag(bytes_32(row, "tag")?))
}
