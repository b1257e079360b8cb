//! What may go wrong at the door, and the answer that it gets: one match, for every fault.

use authn::audit::{Event, MAX_SAID, PassReason};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use super::{Conversation, EventKind, Reply};
use crate::headers::ACTIVITY;
use crate::reply::Replies;

/// What went wrong while a request was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The request's framing is in doubt, or its body broke off.
    Framing,
    /// A body that had to be read is larger than may be.
    RequestTooLarge,
    /// A body that had to be read did not come in time.
    RequestTooSlow,
    /// What had to be written down could not be.
    Unrecorded,
    /// The system gives no random bytes.
    NoRandomness,
    /// The back end cannot be told who it is.
    NoIdentity,
    /// The domain has no ticket for this person: the account is locked, switched off or has ended.
    NoTicket,
    /// This person's account is never passed on to a back end.
    NotDelegable,
    /// The back end does not take the identity that it was told.
    NotTaken,
    /// The back end broke off, or none is configured.
    Unreachable,
    /// No member of the farm is left that could be asked; nothing was sent to any.
    NoMember,
    /// The back end did not answer in time.
    TooSlow,
    /// The back end's answer cannot be understood.
    Garbage,
}

impl Failure {
    fn answer(self) -> (StatusCode, &'static str) {
        match self {
            Self::Framing => (
                StatusCode::BAD_REQUEST,
                "The request's framing is in doubt.\n",
            ),
            Self::RequestTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "The request's body is too large.\n",
            ),
            Self::RequestTooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "The request's body did not come in time.\n",
            ),
            Self::Unrecorded | Self::NoRandomness => (
                StatusCode::SERVICE_UNAVAILABLE,
                "This cannot be checked now; try again later.\n",
            ),
            Self::NoIdentity => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server behind cannot be told who you are.\n",
            ),
            Self::NoTicket => (
                StatusCode::FORBIDDEN,
                "The domain does not let you in now: your account is locked, switched off or has \
                 ended. Ask your administrator.\n",
            ),
            Self::NotDelegable => (
                StatusCode::FORBIDDEN,
                "Your account is an administrator's or marked as sensitive, and is not let in from \
                 here. Use an ordinary account.\n",
            ),
            Self::NotTaken => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The server behind does not accept the sign-in.\n",
            ),
            Self::Unreachable => (
                StatusCode::BAD_GATEWAY,
                "The server behind cannot be reached.\n",
            ),
            Self::NoMember => (
                StatusCode::SERVICE_UNAVAILABLE,
                "No server behind can be reached now; try again later.\n",
            ),
            Self::Garbage => (
                StatusCode::BAD_GATEWAY,
                "The server behind cannot be understood.\n",
            ),
            Self::TooSlow => (
                StatusCode::GATEWAY_TIMEOUT,
                "The server behind did not answer in time.\n",
            ),
        }
    }
}

impl Conversation {
    /// The answer to the request at hand after something went wrong at the door.
    #[must_use]
    pub fn failed(&self, failure: Failure, cause: String) -> Reply {
        let activity = self
            .asked
            .as_ref()
            .map(|asked| asked.replies.activity.clone());
        failed(failure, activity, cause)
    }
}

impl Conversation {
    /// What the audit learns where somebody who was let in is not passed on; nothing where the request at hand
    /// is nobody's. Where nobody can be passed on, nobody is named.
    #[must_use]
    pub fn not_passed_on(
        &self,
        farm: &str,
        (reason, said): (PassReason, &str),
        now: Timestamp,
    ) -> Option<Event> {
        let asked = self.asked.as_ref()?;
        let who = asked.somebody.as_ref()?;
        let is_of_one = reason != PassReason::Unavailable;
        Some(Event {
            at: now,
            kind: EventKind::NotPassedOn {
                farm: farm.to_owned(),
                reason,
                said: said.chars().take(MAX_SAID).collect(),
            },
            actor: None,
            account: is_of_one.then(|| who.account_id().clone()),
            source: is_of_one.then_some(self.peer.address),
            zone: Some(self.peer.zone.clone()),
            service: Some(asked.route.service.clone()),
            channel: Some(who.channel()),
            activity: Some(asked.activity.clone()),
        })
    }
}

impl Reply {
    /// The answer that is given where this one cannot be.
    #[must_use]
    pub fn instead(&self, failure: Failure, cause: String) -> Self {
        failed(failure, self.headers.get(ACTIVITY).cloned(), cause)
    }

    /// The id of the request that it answers; empty where it never got one.
    #[must_use]
    pub fn activity(&self) -> &str {
        let value = self
            .headers
            .get(ACTIVITY)
            .and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }
}

fn failed(failure: Failure, activity: Option<HeaderValue>, cause: String) -> Reply {
    let (status, sentence) = failure.answer();
    let is_known = activity.is_some();
    let activity = activity.unwrap_or(HeaderValue::from_static(""));
    let mut reply = Replies { activity }.plain(status, sentence);
    if !is_known {
        reply.headers.remove(ACTIVITY);
    }
    Reply {
        cause: Some(cause),
        ..reply
    }
}
