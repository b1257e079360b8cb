//! The audit chain: the one place where an event gets its number and its hash.
//!
//! The hash itself is defined by [`authn::audit`]; both stores and the check of a backup use it
//! through this file only.

use authn::audit::Event;
use authn::ports::{ChainedEvent, Unavailable};

/// The end of a chain: what the next event is linked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of the last event; 0 where there is none.
    pub(crate) number: i64,
    /// The hash of the last event; zeros where there is none.
    pub(crate) hash: [u8; 32],
}

impl Head {
    /// The head of an empty chain.
    pub(crate) const EMPTY: Self = Self {
        number: 0,
        hash: [0; 32],
    };

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
            head = Self { number, hash };
        }
        Ok(linked)
    }

    /// The head of a chain that ends with this event.
    pub(crate) fn of(last: &ChainedEvent) -> Self {
        Self {
            number: last.number,
            hash: last.hash,
        }
    }
}
