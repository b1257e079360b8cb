//! The port of the ledger: every token that we sign is written there before it leaves.
//!
//! It is kept for [`crate::ledger::KEPT`] after the token ended.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ticket::Relaying;

use super::Unavailable;
use crate::ledger::{LedgerEntry, SignedDigest, TokenId};

/// The sign-in that a token rests on, as it is written down among the tickets: a token, and a pool's session that it begins, end
/// with what somebody signed in by (decision 0015). Nothing of a token that begins none.
#[derive(Clone, Debug, Default)]
pub struct RestsOn {
    /// What is written down.
    pub tickets: Vec<Relaying>,
    /// The last revocation that was known when somebody asked: what was revoked since ends the token before it leaves.
    pub heard: i64,
}

/// The ledger of tokens.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Writes down a token that is about to leave, with the event and the sign-in that it rests on, all of it or nothing; a token
    /// leaves only where this was done. Of a sign-in that was revoked meanwhile nothing is written.
    async fn record_token(
        &self,
        entry: &LedgerEntry,
        event: Event,
        rests_on: RestsOn,
    ) -> Result<(), Unavailable>;
    /// Finds a token by its own id.
    async fn token(&self, id: &TokenId) -> Result<Option<LedgerEntry>, Unavailable>;
    /// Finds a token by the octets that were signed.
    async fn token_signed(&self, digest: &SignedDigest)
    -> Result<Option<LedgerEntry>, Unavailable>;
}
