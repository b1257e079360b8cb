//! The table `sign_ins`: sign-ins under way, sealed.

use authn::handle::HandleKey;
use authn::sign_in::SignIn;
use zeroize::Zeroizing;

use super::unreadable;
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Keeps a sign-in ($1 to $4 in the order of the columns).
pub(crate) const BEGIN: &str = "
    INSERT INTO sign_ins (handle, step, ends, sealed)
    VALUES ($1, $2, $3, $4)";

/// Finds a sign-in ($1) that has not ended at a time ($2).
pub(crate) const FIND: &str = "
    SELECT step, sealed
    FROM sign_ins
    WHERE handle = $1 AND ends > $2";

/// Takes a step ($2) of a sign-in ($1).
///
/// SECURITY: this statement alone decides that a step is answered once.
pub(crate) const TAKE_STEP: &str = "
    UPDATE sign_ins
    SET step = step + 1
    WHERE handle = $1 AND step = $2";

/// Moves a sign-in ($1) on whose step was taken ($2); what it is then is sealed ($3).
pub(crate) const MOVE_ON: &str = "
    UPDATE sign_ins
    SET sealed = $3
    WHERE handle = $1 AND step = $2";

/// Ends a sign-in ($1) that is at a step ($2) and has not ended at a time ($3).
pub(crate) const END: &str = "
    DELETE FROM sign_ins
    WHERE handle = $1 AND step = $2 AND ends > $3";

/// Forgets sign-ins that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM sign_ins
    WHERE ends < $1";

/// Forgets all sign-ins.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM sign_ins";

/// Where a sign-in is sealed.
pub(crate) fn place(key: HandleKey) -> Place {
    Place::of_row(&crate::hex(&key.0))
}

/// Reads a row: its step, and the sealed rest.
pub(crate) fn sealed(row: &Row) -> Result<(u32, Sealed<SignIn>), sqlx::Error> {
    let step: i64 = row.try_get("step")?;
    let step = u32::try_from(step).map_err(|error| unreadable("step", error))?;
    Ok((step, Sealed::of_stored(row.try_get("sealed")?)))
}

impl Sealable for SignIn {
    const TABLE: &'static str = "sign_ins";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // A sign-in has no part that JSON could not hold; an empty text opens as none.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
