//! The table `key_checks`: a sealed word that shows a wrong key file when the store is opened.

use zeroize::Zeroizing;

use crate::seal::Sealable;

/// The one row.
pub(crate) const ROW: &str = "store";

/// Reads the sealed word of a row ($1).
pub(crate) const READ: &str = "
    SELECT sealed
    FROM key_checks
    WHERE id = $1";

/// Writes the sealed word ($2) of a row ($1).
pub(crate) const WRITE: &str = "
    INSERT INTO key_checks (id, sealed)
    VALUES ($1, $2)";

/// The word.
pub(crate) struct KeyCheck;

impl Sealable for KeyCheck {
    const TABLE: &'static str = "key_checks";
    const COLUMN: &'static str = "sealed";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(b"wicketgate".to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        (plain == b"wicketgate").then_some(Self)
    }
}
