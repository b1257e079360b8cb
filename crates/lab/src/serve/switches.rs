//! Switches that take a member down and put it up again while the world runs, as a power cut would.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// A switch for each member, by its id.
#[derive(Debug, Default)]
pub(crate) struct Switches(Mutex<BTreeMap<String, watch::Sender<bool>>>);

impl Switches {
    /// Adds a member's.
    pub(crate) fn add(&self, id: &str, switch: &watch::Sender<bool>) {
        self.lock().insert(id.to_owned(), switch.clone());
    }

    /// Takes a member down, or puts it up; whether there is one.
    pub(crate) fn set(&self, id: &str, is_up: bool) -> bool {
        let switches = self.lock();
        let switch = switches.get(id);
        switch.is_some_and(|switch| {
            switch.send_replace(is_up);
            true
        })
    }

    /// Takes a member's away.
    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Takes all away.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<bool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
