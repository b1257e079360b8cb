//! A time as an operator writes it: a moment, a day, or so long ago.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{clock, config};

/// Reads a time.
///
/// # Errors
///
/// It is none; the sentence says what one is.
pub(super) fn when(typed: &str) -> Result<Timestamp, String> {
    at(typed, clock::now())
}

fn at(typed: &str, now: Timestamp) -> Result<Timestamp, String> {
    let moment = || typed.parse().ok();
    let day = || {
        let day: Date = typed
            .parse()
            .ok()
            .filter(|_| typed.len() == "2026-11-30".len())?;
        Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    let ago = || now.checked_sub(config::length_of(typed)?).ok();
    moment().or_else(day).or_else(ago).ok_or_else(|| {
        "a time is `2026-11-30T08:00:00Z`, `2026-11-30` (midnight, UTC) or so long ago: `400 days`, `2 hours`"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_moment_a_day_or_so_long_ago() {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        for (typed, expected) in [
            ("2026-11-30T08:00:00Z", "2026-11-30T08:00:00Z"),
            ("2026-11-30T08:00:00+02:00", "2026-11-30T06:00:00Z"),
            ("2026-11-30", "2026-11-30T00:00:00Z"),
            ("2 hours", "2026-11-30T10:00:00Z"),
            ("400 days", "2025-10-26T12:00:00Z"),
        ] {
            assert_eq!(at(typed, now).unwrap().to_string(), expected, "{typed}");
        }
        for typed in [
            "",
            "yesterday",
            "400",
            "2026-13-01",
            "-2 hours",
            "2026-11-30T08:00",
        ] {
            let refused = at(typed, now).unwrap_err();
            assert!(refused.contains("400 days"), "{typed}");
        }
    }
}
