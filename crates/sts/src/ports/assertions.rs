//! The port of messages that were taken: an assertion of a partner is good once (saml-profiles-2.0-os 4.1.4.5), and so is a
//! request of a service provider.

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;

use super::Unavailable;
use crate::trust::Identifier;

/// What an assertion or a request is known by: a digest of whose word it is and of what it calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssertionKey([u8; 32]);

impl AssertionKey {
    /// Of an assertion of a partner.
    #[must_use]
    pub fn of(issuer: &Identifier, id: &str) -> Self {
        // An identifier has no such byte in it, so that no two pairs make one text.
        let made = digest(&SHA256, format!("{issuer}\0{id}").as_bytes());
        Self(made.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// Of a request of a service provider: never that of an assertion.
    #[must_use]
    pub fn of_request(issuer: &str, id: &str) -> Self {
        let made = digest(&SHA256, format!("\0request\0{issuer}\0{id}").as_bytes());
        Self(made.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The assertions that were taken.
#[async_trait]
pub trait UsedAssertions: Send + Sync {
    /// Takes an assertion by one conditional statement, so that it is good once on all nodes; `false` where it was taken
    /// before. It is remembered until a time after which it would not be taken anyway.
    async fn take_assertion(
        &self,
        assertion: &AssertionKey,
        (now, ends): (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable>;
}
