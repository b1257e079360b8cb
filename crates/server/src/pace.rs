//! How often something may be said: what comes faster is counted and said with the next.
//!
//! Never reads the clock: the time is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// A pace for one kind of thing.
#[derive(Debug)]
pub(crate) struct Pace {
    every: Duration,
    said: Option<Instant>,
    held: u64,
}

impl Pace {
    /// At most once in so long.
    pub(crate) fn new(every: Duration) -> Self {
        Self {
            every,
            said: None,
            held: 0,
        }
    }

    /// Counts one more; gives how many there were since the last time, where it is time to say so.
    pub(crate) fn count(&mut self, now: Instant) -> Option<u64> {
        self.held = self.held.saturating_add(1);
        let is_early = self
            .said
            .is_some_and(|said| now.saturating_duration_since(said) < self.every);
        if is_early {
            return None;
        }
        self.said = Some(now);
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_too_fast_is_counted_and_said_with_the_next() {
        let second = Duration::from_secs(1);
        let begin = Instant::now();
        let at = |milliseconds| begin + Duration::from_millis(milliseconds);
        let mut pace = Pace::new(second);
        let said = [0, 1, 500, 999, 1000, 1001, 5000].map(|time| pace.count(at(time)));
        assert_eq!(said, [Some(1), None, None, None, Some(4), None, Some(2)]);
        assert_eq!(pace.count(begin), None, "a clock that goes back is early");
    }
}
