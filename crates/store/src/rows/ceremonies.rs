//! The table `ceremonies`: challenges that passkeys have not answered yet, sealed.

use authn::credential::passkey::Ceremony;
use authn::handle::HandleKey;
use zeroize::Zeroizing;

use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Keeps a ceremony ($1 to $3 in the order of the columns) in the place of the one before.
pub(crate) const BEGIN: &str = "
    INSERT INTO ceremonies (handle, ends, sealed)
    VALUES ($1, $2, $3)
    ON CONFLICT (handle) DO UPDATE SET ends = excluded.ends, sealed = excluded.sealed";

/// Takes a ceremony ($1) that has not ended at a time ($2).
///
/// SECURITY: this statement alone decides that a challenge is answered once.
pub(crate) const TAKE: &str = "
    DELETE FROM ceremonies
    WHERE handle = $1 AND ends > $2
    RETURNING sealed";

/// Forgets ceremonies that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM ceremonies
    WHERE ends < $1";

/// Forgets all ceremonies.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM ceremonies";

/// Where a ceremony is sealed.
pub(crate) fn place(key: HandleKey) -> Place {
    Place::of_row(&crate::hex(&key.0))
}

/// Reads a row.
pub(crate) fn sealed(row: &Row) -> Result<Sealed<Ceremony>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("sealed")?))
}

impl Sealable for Ceremony {
    const TABLE: &'static str = "ceremonies";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // A ceremony has no part that JSON could not hold; an empty text opens as none.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
