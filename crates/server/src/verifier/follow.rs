//! Follows what a gateway must know beside revocations: which members of farms are to be left alone, and whether the
//! directory is read.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::remote::Remote;
use crate::live::Live;
use crate::outbound::members::Members;

/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How often everybody is told that the directory is still not read.
const TELL_EVERY: Duration = Duration::from_secs(30);

/// Asks again and again, for as long as anybody polls it. Where there is no answer, what was said last goes on; that
/// nobody is let in then, and everybody is put out in the end, the feed of revocations sees to.
pub(crate) async fn follow(remote: Arc<Remote>, members: Arc<Members>, live: Arc<Live>) {
    let mut told: Option<Instant> = None;
    loop {
        if let Ok(standing) = remote.standing().await {
            members.set_drained(standing.drained());
            let is_news = told.is_none_or(|told| told.elapsed() >= TELL_EVERY);
            if !standing.directory_unread {
                told = None;
            } else if is_news {
                live.directory_unread();
                told = Some(Instant::now());
            }
        }
        sleep(ASK_EVERY).await;
    }
}
