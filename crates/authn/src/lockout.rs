//! Counters: what is counted before a secret is checked, and what a count leads to.
//!
//! A right proof of an app password is never refused for counters: sources are slowed, accounts
//! raise alarms (design 13, what lockout is for).

use std::time::Duration;

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use crate::account::AccountId;
use crate::name::NameKey;
use crate::place::SourceNetwork;

/// How long a counter runs before it begins anew.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(15);
/// How many failures of a source network in a window leave its answers prompt.
pub const PROMPT_FAILURES: u32 = 20;
/// How much longer each further failure holds the answer back.
const HOLD_BACK_STEP: Duration = Duration::from_millis(50);
/// The longest that an answer is held back.
pub const LONGEST_HOLD_BACK: Duration = Duration::from_secs(1);
/// At how many failures of an account in a window an alarm is raised.
pub const ALARM_FAILURES: u32 = 100;
/// How many buckets unknown names share.
///
/// SECURITY: a name that finds a bucket shut which it did not fill is nobody's, so that whoever fills a share of all
/// buckets is told of that share of names; each takes ten guesses in a window. It must be more than anybody fills.
const BUCKETS: u32 = 1 << 20;

/// Whom a counter is about: an account, or one of a bounded number of buckets for names that lead
/// to none, so that an unknown name costs the same work and no more room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A known account.
    Account(AccountId),
    /// The bucket of an unknown name.
    Unknown(u32),
}

/// A place in the counters, asked for before a secret is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose counter.
    pub subject: Subject,
    /// Which network's counter.
    pub source: SourceNetwork,
    /// The start of the window: counters older than this begin anew.
    pub window_start: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// How many failures the subject may have before no more places are given; `None` for app
    /// passwords, which are never refused for counters.
    pub limit: Option<u32>,
}

/// What the counters held after the place was taken (this attempt is counted in).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Failures and open attempts of the subject in the window.
    pub subject: u32,
    /// Failures and open attempts of the source in the window.
    pub source: u32,
    /// Whether this account has signed in from this network before.
    pub source_is_familiar: bool,
}

/// In which queue whoever typed a memorised secret waits for the dear hash of it, so that those who flood one wait for
/// each other and for nobody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Queue {
    /// The account has signed in from that network before.
    Familiar,
    /// It has not.
    Unfamiliar,
    /// The network has so many failures that its answers are held back.
    Noisy,
}

/// How long the answer to an attempt is held back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldBack(pub Duration);

impl Subject {
    /// The bucket of a name that leads to no account; without the key nobody can aim at one.
    #[must_use]
    pub fn unknown(names: &[NameKey], key: &Secret<Vec<u8>>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        let name = names.first().map(NameKey::as_str).unwrap_or_default();
        let tag = hmac::sign(&key, name.as_bytes());
        let start = tag.as_ref().first_chunk().copied().unwrap_or_default();
        Self::Unknown(u32::from_be_bytes(start) % BUCKETS)
    }
}

impl Place {
    /// The place of an attempt now.
    #[must_use]
    pub fn now(subject: Subject, source: SourceNetwork, now: Timestamp) -> Self {
        let window_start = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        Self {
            subject,
            source,
            window_start,
            now,
            limit: None,
        }
    }
}

impl Counts {
    /// How long an answer is held back: a source with many failures is slowed, save for a right
    /// secret of somebody who has signed in from it before (a laptop that offers its AD logon on
    /// every connection must not hurt the phone beside it).
    ///
    /// SECURITY: a refusal is held back whoever was named, or it would tell who works there.
    #[must_use]
    pub fn hold_back(&self, is_right: bool) -> HoldBack {
        let beyond = self.source.saturating_sub(PROMPT_FAILURES);
        if is_right && self.source_is_familiar {
            return HoldBack(Duration::ZERO);
        }
        HoldBack(HOLD_BACK_STEP.saturating_mul(beyond).min(LONGEST_HOLD_BACK))
    }

    /// In which queue a memorised secret waits for its hash.
    #[must_use]
    pub fn queue(&self) -> Queue {
        match (self.source_is_familiar, self.source > PROMPT_FAILURES) {
            (true, _) => Queue::Familiar,
            (false, true) => Queue::Noisy,
            (false, false) => Queue::Unfamiliar,
        }
    }

    /// Whether there are so many failures that an alarm is due, if none was raised in the window.
    #[must_use]
    pub fn is_alarming(&self) -> bool {
        self.subject >= ALARM_FAILURES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(source: u32) -> Counts {
        Counts {
            subject: 1,
            source,
            source_is_familiar: false,
        }
    }

    #[test]
    fn a_source_is_slowed_step_by_step_up_to_a_second() {
        let held = |source| counts(source).hold_back(true).0.as_millis();
        assert_eq!([held(1), held(20), held(21), held(30)], [0, 0, 50, 500]);
        assert_eq!([held(40), held(10_000), held(u32::MAX)], [1_000; 3]);
    }

    #[test]
    fn s21_only_a_right_secret_is_prompt_from_a_familiar_source() {
        let familiar = Counts {
            source_is_familiar: true,
            ..counts(10_000)
        };
        assert_eq!(familiar.hold_back(true), HoldBack(Duration::ZERO));
        assert_eq!(familiar.hold_back(false), HoldBack(LONGEST_HOLD_BACK));
    }

    #[test]
    fn whoever_floods_waits_in_a_queue_of_their_own() {
        let queue = |source, source_is_familiar| {
            let counts = Counts {
                source_is_familiar,
                ..counts(source)
            };
            counts.queue()
        };
        assert_eq!(queue(1, false), Queue::Unfamiliar);
        assert_eq!(queue(PROMPT_FAILURES, false), Queue::Unfamiliar);
        assert_eq!(queue(PROMPT_FAILURES + 1, false), Queue::Noisy);
        assert_eq!(queue(u32::MAX, true), Queue::Familiar);
    }

    #[test]
    fn an_alarm_is_due_from_the_hundredth_failure_on() {
        let is_alarming = |subject| {
            let counts = Counts {
                subject,
                ..counts(1)
            };
            counts.is_alarming()
        };
        assert_eq!([99, 100, 101].map(is_alarming), [false, true, true]);
    }

    #[test]
    fn unknown_names_share_a_bounded_number_of_buckets() {
        let key = Secret::new(vec![1; 32]);
        let bucket =
            |user: &str| Subject::unknown(&NameKey::candidates(user, "CONTOSO", None), &key);
        assert_eq!(bucket("nobody"), bucket("NOBODY "));
        let all: std::collections::BTreeSet<Subject> = (0..20_000)
            .map(|number| bucket(&format!("user{number}")))
            .collect();
        assert!(all.len() > 19_700, "{}: few share one", all.len());
        let is_bounded = |it: &Subject| matches!(it, Subject::Unknown(it) if *it < BUCKETS);
        assert!(all.iter().all(is_bounded));
    }
}
