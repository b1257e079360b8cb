//! The verifier of a gate that is its own authentication server: `authn` in the same process.
//!
//! It decides nothing; it gives the room the clock and its ports.

use async_trait::async_trait;
use authn::attempt::{self, Attempt, Outcome, Ports, Rules};
use authn::audit::Event;
use authn::ports::Unavailable;
use authn::ticket::RelayedTicket;
use gateway::ports::Verifier;

use crate::clock;

/// `authn` in this process.
pub(crate) struct Local {
    ports: Ports,
    rules: Rules,
}

impl Local {
    /// Takes the ports and the rules.
    pub(crate) fn new(ports: Ports, rules: Rules) -> Self {
        Self { ports, rules }
    }
}

#[async_trait]
impl Verifier for Local {
    async fn verify(&self, attempt: Attempt) -> Outcome {
        attempt::verify(&self.ports, &self.rules, attempt, clock::now()).await
    }

    async fn relayed(&self, ticket: RelayedTicket) -> Result<(), Unavailable> {
        self.ports.tickets.record(ticket).await
    }

    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        self.ports.audit.append(events).await
    }
}
