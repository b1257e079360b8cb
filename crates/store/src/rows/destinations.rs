//! The table `destinations`, whose addresses are sealed.

use authn::account::AccountId;
use authn::credential::sent_code::{Address, Carrier, Destination};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::{time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Finds the destinations of an account ($1), if the subject is an account ($2 is 1) at all.
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT account, carrier, set_at, held_until, address
    FROM destinations
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1
    ORDER BY carrier";

/// Lists every destination.
pub(crate) const LIST: &str = "
    SELECT account, carrier, set_at, held_until, address
    FROM destinations";

/// Sets a destination ($1 to $5 in the order of the columns).
pub(crate) const SET: &str = "
    INSERT INTO destinations (account, carrier, set_at, held_until, address)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (account, carrier) DO UPDATE SET
        set_at = excluded.set_at, held_until = excluded.held_until, address = excluded.address";

/// Removes the destination of an account ($1) by a carrier ($2).
pub(crate) const REMOVE: &str = "
    DELETE FROM destinations
    WHERE account = $1 AND carrier = $2";

/// What is read of a row, its address still sealed.
pub(crate) struct Kept {
    pub(crate) account: AccountId,
    pub(crate) carrier: Carrier,
    pub(crate) set: Timestamp,
    held_until: Timestamp,
    address: Sealed<SealedAddress>,
}

/// An address as it is sealed.
pub(crate) struct SealedAddress(pub(crate) String);

impl Kept {
    /// Reads a row.
    ///
    /// **Trusts** every column; only an envelope that opens in its [`place`](Kept::place) proves them.
    pub(crate) fn of(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            account: AccountId(row.try_get("account")?),
            carrier: carrier(row)?,
            set: time(row, "set_at")?,
            held_until: time(row, "held_until")?,
            address: Sealed::of_stored(row.try_get("address")?),
        })
    }

    /// Where its address is sealed: beside whose it is, and until when it is held.
    pub(crate) fn place(&self) -> Place {
        place(&self.account, self.carrier, (self.set, self.held_until))
    }

    /// The sealed address.
    pub(crate) fn sealed(&self) -> &Sealed<SealedAddress> {
        &self.address
    }

    /// The destination, with its address as it was opened.
    pub(crate) fn opened(self, address: &SealedAddress) -> Option<Destination> {
        let address = Address::parse(self.carrier, &address.0)?;
        Some(Destination {
            account: self.account,
            address,
            set: self.set,
            held_until: self.held_until,
        })
    }
}

/// Where the address of a destination is sealed.
pub(crate) fn place(
    account: &AccountId,
    carrier: Carrier,
    (set, held_until): (Timestamp, Timestamp),
) -> Place {
    let text = |time: Timestamp| Some(time.as_microsecond().to_string());
    Place::of_row(&account.0)
        .beside("carrier", Some(carrier.as_str().to_owned()))
        .beside("set_at", text(set))
        .beside("held_until", text(held_until))
}

/// Reads a carrier.
pub(crate) fn carrier(row: &Row) -> Result<Carrier, sqlx::Error> {
    let word: &str = row.try_get("carrier")?;
    let found = Carrier::ALL.into_iter().find(|it| it.as_str() == word);
    found.ok_or_else(|| unreadable("carrier", "an unknown carrier"))
}

impl Sealable for SealedAddress {
    const TABLE: &'static str = "destinations";
    const COLUMN: &'static str = "address";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.as_bytes().to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        String::from_utf8(plain.to_vec()).ok().map(Self)
    }
}
