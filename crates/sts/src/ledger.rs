//! The token ledger: what we issued, so that a token that we did not is told from one that we did.
//!
//! Whoever has a copy of our key can sign as we do; what they sign is not written here. An entry names the token, the party,
//! the account and the request. Never a claim, never a secret.

mod presented;

use std::fmt;

use authn::account::AccountId;
use authn::audit::{Event, Kind};
use authn::place::ActivityId;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::{SignedDuration, Timestamp};

use crate::key_ring::KeyId;
use crate::trust::Identifier;
pub use presented::{Judged, Presented, PresentedError};

/// How long the ledger remembers a token that has ended: somebody who finds a forged one in an old trace can still ask.
pub const KEPT: SignedDuration = SignedDuration::from_hours(400 * 24);

/// What a token calls itself: `AssertionID`, `ID`, `jti`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TokenId(pub String);

/// The SHA-256 of the octets that were given to the key: the canonical `SignedInfo` of an XML signature.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SignedDigest([u8; 32]);

impl SignedDigest {
    /// Of octets.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        let made = digest(&SHA256, octets);
        Self(made.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// The digest, as it was kept.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for SignedDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for SignedDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SignedDigest({self})")
    }
}

/// One token that we signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// What it calls itself.
    pub token: TokenId,
    /// What was signed.
    pub digest: SignedDigest,
    /// By which key.
    pub key: KeyId,
    /// For which party.
    pub relying_party: Identifier,
    /// About whom, where it is an account of ours.
    pub account: Option<AccountId>,
    /// The request that it was made for.
    pub activity: ActivityId,
    /// When it was made.
    pub issued: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
}

impl LedgerEntry {
    /// The event of the token, to be written with the entry; whoever knows more of the request adds it.
    #[must_use]
    pub fn event(&self) -> Event {
        let kind = Kind::TokenIssued {
            token: self.token.0.clone(),
            digest: self.digest.to_string(),
            relying_party: self.relying_party.to_string(),
            key: self.key.0.clone(),
        };
        Event {
            activity: Some(self.activity.clone()),
            ..Event::observed(self.issued, kind, self.account.clone())
        }
    }
}
