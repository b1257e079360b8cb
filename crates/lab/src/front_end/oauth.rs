//! `/WebTicket/oauthtoken`: compact tickets for UCWA clients, by grant (UCWA "Authentication in UCWA").

use http::StatusCode;
use http::header::CACHE_CONTROL;
use proto::lync::diagnostics::{self, MsDiagnostics};
use proto::lync::oauthtoken::{
    ANONYMOUS_MEETING, Grant, MAX_FORM_BYTES, OauthError, OauthRequestParseError, PASSIVE,
    PASSWORD, Request, WINDOWS, begins_at,
};
use proto::lync::passive;
use proto::wstrust::v13::IssuedToken;
use serde_json::json;

use super::{FrontEnd, Visit};
use crate::clock;
use crate::identity::{Caller, How};
use crate::people::Person;
use crate::serve::body::{self, BodyError};
use crate::serve::http::Asked;
use crate::serve::reply::Reply;
use crate::ticket::Mint;

/// The grants that a challenge offers.
pub(super) fn offered(is_passive: bool) -> &'static [&'static str] {
    match is_passive {
        true => &[ANONYMOUS_MEETING, PASSIVE],
        false => &[WINDOWS, ANONYMOUS_MEETING, PASSWORD],
    }
}

/// What is said of a grant that the pool does not take (UCWA "Authentication in UCWA").
const NOT_ALLOWED: (u32, &str) = (28029, "Authentication type not allowed.");
const NO_TOKEN: (u32, &str) = (28020, "No valid security token.");
const JSON: &str = "application/json";

impl FrontEnd {
    /// Answers a form.
    pub(super) async fn oauth_token(&self, asked: Asked, visit: Visit<'_>) -> Reply {
        let Asked { head, body } = asked;
        let body = match body::read(body, MAX_FORM_BYTES).await {
            Ok(body) => body,
            Err(BodyError::TooLong { .. }) => return Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
            Err(BodyError::Broken) => return Reply::new(StatusCode::BAD_REQUEST),
        };
        // The first leg of NTLM often comes without the form.
        if self.passive.is_none()
            && matches!(visit.caller, Caller::Midway { .. } | Caller::Refused { .. })
        {
            return self.reception.challenge(visit.caller);
        }
        let request = match Request::parse(&body) {
            Ok(request) => request,
            Err(OauthRequestParseError::UnknownGrant) => {
                return self.oauth_refusal(OauthError::UnsupportedGrantType);
            }
            Err(_) => return self.oauth_refusal(OauthError::InvalidRequest),
        };
        let people = self.reception.people();
        match request.grant {
            Grant::Password { .. } | Grant::Windows if self.passive.is_some() => {
                let error = OauthError::UnsupportedGrantType;
                self.refused_with(error.to_json(), NOT_ALLOWED)
            }
            Grant::Password { username, password } => {
                let person = people.named("", &username);
                let person = person.filter(|person| person.has_password(password.expose()));
                let caller = match person {
                    Some(person) => Caller::known(person, How::PasswordGrant),
                    None => Caller::not_believed("the password is wrong"),
                };
                self.reception.complete(visit.number, &caller, false);
                match caller.person() {
                    Some(person) => self.access_token(person),
                    None => self.oauth_refusal(OauthError::InvalidGrant),
                }
            }
            Grant::Windows => match visit.caller.person() {
                Some(person) => self.access_token(person),
                None => self.reception.challenge(visit.caller),
            },
            Grant::AnonymousMeeting { .. } => {
                let guest = Caller::known(people.guest(), How::Guest);
                self.reception.complete(visit.number, &guest, false);
                self.access_token(people.guest())
            }
            Grant::Passive if self.passive.is_some() => {
                let caller = self.by_session(&head);
                self.reception.complete(visit.number, &caller, false);
                match caller.person() {
                    Some(person) => self.access_token(person),
                    None => self.passive_refusal(),
                }
            }
            Grant::Passive => self.passive_refusal(),
        }
    }

    fn access_token(&self, person: &Person) -> Reply {
        let lifetime = Mint::lifetime(person, clock::now());
        let Ok(IssuedToken::UserToken(ticket)) = self.mint.compact(person, lifetime) else {
            return self.oauth_refusal(OauthError::ServerError);
        };
        let lasts = lifetime.expires.duration_since(lifetime.created);
        let answer = json!({
            "access_token": ticket.expose(),
            "expires_in": lasts.as_secs(),
            "ms_rtc_identityscope": "local",
            "token_type": "Bearer",
        });
        Reply::with_body(StatusCode::OK, JSON, answer.to_string()).header(CACHE_CONTROL, "no-store")
    }

    fn oauth_refusal(&self, error: OauthError) -> Reply {
        self.refused_with(error.to_json(), NO_TOKEN)
    }

    /// There is no passive session; where one is begun, the answer says.
    fn passive_refusal(&self) -> Reply {
        let page = format!("{}{}", self.addresses.external, passive::PAGE);
        self.refused_with(begins_at(&page), NO_TOKEN)
    }

    fn refused_with(&self, json: String, (id, reason): (u32, &str)) -> Reply {
        let reply = Reply::with_body(StatusCode::BAD_REQUEST, JSON, json);
        let reply = reply.header(CACHE_CONTROL, "no-store");
        let header = MsDiagnostics {
            id,
            source: self.addresses.internal_host.clone(),
            reason: reason.to_owned(),
            fault: None,
        };
        match diagnostics::HEADER.parse() {
            Ok(name) => reply.header(name, &header.to_header_value()),
            Err(_) => reply,
        }
    }
}
