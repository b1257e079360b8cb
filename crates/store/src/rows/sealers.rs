//! The table `sealers`: by which key of the key file each process seals.

use super::time;
use crate::engine::Row;
use crate::sealers::Sealer;

/// Says of a process ($1), called something ($2), by which key ($3) it seals at a time ($4). A process says it in
/// order, so that what it said by a clock that was ahead is overwritten.
pub(crate) const SAY: &str = "
    INSERT INTO sealers (process, called, sealing_key, said)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (process) DO UPDATE
    SET called = excluded.called, sealing_key = excluded.sealing_key, said = excluded.said";

/// Forgets of whom nothing was heard since a time ($1).
pub(crate) const FORGET: &str = "
    DELETE FROM sealers
    WHERE said < $1";

/// Lists of whom something was heard since a time ($1), by their names.
pub(crate) const LIST: &str = "
    SELECT called, sealing_key, said
    FROM sealers
    WHERE said >= $1
    ORDER BY called, process";

/// Reads what a process said.
pub(crate) fn sealer(row: &Row) -> Result<Sealer, sqlx::Error> {
    Ok(Sealer {
        called: row.try_get("called")?,
        key: row.try_get("sealing_key")?,
        said: time(row, "said")?,
    })
}
