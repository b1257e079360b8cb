//! The tables `directory_reads` and `directory_passwords`: when the directory was read, and by what.

use jiff::Timestamp;
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::time;
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// The one row of `directory_reads`.
pub(crate) const ROW: &str = "directory";

/// Notes when ($2) everything was read ($1 is [`ROW`]).
pub(crate) const WAS_READ: &str = "
    INSERT INTO directory_reads (id, read_at)
    VALUES ($1, $2)
    ON CONFLICT (id) DO UPDATE SET read_at = excluded.read_at";

/// Finds when everything was read ($1 is [`ROW`]).
pub(crate) const LAST_READ: &str = "
    SELECT read_at
    FROM directory_reads
    WHERE id = $1";

/// Forgets that anything was read.
pub(crate) const FORGET_READS: &str = "
    DELETE FROM directory_reads";

/// Forgets all passwords.
pub(crate) const FORGET_PASSWORDS: &str = "
    DELETE FROM directory_passwords";

/// Writes the sealed password ($2) of an account ($1).
pub(crate) const WRITE_PASSWORD: &str = "
    INSERT INTO directory_passwords (account, password)
    VALUES ($1, $2)";

/// Finds the sealed password of an account ($1).
pub(crate) const PASSWORD: &str = "
    SELECT password
    FROM directory_passwords
    WHERE account = $1";

/// Reads when everything was read.
pub(crate) fn read_at(row: &Row) -> Result<Timestamp, sqlx::Error> {
    time(row, "read_at")
}

/// Reads a sealed password.
pub(crate) fn password(row: &Row) -> Result<Sealed<Password>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("password")?))
}

/// The password of the account that reads the directory.
pub(crate) struct Password(pub(crate) Secret<String>);

impl Sealable for Password {
    const TABLE: &'static str = "directory_passwords";
    const COLUMN: &'static str = "password";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.expose().as_bytes().to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(plain).ok()?;
        Some(Self(Secret::new(text.to_owned())))
    }
}

/// Where a password is sealed.
///
/// SECURITY: beside the account that it was set for, so that it is not shown to a server as another's.
pub(crate) fn place(account: &str) -> Place {
    Place::of_row(account)
}
