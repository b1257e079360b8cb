//! The table `spare_codes`, whose hashes are sealed; their budgets stand among those of memorised secrets.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::spare_code::{SpareCode, SpareHash, SpareKind};
use authn::lockout::Subject;
use jiff::Timestamp;
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{optional_time, time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Lists the codes of an account ($1), if the subject is an account ($2 is 1) at all.
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT id, account, kind, made, ends, uses, hash
    FROM spare_codes
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1
    ORDER BY made, id";

/// Lists all codes.
pub(crate) const LIST: &str = "
    SELECT id, account, kind, made, ends, uses, hash
    FROM spare_codes";

/// Adds a code ($1 to $7 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO spare_codes (id, account, kind, made, ends, uses, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

/// Ends the codes of an account ($1) that are of a kind ($2).
pub(crate) const END: &str = "
    DELETE FROM spare_codes
    WHERE account = $1 AND kind = $2";

/// Uses a code ($1) of an account ($2) that has not ended at a time ($3).
///
/// SECURITY: this statement alone decides that it is used as often as it may be, and no more.
pub(crate) const USE: &str = "
    UPDATE spare_codes
    SET uses = uses - 1
    WHERE id = $1 AND account = $2 AND uses > 0 AND (ends IS NULL OR ends > $3)";

/// Forgets the failures of an account ($1).
pub(crate) const FORGIVE: &str = "
    DELETE FROM secret_budgets
    WHERE kind = 'spare-code' AND name = $1";

/// Leaves a code ($1) of a backup so many uses ($2) as it has since, where those are fewer.
pub(crate) const CARRY: &str = "
    UPDATE spare_codes
    SET uses = $2
    WHERE id = $1 AND uses > $2";

/// Removes a code ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM spare_codes
    WHERE id = $1";

/// Removes all, whatever may have become of them.
pub(crate) const FORGET_ALL: &str = "
    DELETE FROM spare_codes";

/// Whose budget it is, among those of memorised secrets.
pub(crate) fn subject_key(subject: &Subject) -> (&'static str, String) {
    match subject {
        Subject::Account(id) => ("spare-code", id.0.clone()),
        Subject::Unknown(bucket) => ("unknown", format!("spare-code {bucket}")),
    }
}

/// Where the hash of a code is sealed: beside all that decides but how often it was used.
pub(crate) fn place(record: &SpareCode) -> Place {
    let ends = record.ends.map(Timestamp::as_microsecond);
    Place::of_row(&record.id.0)
        .beside("account", Some(record.account.0.clone()))
        .beside("kind", Some(kind_text(record.kind).to_owned()))
        .beside("made", Some(record.made.as_microsecond().to_string()))
        .beside("ends", ends.map(|ends| ends.to_string()))
}

/// Reads what is known about a code.
///
/// **Trusts** every column; only an envelope that opens in its [`place`] proves them.
pub(crate) fn record(row: &Row) -> Result<SpareCode, sqlx::Error> {
    let uses: i64 = row.try_get("uses")?;
    Ok(SpareCode {
        id: CredentialId(row.try_get("id")?),
        account: AccountId(row.try_get("account")?),
        kind: match row.try_get("kind")? {
            "recovery" => SpareKind::Recovery,
            "temporary" => SpareKind::Temporary,
            _ => return Err(unreadable("kind", "an unknown kind")),
        },
        made: time(row, "made")?,
        ends: optional_time(row, "ends")?,
        uses: u32::try_from(uses).map_err(|error| unreadable("uses", error))?,
    })
}

/// Reads the sealed hash.
pub(crate) fn hash(row: &Row) -> Result<Sealed<SpareHash>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("hash")?))
}

/// How a kind is written.
pub(crate) fn kind_text(kind: SpareKind) -> &'static str {
    match kind {
        SpareKind::Recovery => "recovery",
        SpareKind::Temporary => "temporary",
    }
}

impl Sealable for SpareHash {
    const TABLE: &'static str = "spare_codes";
    const COLUMN: &'static str = "hash";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.expose().to_vec())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        plain.try_into().ok().map(|hash| Self(Secret::new(hash)))
    }
}
