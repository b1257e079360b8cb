//! The table `passkeys`, whose keys are sealed.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::passkey::{Passkey, PublicKey};
use zeroize::Zeroizing;

use super::{optional_time, time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Lists the passkeys of an account ($1).
pub(crate) const OF_ACCOUNT: &str = "
    SELECT id, account, known_as, label, created, last_used, counter, key
    FROM passkeys
    WHERE account = $1
    ORDER BY created, id";

/// Lists all passkeys.
pub(crate) const LIST: &str = "
    SELECT id, account, known_as, label, created, last_used, counter, key
    FROM passkeys";

/// Finds the passkey that a device knows by this ($1).
pub(crate) const KNOWN_AS: &str = "
    SELECT id, account, known_as, label, created, last_used, counter, key
    FROM passkeys
    WHERE known_as = $1";

/// Adds a passkey ($1 to $7: id, account, what its device knows it by, label, time, counter, sealed key), unless a
/// device knows one by the same.
pub(crate) const ADD: &str = "
    INSERT INTO passkeys (id, account, known_as, label, created, last_used, counter, key)
    VALUES ($1, $2, $3, $4, $5, NULL, $6, $7)
    ON CONFLICT (known_as) DO NOTHING";

/// Calls a passkey ($1) of an account ($2) something else ($3).
pub(crate) const RENAME: &str = "
    UPDATE passkeys
    SET label = $3
    WHERE id = $1 AND account = $2";

/// Removes a passkey ($1) of an account ($2).
pub(crate) const REMOVE: &str = "
    DELETE FROM passkeys
    WHERE id = $1 AND account = $2";

/// Finds a passkey ($1) of an account ($2) that may sign in.
pub(crate) const STANDS: &str = "
    SELECT id
    FROM passkeys
    WHERE id = $1 AND account = $2
        AND account IN (
            SELECT id FROM accounts
            WHERE state = 'active'
                AND (standing IS NULL OR standing IN ('active', 'locked-out')))";

/// Notes when ($3) a passkey ($1) of an account ($2) was used, and what its device counted to ($4): higher than before,
/// or nothing at all, where the device does not count. Where it was not asked ($5 is 0), the counter stays.
///
/// SECURITY: this statement alone decides that a counter never goes back, on whichever node its device is seen.
pub(crate) const USE: &str = "
    UPDATE passkeys
    SET last_used = $3,
        counter = CASE WHEN CAST($5 AS BIGINT) = 1 THEN $4 ELSE counter END
    WHERE id = $1 AND account = $2
        AND (CAST($5 AS BIGINT) = 0 OR counter < $4 OR (counter = 0 AND $4 = 0))";

/// Gives a passkey ($1) of a backup the counter ($2) that it has since, where that is higher.
pub(crate) const CARRY: &str = "
    UPDATE passkeys
    SET counter = $2
    WHERE id = $1 AND counter < $2";

/// Where the key of a passkey is sealed: beside whose it is, and what its device knows it by.
pub(crate) fn place(record: &Passkey, known_as: &[u8]) -> Place {
    Place::of_row(&record.id.0)
        .beside("account", Some(record.account.0.clone()))
        .beside("known_as", Some(crate::hex(known_as)))
        .beside("created", Some(record.created.as_microsecond().to_string()))
}

/// Reads what is known about a passkey.
///
/// **Trusts** every column; only an envelope that opens in its [`place`] proves them.
pub(crate) fn record(row: &Row) -> Result<Passkey, sqlx::Error> {
    let counter: i64 = row.try_get("counter")?;
    let counter = u32::try_from(counter).map_err(|error| unreadable("counter", error))?;
    Ok(Passkey {
        id: CredentialId(row.try_get("id")?),
        account: AccountId(row.try_get("account")?),
        label: row.try_get("label")?,
        created: time(row, "created")?,
        last_used: optional_time(row, "last_used")?,
        counter,
    })
}

/// Reads what a device knows it by, and the sealed key.
pub(crate) fn key(row: &Row) -> Result<(Vec<u8>, Sealed<PublicKey>), sqlx::Error> {
    let known_as = row.try_get("known_as")?;
    Ok((known_as, Sealed::of_stored(row.try_get("key")?)))
}

impl Sealable for PublicKey {
    const TABLE: &'static str = "passkeys";
    const COLUMN: &'static str = "key";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        // A key has no part that JSON could not hold; an empty text opens as none.
        Zeroizing::new(serde_json::to_vec(self).unwrap_or_default())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        serde_json::from_slice(plain).ok()
    }
}
