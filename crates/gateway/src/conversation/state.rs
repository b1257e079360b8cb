//! What a conversation remembers: whom the connection belongs to, and the request it is busy with.

use std::sync::Arc;

use authn::place::{ActivityId, Channel, Service};
use authn::{Authenticated, Proof};
use bytes::Bytes;

use crate::preauth::handshake::Handshake;
use crate::reply::Replies;
use crate::route::{Route, Scheme};

/// Whom the connection belongs to.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nobody.
    Nobody,
    /// Nobody yet: a handshake waits for its next message.
    Waiting(Box<Handshake>),
    /// Somebody, by this scheme, for this service.
    Somebody {
        who: Arc<Authenticated>,
        scheme: Scheme,
        service: Service,
    },
}

/// The request that the conversation is busy with.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) head: http::request::Parts,
    pub(super) name: String,
    pub(super) published: String,
    pub(super) route: Arc<Route>,
    pub(super) activity: ActivityId,
    pub(super) replies: Replies,
    pub(super) next: Next,
    pub(super) channel: Option<Channel>,
    pub(super) somebody: Option<Arc<Authenticated>>,
    pub(super) token: Option<(Scheme, Vec<u8>)>,
}

/// What happens once the body or the outcome is there.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing: neither is awaited.
    Nothing,
    /// It passes as somebody, once its body was read.
    PassAs(Arc<Authenticated>),
    /// It is verified, once its body was read.
    Verify(Box<Proof>, Channel),
    /// It passes with this body, once it was verified.
    Pass(Bound),
}

/// The body of a request on its way on.
#[derive(Debug)]
pub(super) enum Bound {
    /// It streams.
    Streams,
    /// It was read.
    Read(Bytes),
}

impl Asked {
    /// The scheme whose proof makes the connection somebody's; Basic and tickets do not.
    pub(super) fn handshake_scheme(&self) -> Option<Scheme> {
        match self.channel? {
            Channel::Ntlm => Some(Scheme::Ntlm),
            Channel::Negotiate => Some(Scheme::Negotiate),
            Channel::Basic | Channel::Ticket => None,
        }
    }
}
