//! When a member counts as up: what its checks and the connections to it say, one after the other.
//!
//! A check that fails may be chance, and so may a connection that is refused; both together are not.
//! Start at [`Health::heard`].

/// How many checks must agree before a member's state changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Checks in a row that fail before a member is down.
    pub fall: u32,
    /// Checks in a row that pass before it is up again.
    pub rise: u32,
}

/// What was heard of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A connection for a request was made.
    Connected,
    /// A connection for a request could not be made.
    Refused,
    /// A check passed.
    Passed,
    /// A check failed.
    Failed,
}

/// How a member fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It is up, whatever so many checks in a row say.
    Up {
        /// Checks in a row that failed.
        failed: u32,
    },
    /// It refused a connection since the last check that passed.
    Doubtful,
    /// It is down, whatever so many checks in a row say.
    Down {
        /// Checks in a row that passed.
        passed: u32,
    },
}

impl Default for Health {
    /// A member is taken to be up until something else is heard, so that a gate that has just started
    /// serves at once.
    fn default() -> Self {
        Self::Up { failed: 0 }
    }
}

impl Health {
    /// Takes what was heard of a member; `is_alone` where no other member takes requests. Gives the
    /// state before, where it is another kind of state now.
    pub fn heard(&mut self, heard: Heard, thresholds: Thresholds, is_alone: bool) -> Option<Self> {
        let before = *self;
        let rise = if is_alone { 1 } else { thresholds.rise };
        *self = match (before, heard) {
            (Self::Up { failed }, Heard::Failed) if failed + 1 < thresholds.fall => {
                Self::Up { failed: failed + 1 }
            }
            (Self::Up { .. } | Self::Doubtful, Heard::Failed) => Self::Down { passed: 0 },
            (Self::Up { .. } | Self::Doubtful, Heard::Refused) => Self::Doubtful,
            (Self::Up { failed }, Heard::Connected) => Self::Up { failed },
            (Self::Up { .. }, Heard::Passed)
            | (Self::Doubtful, Heard::Passed | Heard::Connected) => Self::Up { failed: 0 },
            (Self::Down { passed }, Heard::Passed) if passed + 1 < rise => {
                Self::Down { passed: passed + 1 }
            }
            (Self::Down { .. }, Heard::Passed) => Self::Up { failed: 0 },
            (Self::Down { .. }, Heard::Failed | Heard::Refused) => Self::Down { passed: 0 },
            (Self::Down { passed }, Heard::Connected) => Self::Down { passed },
        };
        (std::mem::discriminant(self) != std::mem::discriminant(&before)).then_some(before)
    }

    /// Whether it is up without a doubt.
    #[must_use]
    pub fn is_up(self) -> bool {
        matches!(self, Self::Up { .. })
    }
}

/// Whether the status of a check's answer says that a member is up: one of those that are listed, or
/// any below 500 where none is.
#[must_use]
pub fn is_well(status: u16, listed: &[u16]) -> bool {
    match listed {
        [] => status < 500,
        listed => listed.contains(&status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Thresholds = Thresholds { fall: 2, rise: 2 };

    fn after(heard: &[Heard], is_alone: bool) -> Health {
        let mut health = Health::default();
        for heard in heard {
            health.heard(*heard, TWO, is_alone);
        }
        health
    }

    #[test]
    fn checks_in_a_row_take_a_member_down_and_bring_it_back() {
        use Heard::{Failed, Passed};
        assert!(after(&[Failed], false).is_up());
        assert!(after(&[Failed, Passed, Failed], false).is_up());
        assert!(!after(&[Failed, Failed], false).is_up());
        assert!(!after(&[Failed, Failed, Passed], false).is_up());
        assert!(!after(&[Failed, Failed, Passed, Failed, Passed], false).is_up());
        assert!(after(&[Failed, Failed, Passed, Passed], false).is_up());
    }

    #[test]
    fn one_check_brings_back_a_member_when_no_other_is_up() {
        use Heard::{Failed, Passed};
        assert!(after(&[Failed, Failed, Passed], true).is_up());
    }

    #[test]
    fn a_refused_connection_makes_a_doubt_that_the_next_check_decides() {
        use Heard::{Connected, Failed, Passed, Refused};
        assert_eq!(after(&[Refused], false), Health::Doubtful);
        assert!(after(&[Refused, Passed], false).is_up());
        assert!(after(&[Refused, Connected], false).is_up());
        assert_eq!(after(&[Refused, Failed], false), Health::Down { passed: 0 });
        let down = after(&[Failed, Failed, Refused, Connected], false);
        assert_eq!(
            down,
            Health::Down { passed: 0 },
            "only checks bring it back"
        );
    }

    #[test]
    fn only_a_change_is_told() {
        use Heard::{Failed, Passed};
        let mut health = Health::default();
        let mut told = |heard| health.heard(heard, TWO, false);
        assert_eq!(told(Failed), None);
        assert_eq!(told(Failed), Some(Health::Up { failed: 1 }));
        assert_eq!(told(Failed), None);
        assert_eq!(told(Passed), None);
        assert_eq!(told(Passed), Some(Health::Down { passed: 1 }));
    }

    #[test]
    fn a_status_below_500_is_well_unless_some_are_listed() {
        assert!(is_well(200, &[]) && is_well(401, &[]) && is_well(499, &[]));
        assert!(!is_well(500, &[]) && !is_well(503, &[]));
        assert!(is_well(503, &[200, 503]) && !is_well(401, &[200, 503]));
    }
}
