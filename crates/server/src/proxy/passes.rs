//! Who was let in and not passed on, for the audit: once in a while for each person, farm and reason, as a
//! phone that is refused asks again every second.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use authn::account::AccountId;
use authn::audit::PassReason;
use gateway::ports::NoToken;
use tokio::time::Instant;

use super::exchange::Connection;
use super::upstream::UpstreamError;
use crate::clock;

/// How long the same is not written once more.
const QUIET: Duration = Duration::from_secs(600);
/// How many are remembered; where there are more, some are written more often.
const MAX_REMEMBERED: usize = 4_096;

/// What was written lately.
#[derive(Default)]
pub(super) struct Passes(Mutex<HashMap<Pass, Instant>>);

#[derive(Clone, PartialEq, Eq, Hash)]
struct Pass {
    /// Whose, where it is about one.
    account: Option<AccountId>,
    farm: String,
    reason: PassReason,
    /// What was said, where that tells one trouble of everybody's from another.
    said: Option<String>,
}

impl Passes {
    /// Whether an event is to be written; then the same is not for a while.
    fn is_news(&self, pass: Pass, now: Instant) -> bool {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = |at: &Instant| now.saturating_duration_since(*at) < QUIET;
        if written.get(&pass).is_some_and(is_known) {
            return false;
        }
        if written.len() >= MAX_REMEMBERED {
            written.retain(|_, at| is_known(at));
        }
        if written.len() >= MAX_REMEMBERED {
            written.clear();
        }
        written.insert(pass, now);
        true
    }

    /// Forgets that something was written, as it was not.
    fn forget(&self, pass: &Pass) {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.remove(pass);
    }
}

impl Connection {
    /// Has it written down that the request at hand was not passed on, and says why in the log.
    pub(super) async fn note_refusal(
        &self,
        farm: &str,
        reason: PassReason,
        cause: &(dyn fmt::Display + Sync),
    ) {
        let said = cause.to_string();
        let event = self
            .conversation
            .not_passed_on(farm, (reason, &said), clock::now());
        let Some(event) = event else {
            return;
        };
        let pass = Pass {
            account: event.account.clone(),
            farm: farm.to_owned(),
            reason,
            said: (reason == PassReason::Unavailable).then(|| said.clone()),
        };
        let passes = &self.proxy.passes;
        if !passes.is_news(pass.clone(), Instant::now()) {
            return;
        }
        let activity = event.activity.as_ref().map(|it| it.0.as_str());
        tracing::warn!(
            farm,
            activity,
            "somebody who was let in is not passed on: {said}"
        );
        if let Err(error) = self.proxy.verifier.note(vec![event]).await {
            passes.forget(&pass);
            tracing::error!("it is not written that somebody was not passed on: {error}");
        }
    }
}

/// What the audit says of an error, where it is about who somebody is.
pub(super) fn reason(error: &UpstreamError) -> Option<PassReason> {
    match error {
        UpstreamError::NoToken(NoToken::Denied(_)) => Some(PassReason::NoTicket),
        UpstreamError::NoToken(NoToken::NotDelegable(_)) => Some(PassReason::NotDelegable),
        UpstreamError::NoToken(NoToken::Alarm(_)) => Some(PassReason::Alarm),
        UpstreamError::NoToken(NoToken::AnotherAccount(_)) => Some(PassReason::AnotherAccount),
        UpstreamError::NoToken(NoToken::Unavailable(_)) => Some(PassReason::Unavailable),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pass(account: Option<&str>, farm: &str, reason: PassReason) -> Pass {
        Pass {
            account: account.map(|it| AccountId(it.to_owned())),
            farm: farm.to_owned(),
            reason,
            said: None,
        }
    }

    #[test]
    fn the_same_is_written_once_in_a_while_and_another_at_once() {
        let passes = Passes::default();
        let now = Instant::now();
        let is_news =
            |account, farm, reason, after| passes.is_news(pass(account, farm, reason), now + after);
        let zero = Duration::ZERO;
        assert!(is_news(Some("a"), "fe", PassReason::NoTicket, zero));
        let soon = QUIET - Duration::from_secs(1);
        assert!(!is_news(Some("a"), "fe", PassReason::NoTicket, soon));
        assert!(is_news(Some("b"), "fe", PassReason::NoTicket, zero));
        assert!(is_news(Some("a"), "mail", PassReason::NoTicket, zero));
        assert!(is_news(Some("a"), "fe", PassReason::NotTaken, zero));
        assert!(is_news(Some("a"), "fe", PassReason::NoTicket, QUIET));
        assert!(is_news(None, "fe", PassReason::Unavailable, zero));
        assert!(!is_news(None, "fe", PassReason::Unavailable, soon));
        let clock = Pass {
            said: Some("the clock".to_owned()),
            ..pass(None, "fe", PassReason::Unavailable)
        };
        assert!(
            passes.is_news(clock, now),
            "another trouble is not hidden by the first"
        );
    }

    #[test]
    fn what_could_not_be_written_is_news_still() {
        let passes = Passes::default();
        let (now, once) = (Instant::now(), pass(Some("a"), "fe", PassReason::NoTicket));
        assert!(passes.is_news(once.clone(), now));
        passes.forget(&once);
        assert!(passes.is_news(once, now));
    }

    #[test]
    fn however_many_there_are_no_more_are_remembered() {
        let passes = Passes::default();
        let now = Instant::now();
        for number in 0..=MAX_REMEMBERED {
            let account = number.to_string();
            assert!(passes.is_news(pass(Some(&account), "fe", PassReason::NoTicket), now));
        }
        assert!(passes.0.lock().unwrap().len() <= MAX_REMEMBERED);
    }
}
