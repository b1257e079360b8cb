//! What both HTTP servers do at the door: find out who comes in, write it down, and ask again.

use std::sync::Arc;

use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proto::http_auth::Challenge;
use proto::lync::webticket::Ticket;

use super::{AssertionError, Assertions, Caller, How, Logon, Presented, schemes};
use crate::clock;
use crate::people::{People, Person};
use crate::provocation::Provocation;
use crate::requests::{Requests, Seen, Server};
use crate::serve::http::{Connection, Head};
use crate::serve::reply::Reply;

/// The header that presents a web ticket.
pub(crate) const WEB_TICKET: HeaderName = HeaderName::from_static("x-ms-webticket");

/// What a path asks of whoever comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// Nothing: Windows credentials are not even looked at, as IIS does on an anonymous path.
    Nothing,
    /// An identity.
    Identity,
}

/// The door of one server.
#[derive(Debug)]
pub(crate) struct Reception {
    /// The server.
    pub(crate) server: Server,
    /// Which of the servers behind one name it is.
    pub(crate) member: String,
    /// Its name as an audience of assertions.
    pub(crate) audience: String,
    /// Its own host name.
    pub(crate) host: String,
    /// What judges assertions.
    pub(crate) assertions: Arc<Assertions>,
    /// What judges domain passwords.
    pub(crate) logon: Logon,
    /// The list of requests.
    pub(crate) requests: Arc<Requests>,
    /// What a test may turn on.
    pub(crate) provocation: Arc<Provocation>,
}

impl Reception {
    /// Finds out who comes in by the gate's word or a domain password.
    pub(crate) fn identify(&self, head: &Head, connection: &Connection, asks: Asks) -> Caller {
        match self.by_assertion(head) {
            Ok(Some(person)) => Caller::Known {
                person,
                how: How::Assertion,
                challenge: None,
            },
            Err(error) => Caller::Refused {
                reason: error.to_string(),
            },
            Ok(None) if asks == Asks::Identity => {
                connection
                    .logon
                    .check(&head.headers, &self.logon, clock::now())
            }
            Ok(None) => Caller::Nobody,
        }
    }

    /// Writes a request down; the number is for [`Self::complete`].
    pub(crate) fn note(&self, head: &Head, connection: &Connection, caller: &Caller) -> u64 {
        self.requests.add(Seen {
            server: self.server,
            member: self.member.clone(),
            host: head.host.clone(),
            method: head.method.to_string(),
            path: head.path.clone(),
            identity: caller.person().map(|person| person.account.clone()),
            how: caller.how(),
            refused: caller.refused().map(str::to_owned),
            connection: connection.number,
            authorization_schemes: schemes(&head.headers),
            ticket: brings_ticket(&head.headers),
            headers: self.provocation.names(&head.headers),
            at: clock::now(),
        })
    }

    /// Adds what only the body said about who sent a request.
    pub(crate) fn complete(&self, number: u64, caller: &Caller, brought_ticket: bool) {
        self.requests.complete(number, |seen| {
            seen.identity = caller.person().map(|person| person.account.clone());
            seen.how = caller.how();
            seen.refused = caller.refused().map(str::to_owned);
            seen.ticket |= brought_ticket;
        });
    }

    /// A 401 that takes the handshake on, or offers what IIS offers.
    pub(crate) fn challenge(&self, caller: &Caller) -> Reply {
        let reply = Reply::with_body(
            StatusCode::UNAUTHORIZED,
            "text/html",
            "<html><body><h2>401 - Unauthorized: Access is denied due to invalid credentials.\
             </h2></body></html>",
        );
        match caller {
            Caller::Midway { challenge } => reply.header(WWW_AUTHENTICATE, challenge),
            Caller::Known { .. } | Caller::Nobody | Caller::Refused { .. } => reply
                .header(WWW_AUTHENTICATE, "Negotiate")
                .header(WWW_AUTHENTICATE, "NTLM")
                .header(
                    WWW_AUTHENTICATE,
                    &Challenge::Basic { realm: &self.host }.to_string(),
                ),
        }
    }

    /// Ends a handshake that proved somebody; the last word on every answer.
    pub(crate) fn finish(&self, reply: Reply, caller: &Caller) -> Reply {
        let reply = match caller {
            Caller::Known {
                challenge: Some(challenge),
                ..
            } => reply.header(WWW_AUTHENTICATE, challenge),
            Caller::Known { .. }
            | Caller::Nobody
            | Caller::Midway { .. }
            | Caller::Refused { .. } => reply,
        };
        self.provocation.answer(reply)
    }

    /// The people whom the server knows.
    pub(crate) fn people(&self) -> &People {
        &self.logon.people
    }

    fn by_assertion(&self, head: &Head) -> Result<Option<Arc<Person>>, AssertionError> {
        let header: &HeaderName = self.assertions.header();
        let mut values = head.headers.get_all(header).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(AssertionError::Repeated);
        }
        let presented = Presented {
            token: value.to_str().map_err(|_| AssertionError::Malformed)?,
            audience: &self.audience,
            method: &head.method,
            target: &format!("https://{}{}", head.host, head.path),
        };
        self.assertions
            .check(presented, self.people(), clock::now())
            .map(Some)
    }
}

fn brings_ticket(headers: &HeaderMap) -> bool {
    let is_bearer = |value: &HeaderValue| {
        let value = value.to_str().unwrap_or_default();
        matches!(Ticket::from_authorization(value), Ok(Some(_)))
    };
    headers.contains_key(WEB_TICKET) || headers.get_all(AUTHORIZATION).iter().any(is_bearer)
}
