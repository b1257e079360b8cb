//! One downstream connection and who it belongs to: the identity lives here and nowhere else.
//!
//! Sans I/O: the door feeds what came in, this says what to do. A verdict other than
//! [`Verdict::Forward`] lets no byte through (invariant 1). Start at [`Conversation::request`].

mod decide;
mod failure;
mod host;
mod passive;
mod state;
mod tickets;
mod windows;

use std::net::IpAddr;
use std::sync::Arc;

use authn::attempt::KerberosToken;
use authn::audit::{Event, Kind as EventKind, Reason};
use authn::issued::{Carried, TokenId};
use authn::place::{ActivityId, Channel, ConnectionId, RouteName, TlsFingerprint, Zone};
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Authenticated, Outcome, Proof, Refusal};
use bytes::Bytes;
use http::header::{self, HeaderValue};
use http::{HeaderMap, Method, StatusCode, Version};
use jiff::Timestamp;
use proto::channel_binding::{Demand, EndPoint};
use proto::http_auth::Credentials;
use proto::lync::certificate::CertificateParseError;
use proto::lync::oauthtoken::OauthError;
use proto::lync::webticket;
use proto::ntlm::{ChannelBinding, Expected};
use proto::secret::Secret;
use proto::soap;

use crate::headers::{self, SessionCookies, TicketHeaders};
use crate::links;
use crate::offers::{self, Offers};
use crate::path::CleanPath;
use crate::preauth::asking::{Asking, By, Unreadable};
use crate::preauth::handshake::{self, Fresh, Step};
use crate::read;
use crate::reply::{self, Replies};
use crate::rewrite::Names;
use crate::route::{
    Auth, Host, Kind, MadeBy, Onward, Publication, Route, Scheme, TicketPlace, TicketRule,
    TicketWanted, Tracking,
};
use crate::websocket;
pub use failure::Failure;

use decide::{activity, header_of, out_of_order};
use state::{Asked, Asker, Bound, Next, Stage};

/// What the door knows of a connection when it is accepted.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The client's address.
    pub address: IpAddr,
    /// The fingerprint of its TLS, where that is its own and known.
    pub tls: Option<TlsFingerprint>,
    /// The zone of the listener and the address together (design 13, internal).
    pub zone: Zone,
    /// Every certificate that the listener holds for the name asked for, and so may have shown.
    pub end_points: Vec<EndPoint>,
    /// What becomes of the channel binding of NTLM and Kerberos.
    pub channel_binding: Demand,
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
    /// Why, for the log; the client does not learn it.
    pub cause: Option<String>,
}

impl Reply {
    /// The same answer, with what the log says of it.
    #[must_use]
    pub(crate) fn because(mut self, cause: &str) -> Self {
        self.cause = Some(cause.to_owned());
        self
    }
}

/// What becomes of the request's body on its way on.
#[derive(Clone, Debug)]
pub enum RequestBody {
    /// It streams as it comes.
    AsSent,
    /// It was read and goes on byte for byte.
    Keep(Bytes),
    /// It was read, and this goes on in its place; the head says where to.
    Replace(Bytes),
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

/// How long the back end may take to begin its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// As long as anything does that is held for a client.
    Ordinary,
    /// As long as ActiveSync's heartbeat, which the phone names itself ([MS-ASCMD] 2.2.3.79.1: 59 minutes at most).
    Heartbeat,
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
    /// onward identity excepted, which the door adds, and the Host of a member that has its own).
    pub head: http::request::Parts,
    /// The body to send.
    pub body: RequestBody,
    /// What becomes of the answer's body.
    pub answer: AnswerBody,
    /// How long its beginning may take.
    pub patience: Patience,
    /// Whether the connection is given over once the back end says 101; not a byte of the client's
    /// behind this request goes on before (T-CONN-8).
    pub is_websocket: bool,
    /// Whether the client's cookie names the member, and an answer sets it.
    pub affinity: bool,
    /// The request's id.
    pub activity: ActivityId,
}

/// A request for pages of ours: its framing, host and path are sound, and nothing else is known of it.
#[derive(Debug)]
pub struct Page {
    /// The head as it came.
    pub head: http::request::Parts,
    /// Scheme, name and port as browsers write them.
    pub origin: String,
    /// Whether it is for programs, and not for browsers.
    pub is_api: bool,
    /// The zone of the client.
    pub zone: Zone,
    /// The client's address.
    pub address: IpAddr,
    /// The connection.
    pub connection: ConnectionId,
    /// Every certificate that may have been shown on it.
    pub end_points: Vec<EndPoint>,
    /// What becomes of the channel binding of Kerberos there.
    pub channel_binding: Demand,
    /// The request's id.
    pub activity: ActivityId,
}

/// What to do with a request.
#[derive(Debug)]
pub enum Verdict {
    /// Let the pages of ours answer it; nothing of it goes on.
    Page(Box<Page>),
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
    /// The tickets to record before anything is sent.
    pub tickets: Vec<Relaying>,
    /// Why a certificate that may be in it is known to nobody, though it goes out.
    pub unread: Option<CertificateParseError>,
}

/// One downstream connection; the door holds exactly one for each.
#[derive(Debug)]
pub struct Conversation {
    publication: Arc<Publication>,
    peer: Peer,
    stage: Stage,
    asked: Option<Asked>,
    /// Drawn with the first request.
    connection: Option<ConnectionId>,
}

impl Conversation {
    /// Begins with nobody authenticated.
    #[must_use]
    pub fn new(publication: Arc<Publication>, peer: Peer) -> Self {
        Self {
            publication,
            peer,
            stage: Stage::Nobody,
            asked: None,
            connection: None,
        }
    }

    /// Takes the head of the next request.
    pub fn request(&mut self, head: &http::request::Parts, moment: Moment) -> Verdict {
        self.asked = None;
        self.connection.get_or_insert(decide::connection(&moment));
        if let Some(page) = self.page(head, &moment) {
            self.interrupted();
            return Verdict::Page(Box::new(page));
        }
        match self.place(head, &moment) {
            Ok(asked) if asked.route.kind == Kind::LyncAnon => self.by_body(asked),
            Ok(asked) if asked.route.is_open_to(&asked.head.method) => {
                self.interrupted();
                if asked.route.kind == Kind::LyncPassive && head.method == Method::POST {
                    return self.token_brought(asked);
                }
                let is_message = asked.route.kind == Kind::LyncMex && head.method == Method::POST;
                if is_message && (headers::has_body(head) || head.version == Version::HTTP_2) {
                    return self.metadata_by_message(asked);
                }
                if asked.route.kind != Kind::Plain && headers::has_body(head) {
                    return asked.no_body_wanted();
                }
                // The head of a stream need not say that a body follows; what comes goes nowhere.
                let is_silent = head.version == Version::HTTP_2 && asked.route.kind != Kind::Plain;
                let bound = match is_silent {
                    true => Bound::Read(Bytes::new()),
                    false => Bound::Streams,
                };
                self.forward(asked, Pass::Anonymous, bound)
            }
            Ok(asked) => self.protected(asked, moment),
            Err(refusal) => {
                self.interrupted();
                *refusal
            }
        }
    }

    /// A request that is for pages of ours, if it is; one that is not sound is refused with all others.
    fn page(&self, head: &http::request::Parts, moment: &Moment) -> Option<Page> {
        let (name, _) = self.host_name(head)?;
        let host = self
            .publication
            .hosts
            .get(&name)
            .filter(|host| host.is_ours)?;
        headers::framing(head).ok()?;
        CleanPath::parse(head.uri.path()).ok()?;
        let port = host
            .public_port
            .map_or(String::new(), |port| format!(":{port}"));
        Some(Page {
            head: head.clone(),
            origin: format!("https://{name}{port}"),
            is_api: host.is_api,
            zone: self.peer.zone.clone(),
            address: self.peer.address,
            connection: self.connection?,
            end_points: self.peer.end_points.clone(),
            channel_binding: self.peer.channel_binding,
            activity: activity(moment),
        })
    }

    /// The route of a request, or the refusal of one that has none.
    fn place(&self, head: &http::request::Parts, moment: &Moment) -> Result<Asked, Box<Verdict>> {
        let activity = activity(moment);
        let replies = Replies {
            activity: header_of(&activity.0),
        };
        let refuse = |status, sentence, close| {
            Box::new(Verdict::Refuse {
                reply: replies.plain(status, sentence),
                close,
                events: Vec::new(),
            })
        };
        let in_doubt = |_| {
            let sentence = "The request's framing is in doubt.\n";
            refuse(StatusCode::BAD_REQUEST, sentence, true)
        };
        headers::framing(head).map_err(in_doubt)?;
        // SECURITY: a name inside that leads to the gate makes a thousand requests of one (RFC 5842 7.2).
        if head.headers.contains_key(headers::ACTIVITY) {
            let sentence = "This request has been through the gate already: the server behind it leads back here.\n";
            return Err(refuse(StatusCode::LOOP_DETECTED, sentence, true));
        }
        let (name, published) = self.host_name(head).ok_or_else(|| {
            let sentence = "No such host is here.\n";
            refuse(StatusCode::MISDIRECTED_REQUEST, sentence, true)
        })?;
        let path = CleanPath::parse(head.uri.path()).map_err(|_| {
            let sentence = "The path can be read in two ways.\n";
            refuse(StatusCode::BAD_REQUEST, sentence, false)
        })?;
        let route = self.route(&name, &path).ok_or_else(|| {
            let sentence = "Nothing is published here.\n";
            refuse(StatusCode::NOT_FOUND, sentence, false)
        })?;
        if !route.takes(&head.method) {
            return Err(Box::new(Verdict::Refuse {
                reply: replies.not_allowed(&route.allow()),
                close: false,
                events: Vec::new(),
            }));
        }
        let offered = self.offers(&name).of(&route);
        if offers::is_shut(&route, &offered) && !route.is_open_to(&head.method) {
            return Err(Box::new(Verdict::Refuse {
                reply: replies.shut(&self.peer.zone),
                close: false,
                events: Vec::new(),
            }));
        }
        Ok(Asked {
            head: head.clone(),
            name,
            published,
            route,
            offered,
            activity,
            replies,
            soap: headers::soap_version(&head.headers),
            next: Next::Nothing,
            channel: None,
            presented: TicketHeaders::Nothing,
            somebody: None,
            token: None,
            certificate: None,
            session: None,
        })
    }

    /// The route of a path, unless it is closed, or to this client.
    fn route(&self, name: &str, path: &CleanPath) -> Option<Arc<Route>> {
        let route = self.publication.hosts.get(name)?.route(path)?;
        let is_there = route.auth != Auth::Closed && route.is_there_for(self.peer.address);
        is_there.then(|| Arc::clone(route))
    }

    /// What may be offered to this client by a host.
    fn offers<'a>(&'a self, host: &'a str) -> Offers<'a> {
        Offers {
            policy: &self.publication.policy,
            host,
            zone: &self.peer.zone,
            kerberos: &self.publication.kerberos,
        }
    }

    /// Takes the body that was asked for.
    pub fn body(&mut self, body: Bytes, moment: Moment) -> Verdict {
        let Some(mut asked) = self.asked.take() else {
            return out_of_order(&moment);
        };
        asked.soap = soap::Version::of_message(&body).unwrap_or(asked.soap);
        match std::mem::replace(&mut asked.next, Next::Nothing) {
            Next::Read(by) => self.asking(asked, by, (body, moment)),
            Next::FindTicket => self.ticket_inside(asked, body),
            Next::FindToken => self.token_inside(asked, body),
            Next::AskForMetadata => self.metadata_asked(asked, body),
            Next::Nothing | Next::Pass(_) => out_of_order(&moment),
        }
    }

    /// Takes the verifier's outcome, after the door held it back as it says.
    pub fn verified(&mut self, outcome: Outcome, moment: Moment) -> Verdict {
        let Some(mut asked) = self.asked.take() else {
            return out_of_order(&moment);
        };
        // INVARIANT: an outcome counts once, and only where an attempt was handed out for this request.
        let next = std::mem::replace(&mut asked.next, Next::Nothing);
        let Next::Pass(bound) = next else {
            return out_of_order(&moment);
        };
        let channel = asked.channel;
        match outcome.result {
            Ok(verified) => {
                let who = verified.authenticated;
                if let Some(scheme) = asked.handshake_scheme() {
                    self.stage = Stage::Somebody {
                        who: Arc::clone(&who),
                        scheme,
                        service: asked.route.service.clone(),
                        route: self.route_name(&asked),
                    };
                    asked.token = verified.reply_token.map(|token| (scheme, token));
                }
                self.forward(asked, Pass::As(who), bound)
            }
            Err(Refusal::Denied) if channel == Some(Channel::Ticket) => {
                asked.channel = None;
                self.without_ticket(asked, bound)
            }
            Err(Refusal::TicketEnded) if channel == Some(Channel::Ticket) => {
                self.ticket_wanted(&asked)
            }
            Err(Refusal::Denied | Refusal::TicketEnded) => self.denied(&asked),
            Err(Refusal::Unavailable(_)) => {
                let sentence = "This cannot be checked now; try again later.\n";
                let reply = asked
                    .replies
                    .plain(StatusCode::SERVICE_UNAVAILABLE, sentence);
                Verdict::Refuse {
                    reply,
                    close: false,
                    events: Vec::new(),
                }
            }
        }
    }

    /// Takes the head of the back end's answer and cleans it in place: credential challenges and
    /// hop-by-hop headers go, our own are added; or a reply of our own takes its place.
    pub fn answer(&mut self, head: &mut http::response::Parts) -> Option<Reply> {
        let Some(asked) = self.asked.as_mut() else {
            let cause = "an answer came to no request".to_owned();
            return Some(self.failed(Failure::Garbage, cause));
        };
        let is_ours = asked.somebody.is_some() && asked.route.onward != Onward::None;
        if head.status == StatusCode::UNAUTHORIZED && is_ours {
            // The back end did not take the identity we gave; a prompt would help nobody.
            let cause = "the back end answered 401 to our identity".to_owned();
            return Some(self.failed(Failure::NotTaken, cause));
        }
        let is_given_over = asked.wants_websocket() && websocket::is_agreed(head);
        if let Some(cause) = headers::is_not_for_us(head) {
            let sentence = "The server behind cannot be understood.\n";
            let reply = asked.replies.plain(StatusCode::BAD_GATEWAY, sentence);
            return Some(reply.because(cause));
        }
        if head.status.is_informational() && !is_given_over {
            let sentence = "The server behind cannot be understood.\n";
            let reply = asked.replies.plain(StatusCode::BAD_GATEWAY, sentence);
            return Some(reply.because("the back end wants to switch protocols"));
        }
        headers::clean_answer(&mut head.headers, asked.somebody.is_some());
        if head.status == StatusCode::NO_CONTENT {
            // SPEC: a server sends none with 204 (RFC 9110 8.6), and HTTP/2 would wait for the bytes.
            head.headers.remove(header::CONTENT_LENGTH);
        }
        if is_given_over {
            head.headers.remove(header::CONTENT_LENGTH);
            websocket::switch(&mut head.headers);
        }
        if let Some(host) = self.publication.hosts.get(&asked.name) {
            let names = Names::of(&asked.route, host, &self.publication);
            let is_preset = asked.route.made_by == MadeBy::Preset;
            let host = is_preset.then_some(asked.name.as_str());
            links::rewrite_headers(&mut head.headers, (&self.publication, names), host);
        }
        // Somebody's client repeats what it proves wherever it is led; and nobody is told to prove something elsewhere.
        let is_held = asked.route.made_by == MadeBy::Preset && self.peer.zone == Zone::EXTERNAL;
        if is_held {
            let is_nobody = asked.somebody.is_none() && !asked.route.kind.is_document();
            links::without_others(&mut head.headers, &self.publication, is_nobody);
        }
        let led = (is_held && asked.somebody.is_some())
            .then(|| links::leads_to_what_is_published(&head.headers, &self.publication));
        if let Some(Err(error)) = led {
            let sentence = "The server behind cannot be understood.\n";
            let reply = asked.replies.plain(StatusCode::BAD_GATEWAY, sentence);
            return Some(reply.because(&error.to_string()));
        }
        head.headers
            .insert(headers::ACTIVITY, asked.replies.activity.clone());
        if let Some((scheme, token)) = asked.token.take() {
            reply::append(&mut head.headers, &reply::challenge(scheme, &token));
        }
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
    ) -> Result<Answered, Box<Reply>> {
        let Some(asked) = &self.asked else {
            let replies = Replies {
                activity: header_of(&activity(&moment).0),
            };
            let sentence = "The server behind cannot be understood.\n";
            return Err(Box::new(replies.plain(StatusCode::BAD_GATEWAY, sentence)));
        };
        head.headers.remove(header::CONTENT_LENGTH);
        self.edited(asked, head, &body, moment.now)
            .map_err(|error| {
                let sentence = "The server behind cannot be understood.\n";
                let reply = asked.replies.plain(StatusCode::BAD_GATEWAY, sentence);
                Box::new(reply.because(&error.to_string()))
            })
    }

    /// Whether a handshake waits for its next message on this connection, which it ends with.
    #[must_use]
    pub fn awaits_proof(&self) -> bool {
        matches!(self.stage, Stage::Waiting(_))
    }

    /// Who the connection belongs to, if anybody.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<Authenticated>> {
        match &self.stage {
            Stage::Somebody { who, .. } => Some(who),
            Stage::Nobody | Stage::Waiting(_) => None,
        }
    }
}
