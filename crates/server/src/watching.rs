//! Follows the audit trail for what no single event says ([`authn::watch`]), one process of a store at a time.

use std::sync::Arc;
use std::time::Duration;

use authn::audit::Event;
use authn::ports::{Audit, Claim, Follower, Trail, Unavailable};
use authn::watch::Watch;
use jiff::SignedDuration;
use tokio::time::sleep;

use crate::clock;
use crate::metrics::Metrics;

/// How often it is looked whether there are new events.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long it is waited with a store that is away, or while another process watches.
const LATER: Duration = Duration::from_secs(10);
/// How many events are read at a time.
const PART: u32 = 1_024;
/// How many events before the first that it looks at tell it what went before.
const BEFORE: i64 = 4_096;
/// How long a process may watch alone without a word.
const CLAIMED: SignedDuration = SignedDuration::from_secs(60);

/// A process that watches.
struct Watching {
    by: String,
    /// What was seen, and up to which event; begun anew where another process watched meanwhile.
    seen: Option<(Watch, i64)>,
}

/// Watches, for as long as anybody polls it.
pub(crate) async fn watch(store: impl Audit + Trail, metrics: Arc<Metrics>) {
    let Ok(by) = clock::random::<16>() else {
        tracing::error!("the system gives no random bytes, so that nobody watches the audit trail");
        return;
    };
    let mut watching = Watching {
        by: uuid::Builder::from_random_bytes(by).into_uuid().to_string(),
        seen: None,
    };
    let mut is_away = false;
    loop {
        match watching.look(&store).await {
            Ok(Some(said)) => {
                is_away = false;
                for event in said {
                    metrics.alarmed();
                    let said = serde_json::to_string(&event.kind).unwrap_or_default();
                    tracing::warn!("alarm: {said}; `wicketgate audit tail` shows it");
                }
                sleep(LOOK_EVERY).await;
            }
            Ok(None) => sleep(LATER).await,
            Err(error) => {
                if !is_away {
                    tracing::error!("nobody watches the audit trail: {error}");
                }
                is_away = true;
                sleep(LATER).await;
            }
        }
    }
}

impl Watching {
    /// Looks at what is new, and gives what was said of it; nothing where another process does.
    async fn look(
        &mut self,
        store: &(impl Audit + Trail),
    ) -> Result<Option<Vec<Event>>, Unavailable> {
        let mut said = Vec::new();
        loop {
            let last = store.last_event().await?;
            if store.reached(Follower::Watch).await? >= last {
                return Ok(Some(said));
            }
            let now = clock::now();
            let claim = Claim {
                by: self.by.clone(),
                now,
                until: now.checked_add(CLAIMED).unwrap_or(now),
            };
            let Some(reached) = store.follow(Follower::Watch, claim).await? else {
                self.seen = None;
                return Ok(None);
            };
            // A trail that nobody watched before is not gone through from its first event on.
            let after = match reached {
                0 => last.saturating_sub(BEFORE).max(0),
                reached => reached,
            };
            let mut watch = self.up_to(store, after).await?;
            let events = store.read(after.saturating_add(1), PART).await?;
            let found = events.iter().filter_map(|it| watch.see(&it.event));
            let found: Vec<Event> = found.collect();
            let Some(number) = events.last().map(|it| it.number) else {
                return Ok(Some(said));
            };
            let by = (self.by.as_str(), number);
            if store.note(Follower::Watch, by, found.clone()).await? {
                said.extend(found);
                self.seen = Some((watch, number));
            }
        }
    }

    /// What is known of the trail up to an event.
    async fn up_to(
        &mut self,
        store: &(impl Audit + Trail),
        after: i64,
    ) -> Result<Watch, Unavailable> {
        if let Some((watch, number)) = self.seen.take()
            && number == after
        {
            return Ok(watch);
        }
        let mut watch = Watch::default();
        let mut next = after.saturating_sub(BEFORE).saturating_add(1).max(1);
        while next <= after {
            let events = store.read(next, PART).await?;
            let Some(last) = events.last().map(|it| it.number) else {
                break;
            };
            for event in events.iter().filter(|it| it.number <= after) {
                // It was said then, or is too late.
                let _ = watch.see(&event.event);
            }
            next = last.saturating_add(1);
        }
        Ok(watch)
    }
}

#[cfg(test)]
mod tests {
    use authn::audit::{Kind, Reason};
    use store::memory::Memory;

    use super::*;

    fn refused(number: usize) -> Event {
        let kind = Kind::Refused {
            reason: Reason::UnknownName,
            name: format!("user{number}"),
        };
        Event {
            source: Some([198, 51, 100, 7].into()),
            ..Event::observed(clock::now(), kind, None)
        }
    }

    async fn sprayed(store: &Memory) -> usize {
        let trail = store.read(1, 10_000).await.unwrap();
        let sprayed = trail
            .iter()
            .filter(|it| matches!(it.event.kind, Kind::Sprayed { .. }));
        sprayed.count()
    }

    fn watching(by: &str) -> Watching {
        Watching {
            by: by.to_owned(),
            seen: None,
        }
    }

    #[tokio::test]
    async fn t_cred_1_a_spray_is_said_once_whichever_process_watches() {
        let store = Memory::new();
        let (mut one, mut other) = (watching("one"), watching("other"));
        store.append((0..60).map(refused).collect()).await.unwrap();
        assert_eq!(one.look(&store).await.unwrap(), Some(vec![]));
        assert_eq!(sprayed(&store).await, 0);
        // The process that watched dies; its claim ends, and another goes on with what was before.
        let claim = Claim {
            by: "one".to_owned(),
            now: clock::now(),
            until: clock::now(),
        };
        store.follow(Follower::Watch, claim).await.unwrap();
        store
            .append((60..2_000).map(refused).collect())
            .await
            .unwrap();
        assert_eq!(other.look(&store).await.unwrap().unwrap().len(), 1);
        assert_eq!(sprayed(&store).await, 1);
        store.append((0..500).map(refused).collect()).await.unwrap();
        assert_eq!(one.look(&store).await.unwrap(), None, "the other does");
        assert_eq!(other.look(&store).await.unwrap(), Some(vec![]));
        assert_eq!(sprayed(&store).await, 1);
        assert_eq!(
            other.look(&store).await.unwrap(),
            Some(vec![]),
            "nothing is new"
        );
    }
}
