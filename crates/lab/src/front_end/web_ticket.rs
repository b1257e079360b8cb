//! The web ticket service ([MS-OCAUTHWS] 3.2.4.1): a WS-Trust 1.3 request in, a ticket out.

use bytes::Bytes;
use http::{HeaderName, StatusCode};
use hyper::body::Incoming;
use proto::lync::diagnostics::{self, MsDiagnostics};
use proto::lync::webticket::{Request, SignedRequest, SignedRequestParseError};
use proto::secret::Secret;
use proto::soap::{self, Envelope, Fault, FaultCode, REQUEST_LIMITS, UsernameToken};
use proto::wstrust::v13::{RequestSecurityTokenResponse, TOKEN_TYPE_COMPACT, TOKEN_TYPE_SAML_1_1};

use super::place::Place;
use super::{FrontEnd, Visit, XML, fault};
use crate::clock;
use crate::identity::{Caller, How};
use crate::people::{People, Person, is_same_sip};
use crate::serve::body::{self, BodyError};
use crate::serve::reply::Reply;
use crate::ticket::{Mint, TicketError};

/// UNCONFIRMED: the id; the words were seen in a client's log.
const SIP_MISMATCH: (u32, &str) = (
    28020,
    "The SIP URI in the claim type requirements of the web ticket request does not match the SIP \
     URI associated with the presented credentials.",
);
const PERSISTENT_AUTH: HeaderName = HeaderName::from_static("persistent-auth");

impl FrontEnd {
    /// Answers a request of somebody who is known.
    pub(super) async fn web_ticket(&self, body: Incoming, visit: Visit<'_>) -> Reply {
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let Some(person) = visit.caller.person() else {
            return self.reception.challenge(visit.caller);
        };
        let reply = match Request::parse_bytes(&body) {
            Ok(request) => self.ticket_for(person, &request),
            Err(error) => malformed(&error),
        };
        match visit.caller.how() {
            Some(How::Ntlm) => reply.header(PERSISTENT_AUTH, "true"),
            _ => reply,
        }
    }

    /// Answers a request that says itself whose it is, or that it is a guest's.
    pub(super) async fn web_ticket_by_message(&self, body: Incoming, visit: Visit<'_>) -> Reply {
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let document = match soap::document(&body) {
            Ok(document) => document,
            Err(error) => return malformed(&error),
        };
        let envelope = match Envelope::parse(&document) {
            Ok(envelope) => envelope,
            Err(error) => return malformed(&error),
        };
        let request = match Request::parse_with_username_token(&envelope) {
            Ok(request) => request,
            Err(error) => return malformed(&error),
        };
        let people = self.reception.people();
        let caller = match visit.place {
            Place::Anon => Caller::known(people.guest(), How::Guest),
            _ => by_username_token(&envelope, people),
        };
        self.reception.complete(visit.number, &caller, false);
        match caller.person() {
            Some(person) => self.ticket_for(person, &request),
            None => fault(&Fault::no_valid_security_token()),
        }
    }

    /// Answers a request that a client's certificate signed; the signature is not verified.
    pub(super) async fn web_ticket_by_certificate(
        &self,
        body: Incoming,
        visit: Visit<'_>,
    ) -> Reply {
        let body = match read(body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        let document = match soap::document(&body) {
            Ok(document) => document,
            Err(error) => return malformed(&error),
        };
        let envelope = match Envelope::parse(&document) {
            Ok(envelope) => envelope,
            Err(error) => return malformed(&error),
        };
        let signed = match SignedRequest::parse(&envelope) {
            Ok(signed) => signed,
            Err(SignedRequestParseError::Certificate(_)) => {
                return fault(&Fault::no_valid_security_token());
            }
            Err(error) => return malformed(&error),
        };
        let sip = self.mint.certificates.sip_of(&signed.certificate);
        let person = sip.and_then(|sip| self.reception.people().by_sip(&sip));
        let caller = match person {
            Some(person) => Caller::known(person, How::Certificate),
            None => Caller::not_believed("the certificate is not ours"),
        };
        self.reception.complete(visit.number, &caller, false);
        match caller.person() {
            Some(person) => self.ticket_for(person, &signed.request),
            None => fault(&Fault::no_valid_security_token()),
        }
    }

    fn ticket_for(&self, person: &Person, request: &Request) -> Reply {
        let mut asked = request.sip_uri().into_iter();
        if !person.is_guest() && asked.any(|uri| !is_same_sip(uri, &person.sip)) {
            return self.sip_mismatch();
        }
        self.issued(request, person)
    }

    fn issued(&self, request: &Request, person: &Person) -> Reply {
        let asked = request.security_token();
        let lifetime = Mint::lifetime(person, clock::now());
        let (token, takes_entropy) = match request.token_type() {
            // A guest is in no assertion.
            _ if person.is_guest() => (self.mint.compact(person, lifetime), false),
            None | Some(TOKEN_TYPE_SAML_1_1) => (self.mint.saml(person, lifetime), true),
            Some(TOKEN_TYPE_COMPACT) => (self.mint.compact(person, lifetime), false),
            Some(_) => {
                return refusal(FaultCode::InvalidRequest, "The token type is not known.");
            }
        };
        let answer = token.and_then(|token| {
            Ok(RequestSecurityTokenResponse {
                context: asked.context.clone(),
                token,
                entropy: entropy(takes_entropy && asked.entropy.is_some())?,
                lifetime,
            })
        });
        match answer {
            Ok(answer) => Reply::with_body(StatusCode::OK, XML, answer.to_xml()),
            Err(error) => refusal(FaultCode::Server, &error.to_string()),
        }
    }

    fn sip_mismatch(&self) -> Reply {
        let (id, reason) = SIP_MISMATCH;
        let header = MsDiagnostics {
            id,
            source: self.addresses.internal_host.clone(),
            reason: reason.to_owned(),
            fault: Some("wsse:FailedAuthentication".to_owned()),
        };
        let refusal = fault(&Fault {
            code: FaultCode::FailedAuthentication,
            reason: reason.to_owned(),
            diagnostics: Some((id, reason.to_owned())),
        });
        match diagnostics::HEADER.parse() {
            Ok(name) => refusal.header(name, &header.to_header_value()),
            Err(_) => refusal,
        }
    }
}

/// The name and the password of a message, as they stand there or in base64, as Lync has them.
fn by_username_token(envelope: &Envelope<'_, '_>, people: &People) -> Caller {
    let token = match UsernameToken::read(envelope) {
        Ok(Some(token)) => token,
        Ok(None) => return Caller::Nobody,
        Err(error) => return Caller::not_believed(error.to_string()),
    };
    let find = |token: &UsernameToken| {
        let person = people.named("", &token.username)?;
        let is_theirs = person.has_password(token.password.expose());
        is_theirs.then(|| Caller::known(person, How::UsernameToken))
    };
    find(&token)
        .or_else(|| find(&token.decode_base64().ok()?))
        .unwrap_or_else(|| Caller::not_believed("the password is wrong"))
}

async fn read(body: Incoming) -> Result<Bytes, Reply> {
    body::read(body, REQUEST_LIMITS.bytes)
        .await
        .map_err(|error| match error {
            BodyError::TooLong { .. } => Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
            BodyError::Broken => Reply::new(StatusCode::BAD_REQUEST),
        })
}

fn malformed(error: &dyn std::error::Error) -> Reply {
    let refusal = refusal(FaultCode::InvalidRequest, &error.to_string());
    refusal.status(StatusCode::BAD_REQUEST)
}

fn refusal(code: FaultCode, reason: &str) -> Reply {
    fault(&Fault {
        code,
        reason: reason.to_owned(),
        diagnostics: None,
    })
}

/// The server's part of the proof key, as long as SIPE's own.
fn entropy(is_wanted: bool) -> Result<Option<Secret<Vec<u8>>>, TicketError> {
    if !is_wanted {
        return Ok(None);
    }
    let bytes: [u8; 32] = clock::random().map_err(|_| TicketError::Broken)?;
    Ok(Some(Secret::new(bytes.to_vec())))
}
