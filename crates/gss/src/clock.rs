//! The one place of this crate that reads the clock; everything else is told.

use std::time::{Duration, Instant, SystemTime};

/// Tells the time that only runs forward.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Both clocks at one moment: how far they run apart tells whether somebody set the one on the wall.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clocks {
    forward: Instant,
    wall: SystemTime,
}

impl Clocks {
    /// As they are.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    pub(crate) fn read() -> Self {
        Self {
            forward: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// By how much the clock on the wall was set since an earlier moment, in either direction.
    pub(crate) fn stepped_since(&self, earlier: &Self) -> Duration {
        let passed = self.forward.saturating_duration_since(earlier.forward);
        let expected = earlier.wall + passed;
        match self.wall.duration_since(expected) {
            Ok(ahead) => ahead,
            Err(behind) => behind.duration(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_told_from_one_that_ran() {
        let earlier = Clocks::read();
        let hour = Duration::from_secs(3600);
        let ran = Clocks {
            forward: earlier.forward + hour,
            wall: earlier.wall + hour,
        };
        assert_eq!(ran.stepped_since(&earlier), Duration::ZERO);
        for wall in [earlier.wall + 3 * hour, earlier.wall - hour] {
            let set = Clocks { wall, ..ran };
            assert_eq!(set.stepped_since(&earlier), 2 * hour);
        }
    }
}
