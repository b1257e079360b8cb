//! `/WebTicket/oauthtoken`: compact tickets for UCWA clients, by grant (UCWA "Authentication in UCWA").

use http::StatusCode;
use http::header::CACHE_CONTROL;
use hyper::body::Incoming;
use proto::lync::diagnostics::{self, MsDiagnostics};
use proto::lync::oauthtoken::{
    ANONYMOUS_MEETING, Grant, MAX_FORM_BYTES, OauthError, OauthRequestParseError, PASSWORD,
    Request, WINDOWS,
};
use proto::wstrust::v13::IssuedToken;
use serde_json::json;

use super::{FrontEnd, Visit};
use crate::clock;
use crate::identity::{Caller, How};
use crate::people::Person;
use crate::serve::body::{self, BodyError};
use crate::serve::reply::Reply;
use crate::ticket::Mint;

/// The grants that a challenge offers.
pub(super) const OFFERED: [&str; 3] = [WINDOWS, ANONYMOUS_MEETING, PASSWORD];
const JSON: &str = "application/json";

impl FrontEnd {
    /// Answers a form.
    pub(super) async fn oauth_token(&self, body: Incoming, visit: Visit<'_>) -> Reply {
        let body = match body::read(body, MAX_FORM_BYTES).await {
            Ok(body) => body,
            Err(BodyError::TooLong { .. }) => return Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
            Err(BodyError::Broken) => return Reply::new(StatusCode::BAD_REQUEST),
        };
        // The first leg of NTLM often comes without the form.
        if matches!(visit.caller, Caller::Midway { .. } | Caller::Refused { .. }) {
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
        self.refused_with(error.to_json())
    }

    /// There is no passive session here; where one is begun, the answer says.
    fn passive_refusal(&self) -> Reply {
        let page = format!("{}/PassiveAuth/PassiveAuth.aspx", self.addresses.external);
        let error = OauthError::InvalidGrant.to_string();
        self.refused_with(json!({ "error": error, "ms_rtc_passiveauthuri": page }).to_string())
    }

    fn refused_with(&self, json: String) -> Reply {
        let reply = Reply::with_body(StatusCode::BAD_REQUEST, JSON, json);
        let reply = reply.header(CACHE_CONTROL, "no-store");
        let header = MsDiagnostics {
            id: 28020,
            source: self.addresses.internal_host.clone(),
            reason: "No valid security token.".to_owned(),
            fault: None,
        };
        match diagnostics::HEADER.parse() {
            Ok(name) => reply.header(name, &header.to_header_value()),
            Err(_) => reply,
        }
    }
}
