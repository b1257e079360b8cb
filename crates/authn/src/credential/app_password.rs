//! App passwords: made by us, at least 120 bits, bound to a device and a scope, revocable.
//!
//! NTLM needs the hash itself, so these cannot be hashed slowly; that is why they are random,
//! single-purpose and sealed at rest (invariant 5).

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use proto::ntlm::NtHash;
use serde::{Deserialize, Serialize};

use super::CredentialId;
use crate::account::AccountId;
use crate::place::Service;

/// What is known about an app password, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// Its immutable id, shown in lists and used to revoke it.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub label: String,
    /// The device it was made for.
    pub device: Option<String>,
    /// The services it opens.
    pub scope: BTreeSet<Service>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// When and from where it was last used.
    pub last_used: Option<(Timestamp, IpAddr)>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

/// The NT hashes of both typed forms of an app password: with its groups and without.
#[derive(Clone, Debug)]
pub struct AppPasswordHashes {
    /// As shown, `abcde-fghjk-...`.
    pub grouped: NtHash,
    /// Without the dashes.
    pub plain: NtHash,
}

/// An app password as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredAppPassword {
    /// What is known about it.
    pub record: AppPassword,
    /// What NTLM and Basic are proved against.
    pub hashes: AppPasswordHashes,
}
