//! The verifier of a gate that is its own authentication server: `authn` in the same process.
//!
//! It decides nothing; it gives the room the clock and its ports.

use std::time::Duration;

use async_trait::async_trait;
use authn::attempt::{self, Attempt, Outcome, Ports, Rules};
use authn::audit::Event;
use authn::credential::sent_code::Language;
use authn::ports::{Revocations as _, Unavailable};
use authn::revocation::Revocation;
use authn::sign_in::Asked;
use authn::ticket::Relaying;
use gateway::ports::Verifier;
use store::Store;

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
    store: Store,
    rules: Rules,
    /// In which language a code is sent that a client asks for.
    language: Language,
}

impl Local {
    /// Takes the ports and the rules.
    pub(crate) fn new(ports: Ports, store: Store, rules: Rules, language: Language) -> Self {
        Self {
            ports,
            store,
            rules,
            language,
        }
    }

    /// What an attempt is judged with, for whoever answers gates elsewhere.
    pub(crate) fn judges(&self) -> (&Ports, &Rules) {
        (&self.ports, &self.rules)
    }

    /// What a code is asked for with, should one be.
    ///
    /// # Errors
    ///
    /// The system's generator failed; nobody is let in without it.
    pub(crate) fn asked(&self) -> Result<Asked, Unavailable> {
        let failed = |_| Unavailable {
            what: "the system's generator",
            detail: "it gave no random bytes".to_owned(),
        };
        Ok(Asked {
            language: self.language,
            code: clock::random().map_err(failed)?,
            id: clock::random().map_err(failed)?,
        })
    }
}

#[async_trait]
impl Verifier for Local {
    async fn verify(&self, attempt: Attempt) -> Outcome {
        match self.asked() {
            Ok(asked) => {
                let fresh = (asked, clock::now());
                attempt::verify(&self.ports, &self.rules, attempt, fresh).await
            }
            Err(unavailable) => Outcome::plain(Err(unavailable.into())),
        }
    }

    async fn relayed(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable> {
        self.ports.tickets.record(relaying, heard).await
    }

    /// The store is looked at again and again: whoever revokes may be another process.
    async fn revocations(&self, after: i64) -> Result<Vec<Revocation>, Unavailable> {
        for _ in 0..LOOKS {
            let found = self.store.since(after, AT_ONCE).await?;
            if !found.is_empty() {
                return Ok(found);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(Vec::new())
    }

    async fn last_revocation(&self) -> Result<i64, Unavailable> {
        self.store.last().await
    }

    async fn note(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        self.ports.audit.append(events).await
    }
}
