//! Partners' metadata that is read by itself: what the store says was seen last.

use std::time::Duration;

use sts::admin::trusts::{self, TrustError};
use sts::ports::{Outcome, PartnerReadings as _};

use super::{Look, one, within};
use crate::config::Settings;
use crate::doctor::wire::{Partner, Seen};
use crate::wiring::keeping;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// One look, where they are read here.
pub(super) fn look(settings: &Settings) -> Option<Look> {
    settings.monitoring.as_ref().and(settings.store.as_ref())?;
    let settings = settings.clone();
    Some(one(async move {
        Seen::Partners {
            partners: within(PATIENCE, partners(&settings)).await,
        }
    }))
}

/// Those with whom not all is well.
async fn partners(settings: &Settings) -> Result<Vec<Partner>, String> {
    let store = keeping::open(settings).await;
    let store = store.map_err(|error| error.to_string())?;
    let asking = async {
        let readings = store.partner_readings().await?;
        let mut partners = Vec::new();
        for found in trusts::all(&store).await? {
            let mut readings = readings.iter();
            let Some(reading) = readings.find(|it| it.trust == found.revision) else {
                continue;
            };
            let is_waiting = match reading.outcome {
                Outcome::Current | Outcome::Taken => continue,
                Outcome::Waiting => true,
                Outcome::Unread => false,
            };
            partners.push(Partner {
                name: found.trust.name,
                is_waiting,
                said: reading.said.clone(),
            });
        }
        Ok(partners)
    };
    let partners: Result<_, TrustError> = asking.await;
    store.close().await;
    partners.map_err(|error| error.to_string())
}
