//! The table `audit_readers`: who follows the trail, up to which event, and which process does it.

use authn::ports::Follower;

/// Makes the row of a follower ($1), unless it is there.
pub(crate) const BEGIN: &str = "
    INSERT INTO audit_readers (id, number, claimed_by, claimed_until)
    VALUES ($1, 0, '', 0)
    ON CONFLICT (id) DO NOTHING";

/// Reads up to which event a follower ($1) has the trail.
pub(crate) const READ: &str = "
    SELECT number
    FROM audit_readers
    WHERE id = $1";

/// Claims to be a follower ($1): whose claim it is ($2), now ($3), until when ($4). No row is changed where it is
/// another's.
pub(crate) const CLAIM: &str = "
    UPDATE audit_readers
    SET claimed_by = $2, claimed_until = $4
    WHERE id = $1 AND (claimed_by = $2 OR claimed_until <= $3)";

/// Notes of a follower ($1), for whose claim it is ($2), up to which event ($3) it has the trail; it never goes back.
pub(crate) const NOTE: &str = "
    UPDATE audit_readers
    SET number = $3
    WHERE id = $1 AND claimed_by = $2 AND number < $3
        AND $3 <= (SELECT MAX(number) FROM audit)";

/// The id of a follower's row.
pub(crate) fn id(follower: Follower) -> &'static str {
    match follower {
        Follower::Collector => "syslog",
        Follower::Watch => "watch",
    }
}
