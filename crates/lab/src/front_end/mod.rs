//! The stand-in Lync front end: discover, metadata, tickets and every service that takes them, on one
//! port.
//!
//! It answers as the external web site of a pool does (4443), except that its own name shows where a
//! gate has to replace it. Start at [`FrontEnd`].

mod cert_prov;
mod discover;
mod metadata;
mod oauth;
mod pages;
mod passive;
mod place;
mod presented;
mod ucwa;
mod web_ticket;

use std::sync::Arc;

use http::header::{ALLOW, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderName, Method, StatusCode};
use proto::soap::{Fault, Version};

use crate::echo;
use crate::identity::{Asks, Caller, Reception};
use crate::passive::Passive;
use crate::people::Person;
use crate::serve::body;
use crate::serve::http::{Application, Asked, Connection, Head};
use crate::serve::reply::Reply;
use crate::settings::MetadataHost;
use crate::ticket::Mint;
use crate::world::Homes;
use place::Place;

const XML: &str = "text/xml; charset=utf-8";
const SERVICE: &str = "/WebTicket/WebTicketService.svc";
const SERVER_FQDN: HeaderName = HeaderName::from_static("x-ms-server-fqdn");
const WEB_TICKET_URL: HeaderName = HeaderName::from_static("x-ms-webticketurl");

/// The front end.
#[derive(Debug)]
pub(crate) struct FrontEnd {
    pub(crate) reception: Reception,
    pub(crate) mint: Arc<Mint>,
    pub(crate) homes: Arc<Homes>,
    /// The place of its pool among all.
    pub(crate) pool: usize,
    pub(crate) addresses: Addresses,
    /// Whom it trusts in passive mode; no Windows logon is there then.
    pub(crate) passive: Option<Arc<Passive>>,
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

/// One request that is being answered.
#[derive(Clone, Copy)]
struct Visit<'a> {
    place: Place,
    caller: &'a Caller,
    connection: &'a Connection,
    /// Its number in the list.
    number: u64,
}

impl Visit<'_> {
    fn is_refused(&self) -> bool {
        let is_let_in = match self.place {
            // Whoever only forgot to say who they are is let in.
            Place::Observed => matches!(self.caller, Caller::Nobody),
            place => place.asks() == Asks::Nothing && self.caller.refused().is_none(),
        };
        self.caller.person().is_none() && !is_let_in
    }
}

impl Application for FrontEnd {
    async fn answer(&self, asked: Asked, connection: &Connection) -> Reply {
        let place = Place::of(&asked.head).in_mode(self.passive.is_some());
        let caller = self.caller(place, &asked.head, connection);
        let number = self.reception.note(&asked.head, connection, &caller);
        let visit = Visit {
            place,
            caller: &caller,
            connection,
            number,
        };
        let reply = self.reply(visit, asked).await;
        self.reception
            .finish(reply, &caller)
            .header(SERVER_FQDN, &self.addresses.internal_host)
            .header_if_absent(CACHE_CONTROL, "no-cache")
    }
}

impl FrontEnd {
    /// Answers what reads its body itself, and the rest once the body is gone.
    async fn reply(&self, visit: Visit<'_>, asked: Asked) -> Reply {
        let Visit { place, caller, .. } = visit;
        let is_post = asked.head.method == Method::POST;
        match place {
            Place::Echo if !visit.is_refused() => {
                return echo::answer(asked, caller, visit.connection, &self.reception).await;
            }
            Place::OauthToken if is_post => return self.oauth_token(asked, visit).await,
            Place::PassivePage => {
                if let Some(passive) = &self.passive {
                    return self.passive_page(passive, asked, visit).await;
                }
            }
            Place::WebTicket if is_post && !visit.is_refused() => {
                return self.web_ticket(asked.body, visit).await;
            }
            Place::Auth | Place::Anon if is_post && !visit.is_refused() => {
                return self.web_ticket_by_message(asked.body, visit).await;
            }
            Place::Cert if is_post && !visit.is_refused() => {
                return self.web_ticket_by_certificate(asked.body, visit).await;
            }
            Place::Mex(metadata) if is_post => {
                return self.mex_by_message(asked.body, metadata).await;
            }
            Place::CertProv | Place::GroupExpansion if is_post && !visit.is_refused() => {
                return self.ticketed_message(asked.body, visit).await;
            }
            _ => {}
        }
        let Asked { head, body } = asked;
        if body::drain(body).await.is_err() {
            return Reply::new(StatusCode::BAD_REQUEST);
        }
        self.bodiless(visit, &head).await
    }

    async fn bodiless(&self, visit: Visit<'_>, head: &Head) -> Reply {
        let Visit { place, caller, .. } = visit;
        if let Some(method) = place.method().filter(|method| *method != head.method) {
            return Reply::new(StatusCode::METHOD_NOT_ALLOWED).header(ALLOW, method.as_str());
        }
        match place {
            Place::UserLink => self.user_link(head, caller),
            Place::OauthUserLink => self.oauth_user_link(caller),
            Place::Ucwa => self.ucwa(head, caller).await,
            Place::Ticketed if visit.is_refused() => {
                let challenge = self.reception.challenge(caller);
                challenge.header(WEB_TICKET_URL, &self.web_ticket_url())
            }
            _ if visit.is_refused() => self.reception.challenge(caller),
            Place::Discover => discover::root(&self.addresses, head),
            Place::Mex(metadata) => self.mex(metadata),
            Place::ClosedPort => fault(&Fault::no_valid_security_token()),
            Place::Preflight => ucwa::preflight(head),
            Place::Ticketed | Place::Observed => self.service(head, caller),
            Place::Page => self.page(head),
            Place::PassiveMetadata => self.passive_metadata(head),
            // These were answered already, but for a method that they do not take.
            Place::WebTicket
            | Place::Auth
            | Place::Anon
            | Place::Cert
            | Place::OauthToken
            | Place::PassivePage
            | Place::CertProv
            | Place::GroupExpansion
            | Place::Echo
            | Place::Nothing => Reply::new(StatusCode::NOT_FOUND),
        }
    }

    fn user_link(&self, head: &Head, caller: &Caller) -> Reply {
        match caller.person() {
            Some(person) => match self.elsewhere(person) {
                Some(home) => discover::elsewhere(home, head),
                None => discover::user(&self.addresses, head),
            },
            None => Reply::with_body(
                StatusCode::UNAUTHORIZED,
                "text/html",
                "<html><body><h2>401 - Unauthorized: a web ticket is required.</h2></body></html>",
            )
            .header(WEB_TICKET_URL, &self.web_ticket_url()),
        }
    }

    fn oauth_user_link(&self, caller: &Caller) -> Reply {
        match caller.person() {
            Some(person) => match self.elsewhere(person) {
                Some(home) => discover::elsewhere_in_links(home),
                None => discover::user_in_links(&self.addresses),
            },
            None => self.oauth_challenge(),
        }
    }

    fn elsewhere(&self, person: &Person) -> Option<&str> {
        self.homes.elsewhere(person, self.pool)
    }

    /// The 401 of whatever takes a bearer's ticket.
    fn oauth_challenge(&self) -> Reply {
        let Addresses { external, .. } = &self.addresses;
        let grants = oauth::offered(self.passive.is_some()).join(",");
        Reply::new(StatusCode::UNAUTHORIZED)
            .header(WWW_AUTHENTICATE, TRUSTED_ISSUERS)
            .header(
                WWW_AUTHENTICATE,
                &format!(
                    "MsRtcOAuth href=\"{external}/WebTicket/oauthtoken\",grant_type=\"{grants}\""
                ),
            )
    }

    fn web_ticket_url(&self) -> String {
        format!("{}{SERVICE}", self.addresses.external)
    }
}

/// What stands beside MsRtcOAuth in the challenges of real servers.
const TRUSTED_ISSUERS: &str = "Bearer trusted_issuers=\"00000002-0000-0ff1-ce00-000000000000@contoso.com\", \
     client_id=\"00000004-0000-0ff1-ce00-000000000000\"";

fn fault(fault: &Fault) -> Reply {
    Reply::with_body(
        StatusCode::INTERNAL_SERVER_ERROR,
        XML,
        fault.to_xml(Version::V1_1),
    )
}
