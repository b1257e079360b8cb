//! The stand-in Exchange: Web Services, Autodiscover, ActiveSync, and the folders of which a gate sees
//! no more than that they answer, all behind the same door.
//!
//! Every folder lets in whoever has a domain password, also those that a gate keeps closed: so that a
//! leak shows. Start at [`Exchange`].

mod active_sync;
mod autodiscover;
mod calendar;
mod resolve_names;
mod services;
mod streaming;

use http::header::ALLOW;
use http::{HeaderName, Method, StatusCode};
use proto::soap::{Fault, FaultCode, Version};

use crate::echo;
use crate::identity::{Asks, Caller, Reception};
use crate::people::Person;
use crate::serve::body::{self, BodyError};
use crate::serve::http::{Application, Asked, Connection, Head};
use crate::serve::reply::Reply;

const XML: &str = "text/xml; charset=utf-8";
/// Which of the farm's servers answered.
const FE_SERVER: HeaderName = HeaderName::from_static("x-feserver");
/// Largest message that is read.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

/// The Exchange.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) reception: Reception,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Services,
    Pox,
    Autodiscover,
    ActiveSync,
    /// A folder that answers and no more.
    Folder,
    Echo,
    Nothing,
}

impl Place {
    fn of(head: &Head) -> Self {
        let route = head.route();
        match route.as_str() {
            "/ews/exchange.asmx" => Self::Services,
            "/autodiscover/autodiscover.xml" => Self::Pox,
            "/autodiscover/autodiscover.svc" => Self::Autodiscover,
            "/microsoft-server-activesync" => Self::ActiveSync,
            "/ews/echo" | "/lab/echo" => Self::Echo,
            _ if FOLDERS.iter().any(|folder| is_under(&route, folder)) => Self::Folder,
            _ => Self::Nothing,
        }
    }

    fn asks(self) -> Asks {
        match self {
            Self::Nothing => Asks::Nothing,
            _ => Asks::Identity,
        }
    }

    /// Whether its answer depends on the message.
    fn reads(self) -> bool {
        matches!(self, Self::Services | Self::Pox | Self::Autodiscover)
    }
}

/// Folders, and services under them, that answer and no more.
const FOLDERS: [&str; 10] = [
    "/ews/mrsproxy.svc",
    "/ews/exchange.asmx/wssecurity",
    "/autodiscover/autodiscover.svc/wssecurity",
    "/oab",
    "/mapi",
    "/owa",
    "/ecp",
    "/rpc",
    "/powershell",
    "/ews/exchange.asmx/s",
];

fn is_under(route: &str, folder: &str) -> bool {
    let rest = route.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Application for Exchange {
    async fn answer(&self, asked: Asked, connection: &Connection) -> Reply {
        let place = Place::of(&asked.head);
        let caller = self
            .reception
            .identify(&asked.head, connection, place.asks());
        self.reception.note(&asked.head, connection, &caller);
        let reply = self.reply(place, asked, &caller, connection).await;
        self.reception
            .finish(reply, &caller)
            .header(FE_SERVER, &self.reception.host)
    }
}

impl Exchange {
    async fn reply(
        &self,
        place: Place,
        asked: Asked,
        caller: &Caller,
        connection: &Connection,
    ) -> Reply {
        if caller.person().is_some() && place == Place::Echo {
            return echo::answer(asked, caller, connection, &self.reception).await;
        }
        let Asked { head, body } = asked;
        let limit = if place.reads() { MAX_REQUEST_BYTES } else { 0 };
        let body = match body::read(body, limit).await {
            Ok(body) => Some(body),
            Err(BodyError::TooLong { .. }) => None,
            Err(BodyError::Broken) => return Reply::new(StatusCode::BAD_REQUEST),
        };
        if place == Place::Nothing && caller.refused().is_none() {
            return Reply::new(StatusCode::NOT_FOUND);
        }
        let Some(person) = caller.person() else {
            return self.reception.challenge(caller);
        };
        match (place, body) {
            (Place::Services, _) if head.method != Method::POST => {
                Reply::new(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, "POST")
            }
            (Place::Services, Some(body)) => services::answer(&body, &head, self.people()),
            (Place::Pox, Some(body)) => self.pox(&head, &body),
            (Place::Autodiscover, Some(body)) => self.autodiscover(&head, &body),
            (Place::Services | Place::Pox | Place::Autodiscover, None) => {
                Reply::new(StatusCode::PAYLOAD_TOO_LARGE)
            }
            (Place::ActiveSync, _) => active_sync::answer(&head).await,
            (Place::Folder, _) => self.folder(&head, person),
            (Place::Echo | Place::Nothing, _) => Reply::new(StatusCode::NOT_FOUND),
        }
    }

    fn folder(&self, head: &Head, person: &Person) -> Reply {
        let member = &self.reception.member;
        let body = format!("{} of {member} for {}", head.path, person.account);
        Reply::with_body(StatusCode::OK, "text/plain; charset=utf-8", body)
    }

    fn people(&self) -> &crate::people::People {
        self.reception.people()
    }
}

/// The fault that a message gets which is not served.
fn fault(status: StatusCode, code: FaultCode, reason: &str) -> Reply {
    let fault = Fault {
        code,
        reason: reason.to_owned(),
        diagnostics: None,
    };
    Reply::with_body(status, XML, fault.to_xml(Version::V1_1))
}
