//! The port of the ledger: every token that we sign is written there before it leaves.
//!
//! It is kept for [`crate::ledger::KEPT`] after the token ended.

use async_trait::async_trait;
use authn::audit::Event;

use super::Unavailable;
use crate::ledger::{LedgerEntry, SignedDigest, TokenId};

/// The ledger of tokens.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes down a token that is about to leave, with the event; a token leaves only where this was done.
    async fn record_token(&self, entry: &LedgerEntry, event: Event) -> Result<(), Unavailable>;
    /// Finds a token by its own id.
    async fn token(&self, id: &TokenId) -> Result<Option<LedgerEntry>, Unavailable>;
    /// Finds a token by the octets that were signed.
    async fn token_signed(&self, digest: &SignedDigest)
    -> Result<Option<LedgerEntry>, Unavailable>;
}
