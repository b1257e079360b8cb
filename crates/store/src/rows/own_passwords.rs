//! The table `own_passwords`: what the gate's own account in the directory may have as password.

use proto::secret::Secret;
use zeroize::Zeroizing;

use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Forgets the passwords of an account ($1).
pub(crate) const FORGET: &str = "
    DELETE FROM own_passwords
    WHERE account = $1";

/// Writes the sealed passwords ($2) of an account ($1).
pub(crate) const WRITE: &str = "
    INSERT INTO own_passwords (account, passwords)
    VALUES ($1, $2)";

/// Finds the sealed passwords of an account ($1).
pub(crate) const READ: &str = "
    SELECT passwords
    FROM own_passwords
    WHERE account = $1";

/// What stands between two passwords; it is in none.
const BETWEEN: &str = "\n";

/// Reads sealed passwords.
pub(crate) fn passwords(row: &Row) -> Result<Sealed<Passwords>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("passwords")?))
}

/// What an account may have as password, the latest first.
pub(crate) struct Passwords(pub(crate) Vec<Secret<String>>);

impl Sealable for Passwords {
    const TABLE: &'static str = "own_passwords";
    const COLUMN: &'static str = "passwords";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        let room = self.0.iter().map(|it| it.expose().len() + BETWEEN.len());
        let mut plain = Zeroizing::new(Vec::with_capacity(room.sum()));
        for password in &self.0 {
            plain.extend_from_slice(password.expose().as_bytes());
            plain.extend_from_slice(BETWEEN.as_bytes());
        }
        plain
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(plain).ok()?.strip_suffix(BETWEEN)?;
        let passwords = text.split(BETWEEN);
        let passwords = passwords.map(|it| Secret::new(it.to_owned()));
        Some(Self(passwords.collect()))
    }
}

/// Where they are sealed.
///
/// SECURITY: beside the account that they are of.
pub(crate) fn place(account: &str) -> Place {
    Place::of_row(account)
}
