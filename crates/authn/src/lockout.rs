//! Counters: what is counted before a secret is checked, and what a count leads to.
//!
//! A right proof of an app password is never refused for counters: sources are slowed, accounts
//! raise alarms (design 13, what lockout is for).

use std::time::Duration;

use jiff::Timestamp;

use crate::account::AccountId;
use crate::place::SourceNetwork;

/// Whom a counter is about: an account, or one of a bounded number of buckets for names that lead
/// to none, so that an unknown name costs the same work and no more room.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A known account.
    Account(AccountId),
    /// The bucket of an unknown name.
    Unknown(u16),
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

/// How long the answer to an attempt is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HoldBack(pub Duration);
