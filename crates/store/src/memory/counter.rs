//! One counter: failures and open attempts, with a window that never forgets while they go on.
//!
//! A counter holds the running window and the one before. It begins anew only after a whole window
//! of silence; while failures go on, each window that ends becomes the one before, so that the
//! count never drops to nothing (design 13) and never grows beyond two windows.

use std::collections::BTreeMap;

use authn::lockout::Place;
use jiff::Timestamp;

#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    started: Timestamp,
    last: Timestamp,
    current: u32,
    previous: u32,
    alarmed: Option<Timestamp>,
}

impl Counter {
    /// Takes a place in one of `counters` and says what it holds then; `None` at its limit.
    pub(super) fn take<K: Ord>(
        counters: &mut BTreeMap<K, Self>,
        key: K,
        place: &Place,
        limit: Option<u32>,
    ) -> Option<u32> {
        let empty = Self {
            started: place.now,
            last: place.now,
            current: 0,
            previous: 0,
            alarmed: None,
        };
        let rolled = counters.get(&key).map_or(empty, |held| held.roll(place));
        if limit.is_some_and(|limit| rolled.total() >= limit) {
            return None;
        }
        let current = rolled.current.saturating_add(1);
        let taken = Self {
            current,
            last: rolled.last.max(place.now),
            ..rolled
        };
        counters.insert(key, taken);
        Some(taken.total())
    }

    /// Gives back a place that was taken at `taken`.
    pub(super) fn give_back(&mut self, taken: Timestamp) {
        if taken >= self.started {
            self.current = self.current.saturating_sub(1);
        } else {
            self.previous = self.previous.saturating_sub(1);
        }
    }

    /// Whether no alarm was raised since the window of a place began.
    pub(super) fn is_alarm_due(&self, place: &Place) -> bool {
        self.alarmed
            .is_none_or(|alarmed| alarmed < place.window_start)
    }

    /// Notes that an alarm is raised.
    pub(super) fn alarm(&mut self, now: Timestamp) {
        self.alarmed = Some(now);
    }

    fn roll(self, place: &Place) -> Self {
        if self.started >= place.window_start {
            return Self {
                started: self.started.min(place.now),
                ..self
            };
        }
        let previous = if self.last >= place.window_start {
            self.current
        } else {
            0
        };
        Self {
            started: place.now,
            last: place.now,
            current: 0,
            previous,
            ..self
        }
    }

    fn total(self) -> u32 {
        self.current.saturating_add(self.previous)
    }
}
