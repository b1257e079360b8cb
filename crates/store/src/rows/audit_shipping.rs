//! The table `audit_shipping`: up to which event a collector elsewhere has the trail, and which process ships it.

/// Makes the row, unless it is there.
pub(crate) const BEGIN: &str = "
    INSERT INTO audit_shipping (id, number, claimed_by, claimed_until)
    VALUES ('syslog', 0, '', 0)
    ON CONFLICT (id) DO NOTHING";

/// Reads up to which event the collector has it.
pub(crate) const READ: &str = "
    SELECT number
    FROM audit_shipping
    WHERE id = 'syslog'";

/// Claims to ship: whose it is ($1), now ($2), until when ($3). No row is changed where it is another's.
pub(crate) const CLAIM: &str = "
    UPDATE audit_shipping
    SET claimed_by = $1, claimed_until = $3
    WHERE id = 'syslog' AND (claimed_by = $1 OR claimed_until <= $2)";

/// Notes, for whose claim it is ($1), up to which event ($2) the collector has it; it never goes back.
pub(crate) const NOTE: &str = "
    UPDATE audit_shipping
    SET number = $2
    WHERE id = 'syslog' AND claimed_by = $1 AND number < $2
        AND $2 <= (SELECT MAX(number) FROM audit)";
