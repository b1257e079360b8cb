//! Follows in the store what an operator wants to be left alone: whoever says so is another process.

use std::sync::Arc;
use std::time::Duration;

use authn::ports::Drains;
use tokio::time::sleep;

use crate::outbound::members::Members;

/// How often the store is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Looks again and again, for as long as anybody polls it. Where the store does not answer, what was
/// said last goes on.
pub(crate) async fn follow(drains: impl Drains, members: Arc<Members>) {
    let mut is_known_silent = false;
    loop {
        match drains.drained().await {
            Ok(drained) => {
                is_known_silent = false;
                members.set_drained(drained);
            }
            Err(error) => {
                if !is_known_silent {
                    tracing::error!("which members of farms are drained cannot be read: {error}");
                }
                is_known_silent = true;
            }
        }
        sleep(LOOK_EVERY).await;
    }
}
