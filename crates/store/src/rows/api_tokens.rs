//! The table `api_tokens`, sealed; one that was revoked is gone.

use authn::admin::api_tokens::ApiToken;
use authn::handle::HandleKey;
use zeroize::Zeroizing;

use super::bytes_32;
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Adds a token ($1 to $4 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO api_tokens (handle, id, made, sealed)
    VALUES ($1, $2, $3, $4)";

/// Finds a token ($1).
pub(crate) const FIND: &str = "
    SELECT handle, sealed
    FROM api_tokens
    WHERE handle = $1";

/// Lists all of them, by when they were made.
pub(crate) const LIST: &str = "
    SELECT handle, sealed
    FROM api_tokens
    ORDER BY made, id";

/// Removes a token by its id ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM api_tokens
    WHERE id = $1";

/// Removes all of them.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM api_tokens";

/// Where a token is sealed.
pub(crate) fn place(key: HandleKey) -> Place {
    Place::of_row(&crate::hex(&key.0))
}

/// Reads the digest of a token.
pub(crate) fn key(row: &Row) -> Result<HandleKey, sqlx::Error> {
    bytes_32(row, "handle").map(HandleKey)
}

/// Reads what is sealed of it.
pub(crate) fn sealed(row: &Row) -> Result<Sealed<ApiToken>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("sealed")?))
}

impl Sealable for ApiToken {
    const TABLE: &'static str = "api_tokens";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // It has no part that JSON could not hold; an empty text opens as none.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
