//! The table `audit_readers`: who follows the trail, up to which event, sealed, and which process does it.

use authn::ports::Follower;

use super::bytes_32;
use crate::chain::Head;
use crate::engine::Row;
use crate::seal::{KeyFile, SealedHead};

/// Makes the row of a follower ($1), unless it is there.
pub(crate) const BEGIN: &str = "
    INSERT INTO audit_readers (id, number, claimed_by, claimed_until)
    VALUES ($1, 0, '', 0)
    ON CONFLICT (id) DO NOTHING";

/// Reads up to which event a follower ($1) has the trail, and the hash of that event as it is in the trail.
pub(crate) const READ: &str = "
    SELECT r.number, r.hash, r.sealed_with, r.mac,
        (SELECT a.hash FROM audit a WHERE a.number = r.number) AS event_hash
    FROM audit_readers r
    WHERE r.id = $1";

/// Claims to be a follower ($1): whose claim it is ($2), now ($3), until when ($4). No row is changed where it is
/// another's.
pub(crate) const CLAIM: &str = "
    UPDATE audit_readers
    SET claimed_by = $2, claimed_until = $4
    WHERE id = $1 AND (claimed_by = $2 OR claimed_until <= $3)";

/// Lets a follower ($1) begin anew: where it was is not believed.
pub(crate) const BEGIN_ANEW: &str = "
    UPDATE audit_readers
    SET number = 0, hash = NULL, sealed_with = NULL, mac = NULL
    WHERE id = $1";

/// Notes of a follower ($1), for whose claim it is ($2), up to which event ($3), of a hash ($4), it has the trail, with its
/// seal ($5, $6); it never goes back.
pub(crate) const NOTE: &str = "
    UPDATE audit_readers
    SET number = $3, hash = $4, sealed_with = $5, mac = $6
    WHERE id = $1 AND claimed_by = $2 AND number < $3
        AND $3 <= (SELECT MAX(number) FROM audit)";

/// Puts another seal ($3, $4) on where a follower ($1) is, if it is there still ($2).
pub(crate) const SEAL_AGAIN: &str = "
    UPDATE audit_readers
    SET sealed_with = $3, mac = $4
    WHERE id = $1 AND number = $2";

/// Where a follower says that it is.
pub(crate) fn reached(row: &Row) -> Result<Head, sqlx::Error> {
    Ok(Head::at(row.try_get("number")?, bytes_32(row, "hash")?))
}

/// Up to which event a follower has the trail, where these keys sealed that and the trail has that event, or had it and
/// it was removed (`removed`); nothing where it is not believed.
///
/// SECURITY: whoever says that a collector has what it has not keeps it from ever getting there.
pub(crate) fn place(
    row: &Row,
    (follower, removed): (Follower, i64),
    keys: &KeyFile,
) -> Result<Option<i64>, sqlx::Error> {
    let number = row.try_get("number")?;
    if number == 0 {
        return Ok(Some(0));
    }
    let key: Option<String> = row.try_get("sealed_with")?;
    let mac: Option<Vec<u8>> = row.try_get("mac")?;
    let has_hash = row.try_get::<Option<&[u8]>>("hash")?.is_some();
    let Some((key, mac)) = key.zip(mac).filter(|_| has_hash) else {
        return Ok(None);
    };
    let hash = bytes_32(row, "hash")?;
    let is_there = match row.try_get::<Option<&[u8]>>("event_hash")? {
        Some(_) => bytes_32(row, "event_hash")? == hash,
        None => number <= removed,
    };
    let head = Head::at(number, hash);
    let is_sealed = keys.has_sealed_place(id(follower), &SealedHead { head, key, mac });
    Ok(Some(number).filter(|_| is_there && is_sealed))
}

/// The id of a follower's row.
pub(crate) fn id(follower: Follower) -> &'static str {
    match follower {
        Follower::Collector => "syslog",
        Follower::Watch => "watch",
    }
}
