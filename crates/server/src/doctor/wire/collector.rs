//! The collector of the audit trail: nobody waits for it, so that nobody but the doctor and the metrics misses it.

use super::super::Finding;
use super::Waiting;

/// From how many seconds on the oldest event that it has not is spoken of.
const BEHIND: i64 = 300;

/// Whether it is there and has what it should have.
pub(super) fn judge(
    collector: &str,
    reached: &Result<(), String>,
    waiting: &Result<Waiting, String>,
) -> Vec<Finding> {
    let away = reached.as_ref().err().map(|why| {
        let what = format!("the collector {collector} of the audit trail is not reached: {why}");
        let mend = format!("openssl s_client -connect {collector} </dev/null");
        Finding::warning("collector-away", what, mend)
    });
    let behind = match waiting {
        Ok(Waiting { events, seconds }) if *seconds >= BEHIND => {
            let what = format!(
                "the collector {collector} lacks {events} audit events, the oldest since {seconds} seconds; they stay in the \
                 store until it has them"
            );
            let mend = "journalctl -u wicketgate | grep 'audit events are not shipped'";
            Some(Finding::warning("collector-behind", what, mend))
        }
        Ok(_) => None,
        Err(why) => {
            let what = format!("what the collector {collector} has is not known: {why}");
            Some(Finding::warning(
                "collector-unread",
                what,
                "wicketgate db status",
            ))
        }
    };
    away.into_iter().chain(behind).collect()
}
