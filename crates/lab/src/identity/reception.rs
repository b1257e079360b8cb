//! What both HTTP servers do at the door: find out who comes in, write it down, and ask again.

use std::sync::Arc;

use http::header::WWW_AUTHENTICATE;
use http::{HeaderName, StatusCode};
use proto::http_auth::Challenge;

use super::{AssertionError, Assertions, Caller, How, Logon, Presented, schemes};
use crate::clock;
use crate::people::{People, Person};
use crate::requests::{Requests, Seen, Server};
use crate::serve::http::{Connection, Head};
use crate::serve::reply::Reply;

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

    /// Writes a request down.
    pub(crate) fn note(&self, head: &Head, connection: &Connection, caller: &Caller) {
        self.requests.add(Seen {
            server: self.server,
            host: head.host.clone(),
            method: head.method.to_string(),
            path: head.path.clone(),
            identity: caller.person().map(|person| person.account.clone()),
            how: caller.how(),
            refused: caller.refused().map(str::to_owned),
            connection: connection.number,
            authorization_schemes: schemes(&head.headers),
            at: clock::now(),
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

    /// Ends a handshake that proved somebody.
    pub(crate) fn finish(&self, reply: Reply, caller: &Caller) -> Reply {
        match caller {
            Caller::Known {
                challenge: Some(challenge),
                ..
            } => reply.header(WWW_AUTHENTICATE, challenge),
            Caller::Known { .. }
            | Caller::Nobody
            | Caller::Midway { .. }
            | Caller::Refused { .. } => reply,
        }
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
