//! Ports: the gate asks one question, *who is this?*, follows what is revoked, and has two things written
//! down.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use authn::revocation::Revocation;
use authn::ticket::RelayedTicket;
use authn::{Attempt, Outcome};

/// Whoever answers who somebody is: in this process, or an authentication server elsewhere.
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Verifies an attempt; what it counted and audited is durable when this returns.
    async fn verify(&self, attempt: Attempt) -> Outcome;
    /// Records a ticket that is about to be relayed.
    async fn relayed(&self, ticket: RelayedTicket) -> Result<(), Unavailable>;
    /// Waits a while for revocations after a number, and gives those that there are; none is word,
    /// too, that nothing was revoked.
    async fn revocations(&self, after: i64) -> Result<Vec<Revocation>, Unavailable>;
    /// The number of the last revocation.
    async fn last_revocation(&self) -> Result<i64, Unavailable>;
    /// Writes events of the gate's own.
    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable>;
}
