//! Web tickets that were relayed after our check (design 13, ticket tracker).

use aws_lc_rs::digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::credential::CredentialId;

/// What a ticket is known by: its AssertionID and signature value, or its `cwt`, hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey(pub [u8; 32]);

impl TicketKey {
    /// Of a SAML assertion: its AssertionID and its signature value, never its raw bytes, as clients
    /// serialise anew.
    #[must_use]
    pub fn of_assertion(assertion_id: &str, signature_value: &str) -> Self {
        Self::of("saml", &[assertion_id, signature_value])
    }

    /// Of a compact web ticket, with or without `cwt=` before it.
    #[must_use]
    pub fn of_cwt(ticket: &str) -> Self {
        Self::of("cwt", &[ticket.trim().trim_start_matches("cwt=")])
    }

    fn of(kind: &str, parts: &[&str]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [kind].iter().chain(parts) {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        let hash = context.finish();
        Self(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }
}

/// A ticket that was relayed, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayedTicket {
    /// What it is known by.
    pub key: TicketKey,
    /// Whose it is.
    pub account: AccountId,
    /// The credential that bought it; revoking that ends the ticket.
    pub credential: CredentialId,
    /// The pool that issued it; it is good nowhere else.
    pub pool: String,
    /// When it was relayed.
    pub relayed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_each_other() {
        assert_ne!(
            TicketKey::of_assertion("ab", "c"),
            TicketKey::of_assertion("a", "bc")
        );
        assert_ne!(TicketKey::of_cwt("AA"), TicketKey::of_assertion("AA", ""));
        assert_eq!(TicketKey::of_cwt("cwt=AA"), TicketKey::of_cwt(" AA"));
    }
}
