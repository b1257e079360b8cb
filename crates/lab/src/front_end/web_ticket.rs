//! The web ticket service ([MS-OCAUTHWS] 3.2.4.1): a WS-Trust 1.3 request in, a ticket out.

use http::{HeaderName, StatusCode};
use hyper::body::Incoming;
use proto::lync::diagnostics::{self, MsDiagnostics};
use proto::lync::webticket::Request;
use proto::secret::Secret;
use proto::soap::{Fault, FaultCode, REQUEST_LIMITS};
use proto::wstrust::v13::{RequestSecurityTokenResponse, TOKEN_TYPE_COMPACT, TOKEN_TYPE_SAML_1_1};

use super::{FrontEnd, XML, fault};
use crate::clock;
use crate::identity::{Caller, How};
use crate::people::{Person, is_same_sip};
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
    pub(super) async fn web_ticket(&self, body: Incoming, caller: &Caller) -> Reply {
        let body = match body::read(body, REQUEST_LIMITS.bytes).await {
            Ok(body) => body,
            Err(BodyError::TooLong { .. }) => return Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
            Err(BodyError::Broken) => return Reply::new(StatusCode::BAD_REQUEST),
        };
        let Some(person) = caller.person() else {
            return self.reception.challenge(caller);
        };
        let request = match Request::parse_bytes(&body) {
            Ok(request) => request,
            Err(error) => {
                let refusal = refusal(FaultCode::InvalidRequest, &error.to_string());
                return refusal.status(StatusCode::BAD_REQUEST);
            }
        };
        if request
            .sip_uri()
            .is_some_and(|uri| !is_same_sip(uri, &person.sip))
        {
            return self.sip_mismatch();
        }
        let reply = self.issued(&request, person);
        match caller.how() {
            Some(How::Ntlm) => reply.header(PERSISTENT_AUTH, "true"),
            _ => reply,
        }
    }

    fn issued(&self, request: &Request, person: &Person) -> Reply {
        let asked = request.security_token();
        let lifetime = Mint::lifetime(clock::now());
        let (token, takes_entropy) = match request.token_type() {
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
