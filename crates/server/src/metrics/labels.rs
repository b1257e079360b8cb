//! The words of labels: each kind has a closed list.

use std::borrow::Cow;

use authn::place::Channel;
use http::StatusCode;
use prometheus_client::encoding::{EncodeLabelSet, LabelSetEncoder};
use prometheus_client::metrics::gauge::Gauge;

use crate::proxy::UpstreamError;

/// A few labels, each with its word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Labels<const N: usize>(pub(super) [(&'static str, Cow<'static, str>); N]);

impl<const N: usize> EncodeLabelSet for Labels<N> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), std::fmt::Error> {
        EncodeLabelSet::encode(&self.0, encoder)
    }
}

/// A connection that is counted as open until this is dropped.
#[derive(Debug)]
pub(crate) struct Closing(Gauge);

impl Closing {
    pub(super) fn begin(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// What became of a secret or a ticket that somebody offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignIn {
    /// It is right, and the policy allows it.
    Accepted,
    /// It was accepted a moment ago and is taken as it was then.
    Repeated,
    /// It is wrong, or the policy does not allow it.
    Refused,
    /// It could not be checked.
    Unavailable,
}

impl SignIn {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Repeated => "repeated",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
        }
    }
}

/// How a TLS handshake came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    /// Nothing was agreed on, or the client left.
    Failed,
    /// It took too long.
    Slow,
}

impl Handshake {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Slow => "slow",
        }
    }
}

/// How a balancer failed to say whose a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unnamed {
    /// What came is no PROXY header.
    Malformed,
    /// The connection ended within it.
    Ended,
    /// None came in time.
    Slow,
}

impl Unnamed {
    /// Every way.
    pub(super) const ALL: [Self; 3] = [Self::Malformed, Self::Ended, Self::Slow];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Ended => "ended",
            Self::Slow => "slow",
        }
    }
}

/// What became of a question of a gateway to its authentication server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OfAsk {
    /// There was an answer; it may be a no.
    Answered,
    /// It was not for that gateway to ask, or malformed.
    Refused,
    /// There was none: one of the two is broken or away.
    Unanswered,
}

impl OfAsk {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

/// What became of a configuration that was read anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reloaded {
    /// It is what new connections get.
    Taken,
    /// Something is wrong with it, and the old one goes on.
    Refused,
}

impl Reloaded {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
        }
    }
}

/// Every outcome.
pub(super) const OUTCOMES: [SignIn; 4] = [
    SignIn::Accepted,
    SignIn::Repeated,
    SignIn::Refused,
    SignIn::Unavailable,
];

pub(super) fn of_sign_in(channel: Channel, outcome: SignIn) -> Labels<2> {
    Labels([
        ("channel", channel.as_str().into()),
        ("outcome", outcome.word().into()),
    ])
}

pub(super) fn of_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        // A back end may write any three digits.
        _ => "other",
    }
}

/// A status of the gate's own: it has few of them.
pub(super) fn of_status(status: StatusCode) -> String {
    status.as_str().to_owned()
}

pub(super) fn of_upstream(error: &UpstreamError) -> &'static str {
    match error {
        UpstreamError::NoneUp { .. } => "none-up",
        UpstreamError::Unreachable { .. } => "unreachable",
        UpstreamError::NoIdentity(_) => "identity",
        UpstreamError::NoToken(_) => "token",
        UpstreamError::TooSlow => "slow",
        UpstreamError::Client(_) => "client",
        UpstreamError::Garbage(_) => "garbage",
    }
}
