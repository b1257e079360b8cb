//! The stand-in Lync front end: discover, metadata, web tickets and the user link, on one port.
//!
//! It answers as the external web site of a pool does (4443), except that its own name shows where a
//! gate has to replace it. Paths are compared without case, as IIS does. Start at [`FrontEnd`].

mod discover;
mod web_ticket;

use std::sync::Arc;

use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderName, Method, StatusCode};
use proto::lync::mex::{Logon, WebTicketService};
use proto::lync::webticket::Ticket;
use proto::soap::Fault;

use crate::clock;
use crate::echo;
use crate::identity::{Asks, Caller, How, Reception};
use crate::serve::body;
use crate::serve::http::{Application, Asked, Connection, Head};
use crate::serve::reply::Reply;
use crate::settings::MetadataHost;
use crate::ticket::Mint;

const XML: &str = "text/xml; charset=utf-8";
const SERVICE: &str = "/WebTicket/WebTicketService.svc";
const SERVER_FQDN: HeaderName = HeaderName::from_static("x-ms-server-fqdn");
const WEB_TICKET: HeaderName = HeaderName::from_static("x-ms-webticket");
const WEB_TICKET_URL: HeaderName = HeaderName::from_static("x-ms-webticketurl");

/// The front end.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    pub(crate) reception: Reception,
    pub(crate) mint: Arc<Mint>,
    pub(crate) addresses: Addresses,
}

/// Where the front end and the registrar are to be found.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// `https://` and the front end's own name.
    pub(crate) internal: String,
    /// `https://`, the published name and its port.
    pub(crate) external: String,
    /// The front end's own name.
    pub(crate) internal_host: String,
    /// The registrar's name.
    pub(crate) sip_host: String,
    /// The registrar's port.
    pub(crate) sip_port: u16,
    /// Which name stands in the metadata.
    pub(crate) metadata: MetadataHost,
}

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Discover,
    UserLink,
    Mex,
    WebTicket,
    /// The ports that take other credentials, which this front end does not know.
    OtherPort,
    Echo,
    Nothing,
}

impl Place {
    fn of(head: &Head) -> Self {
        match head.route().as_str() {
            "/" if is_discover_host(&head.host) => Self::Discover,
            "/autodiscover/autodiscoverservice.svc/root" => Self::Discover,
            "/autodiscover/autodiscoverservice.svc/root/user" => Self::UserLink,
            "/webticket/webticketservice.svc" => Self::WebTicket,
            "/webticket/webticketservice.svc/mex" => Self::Mex,
            "/webticket/webticketservice.svc/auth"
            | "/webticket/webticketservice.svc/anon"
            | "/webticket/webticketservice.svc/cert" => Self::OtherPort,
            "/lab/echo" => Self::Echo,
            _ => Self::Nothing,
        }
    }

    fn asks(self) -> Asks {
        match self {
            Self::WebTicket | Self::Echo => Asks::Identity,
            Self::Discover | Self::UserLink | Self::Mex | Self::OtherPort | Self::Nothing => {
                Asks::Nothing
            }
        }
    }

    fn method(self) -> Option<Method> {
        match self {
            Self::Discover | Self::UserLink | Self::Mex => Some(Method::GET),
            Self::WebTicket | Self::OtherPort => Some(Method::POST),
            Self::Echo | Self::Nothing => None,
        }
    }
}

impl Application for FrontEnd {
    async fn answer(&self, asked: Asked, connection: &Connection) -> Reply {
        let place = Place::of(&asked.head);
        let caller = match place {
            Place::UserLink => self.by_ticket(&asked.head),
            _ => self
                .reception
                .identify(&asked.head, connection, place.asks()),
        };
        self.reception.note(&asked.head, connection, &caller);
        let reply = self.reply(place, asked, &caller, connection).await;
        self.reception
            .finish(reply, &caller)
            .header(SERVER_FQDN, &self.addresses.internal_host)
            .header(CACHE_CONTROL, "no-cache")
    }
}

impl FrontEnd {
    async fn reply(
        &self,
        place: Place,
        asked: Asked,
        caller: &Caller,
        connection: &Connection,
    ) -> Reply {
        let is_refused = caller.person().is_none()
            && (place.asks() == Asks::Identity || caller.refused().is_some());
        match place {
            // These two read the body themselves.
            Place::Echo if !is_refused => {
                let header = self.reception.assertions.header();
                return echo::answer(asked, caller, connection, header).await;
            }
            Place::WebTicket if !is_refused && asked.head.method == Method::POST => {
                return self.web_ticket(asked.body, caller).await;
            }
            _ => {}
        }
        let Asked { head, body } = asked;
        if body::drain(body).await.is_err() {
            return Reply::new(StatusCode::BAD_REQUEST);
        }
        if let Some(method) = place.method().filter(|method| *method != head.method) {
            return Reply::new(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, method.as_str());
        }
        if is_refused && place != Place::UserLink {
            return self.reception.challenge(caller);
        }
        match place {
            Place::Discover => discover::root(&self.addresses, &head),
            Place::UserLink => self.user_link(&head, caller),
            Place::Mex => self.mex(),
            Place::OtherPort => fault(&Fault::no_valid_security_token()),
            Place::WebTicket | Place::Echo | Place::Nothing => Reply::new(StatusCode::NOT_FOUND),
        }
    }

    fn mex(&self) -> Reply {
        let origin = match self.addresses.metadata {
            MetadataHost::Internal => &self.addresses.internal,
            MetadataHost::External => &self.addresses.external,
        };
        let service = WebTicketService {
            address: format!("{origin}{SERVICE}"),
            logons: vec![Logon::WinNegotiate, Logon::Auth, Logon::Anon, Logon::Cert],
        };
        Reply::with_body(StatusCode::OK, XML, service.to_xml())
    }

    fn user_link(&self, head: &Head, caller: &Caller) -> Reply {
        match caller.person() {
            Some(_) => discover::user(&self.addresses, head),
            None => Reply::with_body(
                StatusCode::UNAUTHORIZED,
                "text/html",
                "<html><body><h2>401 - Unauthorized: a web ticket is required.</h2></body></html>",
            )
            .header(
                WEB_TICKET_URL,
                &format!("{}{SERVICE}", self.addresses.external),
            ),
        }
    }

    fn by_ticket(&self, head: &Head) -> Caller {
        let mut values = head.headers.get_all(WEB_TICKET).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Caller::Nobody,
            (Some(value), None) => value,
            (Some(_), Some(_)) => {
                return Caller::Refused {
                    reason: "more than one ticket".to_owned(),
                };
            }
        };
        let Some(ticket) = value
            .to_str()
            .ok()
            .and_then(|text| Ticket::from_header(text).ok())
        else {
            return Caller::Refused {
                reason: "the ticket is malformed".to_owned(),
            };
        };
        match self
            .mint
            .check(&ticket, self.reception.people(), clock::now())
        {
            Ok(person) => Caller::Known {
                person,
                how: How::Ticket,
                challenge: None,
            },
            Err(error) => Caller::Refused {
                reason: error.to_string(),
            },
        }
    }
}

fn is_discover_host(host: &str) -> bool {
    ["lyncdiscover.", "lyncdiscoverinternal."]
        .iter()
        .any(|start| host.starts_with(start))
}

fn fault(fault: &Fault) -> Reply {
    Reply::with_body(StatusCode::INTERNAL_SERVER_ERROR, XML, fault.to_xml())
}
