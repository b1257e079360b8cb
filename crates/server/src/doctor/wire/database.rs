//! The server of the store: while it is away nobody is let in, and what it forgets was promised to somebody.

use super::super::Finding;

/// Whether it answers, and keeps what it says it keeps.
pub(super) fn judge(place: &str, is_durable: &Result<bool, String>) -> Vec<Finding> {
    match is_durable {
        Ok(true) => Vec::new(),
        Ok(false) => {
            let what = format!(
                "the server of {place} has `fsync` off: after a power cut counters and revocations are gone \
                 that somebody was told of"
            );
            let mend = "ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();";
            vec![Finding::error("database-not-durable", what, mend)]
        }
        Err(why) => {
            let what = format!("the store at {place} does not answer: {why}");
            let mend = "wicketgate db status";
            vec![Finding::error("database-away", what, mend)]
        }
    }
}
