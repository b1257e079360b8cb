//! The port of the ledger: every token that we sign is written there before it leaves.

use async_trait::async_trait;
use authn::audit::Event;
use jiff::Timestamp;

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
    /// Forgets at most so many of the tokens that ended before a time, and says how many.
    async fn forget_tokens(&self, before: Timestamp, count: u32) -> Result<u64, Unavailable>;
}
