//! How much may be asked: of wrong tokens from one network, and of requests with one token.
//!
//! A flood is held off here, and no guess: a token has 256 random bits. So each process counts for itself, in a bounded
//! place that forgets after a minute. Start at [`Budget::take`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// From one window to the next.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// How many are counted at once; whoever comes when there is no room, and none becomes free, is refused.
const MAX_COUNTED: usize = 10_000;

/// A budget of so many a window, for each of many.
#[derive(Debug)]
pub(crate) struct Budget<K> {
    most: u32,
    counted: Mutex<BTreeMap<K, Counted>>,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    since: Timestamp,
    taken: u32,
}

impl<K: Ord + Clone> Budget<K> {
    /// One of so many.
    pub(crate) fn of(most: u32) -> Self {
        Self {
            most,
            counted: Mutex::default(),
        }
    }

    /// Takes a place; `false` where there is none.
    pub(crate) fn take(&self, whose: &K, now: Timestamp) -> bool {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |it: &Counted| now.duration_since(it.since) >= WINDOW;
        if counted.len() >= MAX_COUNTED && !counted.contains_key(whose) {
            counted.retain(|_, it| !is_over(it));
            if counted.len() >= MAX_COUNTED {
                return false;
            }
        }
        let fresh = Counted {
            since: now,
            taken: 0,
        };
        let mine = counted.entry(whose.clone()).or_insert(fresh);
        if is_over(mine) {
            *mine = fresh;
        }
        if mine.taken >= self.most {
            return false;
        }
        mine.taken = mine.taken.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn so_many_are_taken_in_a_window_and_each_has_its_own() {
        let budget = Budget::of(2);
        assert!(budget.take(&1, at(0)) && budget.take(&1, at(1)));
        assert!(!budget.take(&1, at(59)));
        assert!(budget.take(&2, at(59)), "another");
        assert!(budget.take(&1, at(60)), "another window");
    }

    #[test]
    fn where_there_is_no_room_to_count_nobody_is_let_by() {
        let budget = Budget::of(1);
        for whose in 0..MAX_COUNTED {
            assert!(budget.take(&whose, at(0)));
        }
        assert!(!budget.take(&MAX_COUNTED, at(1)));
        assert!(budget.take(&MAX_COUNTED, at(61)), "they are over");
    }
}
