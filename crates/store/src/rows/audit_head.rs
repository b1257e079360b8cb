//! The table `audit_head`: where the audit trail ends, sealed.

use super::bytes_32;
use crate::chain::{BrokenTrail, Head};
use crate::engine::Row;
use crate::seal::{KeyFile, SealedHead};
use crate::sets::{SealedSet, Sets};

/// Reads the head, and what must agree with it: the last event's number, the hash of the event that
/// it names, and whether there are accounts.
pub(crate) const READ: &str = "
    SELECT h.number, h.hash, h.sealed_with, h.mac,
        h.trusts_revision, h.trusts, h.signing_keys_revision, h.signing_keys,
        (SELECT MAX(a.number) FROM audit a) AS last,
        (SELECT a.hash FROM audit a WHERE a.number = h.number) AS last_hash,
        CASE WHEN EXISTS (SELECT 1 FROM accounts) THEN CAST(1 AS BIGINT) ELSE 0 END AS peopled
    FROM audit_head h
    WHERE h.id = 'trail'";

/// Writes the head ($1 to $8 in the order of the columns).
pub(crate) const WRITE: &str = "
    INSERT INTO audit_head (id, number, hash, sealed_with, mac,
        trusts_revision, trusts, signing_keys_revision, signing_keys)
    VALUES ('trail', $1, $2, $3, $4, $5, $6, $7, $8)
    ON CONFLICT (id) DO UPDATE SET number = excluded.number, hash = excluded.hash,
        sealed_with = excluded.sealed_with, mac = excluded.mac,
        trusts_revision = excluded.trusts_revision, trusts = excluded.trusts,
        signing_keys_revision = excluded.signing_keys_revision, signing_keys = excluded.signing_keys";

/// Says (1 or 0) whether anybody ever opened the store.
pub(crate) const WAS_OPENED: &str = "
    SELECT CASE WHEN EXISTS (SELECT 1 FROM key_checks)
        OR EXISTS (SELECT 1 FROM audit_head)
        OR EXISTS (SELECT 1 FROM audit)
        OR EXISTS (SELECT 1 FROM accounts)
        OR EXISTS (SELECT 1 FROM app_passwords)
        THEN CAST(1 AS BIGINT) ELSE 0 END AS was_opened";

/// Reads a head that was sealed with these keys and agrees with the trail.
pub(crate) fn head(row: &Row, keys: &KeyFile) -> Result<Result<Head, BrokenTrail>, sqlx::Error> {
    let head = Head {
        number: row.try_get("number")?,
        hash: bytes_32(row, "hash")?,
        sets: sets(row)?,
    };
    let sealed = SealedHead {
        head,
        key: row.try_get("sealed_with")?,
        mac: row.try_get("mac")?,
    };
    let last = row.try_get::<Option<i64>>("last")?.unwrap_or(0);
    let last_hash = match row.try_get::<Option<&[u8]>>("last_hash")? {
        Some(_) => bytes_32(row, "last_hash")?,
        None => Head::EMPTY.hash,
    };
    let is_peopled = row.try_get::<i64>("peopled")? == 1;
    let number = head.number;
    Ok(if let Some(unread) = keys.unread(&sealed) {
        Err(unread)
    } else if !keys.has_sealed(&sealed) {
        Err(BrokenTrail::ForgedHead { number })
    } else if last != number {
        Err(BrokenTrail::WrongEnd { head: number, last })
    } else if last_hash != head.hash {
        Err(BrokenTrail::WrongHash { number })
    } else if number == 0 && is_peopled {
        Err(BrokenTrail::Emptied)
    } else {
        Ok(head)
    })
}

/// Reads what is sealed of sets; where anything is missing, nothing is.
fn sets(row: &Row) -> Result<Option<Sets>, sqlx::Error> {
    let set = |revision: &str, digest: &'static str| {
        let revision: Option<i64> = row.try_get(revision)?;
        let is_sealed = row.try_get::<Option<&[u8]>>(digest)?.is_some();
        let Some(revision) = revision.filter(|_| is_sealed) else {
            return Ok::<_, sqlx::Error>(None);
        };
        let digest = bytes_32(row, digest)?;
        Ok(Some(SealedSet { revision, digest }))
    };
    let trusts = set("trusts_revision", "trusts")?;
    let signing_keys = set("signing_keys_revision", "signing_keys")?;
    Ok(trusts.zip(signing_keys).map(|(trusts, signing_keys)| Sets {
        trusts,
        signing_keys,
    }))
}
