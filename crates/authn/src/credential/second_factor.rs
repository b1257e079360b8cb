//! Second factors as an account remembers them: when one was proved first, and when and what was proved last.
//!
//! App passwords are leased by it (design 13, two factors). Start at [`SecondFactor::lease`].

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::place::Method;

/// What an account remembers of the second factors that its owner proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactor {
    /// What was proved last.
    pub method: Method,
    /// When one was proved for the first time.
    pub first: Timestamp,
    /// When one was proved last.
    pub last: Timestamp,
}

impl SecondFactor {
    /// Until when an app password that was made at a time may be used, where it is leased for so long; `None` where
    /// it never may: nobody had proved more than one factor when it was made (design 13, b).
    #[must_use]
    pub fn lease(&self, made: Timestamp, lease: SignedDuration) -> Option<Timestamp> {
        let until = self.last.checked_add(lease).unwrap_or(Timestamp::MAX);
        (made >= self.first).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_runs_from_the_last_proof_for_what_was_made_after_the_first() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let factor = SecondFactor {
            method: Method::OneTimeCode,
            first: at(100),
            last: at(500),
        };
        let lease = SignedDuration::from_secs(60);
        assert_eq!(factor.lease(at(99), lease), None);
        assert_eq!(factor.lease(at(100), lease), Some(at(560)));
        assert_eq!(factor.lease(at(900), lease), Some(at(560)));
        assert_eq!(
            factor.lease(at(900), SignedDuration::MAX),
            Some(Timestamp::MAX)
        );
    }
}
