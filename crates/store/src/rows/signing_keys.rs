//! The table `signing_keys`, whose private halves are sealed; of a key that signs no more there is none.

use jiff::Timestamp;
use proto::secret::Secret;
use sts::key_ring::{KeyAlgorithm, KeyId, KeyState, TokenSigningCertificate};
use sts::trust::Certificate;
use zeroize::Zeroizing;

use super::{time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Lists all keys.
pub(crate) const LIST: &str = "
    SELECT id, algorithm, certificate, made, state, since, promotes_at, retired, private_half
    FROM signing_keys
    ORDER BY made, id";

/// Adds a key ($1 to $4 in the order of the columns, then since when it signs and its private half) that signs at once,
/// where none does.
pub(crate) const ADD_PRIMARY: &str = "
    INSERT INTO signing_keys (id, algorithm, certificate, made, state, since, private_half)
    SELECT $1, $2, $3, $4, 'primary', $5, $6
    WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE state = 'primary')";

/// Adds a key ($1 to $4 in the order of the columns, then when it will sign and its private half), where one signs and
/// none is next.
pub(crate) const ADD_NEXT: &str = "
    INSERT INTO signing_keys (id, algorithm, certificate, made, state, promotes_at, private_half)
    SELECT $1, $2, $3, $4, 'next', $5, $6
    WHERE EXISTS (SELECT 1 FROM signing_keys WHERE state = 'primary')
        AND NOT EXISTS (SELECT 1 FROM signing_keys WHERE state = 'next')";

/// Retires the primary at a time ($2), where a key ($1) is next; its private half is gone.
pub(crate) const RETIRE: &str = "
    UPDATE signing_keys
    SET state = 'retired', retired = $2, private_half = NULL
    WHERE state = 'primary'
        AND EXISTS (SELECT 1 FROM signing_keys WHERE id = $1 AND state = 'next')";

/// Makes the next key ($1) the primary, from a time ($2) on.
pub(crate) const PROMOTE: &str = "
    UPDATE signing_keys
    SET state = 'primary', since = $2, promotes_at = NULL
    WHERE id = $1 AND state = 'next'";

/// Gives the next key ($1) up.
pub(crate) const GIVE_UP: &str = "
    DELETE FROM signing_keys
    WHERE id = $1 AND state = 'next'";

/// Removes all keys.
pub(crate) const REMOVE_ALL: &str = "
    DELETE FROM signing_keys";

/// Puts a key ($1 to $9 in the order of the columns) of another store here.
pub(crate) const CARRY: &str = "
    INSERT INTO signing_keys
        (id, algorithm, certificate, made, state, since, promotes_at, retired, private_half)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

/// Reads a key.
///
/// **Trusts** every column; only a private half that opens in its [`place`] proves what it is of.
pub(crate) fn key(row: &Row) -> Result<TokenSigningCertificate, sqlx::Error> {
    let algorithm: &str = row.try_get("algorithm")?;
    let algorithm = KeyAlgorithm::named(algorithm);
    let der: &[u8] = row.try_get("certificate")?;
    let certificate = Certificate::parse(der);
    let state = match row.try_get("state")? {
        "primary" => KeyState::Primary {
            since: time(row, "since")?,
        },
        "next" => KeyState::Next {
            promotes_at: time(row, "promotes_at")?,
        },
        "retired" => KeyState::Retired {
            since: time(row, "since")?,
            until: time(row, "retired")?,
        },
        _ => return Err(unreadable("state", "an unknown state")),
    };
    Ok(TokenSigningCertificate {
        id: KeyId(row.try_get("id")?),
        algorithm: algorithm.ok_or_else(|| unreadable("algorithm", "an unknown algorithm"))?,
        certificate: certificate.map_err(|error| unreadable("certificate", error))?,
        made: time(row, "made")?,
        state,
    })
}

/// Every column of a row, for the digest of the set.
pub(crate) fn parts(row: &Row) -> Result<Vec<Option<Vec<u8>>>, sqlx::Error> {
    let text = |column| row.try_get::<&str>(column).map(|it| it.as_bytes().to_vec());
    let number = |column| {
        let number: Option<i64> = row.try_get(column)?;
        Ok::<_, sqlx::Error>(number.map(|it| it.to_be_bytes().to_vec()))
    };
    Ok(vec![
        Some(text("id")?),
        Some(text("algorithm")?),
        row.try_get("certificate")?,
        number("made")?,
        Some(text("state")?),
        number("since")?,
        number("promotes_at")?,
        number("retired")?,
        row.try_get("private_half")?,
    ])
}

/// Reads the sealed private half, where there is one.
pub(crate) fn private_half(row: &Row) -> Result<Option<Sealed<PrivateHalf>>, sqlx::Error> {
    let sealed: Option<Vec<u8>> = row.try_get("private_half")?;
    Ok(sealed.map(Sealed::of_stored))
}

/// A private half, as PKCS #8.
pub(crate) struct PrivateHalf(pub(crate) Secret<Vec<u8>>);

impl Sealable for PrivateHalf {
    const TABLE: &'static str = "signing_keys";
    const COLUMN: &'static str = "private_half";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.expose().clone())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        Some(Self(Secret::new(plain.to_vec())))
    }
}

/// Where a private half is sealed: beside all that does not change of its key.
pub(crate) fn place(key: &TokenSigningCertificate) -> Place {
    let thumbprint = key.certificate.thumbprint().to_owned();
    Place::of_row(&key.id.0)
        .beside("algorithm", Some(key.algorithm.as_str().to_owned()))
        .beside("certificate", Some(thumbprint))
        .beside("made", Some(micros(key.made).to_string()))
}

/// A time, as it is kept.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}
