//! The table `app_passwords`, whose NT hashes are sealed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::credential::app_password::{AppPassword, AppPasswordHashes};
use authn::place::Service;
use jiff::Timestamp;
use proto::ntlm::NtHash;
use zeroize::Zeroizing;

use super::{optional_time, time, unreadable};
use crate::engine::Row;
use crate::seal::{Place, Sealable, Sealed};

/// Lists the app passwords of an account ($1), if the subject is an account ($2 is 1) at all.
///
/// SECURITY: an unknown subject costs the same look-up and finds nothing, whatever its text.
pub(crate) const OF_ACCOUNT: &str = "
    SELECT id, account, label, device, scope, created, expires, last_used, last_used_from,
        seen_device, revoked, hashes
    FROM app_passwords
    WHERE account = $1 AND CAST($2 AS BIGINT) = 1";

/// Lists all app passwords.
pub(crate) const LIST: &str = "
    SELECT id, account, label, device, scope, created, expires, last_used, last_used_from,
        seen_device, revoked, hashes
    FROM app_passwords";

/// Finds an app password by its id ($1).
pub(crate) const BY_ID: &str = "
    SELECT id, account, label, device, scope, created, expires, last_used, last_used_from,
        seen_device, revoked, hashes
    FROM app_passwords
    WHERE id = $1";

/// Adds an app password ($1 to $12 in the order of the columns).
pub(crate) const ADD: &str = "
    INSERT INTO app_passwords (id, account, label, device, scope, created, expires, last_used,
        last_used_from, seen_device, revoked, hashes)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// Revokes an app password ($1) at a time ($2), once, with its hashes sealed anew ($3).
pub(crate) const REVOKE: &str = "
    UPDATE app_passwords
    SET revoked = $2, hashes = $3
    WHERE id = $1 AND revoked IS NULL";

/// Notes when ($2), from where ($3) and by which device ($4) an app password ($1) was used last, where
/// it stands.
///
/// SECURITY: whoever was revoked after the secrets were read is not let in by this settlement.
pub(crate) const USED: &str = "
    UPDATE app_passwords
    SET last_used = $2, last_used_from = $3, seen_device = COALESCE($4, seen_device)
    WHERE id = $1 AND revoked IS NULL
        AND account IN (
            SELECT id FROM accounts
            WHERE state = 'active'
                AND (standing IS NULL OR standing IN ('active', 'locked-out')))";

/// Notes when ($2) and from where ($3) an app password ($1) of an account ($4) was typed on a page, where it stands then.
///
/// SECURITY: a sign-in by a page takes minutes; whatever ended meanwhile lets nobody in.
pub(crate) const USED_ON_A_PAGE: &str = "
    UPDATE app_passwords
    SET last_used = $2, last_used_from = $3
    WHERE id = $1 AND account = $4 AND revoked IS NULL AND (expires IS NULL OR expires > $2)
        AND account IN (
            SELECT id FROM accounts
            WHERE state = 'active'
                AND (standing IS NULL OR standing IN ('active', 'locked-out')))";

/// Where the hashes of an app password are sealed.
///
/// SECURITY: everything that decides whether it lets somebody in, and as whom, is bound: whoever
/// can write to the file and lacks the key cannot make it another's, wider, longer or unrevoked.
pub(crate) fn place(record: &AppPassword) -> Place {
    let micros = |time: Timestamp| time.as_microsecond().to_string();
    Place::of_row(&record.id.0)
        .beside("account", Some(record.account.0.clone()))
        .beside("scope", Some(scope_text(&record.scope)))
        .beside("created", Some(micros(record.created)))
        .beside("expires", record.expires.map(micros))
        .beside("revoked", record.revoked.map(micros))
}

/// Reads what is known about an app password.
///
/// **Trusts** every column; only an envelope that opens in its [`place`] proves them.
pub(crate) fn record(row: &Row) -> Result<AppPassword, sqlx::Error> {
    let scope: BTreeSet<Service> =
        serde_json::from_str(row.try_get("scope")?).map_err(|error| unreadable("scope", error))?;
    let last_used_from: Option<&str> = row.try_get("last_used_from")?;
    let last_used_from = last_used_from
        .map(str::parse::<IpAddr>)
        .transpose()
        .map_err(|error| unreadable("last_used_from", error))?;
    Ok(AppPassword {
        id: CredentialId(row.try_get("id")?),
        account: AccountId(row.try_get("account")?),
        label: row.try_get("label")?,
        device: row.try_get("device")?,
        scope,
        created: time(row, "created")?,
        expires: optional_time(row, "expires")?,
        last_used: optional_time(row, "last_used")?.zip(last_used_from),
        seen_device: row.try_get("seen_device")?,
        revoked: optional_time(row, "revoked")?,
    })
}

/// Reads the sealed NT hashes.
pub(crate) fn hashes(row: &Row) -> Result<Sealed<AppPasswordHashes>, sqlx::Error> {
    Ok(Sealed::of_stored(row.try_get("hashes")?))
}

/// How a scope is written.
pub(crate) fn scope_text(scope: &BTreeSet<Service>) -> String {
    let services: Vec<&str> = scope.iter().map(|service| &*service.0).collect();
    serde_json::Value::from(services).to_string()
}

impl Sealable for AppPasswordHashes {
    const TABLE: &'static str = "app_passwords";
    const COLUMN: &'static str = "hashes";

    fn to_plain(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new([*self.grouped.as_bytes(), *self.plain.as_bytes()].concat())
    }

    fn of_plain(plain: &[u8]) -> Option<Self> {
        let (grouped, plain) = plain.split_first_chunk::<16>()?;
        let plain: &[u8; 16] = plain.try_into().ok()?;
        Some(Self {
            grouped: NtHash::from_bytes(*grouped),
            plain: NtHash::from_bytes(*plain),
        })
    }
}
