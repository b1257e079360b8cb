//! Says by which key of the key file this process seals, for as long as it serves: whoever takes a key out is told of a gate that
//! has not read the newer file.

use std::time::Duration;

use store::Store;
use tokio::time::{Instant, sleep};

use crate::clock;

/// How often it is looked whether it is another key, here or elsewhere.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How often it is said again, well within the time after which the process is taken to be gone.
const SAY_EVERY: Duration = Duration::from_secs(60);

/// This process, as it is known where several share a store.
#[derive(Clone, Debug)]
pub(crate) struct Process {
    id: String,
    called: String,
}

impl Process {
    /// This one, by random bytes.
    pub(crate) fn named(random: [u8; 16]) -> Self {
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname");
        let machine = machine.unwrap_or_default();
        Self {
            id: uuid::Builder::from_random_bytes(random)
                .into_uuid()
                .to_string(),
            called: format!("{} ({})", machine.trim(), std::process::id()),
        }
    }
}

/// Says it, for as long as anybody polls it.
pub(crate) async fn say(store: Store, process: Process) {
    let mut said: Option<(String, Instant)> = None;
    loop {
        // A store that is away is told of by whoever needs it; this comes again by itself.
        let _ = store.meet_sealers(clock::now()).await;
        let is_said = said
            .as_ref()
            .is_some_and(|(key, at)| *key == store.sealing_key() && at.elapsed() < SAY_EVERY);
        if !is_said {
            let told = store.say_sealing((&process.id, &process.called), clock::now());
            said = told.await.ok().map(|key| (key, Instant::now()));
        }
        sleep(LOOK_EVERY).await;
    }
}
