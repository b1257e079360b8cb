//! The audit chain: the one place where an event gets its number and its hash, and what a trail is
//! held to.
//!
//! The hash itself is defined by [`authn::audit`]; both stores and the check of a backup use it
//! through this file only.

use authn::audit::{Broken, Chain, Event};
use authn::ports::{ChainedEvent, Unavailable};

use crate::sets::Sets;

/// The end of a chain: what the next event is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of the last event; 0 where there is none.
    pub number: i64,
    /// The hash of the last event; zeros where there is none.
    pub hash: [u8; 32],
    /// The sets of rows that are sealed with it; none in a store that was not opened since it was brought up to date.
    pub(crate) sets: Option<Sets>,
}

/// An audit trail is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenTrail {
    /// An event was changed, taken out or put in.
    #[error(transparent)]
    Chain(#[from] Broken),
    /// The row that says where the trail ends is not there.
    #[error("the head of the audit trail was taken out")]
    NoHead,
    /// The row that says where the trail ends was not written with these keys.
    #[error("the head of the audit trail (event {number}) was written without its key")]
    ForgedHead {
        /// What it names as the last event.
        number: i64,
    },
    /// The row that says where the trail ends, or begins, names a key that nobody here has.
    #[error(
        "the audit trail was sealed by the key `{key}`, which this process has not read and the key file lacks: put it there \
         and reload; where there never was such a key, somebody wrote into the database"
    )]
    KeyNotRead {
        /// Its id.
        key: String,
    },
    /// The trail ends elsewhere than its head says.
    #[error("the audit trail ends at event {last}, but its head is event {head}")]
    WrongEnd {
        /// What the head names as the last event.
        head: i64,
        /// The last event that is there.
        last: i64,
    },
    /// The last event is not the one that was written.
    #[error("the last event of the audit trail ({number}) is not the one that its head names")]
    WrongHash {
        /// Its number.
        number: i64,
    },
    /// The record that says where the trail begins was not written with these keys.
    #[error("where the audit trail begins (behind event {number}) was written without its key")]
    ForgedBeginning {
        /// Behind which event it says that the trail begins.
        number: i64,
    },
    /// The trail begins elsewhere than at the first event, or than the record says.
    #[error(
        "the audit trail begins at event {first}, and must begin at event {expected}: events before it were taken out or put \
         in"
    )]
    WrongBeginning {
        /// Where it must begin.
        expected: i64,
        /// The first event that is there.
        first: i64,
    },
    /// There are accounts, and nothing says how they came.
    #[error("the audit trail is empty, but there are accounts")]
    Emptied,
}

impl Head {
    /// The head of an empty chain.
    pub(crate) const EMPTY: Self = Self {
        number: 0,
        hash: [0; 32],
        sets: Some(Sets::EMPTY),
    };

    /// The end of a chain of which nothing else is known.
    #[must_use]
    pub fn at(number: i64, hash: [u8; 32]) -> Self {
        Self {
            number,
            hash,
            sets: None,
        }
    }

    /// The hash in hexadecimal, to be noted elsewhere.
    #[must_use]
    pub fn hash_text(&self) -> String {
        crate::hex(&self.hash)
    }

    /// The chain behind this event.
    pub(crate) fn chain(self) -> Chain {
        Chain::behind(self.number, self.hash)
    }

    /// Links events to this head, in their order.
    pub(crate) fn link(self, events: Vec<Event>) -> Result<Vec<ChainedEvent>, Unavailable> {
        let mut head = self;
        let mut linked = Vec::with_capacity(events.len());
        for event in events {
            let number = head.number.saturating_add(1);
            let text = serde_json::to_string(&event)
                .map_err(|error| crate::unavailable(format!("an audit event: {error}")))?;
            let hash = authn::audit::hash(&head.hash, number, &text);
            linked.push(ChainedEvent {
                number,
                event,
                text,
                previous: head.hash,
                hash,
            });
            head = Self {
                number,
                hash,
                ..head
            };
        }
        Ok(linked)
    }

    /// The head of the same chain, where it ends with this event.
    pub(crate) fn behind(self, last: &ChainedEvent) -> Self {
        Self {
            number: last.number,
            hash: last.hash,
            ..self
        }
    }
}
