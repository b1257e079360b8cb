//! The table `revocations`: what was revoked, in the order in which it was.

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::revocation::{Revocation, Revoked};

use super::unreadable;
use crate::engine::Row;

/// Adds what was revoked: an account ($1) or a credential ($2).
///
/// Two nodes that add at the same time want one number, so that one of them begins anew: numbers
/// become visible in their order.
pub(crate) const ADD: &str = "
    INSERT INTO revocations (number, account, credential)
    SELECT COALESCE(MAX(number), 0) + 1, $1, $2
    FROM revocations";

/// Reads those whose numbers are higher ($1), at most so many ($2).
pub(crate) const SINCE: &str = "
    SELECT number, account, credential
    FROM revocations
    WHERE number > $1
    ORDER BY number
    LIMIT $2";

/// Finds the number of the last.
pub(crate) const LAST: &str = "
    SELECT COALESCE(MAX(number), 0) AS number
    FROM revocations";

/// How a revocation is written: the account, or the credential.
pub(crate) fn columns(what: &Revoked) -> (Option<&str>, Option<&str>) {
    match what {
        Revoked::Account(account) => (Some(&account.0), None),
        Revoked::Credential(credential) => (None, Some(&credential.0)),
    }
}

/// Reads a revocation.
pub(crate) fn revocation(row: &Row) -> Result<Revocation, sqlx::Error> {
    let account: Option<String> = row.try_get("account")?;
    let credential: Option<String> = row.try_get("credential")?;
    let what = match (account, credential) {
        (Some(account), None) => Revoked::Account(AccountId(account)),
        (None, Some(credential)) => Revoked::Credential(CredentialId(credential)),
        _ => return Err(unreadable("account", "neither or both were revoked")),
    };
    Ok(Revocation {
        number: row.try_get("number")?,
        what,
    })
}
