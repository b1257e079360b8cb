//! One downstream connection and who it belongs to: the identity lives here and nowhere else.
//!
//! Sans I/O: the door feeds what came in, this says what to do. A verdict other than
//! [`Verdict::Forward`] lets no byte through (invariant 1). Start at [`Conversation::request`].

use std::net::IpAddr;
use std::sync::Arc;

use authn::audit::Event;
use authn::place::{ActivityId, Zone};
use authn::ticket::RelayedTicket;
use authn::{Attempt, Authenticated, Outcome};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use proto::ntlm::ChannelBinding;

use crate::route::{Onward, Publication};

/// What the door knows of a connection when it is accepted.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's address.
    pub address: IpAddr,
    /// The zone of the listener and the address together (design 13, internal).
    pub zone: Zone,
    /// The channel bindings of every certificate the listener holds for the name asked for.
    pub channel_bindings: Vec<ChannelBinding>,
    /// Whether NTLM and Negotiate must carry a channel binding.
    pub channel_binding: proto::ntlm::WhenAbsent,
    /// Whether NTLM must carry a MIC.
    pub mic: proto::ntlm::WhenAbsent,
    /// The name that TLS asked for, lower case; `None` where it named none.
    pub server_name: Option<String>,
}

/// The time and the random bytes of one request.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Now.
    pub now: Timestamp,
    /// Fresh bytes of the system's generator.
    pub random: [u8; 32],
}

/// An answer of our own.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers, without framing.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What becomes of the request's body on its way on.
#[derive(Clone, Debug)]
pub enum RequestBody {
    /// It streams as it comes.
    AsSent,
    /// It was read and goes on byte for byte.
    Keep(Bytes),
}

/// What becomes of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerBody {
    /// It streams.
    Stream,
    /// It is read, at most so many bytes, and given to [`Conversation::answer_body`].
    Read {
        /// The cap; a larger answer is 502.
        at_most: usize,
    },
}

/// Whose a forwarded request is; upstream connections are kept apart by it.
#[derive(Clone, Debug)]
pub enum Pass {
    /// Nobody's.
    Anonymous,
    /// Somebody's.
    As(Arc<Authenticated>),
}

/// A request that may pass.
#[derive(Debug)]
pub struct Forward {
    /// Whose it is.
    pub pass: Pass,
    /// How the back end learns it.
    pub onward: Onward,
    /// The farm.
    pub farm: String,
    /// The route's name, for logs.
    pub route: String,
    /// The head to send: method, path and query, and exactly these headers (framing and the
    /// onward identity excepted, which the door adds).
    pub head: http::request::Parts,
    /// The body to send.
    pub body: RequestBody,
    /// What becomes of the answer's body.
    pub answer: AnswerBody,
    /// The request's id.
    pub activity: ActivityId,
}

/// What to do with a request.
#[derive(Debug)]
pub enum Verdict {
    /// Answer 401 and keep the connection; the handshake goes on.
    Challenge(Reply),
    /// Read the body, at most so many bytes, and give it to [`Conversation::body`]; a longer one
    /// is answered 413 and closed.
    ReadBody {
        /// The cap.
        at_most: usize,
    },
    /// Ask the verifier and give its outcome to [`Conversation::verified`].
    Verify(Box<Attempt>),
    /// Send it on; the answer comes back to [`Conversation::answer`].
    Forward(Box<Forward>),
    /// Answer this, after writing the events.
    Refuse {
        /// The answer.
        reply: Reply,
        /// Whether the connection ends with it.
        close: bool,
        /// What is audited first.
        events: Vec<Event>,
    },
}

/// What an answer's body became.
#[derive(Debug)]
pub struct Answered {
    /// The body to send to the client.
    pub body: Bytes,
    /// A ticket to record before anything is sent.
    pub ticket: Option<RelayedTicket>,
}

/// Marks the type that the door holds, one per downstream connection.
#[derive(Debug)]
pub struct Conversation {
    publication: Arc<Publication>,
    peer: Peer,
}

impl Conversation {
    /// Begins with nobody authenticated.
    #[must_use]
    pub fn new(publication: Arc<Publication>, peer: Peer) -> Self {
        Self { publication, peer }
    }

    /// Takes the head of the next request.
    pub fn request(&mut self, head: &http::request::Parts, moment: Moment) -> Verdict {
        let _ = (&self.publication, &self.peer, head, moment);
        Verdict::ReadBody { at_most: 0 }
    }

    /// Takes the body that was asked for.
    pub fn body(&mut self, body: Bytes, moment: Moment) -> Verdict {
        let _ = (body, moment);
        Verdict::ReadBody { at_most: 0 }
    }

    /// Takes the verifier's outcome.
    pub fn verified(&mut self, outcome: Outcome, moment: Moment) -> Verdict {
        let _ = (outcome, moment);
        Verdict::ReadBody { at_most: 0 }
    }

    /// Takes the head of the back end's answer and cleans it in place: credential challenges and
    /// hop-by-hop headers go, our own are added; or a reply of our own takes its place.
    pub fn answer(&mut self, head: &mut http::response::Parts) -> Option<Reply> {
        let _ = head;
        None
    }

    /// Takes the whole body of an answer that was to be read.
    ///
    /// # Errors
    ///
    /// A reply of our own where the back end's answer cannot be passed on.
    pub fn answer_body(
        &mut self,
        head: &mut http::response::Parts,
        body: Bytes,
        moment: Moment,
    ) -> Result<Answered, Reply> {
        let _ = (head, moment);
        Ok(Answered { body, ticket: None })
    }

    /// Who the connection belongs to, if anybody.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Authenticated>> {
        None
    }

    /// Ends the identity if it rests on this account or credential; the door then closes.
    pub fn revoked(&mut self, revoked: &Revoked) -> bool {
        let _ = revoked;
        false
    }
}

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Everything of an account.
    Account(authn::account::AccountId),
    /// One credential.
    Credential(authn::credential::CredentialId),
}
