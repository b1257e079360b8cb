//! The table `ntlm_pins`, whose PINs are sealed.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::ntlm_pin::{NtlmPin, Pin};
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{optional_time, time};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Finds the PIN of an account ($1), if the subject is an account ($2 is 1) at all.
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT account, id, set_at, last_used, pin
    FROM ntlm_pins
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1";

/// Sets the PIN of an account ($1 to $4: account, id, time, sealed PIN).
pub(crate) const SET: &str = "
    INSERT INTO ntlm_pins (account, id, set_at, last_used, pin)
    VALUES ($1, $2, $3, NULL, $4)
    ON CONFLICT (account) DO UPDATE SET
        id = excluded.id, set_at = excluded.set_at, last_used = NULL, pin = excluded.pin";

/// Removes the PIN of an account ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM ntlm_pins
    WHERE account = $1";

/// Notes when ($3) the PIN ($2) of an account ($1) was used, where both stand.
///
/// SECURITY: whoever was shut out after the PIN was read is not let in.
pub(crate) const USED: &str = "
    UPDATE ntlm_pins
    SET last_used = $3
    WHERE id = $2 AND account = $1
        AND account IN (
            SELECT id FROM accounts
            WHERE state = 'active'
                AND (standing IS NULL OR standing IN ('active', 'locked-out')))";

/// Forgets the failures of the PIN of an account ($1).
pub(crate) const FORGIVE: &str = "
    DELETE FROM secret_budgets
    WHERE kind = 'account' AND name = $1 AND source IN ('pin-familiar', 'pin-unfamiliar')";

/// Forgets all PINs.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM ntlm_pins";

/// Where a PIN is sealed: beside whose it is, and since when.
pub(crate) fn place(record: &NtlmPin) -> Place {
    Place::of_row(&record.account.0)
        .beside("id", Some(record.id.0.clone()))
        .beside("set_at", Some(record.set.as_microsecond().to_string()))
}

/// Reads what is known about a PIN.
///
/// **Trusts** every column; only an envelope that opens in its [`place`] proves them.
pub(crate) fn record(row: &Row) -> Result<NtlmPin, sqlx::Error> {
    Ok(NtlmPin {
        id: CredentialId(row.try_get("id")?),
        account: AccountId(row.try_get("account")?),
        set: time(row, "set_at")?,
        last_used: optional_time(row, "last_used")?,
    })
}

/// Reads the sealed PIN.
pub(crate) fn pin(row: &Row) -> Result<Sealed<Pin>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("pin")?))
}

impl Sealable for Pin {
    const TABLE: &'static str = "ntlm_pins";
    const COLUMN: &'static str = "pin";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.expose().as_bytes().to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(plain).ok()?;
        Some(Self::of_stored(Secret::new(text.to_owned())))
    }
}
