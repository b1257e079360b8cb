//! Ports: the gate asks one question, *who is this?*, and has three things written down.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use authn::ticket::RelayedTicket;
use authn::{Attempt, Outcome};

/// Whoever answers who somebody is: in this process, or an authentication server elsewhere.
#[async_trait]
pub trait Verifier: Send + Sync {
    /// Verifies an attempt; what it counted and audited is durable when this returns.
    async fn verify(&self, attempt: Attempt) -> Outcome;
    /// Records a ticket that is about to be relayed.
    async fn relayed(&self, ticket: RelayedTicket) -> Result<(), Unavailable>;
    /// Writes events of the gate's own.
    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable>;
}
