//! Who looks on while the pipeline runs, so that it can be said why a token came out as it did; nobody does at a sign-in.
//!
//! An observer decides nothing but what a store would have answered. Start at [`Observer`].

use claims::{ClaimSet, Done, EvaluateError, Query, Row};

use super::NotIssued;

/// Who looks on.
pub trait Observer: Send + Sync {
    /// What is answered in the place of a store, or why nothing is; `None` where the store itself is to be asked.
    fn answers(&self, query: &Query<'_>) -> Option<Result<Vec<Row>, String>>;
    /// Takes what happened, in order.
    fn saw(&self, seen: Seen);
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Seen {
    /// Rules ran.
    Rules {
        /// Which.
        which: &'static str,
        /// What they began with.
        came_in: ClaimSet,
        /// What each did, and what came of it.
        done: Result<Done, Box<EvaluateError>>,
    },
    /// It was decided whether a second factor is needed.
    SecondFactor {
        /// Whether rules want one.
        by_rules: bool,
        /// Whether the access control policy wants one.
        by_policy: bool,
        /// Whether one was proved.
        is_proved: bool,
    },
    /// It was decided whether a token is permitted, by rules or by an access control policy.
    Authorized(Result<(), NotIssued>),
}
