//! Provocation: on request of a test every answer asks for every credential there is, whatever its
//! path, and the list names the headers that came; so that a leak in either direction shows anywhere.
//!
//! SECURITY: names of headers are kept, never a value. Off until `POST /provoke` turns it on.

use std::sync::{Mutex, PoisonError};

use http::header::{PROXY_AUTHENTICATE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, StatusCode};

use crate::serve::reply::Reply;

/// Most names of headers that are kept of one request.
const MAX_NAMES: usize = 256;

/// Every header by which a server asks for credentials, or says how those fared: IIS's own offers, each
/// in its line and all in one, and those of a proxy (RFC 9110 11, RFC 7615, RFC 8053, [MS-NTHT]).
const CHALLENGES: [(HeaderName, &str); 17] = [
    (WWW_AUTHENTICATE, "Negotiate"),
    (WWW_AUTHENTICATE, "NTLM"),
    (WWW_AUTHENTICATE, "NTLM TlRMTVNTUAACAAAAAAAAADgAAAA="),
    (WWW_AUTHENTICATE, "Basic realm=\"lab\""),
    (
        WWW_AUTHENTICATE,
        "Digest realm=\"lab\", nonce=\"1\", qop=\"auth\"",
    ),
    (
        WWW_AUTHENTICATE,
        "Bearer realm=\"lab\", Negotiate, NTLM, Basic realm=\"lab\"",
    ),
    (WWW_AUTHENTICATE, "Bearer, basic"),
    (WWW_AUTHENTICATE, "Bearer realm=\"lab\",\tBasic\trealm=lab"),
    (WWW_AUTHENTICATE, "Bearer, Digest\trealm=\"lab\""),
    (
        WWW_AUTHENTICATE,
        "NTLM, MsRtcOAuth grant_type=\"password\", Negotiate",
    ),
    (PROXY_AUTHENTICATE, "Negotiate"),
    (PROXY_AUTHENTICATE, "Basic realm=\"lab\""),
    (PERSISTENT_AUTH, "true"),
    (AUTHENTICATION_INFO, "nextnonce=\"2\""),
    (PROXY_AUTHENTICATION_INFO, "nextnonce=\"2\""),
    (AUTHENTICATION_CONTROL, "Basic realm=\"lab\""),
    (OPTIONAL_WWW_AUTHENTICATE, "Basic realm=\"lab\""),
];
const PERSISTENT_AUTH: HeaderName = HeaderName::from_static("persistent-auth");
const AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("authentication-info");
const PROXY_AUTHENTICATION_INFO: HeaderName = HeaderName::from_static("proxy-authentication-info");
const AUTHENTICATION_CONTROL: HeaderName = HeaderName::from_static("authentication-control");
const OPTIONAL_WWW_AUTHENTICATE: HeaderName = HeaderName::from_static("optional-www-authenticate");

/// Whether it is on, and how.
#[derive(Debug, Default)]
pub(crate) struct Provocation(Mutex<State>);

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Off,
    /// Every challenge stands on every answer, which keeps its status where none is named.
    On { status: Option<StatusCode> },
}

impl Provocation {
    /// Turns it on.
    pub(crate) fn begin(&self, status: Option<StatusCode>) {
        *self.lock() = State::On { status };
    }

    /// Turns it off.
    pub(crate) fn end(&self) {
        *self.lock() = State::Off;
    }

    /// An answer as it then goes out.
    pub(crate) fn answer(&self, reply: Reply) -> Reply {
        let State::On { status } = *self.lock() else {
            return reply;
        };
        let asking = CHALLENGES.iter().fold(reply, |reply, (name, value)| {
            reply.header(name.clone(), value)
        });
        match status {
            Some(status) => asking.status(status),
            None => asking,
        }
    }

    /// The names of the headers of a request, where they are wanted.
    pub(crate) fn names(&self, headers: &HeaderMap) -> Option<Vec<String>> {
        let State::On { .. } = *self.lock() else {
            return None;
        };
        let names = headers.keys().take(MAX_NAMES);
        Some(names.map(|name| name.as_str().to_owned()).collect())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // No code that holds the lock can panic, so that the state is whole even then.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
