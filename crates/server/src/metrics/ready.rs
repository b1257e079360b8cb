//! Whether the gate can do its work, for a load balancer in front of it: one line says why not.

use std::sync::Arc;
use std::time::Duration;

use authn::ports::Unavailable;
use gateway::ports::Verifier;
use gateway::presence::Hearing;
use store::Store;
use tokio::time::timeout;

use crate::live::Live;

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is looked at.
pub(crate) struct Readiness {
    /// The store, which a failure of the disk ends; a gateway has none.
    pub(crate) store: Option<Store>,
    /// Who is asked something that the store must answer, here or elsewhere.
    pub(crate) verifier: Arc<dyn Verifier>,
    /// How well the feed of revocations is heard.
    pub(crate) live: Arc<Live>,
}

impl Readiness {
    /// Looks, and gives the reason why the gate cannot serve.
    pub(super) async fn why_not(&self, is_closing: bool) -> Option<String> {
        why_not(is_closing, self.ask().await, self.live.hearing())
    }

    async fn ask(&self) -> Result<(), Unavailable> {
        self.store.as_ref().map_or(Ok(()), Store::health)?;
        let asking = timeout(PATIENCE, self.verifier.last_revocation()).await;
        let late = |_| Unavailable {
            what: "whoever knows who somebody is",
            detail: format!("no answer within {PATIENCE:?}"),
        };
        asking.map_err(late)?.map(drop)
    }
}

fn why_not(is_closing: bool, store: Result<(), Unavailable>, hearing: Hearing) -> Option<String> {
    if is_closing {
        return Some("the gate closes".to_owned());
    }
    if let Err(unavailable) = store {
        return Some(unavailable.to_string());
    }
    match hearing {
        Hearing::Hears => None,
        Hearing::Silent | Hearing::Blind => {
            Some("the feed of revocations is silent, so that nobody new is let in".to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_closes_or_lacks_something_is_not_ready_and_says_why() {
        assert_eq!(why_not(false, Ok(()), Hearing::Hears), None);
        let why = why_not(true, Ok(()), Hearing::Hears).unwrap();
        assert_eq!(why, "the gate closes");
        let broken = Unavailable {
            what: "the store",
            detail: "the disk failed".to_owned(),
        };
        let why = why_not(false, Err(broken), Hearing::Hears).unwrap();
        assert!(why.contains("the disk failed"), "{why}");
        for hearing in [Hearing::Silent, Hearing::Blind] {
            let why = why_not(false, Ok(()), hearing).unwrap();
            assert!(why.contains("revocations"), "{why}");
        }
    }
}
