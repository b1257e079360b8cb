//! Waiting for what comes by itself, and no longer than a story may wait: what does not come fails it and
//! hangs nobody.

use std::time::{Duration, Instant};

/// How long something may take on a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks over and over until something is so.
///
/// # Errors
///
/// It cannot be asked, or is not so in time; `what` says then what did not come.
#[expect(
    clippy::disallowed_methods,
    reason = "a story waits in the world's own time"
)]
pub fn until(what: &str, is_so: impl Fn() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let began = Instant::now();
    while !is_so()? {
        anyhow::ensure!(began.elapsed() < PATIENCE, "{what}: not in {PATIENCE:?}");
        std::thread::yield_now();
    }
    Ok(())
}
