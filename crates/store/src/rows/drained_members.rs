//! The table `drained_members`: what an operator wants to be left alone.

use authn::drain::Drained;

use crate::engine::Row;

/// Adds a member ($2) of a farm ($1) unless it is there.
pub(crate) const ADD: &str = "
    INSERT INTO drained_members (farm, member)
    VALUES ($1, $2)
    ON CONFLICT (farm, member) DO NOTHING";

/// Removes a member ($2) of a farm ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM drained_members
    WHERE farm = $1 AND member = $2";

/// Lists the members of a farm ($1).
pub(crate) const OF_FARM: &str = "
    SELECT farm, member
    FROM drained_members
    WHERE farm = $1";

/// Lists all.
pub(crate) const LIST: &str = "
    SELECT farm, member
    FROM drained_members";

/// Reads a member.
pub(crate) fn drained(row: &Row) -> Result<Drained, sqlx::Error> {
    Ok(Drained {
        farm: row.try_get("farm")?,
        member: row.try_get("member")?,
    })
}
