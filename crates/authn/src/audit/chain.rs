//! The chain of events: each is linked to the one before by a hash, so that none is changed, taken out or put in unseen.
//!
//! Start at [`Chain`].

use aws_lc_rs::digest;

use super::Event;
use crate::ports::ChainedEvent;

/// The hash of an event in its place: SHA-256 over the hash of the one before, the number as eight
/// bytes, and the text of the event as it is stored.
///
/// SECURITY: the text, not what a program reads in it: a field that this program does not know is
/// covered as well, and a chain outlives a program that writes more fields.
#[must_use]
pub fn hash(previous: &[u8; 32], number: i64, text: &str) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(previous);
    context.update(&number.to_be_bytes());
    context.update(text.as_bytes());
    let hash = context.finish();
    hash.as_ref().first_chunk().copied().unwrap_or_default()
}

/// A chain that is checked event by event, from the first that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    length: i64,
    head: [u8; 32],
}

/// The chain is broken: an event was changed, taken out or put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the audit trail is broken at event {number}: it was changed after it was written")]
pub struct Broken {
    /// The first event that does not fit.
    pub number: i64,
}

impl Chain {
    /// The chain behind an event that is not kept any more.
    ///
    /// **Trusts** that there was such an event: the store seals what it says of it.
    #[must_use]
    pub fn behind(number: i64, hash: [u8; 32]) -> Self {
        Self {
            length: number,
            head: hash,
        }
    }

    /// The number of the last event that was checked; 0 where there was none.
    #[must_use]
    pub fn length(&self) -> i64 {
        self.length
    }

    /// The hash of the last event that was checked; zeros where there was none.
    #[must_use]
    pub fn head(&self) -> [u8; 32] {
        self.head
    }

    /// Checks that an event is the next, and that it is what its text says.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn extend(&mut self, event: &ChainedEvent) -> Result<(), Broken> {
        let read = serde_json::from_str::<Event>(&event.text);
        if !read.is_ok_and(|read| read == event.event) {
            return Err(self.broken());
        }
        self.extend_by(event.number, &event.text, &event.previous, &event.hash)
    }

    /// Checks that an event is the next, by its text alone, which nobody need be able to read.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn extend_by(
        &mut self,
        number: i64,
        text: &str,
        previous: &[u8; 32],
        stored: &[u8; 32],
    ) -> Result<(), Broken> {
        let next = self.length.saturating_add(1);
        let expected = hash(&self.head, next, text);
        if number != next || *previous != self.head || *stored != expected {
            return Err(self.broken());
        }
        self.length = next;
        self.head = expected;
        Ok(())
    }

    /// The next event is not what it was.
    #[must_use]
    pub fn broken(&self) -> Broken {
        Broken {
            number: self.length.saturating_add(1),
        }
    }
}
