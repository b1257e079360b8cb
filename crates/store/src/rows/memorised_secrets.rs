//! The tables `memorised_secrets`, whose hashes are sealed, and `secret_budgets`.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{Budget, Cost, MemorisedSecret, SecretHash, SecretPlace};
use authn::credential::otp_token::Source;
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{optional_time, time};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Finds the secret of an account ($1), if the subject is an account ($2 is 1) at all.
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT account, id, set_at, last_used, disowned, hash
    FROM memorised_secrets
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1";

/// Lists the secret of every account.
pub(crate) const LIST: &str = "
    SELECT account, id, set_at, last_used, disowned, hash
    FROM memorised_secrets";

/// Sets the secret of an account ($1 to $4: account, id, time, sealed hash).
pub(crate) const SET: &str = "
    INSERT INTO memorised_secrets (account, id, set_at, last_used, hash)
    VALUES ($1, $2, $3, NULL, $4)
    ON CONFLICT (account) DO UPDATE SET
        id = excluded.id, set_at = excluded.set_at, last_used = NULL, disowned = NULL,
        hash = excluded.hash";

/// Sets the secret of an account ($1 to $4: account, id, time, sealed hash) that has nothing to sign in with.
///
/// SECURITY: this statement alone decides that there is nothing: whoever comes by Kerberos gets no second way in to
/// somebody who has one.
pub(crate) const SET_FIRST: &str = "
    INSERT INTO memorised_secrets (account, id, set_at, last_used, hash)
    SELECT $1, $2, $3, NULL, $4
    WHERE NOT EXISTS (SELECT 1 FROM otp_tokens WHERE otp_tokens.account = $1)
        AND NOT EXISTS (SELECT 1 FROM passkeys WHERE passkeys.account = $1)
        AND NOT EXISTS (
            SELECT 1 FROM app_passwords
            WHERE app_passwords.account = $1
                AND revoked IS NULL AND (expires IS NULL OR expires > $3))
    ON CONFLICT (account) DO NOTHING";

/// Removes the secret of an account ($1).
pub(crate) const REMOVE: &str = "
    DELETE FROM memorised_secrets
    WHERE account = $1";

/// Says since when ($3) the secret ($2) of an account ($1) opens nothing, with the hash as it is sealed beside that ($4).
pub(crate) const DISOWN: &str = "
    UPDATE memorised_secrets
    SET disowned = $3, hash = $4
    WHERE account = $1 AND id = $2 AND disowned IS NULL";

/// Notes when ($3) the secret ($2) of an account ($1) was used, where both stand.
///
/// SECURITY: whoever was shut out after the secret was read is not let in, nor who typed one that was disowned meanwhile.
pub(crate) const USED: &str = "
    UPDATE memorised_secrets
    SET last_used = $3
    WHERE id = $2 AND account = $1 AND disowned IS NULL
        AND account IN (
            SELECT id FROM accounts
            WHERE state = 'active'
                AND (standing IS NULL OR standing IN ('active', 'locked-out')))";

/// Takes a place in the budget of a subject ($1, $2) from a kind of source ($3): one statement counts, rolls the
/// window (which starts at $4; it is $5 now) and holds to so many in it ($6) and so many in a row ($7).
///
/// SECURITY: check and write are one statement, before anything is hashed (T-CRED-5).
pub(crate) const RESERVE: &str = "
    INSERT INTO secret_budgets (kind, name, source, since, failures, in_a_row)
    VALUES ($1, $2, $3, $5, 1, 1)
    ON CONFLICT (kind, name, source) DO UPDATE SET
        failures = CASE
            WHEN secret_budgets.since >= $4 THEN secret_budgets.failures + 1 ELSE 1 END,
        since = CASE WHEN secret_budgets.since >= $4 THEN secret_budgets.since ELSE $5 END,
        in_a_row = secret_budgets.in_a_row + 1
    WHERE secret_budgets.in_a_row < $7
        AND (secret_budgets.since < $4 OR secret_budgets.failures < $6)";

/// Finds the budget of a subject ($1, $2) and a kind of source ($3), where it has no room: so many ($5) since a time ($4), or
/// so many ($6) in a row.
pub(crate) const FULL: &str = "
    SELECT failures FROM secret_budgets
    WHERE kind = $1 AND name = $2 AND source = $3
        AND (in_a_row >= $6 OR (since >= $4 AND failures >= $5))";

/// Gives back a place that a subject ($1, $2) took from a kind of source ($3) at a time ($4); those in a row are
/// forgotten.
pub(crate) const GIVE_BACK: &str = "
    UPDATE secret_budgets
    SET in_a_row = 0,
        failures = CASE WHEN since <= $4 AND failures > 0 THEN failures - 1 ELSE failures END
    WHERE kind = $1 AND name = $2 AND source = $3";

/// Takes back a place that a subject ($1, $2) took from a kind of source ($3) at a time ($4) for what is no guess.
pub(crate) const TAKE_BACK: &str = "
    UPDATE secret_budgets
    SET in_a_row = CASE WHEN in_a_row > 0 THEN in_a_row - 1 ELSE 0 END,
        failures = CASE WHEN since <= $4 AND failures > 0 THEN failures - 1 ELSE failures END
    WHERE kind = $1 AND name = $2 AND source = $3";

/// Forgets the failures of an account ($1).
pub(crate) const FORGIVE: &str = "
    DELETE FROM secret_budgets
    WHERE kind = 'account' AND name = $1";

/// Forgets the budgets of unknown names that were begun before a time ($1).
pub(crate) const FORGET_UNKNOWN: &str = "
    DELETE FROM secret_budgets
    WHERE kind = 'unknown' AND since < $1";

/// Where the hash of a secret is sealed: beside whose it is, since when, and since when it opens nothing, where it does not.
pub(crate) fn place(record: &MemorisedSecret) -> Place {
    let place = Place::of_row(&record.account.0)
        .beside("id", Some(record.id.0.clone()))
        .beside("set_at", Some(record.set.as_microsecond().to_string()));
    match record.disowned {
        Some(at) => place.beside("disowned", Some(at.as_microsecond().to_string())),
        None => place,
    }
}

/// Reads what is known about a secret.
///
/// **Trusts** every column; only an envelope that opens in its [`place`] proves them.
pub(crate) fn record(row: &Row) -> Result<MemorisedSecret, sqlx::Error> {
    Ok(MemorisedSecret {
        id: CredentialId(row.try_get("id")?),
        account: AccountId(row.try_get("account")?),
        set: time(row, "set_at")?,
        last_used: optional_time(row, "last_used")?,
        disowned: optional_time(row, "disowned")?,
    })
}

/// Reads the sealed hash.
pub(crate) fn hash(row: &Row) -> Result<Sealed<SecretHash>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("hash")?))
}

/// How a kind of source is written.
pub(crate) fn source_text(source: Source) -> &'static str {
    match source {
        Source::Familiar => "familiar",
        Source::Unfamiliar => "unfamiliar",
    }
}

/// How a budget of a subject is written.
pub(crate) fn budget_text(place: &SecretPlace) -> &'static str {
    match (place.budget, place.source) {
        (Budget::OfSecret, source) => source_text(source),
        (Budget::ForLooks, Source::Familiar) => "looks-familiar",
        (Budget::ForLooks, Source::Unfamiliar) => "looks-unfamiliar",
        (Budget::OfPin, Source::Familiar) => "pin-familiar",
        (Budget::OfPin, Source::Unfamiliar) => "pin-unfamiliar",
        (Budget::OfChange, _) => "change",
    }
}

impl Sealable for SecretHash {
    const TABLE: &'static str = "memorised_secrets";
    const COLUMN: &'static str = "hash";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        let Cost { memory, passes } = self.cost;
        let (memory, passes) = (memory.to_be_bytes(), passes.to_be_bytes());
        let parts: [&[u8]; 4] = [&memory, &passes, &self.salt, self.tag.expose()];
        Zeroizing::new(parts.concat())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        let (memory, rest) = plain.split_first_chunk()?;
        let (passes, rest) = rest.split_first_chunk()?;
        let (salt, rest) = rest.split_first_chunk()?;
        Some(Self {
            cost: Cost {
                memory: u32::from_be_bytes(*memory),
                passes: u32::from_be_bytes(*passes),
            },
            salt: *salt,
            tag: Secret::new(rest.try_into().ok()?),
        })
    }
}
