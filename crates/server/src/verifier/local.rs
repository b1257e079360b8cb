//! The verifier of a gate that is its own authentication server: `authn` in the same process.
//!
//! It decides nothing; it gives the room the clock and its ports.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::attempt::{self, Attempt, Outcome, Ports, Rules};
use authn::audit::Event;
use authn::ports::{Revocations, Unavailable};
use authn::revocation::Revocation;
use authn::ticket::Relaying;
use gateway::ports::Verifier;

use crate::clock;

/// How often the store is looked at for revocations.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How often before word is given that there are none.
const LOOKS: u32 = 10;
/// How many are taken at once.
const AT_ONCE: u32 = 256;

/// `authn` in this process.
pub(crate) struct Local {
    ports: Ports,
    revocations: Arc<dyn Revocations>,
    rules: Rules,
}

impl Local {
    /// Takes the ports and the rules.
    pub(crate) fn new(ports: Ports, revocations: Arc<dyn Revocations>, rules: Rules) -> Self {
        Self {
            ports,
            revocations,
            rules,
        }
    }
}

#[async_trait]
impl Verifier for Local {
    async fn verify(&self, attempt: Attempt) -> Outcome {
        attempt::verify(&self.ports, &self.rules, attempt, clock::now()).await
    }

    async fn relayed(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable> {
        self.ports.tickets.record(relaying, heard).await
    }

    /// The store is looked at again and again: whoever revokes may be another process.
    async fn revocations(&self, after: i64) -> Result<Vec<Revocation>, Unavailable> {
        for _ in 0..LOOKS {
            let found = self.revocations.since(after, AT_ONCE).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Vec::new())
    }

    async fn last_revocation(&self) -> Result<i64, Unavailable> {
        self.revocations.last().await
    }

    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        self.ports.audit.append(events).await
    }
}
