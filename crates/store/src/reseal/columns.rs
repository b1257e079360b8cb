//! The sealed columns: how the rows of each are named, and how the value of a row is sealed anew.
//!
//! A new sealed column is a line here, or its old key can never be taken out of the key file.

use authn::handle::HandleKey;

use crate::engine::Row;
use crate::rows;
use crate::rows::bytes_32;
use crate::rows::destinations::Kept;
use crate::rows::key_checks::KeyCheck;
use crate::seal::{KeyFile, Place, Sealable, Sealed, beginning};
use crate::sets::Set;
use crate::writer::WriteError;

/// A sealed column.
pub(super) struct Column {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
    /// What names a row.
    pub(super) keys: &'static [(&'static str, Holds)],
    /// The set that the table is, where it is sealed as a whole.
    pub(super) set: Option<Set>,
    /// Which rows hold something that anybody opens again.
    which: &'static str,
    /// The value of a row, sealed by the current key.
    pub(super) again: fn(&Row, &KeyFile) -> Result<Vec<u8>, WriteError>,
}

/// What a column that names a row holds.
#[derive(Clone, Copy)]
pub(super) enum Holds {
    Text,
    Bytes,
}

const ID: &[(&str, Holds)] = &[("id", Holds::Text)];
const ACCOUNT: &[(&str, Holds)] = &[("account", Holds::Text)];
const HANDLE: &[(&str, Holds)] = &[("handle", Holds::Bytes)];
const CARRIER: &[(&str, Holds)] = &[("account", Holds::Text), ("carrier", Holds::Text)];
const NAME: &[(&str, Holds)] = &[("kind", Holds::Text), ("name_key", Holds::Text)];

/// All of them; the word that says which key is the store's own goes last.
pub(super) const COLUMNS: [Column; 18] = [
    of("app_passwords", "hashes", ID, |row, keys| {
        let record = rows::app_passwords::record(row)?;
        let place = rows::app_passwords::place(&record);
        again(keys, &place, &rows::app_passwords::hashes(row)?)
    }),
    of("memorised_secrets", "hash", ACCOUNT, |row, keys| {
        let record = rows::memorised_secrets::record(row)?;
        let place = rows::memorised_secrets::place(&record);
        again(keys, &place, &rows::memorised_secrets::hash(row)?)
    }),
    of("ntlm_pins", "pin", ACCOUNT, |row, keys| {
        let record = rows::ntlm_pins::record(row)?;
        let place = rows::ntlm_pins::place(&record);
        again(keys, &place, &rows::ntlm_pins::pin(row)?)
    }),
    of("otp_tokens", "seed", ID, |row, keys| {
        let record = rows::otp_tokens::record(row)?;
        let place = rows::otp_tokens::place(&record);
        again(keys, &place, &rows::otp_tokens::seed(row)?)
    }),
    of("passkeys", "key", ID, |row, keys| {
        let record = rows::passkeys::record(row)?;
        let (known_as, sealed) = rows::passkeys::key(row)?;
        again(keys, &rows::passkeys::place(&record, &known_as), &sealed)
    }),
    of("spare_codes", "hash", ID, |row, keys| {
        let record = rows::spare_codes::record(row)?;
        let place = rows::spare_codes::place(&record);
        again(keys, &place, &rows::spare_codes::hash(row)?)
    }),
    of("destinations", "address", CARRIER, |row, keys| {
        let kept = Kept::of(row)?;
        again(keys, &kept.place(), kept.sealed())
    }),
    of("own_passwords", "passwords", ACCOUNT, |row, keys| {
        let place = rows::own_passwords::place(row.try_get("account")?);
        again(keys, &place, &rows::own_passwords::passwords(row)?)
    }),
    of("directory_passwords", "password", ACCOUNT, |row, keys| {
        let place = rows::directory::place(row.try_get("account")?);
        again(keys, &place, &rows::directory::password(row)?)
    }),
    of("api_tokens", "sealed", HANDLE, |row, keys| {
        let place = rows::api_tokens::place(handle(row)?);
        again(keys, &place, &rows::api_tokens::sealed(row)?)
    }),
    of("invitations", "sealed", HANDLE, |row, keys| {
        let place = rows::invitations::place(handle(row)?);
        again(keys, &place, &rows::invitations::sealed(row)?)
    }),
    of("sessions", "sealed", HANDLE, |row, keys| {
        let place = rows::sessions::place(handle(row)?);
        again(keys, &place, &rows::sessions::sealed(row)?.1)
    }),
    of("sign_ins", "sealed", HANDLE, |row, keys| {
        let place = rows::sign_ins::place(handle(row)?);
        again(keys, &place, &rows::sign_ins::sealed(row)?.1)
    }),
    of("ceremonies", "sealed", HANDLE, |row, keys| {
        let place = rows::ceremonies::place(handle(row)?);
        again(keys, &place, &rows::ceremonies::sealed(row)?)
    }),
    Column {
        // What was sent says nothing any more, and what is nobody's is never read.
        which: "next IS NOT NULL",
        ..of("sent_messages", "sealed", ID, |row, keys| {
            let due = rows::sent_messages::due(row)?;
            let (account, times) = (due.account.as_ref(), (due.queued, due.ends));
            let place = rows::sent_messages::place(&due.id, account, times);
            again(keys, &place, &due.sealed)
        })
    },
    Column {
        set: Some(Set::Trusts),
        ..of("trusts", "seal", NAME, |row, keys| {
            let (_, trust, sealed) = rows::trusts::trust(row)?;
            again(keys, &rows::trusts::place(&trust), &sealed)
        })
    },
    Column {
        set: Some(Set::SigningKeys),
        ..of("signing_keys", "private_half", ID, |row, keys| {
            let key = rows::signing_keys::key(row)?;
            let sealed = rows::signing_keys::private_half(row)?;
            let sealed = sealed.ok_or_else(|| crate::unavailable("a key has no private half"))?;
            again(keys, &rows::signing_keys::place(&key), &sealed)
        })
    },
    of("key_checks", "sealed", ID, |row, keys| {
        let sealed = Sealed::<KeyCheck>::of_stored(row.try_get("sealed")?);
        again(keys, &Place::of_row(row.try_get("id")?), &sealed)
    }),
];

const fn of(
    table: &'static str,
    column: &'static str,
    keys: &'static [(&'static str, Holds)],
    again: fn(&Row, &KeyFile) -> Result<Vec<u8>, WriteError>,
) -> Column {
    Column {
        table,
        column,
        keys,
        set: None,
        which: "1 = 1",
        again,
    }
}

impl Column {
    /// Counts all that is sealed.
    pub(super) fn all(&self) -> String {
        let Self {
            table,
            column,
            which,
            ..
        } = self;
        format!("SELECT COUNT(*) AS count FROM {table} WHERE {column} IS NOT NULL AND {which}")
    }

    /// Counts what is sealed by the key of an id, whose envelopes begin so ($1).
    pub(super) fn by(&self, id: &str) -> String {
        let Self {
            table,
            column,
            which,
            ..
        } = self;
        let length = beginning(id).len();
        format!(
            "SELECT COUNT(*) AS count FROM {table} WHERE substr({column}, 1, {length}) = $1 AND {which}"
        )
    }

    /// Finds what is not sealed by the key of an id, whose envelopes begin so ($1): so many ($2) behind so many ($3).
    pub(super) fn others(&self, id: &str) -> String {
        let Self {
            table,
            column,
            which,
            ..
        } = self;
        let length = beginning(id).len();
        let names: Vec<&str> = self.keys.iter().map(|(name, _)| *name).collect();
        let names = names.join(", ");
        format!(
            "SELECT * FROM {table} WHERE substr({column}, 1, {length}) <> $1 AND {which}
            ORDER BY {names} LIMIT $2 OFFSET $3"
        )
    }

    /// Puts a value ($1) in another's place ($2), in the row that is named by the rest.
    pub(super) fn replaced(&self) -> String {
        let Self { table, column, .. } = self;
        let keys = self.keys.iter().zip(3_u32..);
        let keys: String = keys
            .map(|((name, _), number)| format!(" AND {name} = ${number}"))
            .collect();
        format!("UPDATE {table} SET {column} = $1 WHERE {column} = $2{keys}")
    }
}

fn handle(row: &Row) -> Result<HandleKey, sqlx::Error> {
    bytes_32(row, "handle").map(HandleKey)
}

fn again<T: Sealable>(
    keys: &KeyFile,
    place: &Place,
    sealed: &Sealed<T>,
) -> Result<Vec<u8>, WriteError> {
    let again = keys.seal_again(place, sealed)?;
    Ok(again.as_bytes().to_vec())
}
