//! The table `audit_beginning`: behind which event the kept audit trail begins, sealed; no row where it is kept whole.

use super::bytes_32;
use crate::chain::{BrokenTrail, Head};
use crate::engine::Row;
use crate::seal::{KeyFile, SealedHead};

/// Reads it.
pub(crate) const READ: &str = "
    SELECT number, hash, sealed_with, mac
    FROM audit_beginning
    WHERE id = 'trail'";

/// Writes it ($1 to $4 in the order of the columns).
pub(crate) const WRITE: &str = "
    INSERT INTO audit_beginning (id, number, hash, sealed_with, mac)
    VALUES ('trail', $1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE SET number = excluded.number, hash = excluded.hash,
        sealed_with = excluded.sealed_with, mac = excluded.mac";

/// Reads a beginning that was sealed with these keys.
pub(crate) fn beginning(
    row: &Row,
    keys: &KeyFile,
) -> Result<Result<Head, BrokenTrail>, sqlx::Error> {
    let head = Head::at(row.try_get("number")?, bytes_32(row, "hash")?);
    let sealed = SealedHead {
        head,
        key: row.try_get("sealed_with")?,
        mac: row.try_get("mac")?,
    };
    let number = head.number;
    if let Some(unread) = keys.unread(&sealed) {
        return Ok(Err(unread));
    }
    Ok(match keys.has_sealed_beginning(&sealed) {
        true => Ok(head),
        false => Err(BrokenTrail::ForgedBeginning { number }),
    })
}
