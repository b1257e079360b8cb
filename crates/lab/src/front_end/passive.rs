//! `/PassiveAuth`: the page that sends a browser to the security token service, takes the token that it brings back, and
//! begins a session.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderValue, Method, StatusCode};
use hyper::body::Incoming;
use proto::form::Form;
use proto::lync::passive::{MAX_POST_BYTES, PAGE, Session};
use proto::secret::Secret;
use std::sync::Arc;

use super::{FrontEnd, Visit};
use crate::clock;
use crate::identity::{Caller, How};
use crate::passive::{self, Passive, TokenError};
use crate::people::Person;
use crate::serve::body::{self, BodyError};
use crate::serve::http::{Asked, Head};
use crate::serve::reply::Reply;
use crate::ticket::{Mint, Sid};

/// How long a piece of the session's cookie is; a real one's is 2,000 characters.
const PIECE: usize = 48;
const HTML: &str = "text/html; charset=utf-8";
/// What ends a browser's session.
const ENDS: &str = "expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/; secure; HttpOnly";

impl FrontEnd {
    /// Answers a browser at the page.
    pub(super) async fn passive_page(
        &self,
        passive: &Passive,
        asked: Asked,
        visit: Visit<'_>,
    ) -> Reply {
        let Asked { head, body } = asked;
        match head.method {
            Method::POST => match brought(body).await {
                Ok(form) => self.token_brought(passive, (&head, &form), visit).await,
                Err(refusal) => refusal,
            },
            _ if body::drain(body).await.is_err() => Reply::new(StatusCode::BAD_REQUEST),
            _ if head.parameter("wa") == Some("wsignoutcleanup1.0") => signed_out(),
            _ => match self.by_session(&head) {
                caller if caller.person().is_some() => {
                    self.reception.complete(visit.number, &caller, false);
                    Reply::with_body(StatusCode::OK, HTML, "<html><body>Signed in.</body></html>")
                }
                _ => self.sent_away(passive, &head).await,
            },
        }
    }

    /// What the pool is, for whoever makes a trust of it.
    pub(super) fn passive_metadata(&self, head: &Head) -> Reply {
        let origin = self.origin_of(head);
        let page = format!("{origin}{PAGE}");
        let document = passive::published(&passive::realm(origin), &page);
        Reply::with_body(StatusCode::OK, super::XML, document)
    }

    /// Whose session a request brings.
    pub(super) fn by_session(&self, head: &Head) -> Caller {
        let lines = head.headers.get_all(COOKIE).iter();
        let session = match Session::sent(lines.map(HeaderValue::as_bytes)) {
            Ok(Some(session)) => session,
            Ok(None) => return Caller::Nobody,
            Err(error) => return Caller::not_believed(error.to_string()),
        };
        let value = value_of(&session);
        let people = self.reception.people();
        match self.mint.of_session(value.expose(), people, clock::now()) {
            Ok(person) => Caller::known(&person, How::Passive),
            Err(error) => Caller::not_believed(error.to_string()),
        }
    }

    async fn sent_away(&self, passive: &Passive, head: &Head) -> Reply {
        let sts = match passive.sts().await {
            Ok(sts) => sts,
            Err(error) => {
                tracing::warn!(%error, "the lab's pool cannot be signed in to passively");
                return refused(StatusCode::SERVICE_UNAVAILABLE);
            }
        };
        let realm = passive::realm(self.origin_of(head));
        let now = clock::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        // WIF's own context: not remembered, by this module, back to here.
        let context = format!("rm=0&id=passive&ru={PAGE}");
        let query: Vec<String> = [
            ("wa", "wsignin1.0"),
            ("wtrealm", &realm),
            ("wctx", &context),
            ("wct", &now),
        ]
        .iter()
        .map(|(name, value)| format!("{name}={}", percent(value)))
        .collect();
        let separator = if sts.page.contains('?') { '&' } else { '?' };
        let address = format!("{}{separator}{}", sts.page, query.join("&"));
        Reply::new(StatusCode::FOUND)
            .header(LOCATION, &address)
            .header(CACHE_CONTROL, "no-store")
    }

    async fn token_brought(
        &self,
        passive: &Passive,
        (head, form): (&Head, &Form),
        visit: Visit<'_>,
    ) -> Reply {
        let is_sign_in = form
            .only("wa")
            .is_some_and(|wa| wa.expose() == "wsignin1.0");
        let Some(token) = form.only("wresult").filter(|_| is_sign_in) else {
            return refused(StatusCode::BAD_REQUEST);
        };
        let Ok(sts) = passive.sts().await else {
            return refused(StatusCode::SERVICE_UNAVAILABLE);
        };
        let realm = passive::realm(self.origin_of(head));
        let now = clock::now();
        let said = passive::said(token.expose(), (sts, &realm), now);
        let person = said.and_then(|said| {
            let sid = Sid::parse(&said.sid);
            let person = sid.and_then(|sid| self.reception.people().by_sid(&sid).cloned());
            let person = person.filter(|person| !person.is_guest());
            let person = person.ok_or(TokenError::UnknownPerson)?;
            passive.take(&said, now).map(|()| person)
        });
        let caller = match &person {
            Ok(person) => Caller::known(person, How::Passive),
            Err(error) => Caller::not_believed(error.to_string()),
        };
        self.reception.complete(visit.number, &caller, false);
        match person {
            Ok(person) => self.session_begun(&person),
            Err(_) => refused(StatusCode::FORBIDDEN),
        }
    }

    fn session_begun(&self, person: &Arc<Person>) -> Reply {
        let lifetime = Mint::lifetime(person, clock::now());
        let Ok(value) = self.mint.session(person, lifetime) else {
            return refused(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let reply = Reply::new(StatusCode::FOUND).header(LOCATION, PAGE);
        let pieces = value.expose().as_bytes().chunks(PIECE).enumerate();
        pieces
            .fold(reply, |reply, (number, piece)| {
                let number = match number {
                    0 => String::new(),
                    number => number.to_string(),
                };
                let piece = String::from_utf8_lossy(piece);
                let cookie = format!("FedAuth{number}={piece}; path=/; secure; HttpOnly");
                reply.header(SET_COOKIE, &cookie)
            })
            .header(CACHE_CONTROL, "no-store")
    }

    /// `https://` and the name by which a request came: a pool has a realm for each.
    fn origin_of(&self, head: &Head) -> &str {
        match head.host.split(':').next() {
            Some(host) if host.eq_ignore_ascii_case(&self.addresses.internal_host) => {
                &self.addresses.internal
            }
            _ => &self.addresses.external,
        }
    }
}

async fn brought(body: Incoming) -> Result<Form, Reply> {
    let read: Result<Bytes, BodyError> = body::read(body, MAX_POST_BYTES).await;
    let bytes = read.map_err(|error| match error {
        BodyError::TooLong { .. } => Reply::new(StatusCode::PAYLOAD_TOO_LARGE),
        BodyError::Broken => Reply::new(StatusCode::BAD_REQUEST),
    })?;
    let form = Form::parse_within(&bytes, MAX_POST_BYTES);
    form.map_err(|_| refused(StatusCode::BAD_REQUEST))
}

/// The pieces put together.
fn value_of(session: &Session) -> Secret<String> {
    let line = session.line();
    let line = String::from_utf8_lossy(line.expose());
    let values = line.split("; ").filter_map(|piece| piece.split_once('='));
    Secret::new(values.map(|(_, value)| value).collect())
}

fn signed_out() -> Reply {
    Reply::with_body(
        StatusCode::OK,
        HTML,
        "<html><body>Signed out.</body></html>",
    )
    .header(SET_COOKIE, &format!("FedAuth=; {ENDS}"))
    .header(SET_COOKIE, &format!("FedAuth1=; {ENDS}"))
}

fn refused(status: StatusCode) -> Reply {
    Reply::with_body(
        status,
        HTML,
        "<html><body>The sign-in is not taken.</body></html>",
    )
}

fn percent(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}
