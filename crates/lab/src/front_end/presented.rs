//! Tickets that are presented to the front end: in a header, as a bearer's, or in a message.

use http::header::AUTHORIZATION;
use http::{HeaderName, StatusCode};
use hyper::body::Incoming;
use proto::lync::webticket::{Ticket, TicketParseError};
use proto::soap::{ANSWER_LIMITS, Envelope, Fault, FaultCode};
use xml::Document;

use super::place::Place;
use super::{FrontEnd, Visit, fault};
use crate::clock;
use crate::identity::{Caller, How, WEB_TICKET};
use crate::serve::body::{self, BodyError};
use crate::serve::http::{Connection, Head};
use crate::serve::reply::Reply;

/// Lync's id of a ticket that is damaged, or of another pool.
const INVALID_TICKET: (u32, &str) = (28032, "The web ticket is invalid.");

impl FrontEnd {
    /// Who a request comes from, as far as its head says.
    pub(super) fn caller(&self, place: Place, head: &Head, connection: &Connection) -> Caller {
        let by_header = || self.by_header(head, WEB_TICKET, Ticket::from_header);
        match place {
            Place::UserLink => not_a_guest(by_header()),
            Place::OauthUserLink => not_a_guest(self.by_bearer(head)),
            Place::Ucwa => self.by_bearer(head),
            Place::Ticketed | Place::Observed if head.headers.contains_key(WEB_TICKET) => {
                by_header()
            }
            // A leaked ticket may come as a bearer's; a Windows logon never does.
            Place::Ticketed | Place::Observed if is_bearer(head) => self.by_bearer(head),
            _ => self.reception.identify(head, connection, place.asks()),
        }
    }

    /// Answers a message whose security header bears a ticket.
    pub(super) async fn ticketed_message(&self, body: Incoming, visit: Visit<'_>) -> Reply {
        let body = match body::read(body, ANSWER_LIMITS.bytes).await {
            Ok(body) => body,
            Err(BodyError::TooLong { .. }) => return Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
            Err(BodyError::Broken) => return Reply::new(StatusCode::BAD_REQUEST),
        };
        let Ok(document) = Document::parse_bytes_within(&body, ANSWER_LIMITS) else {
            return no_message();
        };
        let Ok(envelope) = Envelope::parse(&document) else {
            return no_message();
        };
        let ticket = Ticket::from_security_header(&envelope);
        let caller = self.by_ticket(ticket.as_ref().ok().and_then(Option::as_ref));
        let brought_ticket = !matches!(ticket, Ok(None));
        self.reception
            .complete(visit.number, &caller, brought_ticket);
        match (caller.person(), visit.place) {
            (Some(person), Place::CertProv) => self.certificate(&envelope, person),
            (Some(person), _) => self.group(person),
            (None, _) if brought_ticket => invalid_ticket(),
            (None, _) => fault(&Fault::no_valid_security_token()),
        }
    }

    fn by_bearer(&self, head: &Head) -> Caller {
        self.by_header(head, AUTHORIZATION, |value| {
            Ticket::from_authorization(value)?.ok_or(TicketParseError::NoTicket)
        })
    }

    fn by_header(
        &self,
        head: &Head,
        name: HeaderName,
        read: impl Fn(&str) -> Result<Ticket, TicketParseError>,
    ) -> Caller {
        let mut values = head.headers.get_all(name).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Caller::Nobody,
            (Some(value), None) => value,
            (Some(_), Some(_)) => return Caller::not_believed("more than one ticket"),
        };
        match value.to_str().map(read) {
            Ok(Ok(ticket)) => self.by_ticket(Some(&ticket)),
            Ok(Err(_)) | Err(_) => Caller::not_believed("the ticket is malformed"),
        }
    }

    fn by_ticket(&self, ticket: Option<&Ticket>) -> Caller {
        let Some(ticket) = ticket else {
            return Caller::Nobody;
        };
        let people = self.reception.people();
        match self.mint.check(ticket, people, clock::now()) {
            Ok(person) => Caller::known(&person, How::Ticket),
            Err(error) => Caller::not_believed(error.to_string()),
        }
    }
}

/// A guest is at home nowhere.
fn not_a_guest(caller: Caller) -> Caller {
    match caller.person() {
        Some(person) if person.is_guest() => Caller::not_believed("a guest has no user link"),
        _ => caller,
    }
}

fn is_bearer(head: &Head) -> bool {
    let value = head.headers.get(AUTHORIZATION);
    let value = value.and_then(|value| value.to_str().ok());
    value.is_some_and(|value| matches!(Ticket::from_authorization(value), Ok(Some(_)) | Err(_)))
}

fn invalid_ticket() -> Reply {
    let (id, reason) = INVALID_TICKET;
    fault(&Fault {
        code: FaultCode::InvalidSecurity,
        reason: reason.to_owned(),
        diagnostics: Some((id, reason.to_owned())),
    })
}

fn no_message() -> Reply {
    let refusal = fault(&Fault {
        code: FaultCode::Client,
        reason: "This is no SOAP message.".to_owned(),
        diagnostics: None,
    });
    refusal.status(StatusCode::BAD_REQUEST)
}
