//! The table `used_assertions`: each assertion of a partner that was taken, by a digest.

/// Takes an assertion ($1) and remembers it until a time ($2); no row where it was taken before.
pub(crate) const TAKE: &str = "
    INSERT INTO used_assertions (digest, ends)
    VALUES ($1, $2)
    ON CONFLICT DO NOTHING";

/// Forgets those that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM used_assertions
    WHERE ends < $1";
