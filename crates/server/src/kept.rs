//! Removes events of the audit trail that are older than `keep` of `[audit]`, once an hour.

use std::time::Duration;

use authn::ports::{Audit, Trail};
use authn::retention::{Collector, Planned, RetentionError};
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use crate::clock;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(60 * 60);
/// How long it is waited before the first look, so that a restart does nothing but start.
const FIRST: Duration = Duration::from_secs(30);

/// Removes what is too old, for as long as anybody polls it.
pub(crate) async fn keep(store: impl Audit + Trail, keep: SignedDuration, collector: Collector) {
    sleep(FIRST).await;
    loop {
        match remove(&store, keep, collector).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "old audit events were removed"),
            // Another gate of the same store was first.
            Err(RetentionError::Elsewhere) => {}
            Err(error) => tracing::error!("old audit events are not removed: {error}"),
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn remove(
    store: &(impl Audit + Trail),
    keep: SignedDuration,
    collector: Collector,
) -> Result<i64, RetentionError> {
    let now = clock::now();
    let before = now.checked_sub(keep).unwrap_or(Timestamp::MIN);
    let planned = Planned::look((store, store), (before, now), collector).await?;
    if planned.count() > 0 {
        planned.remove(store, (now, None), collector).await?;
    }
    Ok(planned.count())
}
