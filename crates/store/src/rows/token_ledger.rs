//! The table `token_ledger`: each token that was signed.

use authn::account::AccountId;
use authn::place::ActivityId;
use sts::key_ring::KeyId;
use sts::ledger::{LedgerEntry, SignedDigest, TokenId};
use sts::trust::Identifier;

use super::{bytes_32, time, unreadable};
use crate::engine::Row;

/// Adds a token ($1 to $8 in the order of the columns); one whose id or digest is there already is an error.
pub(crate) const ADD: &str = "
    INSERT INTO token_ledger
        (token, digest, signing_key, relying_party, account, activity, issued, expires)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

/// Finds the token of an id ($1).
pub(crate) const BY_ID: &str = "
    SELECT token, digest, signing_key, relying_party, account, activity, issued, expires
    FROM token_ledger
    WHERE token = $1";

/// Finds the token of a digest ($1).
pub(crate) const BY_DIGEST: &str = "
    SELECT token, digest, signing_key, relying_party, account, activity, issued, expires
    FROM token_ledger
    WHERE digest = $1";

/// Lists the tokens that are good after a time ($1).
pub(crate) const GOOD_AFTER: &str = "
    SELECT token, digest, signing_key, relying_party, account, activity, issued, expires
    FROM token_ledger
    WHERE expires > $1";

/// Forgets tokens that ended before a time ($1).
pub(crate) const FORGET_ENDED: &str = "
    DELETE FROM token_ledger
    WHERE expires < $1";

/// Reads a token.
pub(crate) fn entry(row: &Row) -> Result<LedgerEntry, sqlx::Error> {
    let relying_party: &str = row.try_get("relying_party")?;
    let relying_party = Identifier::parse(relying_party);
    let account: Option<String> = row.try_get("account")?;
    Ok(LedgerEntry {
        token: TokenId(row.try_get("token")?),
        digest: SignedDigest::new(bytes_32(row, "digest")?),
        key: KeyId(row.try_get("signing_key")?),
        relying_party: relying_party.map_err(|error| unreadable("relying_party", error))?,
        account: account.map(AccountId),
        activity: ActivityId(row.try_get("activity")?),
        issued: time(row, "issued")?,
        expires: time(row, "expires")?,
    })
}
