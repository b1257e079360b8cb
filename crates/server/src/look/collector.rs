//! The collector of the audit trail, where there is one: a handshake, and what the store says it has.

use std::time::Duration;

use authn::ports::{Audit, Follower, Trail};

use super::{Look, one, within, words};
use crate::clock;
use crate::config::Settings;
use crate::doctor::wire::{Seen, Waiting};
use crate::outbound::syslog::Collector;
use crate::wiring::keeping;

/// How long each of both may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// One look, where a collector is configured.
pub(super) fn look(settings: &Settings) -> Option<Look> {
    let syslog = settings.audit.syslog.clone()?;
    let settings = settings.clone();
    Some(one(async move {
        let greeting = async {
            let collector = Collector::new(&syslog).map_err(|error| words(&error))?;
            collector.greet().await.map_err(|error| words(&error))
        };
        Seen::Collector {
            collector: format!("{}:{}", syslog.host, syslog.port),
            reached: within(PATIENCE, greeting).await,
            waiting: within(PATIENCE, waiting(&settings)).await,
        }
    }))
}

/// What the collector has not.
async fn waiting(settings: &Settings) -> Result<Waiting, String> {
    let store = keeping::open(settings).await;
    let store = store.map_err(|error| error.to_string())?;
    let asking = async {
        let shipped = store
            .reached(Follower::Collector)
            .await?
            .max(store.removed().await?);
        let events = store.last_event().await?.saturating_sub(shipped).max(0);
        let oldest = store.read(shipped.saturating_add(1), 1).await?;
        let age = |at| clock::now().duration_since(at).as_secs().max(0);
        let seconds = oldest.first().map_or(0, |it| age(it.event.at));
        Ok::<_, authn::ports::Unavailable>(Waiting { events, seconds })
    };
    let waiting = asking.await.map_err(|error| error.to_string());
    store.close().await;
    waiting
}
