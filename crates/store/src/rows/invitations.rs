//! The table `invitations`, sealed; one that was used is gone.

use authn::handle::HandleKey;
use authn::session::Invitation;
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Adds an invitation ($1 to $4 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO invitations (handle, account, ends, sealed)
    VALUES ($1, $2, $3, $4)";

/// Finds an invitation ($1) that has not ended at a time ($2).
pub(crate) const FIND: &str = "
    SELECT sealed
    FROM invitations
    WHERE handle = $1 AND ends > $2";

/// When the invitation of an account ($1) ends that has not ended at a time ($2).
pub(crate) const ENDS_OF_ACCOUNT: &str = "
    SELECT ends
    FROM invitations
    WHERE account = $1 AND ends > $2";

/// Uses an invitation ($1) of an account ($2) up that has not ended at a time ($3).
///
/// SECURITY: this statement alone decides that it is used once.
pub(crate) const USE: &str = "
    DELETE FROM invitations
    WHERE handle = $1 AND account = $2 AND ends > $3";

/// Ends the invitations of an account ($1).
pub(crate) const END_OF_ACCOUNT: &str = "
    DELETE FROM invitations
    WHERE account = $1";

/// Forgets invitations that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM invitations
    WHERE ends < $1";

/// Ends all invitations.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM invitations";

/// Where an invitation is sealed.
pub(crate) fn place(key: HandleKey) -> Place {
    Place::of_row(&crate::hex(&key.0))
}

/// Reads when one ends.
pub(crate) fn ends(row: &Row) -> Result<Timestamp, sqlx::Error> {
    super::time(row, "ends")
}

/// Reads a row.
pub(crate) fn sealed(row: &Row) -> Result<Sealed<Invitation>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("sealed")?))
}

impl Sealable for Invitation {
    const TABLE: &'static str = "invitations";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // An invitation has no part that JSON could not hold; an empty text opens as none.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
