//! Who fetched our metadata, noted once in a while: what tells an administrator whether partners have seen the next key.
//!
//! SECURITY: anybody can ask for metadata, so that neither how often nor by how many names somebody does may cost the store
//! more than so much. Start at [`Readers::note`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::key_ring::KeyId;
use crate::ports::{MetadataReader, MetadataReaders, Unavailable};

/// Most characters that are kept of what a reader calls itself.
pub const MAX_AGENT: usize = 160;
/// How many readings this process notes in a minute; what comes beyond that is noted when it comes again.
pub const MAX_NOTED: u32 = 60;
/// After how long a reader of the same keys is noted again.
pub const NOTED_AGAIN: SignedDuration = SignedDuration::from_hours(1);
/// How many readers this process remembers to have noted.
const MAX_REMEMBERED: usize = 1_024;
const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Notes who fetched the metadata.
pub struct Readers {
    kept: Arc<dyn MetadataReaders>,
    lately: Mutex<Lately>,
}

/// What was noted of late, by this process.
#[derive(Debug, Default)]
struct Lately {
    noted: BTreeMap<MetadataReader, (Vec<KeyId>, Timestamp)>,
    minute: Option<(Timestamp, u32)>,
}

impl Readers {
    /// On what keeps them.
    #[must_use]
    pub fn new(kept: Arc<dyn MetadataReaders>) -> Self {
        Self {
            kept,
            lately: Mutex::default(),
        }
    }

    /// Notes that somebody fetched metadata that names these keys, unless that was noted just before.
    ///
    /// # Errors
    ///
    /// It could not be noted.
    pub async fn note(
        &self,
        keys: Vec<KeyId>,
        mut reader: MetadataReader,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        reader.agent = reader.agent.chars().take(MAX_AGENT).collect();
        if !self.lately().is_due(&keys, &reader, now) {
            return Ok(());
        }
        let noted = self.kept.note_reader(&keys, &reader, now).await;
        if noted.is_err() {
            self.lately().noted.remove(&reader);
        }
        noted
    }

    fn lately(&self) -> MutexGuard<'_, Lately> {
        self.lately.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lately {
    fn is_due(&mut self, keys: &[KeyId], reader: &MetadataReader, now: Timestamp) -> bool {
        let known = self.noted.get(reader);
        let is_known = known.is_some_and(|(known, at)| {
            known == keys && now.duration_since(*at) < NOTED_AGAIN && now >= *at
        });
        if is_known {
            return false;
        }
        let minute = self.minute.filter(|(begun, _)| {
            let passed = now.duration_since(*begun);
            passed < MINUTE && passed >= SignedDuration::ZERO
        });
        let (begun, count) = minute.unwrap_or((now, 0));
        if count >= MAX_NOTED {
            return false;
        }
        self.minute = Some((begun, count + 1));
        if self.noted.len() >= MAX_REMEMBERED {
            self.noted.clear();
        }
        self.noted.insert(reader.clone(), (keys.to_vec(), now));
        true
    }
}
