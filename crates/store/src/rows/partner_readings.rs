//! The table `partner_readings`: what was seen at partners' metadata, of each trust by the number of its last change.

use sts::ports::{Outcome, PartnerReading};

use super::{optional_time, time, unreadable};
use crate::engine::Row;

/// Makes a process ($2) the reader of a trust ($1) until a time ($3), where it is as it was, due at a time ($4) and nobody else's.
pub(crate) const CLAIM: &str = "
    INSERT INTO partner_readings
        (trust_revision, claimed_by, claimed_until, next_at, failures, outcome, said)
    SELECT $1, $2, $3, 0, 0, '', ''
    WHERE EXISTS (SELECT 1 FROM trusts WHERE revision = $1)
    ON CONFLICT (trust_revision) DO UPDATE
    SET claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
    WHERE partner_readings.claimed_until <= $4 AND partner_readings.next_at <= $4";

/// Forgets what was seen of trusts that are no more, or were changed since.
pub(crate) const FORGET_GONE: &str = "
    DELETE FROM partner_readings
    WHERE trust_revision NOT IN (SELECT revision FROM trusts)";

/// Writes down what whoever claimed a trust ($1, $2) saw, of the same or its next change ($3), which must be its last, and ends the claim.
pub(crate) const NOTE: &str = "
    UPDATE partner_readings
    SET trust_revision = $3, claimed_until = 0, read_at = $4, good_at = $5, next_at = $6, failures = $7, outcome = $8,
        said = $9
    WHERE trust_revision = $1 AND claimed_by = $2
        AND EXISTS (SELECT 1 FROM trusts WHERE revision = $3)";

/// Lists all that were read.
pub(crate) const LIST: &str = "
    SELECT trust_revision, read_at, good_at, next_at, failures, outcome, said
    FROM partner_readings
    WHERE read_at IS NOT NULL
    ORDER BY trust_revision";

/// Reads what was seen of a trust.
pub(crate) fn reading(row: &Row) -> Result<PartnerReading, sqlx::Error> {
    let failures: i64 = row.try_get("failures")?;
    let outcome: String = row.try_get("outcome")?;
    Ok(PartnerReading {
        trust: row.try_get("trust_revision")?,
        at: time(row, "read_at")?,
        good_at: optional_time(row, "good_at")?,
        next_at: time(row, "next_at")?,
        failures: u32::try_from(failures).map_err(|error| unreadable("failures", error))?,
        outcome: Outcome::named(&outcome)
            .ok_or_else(|| unreadable("outcome", format!("`{outcome}`")))?,
        said: row.try_get("said")?,
    })
}
