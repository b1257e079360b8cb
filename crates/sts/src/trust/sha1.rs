//! Until when what one partner signs by SHA-1 is believed: a date that an administrator writes into its trust.
//!
//! SECURITY: there is none for all partners, none without an end, and none for what we sign ourselves: whoever gets two
//! documents of one SHA-1 made needs one signature for both, and we sign what others have a say in (decision 0032). Start at
//! [`Sha1Until`].

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use xml::Policy;

/// How many days a date may be ahead when it is written down: two years.
pub const MAX_DAYS_AHEAD: i64 = 2 * 366;
/// How many days before its end a date is told as one that ends soon.
const TOLD_DAYS_BEFORE: i64 = 60;

/// The last day, as UTC counts days, on which what a partner signs by SHA-1 is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sha1Until(Date);

/// Why a date is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Sha1UntilError {
    /// It is past.
    #[error("it is past; write a day from today on, at most {MAX_DAYS_AHEAD} days ahead")]
    Past,
    /// It is so far ahead that nobody will remember it.
    #[error("it is more than {MAX_DAYS_AHEAD} days ahead; set another when it comes near")]
    TooFar,
}

/// How a date stands at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sha1Standing {
    /// It is far ahead.
    Far,
    /// It ends in so many days at the most.
    Soon {
        /// The days, today among them.
        days: i64,
    },
    /// It is past, and nothing is believed by it.
    Over,
}

impl Sha1Until {
    /// The date of a text, as `2027-06-30`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let date: Date = text.parse().ok()?;
        // Only as it is printed: what else reads as a date may be a time that is left out.
        (date.to_string() == text).then_some(Self(date))
    }

    /// Whether it may be written down at a moment.
    ///
    /// # Errors
    ///
    /// It is past, or too far ahead.
    pub fn check(self, now: Timestamp) -> Result<(), Sha1UntilError> {
        // The day of the moment is among those that are left, and is not ahead.
        match self.days_left(now) - 1 {
            ..=-1 => Err(Sha1UntilError::Past),
            0..=MAX_DAYS_AHEAD => Ok(()),
            _ => Err(Sha1UntilError::TooFar),
        }
    }

    /// How it stands at a moment.
    #[must_use]
    pub fn standing(self, now: Timestamp) -> Sha1Standing {
        match self.days_left(now) {
            ..=0 => Sha1Standing::Over,
            days @ 1..=TOLD_DAYS_BEFORE => Sha1Standing::Soon { days },
            _ => Sha1Standing::Far,
        }
    }

    /// What a partner with this date may sign with.
    pub(crate) fn policy(self) -> Policy {
        Policy {
            sha1_until: Some(self.ends()),
            ..Policy::default()
        }
    }

    /// The moment from which on nothing is believed by it.
    fn ends(self) -> Timestamp {
        let next = self.0.tomorrow();
        let midnight = next.and_then(|it| it.to_zoned(TimeZone::UTC));
        // SECURITY: a day without a next one has ended.
        midnight.map_or(Timestamp::MIN, |it| it.timestamp())
    }

    /// The days until it ends, the one of the moment among them; 0 or fewer where it has.
    fn days_left(self, now: Timestamp) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        let left: SignedDuration = self.ends().duration_since(now);
        match left.is_positive() {
            true => {
                left.as_secs() / DAY
                    + i64::from(left.as_secs() % DAY != 0 || left.subsec_nanos() != 0)
            }
            false => 0,
        }
    }
}

impl fmt::Display for Sha1Until {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(text: &str) -> Sha1Until {
        Sha1Until::parse(text).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_date_is_read_as_it_is_printed_and_in_no_other_way() {
        assert_eq!(until("2027-06-30").to_string(), "2027-06-30");
        for text in [
            "",
            "2027-6-30",
            "20270630",
            "2027-02-30",
            "2027-06-30T12:00:00",
            "2027-06-30T12:00:00Z",
            " 2027-06-30",
            "soon",
        ] {
            assert_eq!(Sha1Until::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_date_is_the_last_day_as_utc_counts_days() {
        let date = until("2027-06-30");
        let standing = |text| date.standing(at(text));
        assert_eq!(
            standing("2027-06-30T23:59:59.9Z"),
            Sha1Standing::Soon { days: 1 }
        );
        assert_eq!(
            standing("2027-06-30T00:00:00Z"),
            Sha1Standing::Soon { days: 1 }
        );
        assert_eq!(standing("2027-07-01T00:00:00Z"), Sha1Standing::Over);
        assert_eq!(date.policy().sha1_until, Some(at("2027-07-01T00:00:00Z")));
        assert_eq!(
            standing("2027-05-02T00:00:00Z"),
            Sha1Standing::Soon { days: 60 }
        );
        assert_eq!(standing("2027-05-01T23:59:59Z"), Sha1Standing::Far);
        let last = until("9999-12-31");
        assert_eq!(
            last.standing(at("2027-01-01T00:00:00Z")),
            Sha1Standing::Over
        );
    }

    #[test]
    fn a_date_that_is_past_or_too_far_ahead_is_not_written_down() {
        let now = at("2027-01-01T12:00:00Z");
        let check = |text| until(text).check(now);
        assert_eq!(check("2026-12-31"), Err(Sha1UntilError::Past));
        assert_eq!(check("2027-01-01"), Ok(()));
        assert_eq!(check("2029-01-02"), Ok(()), "732 days");
        assert_eq!(check("2029-01-03"), Err(Sha1UntilError::TooFar));
        let last = until("2029-01-02");
        for moment in ["2027-01-01T00:00:00Z", "2027-01-01T23:59:59.9Z"] {
            assert_eq!(last.check(at(moment)), Ok(()), "{moment}");
        }
    }
}
