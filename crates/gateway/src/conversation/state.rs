//! What a conversation remembers: whom the connection belongs to, and the request it is busy with.

use std::sync::Arc;

use authn::place::{ActivityId, Channel, RouteName, Service};
use authn::ticket::TicketKey;
use authn::{Authenticated, Proof};
use bytes::Bytes;
use http::HeaderValue;
use proto::exchange::activesync;
use proto::soap;

use crate::headers::TicketHeaders;
use crate::preauth::handshake::Handshake;
use crate::reply::Replies;
use crate::route::{Kind, Route, Scheme, Tracking};
use crate::websocket;

/// Whom the connection belongs to.
#[derive(Debug)]
pub(super) enum Stage {
    /// Nobody.
    Nobody,
    /// Nobody yet: a handshake waits for its next message.
    Waiting(Box<Handshake>),
    /// Somebody, by this scheme, for this service; and for one path, where the policy speaks of paths.
    Somebody {
        who: Arc<Authenticated>,
        scheme: Scheme,
        service: Service,
        route: Option<RouteName>,
    },
}

/// The request that the conversation is busy with.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) head: http::request::Parts,
    pub(super) name: String,
    pub(super) published: String,
    pub(super) route: Arc<Route>,
    /// What of the route's schemes is offered to this client.
    pub(super) offered: Vec<Scheme>,
    pub(super) activity: ActivityId,
    pub(super) replies: Replies,
    /// The version of SOAP that the client speaks, as far as it has said.
    pub(super) soap: soap::Version,
    pub(super) next: Next,
    pub(super) channel: Option<Channel>,
    pub(super) presented: TicketHeaders,
    pub(super) somebody: Option<Arc<Authenticated>>,
    pub(super) token: Option<(Scheme, Vec<u8>)>,
    pub(super) certificate: Option<TicketKey>,
    /// The line of `Cookie` with the passive session that was looked at.
    pub(super) session: Option<HeaderValue>,
}

/// What happens once the body or the outcome is there.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing: neither is awaited.
    Nothing,
    /// Its body is read, and says what is asked for.
    Read(Asker),
    /// Its body is read, and has a ticket in it.
    FindTicket,
    /// Its body is read, and brings a token to a page of a passive sign-in.
    FindToken,
    /// Its body is read, and is a message that asks for metadata.
    AskForMetadata,
    /// It passes with this body, once it was verified.
    Pass(Bound),
}

/// The body of a request on its way on.
#[derive(Debug)]
pub(super) enum Bound {
    /// It streams.
    Streams,
    /// It was read and goes on as it came.
    Read(Bytes),
    /// It was read, and this goes on in its place.
    Replaced(Bytes),
}

/// Who asks for a ticket, as far as is known before the body is read.
#[derive(Debug)]
pub(super) enum Asker {
    /// Nobody yet: the body may say.
    Unknown,
    /// Whoever the connection belongs to.
    Known(Arc<Authenticated>),
    /// Whoever this proves.
    Proves(Box<Proof>, Channel),
}

impl Asked {
    /// The scheme whose proof makes the connection somebody's; Basic and tickets do not.
    pub(super) fn handshake_scheme(&self) -> Option<Scheme> {
        match self.channel? {
            Channel::Ntlm => Some(Scheme::Ntlm),
            Channel::Negotiate => Some(Scheme::Negotiate),
            Channel::Basic
            | Channel::UsernameToken
            | Channel::Grant
            | Channel::Ticket
            | Channel::Page => None,
        }
    }

    /// Which headers go on that may carry a ticket.
    pub(super) fn ticket_headers(&self) -> TicketHeaders {
        let rule = self.route.ticket;
        if rule.is_some_and(|rule| rule.tracking == Tracking::Observe) {
            match self.presented {
                TicketHeaders::Nothing => TicketHeaders::Any,
                looked_at => looked_at,
            }
        } else if self.channel == Some(Channel::Ticket) {
            self.presented
        } else {
            TicketHeaders::Nothing
        }
    }

    /// Whether its connection is to be given over to WebSocket.
    pub(super) fn wants_websocket(&self) -> bool {
        websocket::is_asked(&self.route, &self.head)
    }

    /// The id by which the device calls itself, where its protocol has one.
    pub(super) fn device(&self) -> Option<String> {
        let query = self
            .head
            .uri
            .query()
            .filter(|_| self.route.kind == Kind::ActiveSync);
        let request = activesync::Request::parse(query?).ok()?;
        Some(request.device_id.as_str().to_owned())
    }
}
