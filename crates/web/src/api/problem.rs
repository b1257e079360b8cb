//! Problems, as RFC 9457 has them: what a program gets in the place of what it asked for, with the id that the log has.

use authn::place::ActivityId;
use authn::ports::Unavailable;
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::fields::Fault;

/// Why an act was not done.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The request is not as it must be.
    Faulty(Fault),
    /// The body is no JSON.
    NotJson,
    /// Nobody is named by a token that stands.
    NoToken {
        /// Whether one was offered.
        is_offered: bool,
    },
    /// The role may not.
    NotAllowed,
    /// Nothing is there.
    NotThere(String),
    /// There is something, and it takes other methods.
    NotThatMethod(String),
    /// As things stand, it cannot be done.
    Conflict(String),
    /// It says what cannot be done at all.
    Unfit(String),
    /// Too much was asked of late.
    TooMany,
    /// Our own world is broken.
    Unavailable(Unavailable),
}

impl From<Unavailable> for Problem {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::Faulty(fault)
    }
}

impl Problem {
    /// The status that says it.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Faulty(_) => StatusCode::BAD_REQUEST,
            Self::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoToken { .. } => StatusCode::UNAUTHORIZED,
            Self::NotAllowed => StatusCode::FORBIDDEN,
            Self::NotThere(_) => StatusCode::NOT_FOUND,
            Self::NotThatMethod(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unfit(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer.
    pub(crate) fn answer(&self, activity: &ActivityId) -> Response<Bytes> {
        let status = self.status();
        let mut told = json!({
            "type": "about:blank",
            "title": status.canonical_reason().unwrap_or_default(),
            "status": status.as_u16(),
            "detail": self.detail(),
            "activity": activity.0,
        });
        if let (Self::Faulty(fault), Some(told)) = (self, told.as_object_mut()) {
            let place = json!([{ "place": fault.place, "expected": fault.expected }]);
            told.insert("errors".to_owned(), place);
        }
        let mut answer = answer(status, "application/problem+json", &told);
        let headers = answer.headers_mut();
        match self {
            Self::NoToken { is_offered } => {
                // SPEC: RFC 6750 3.1, whoever offered nothing is told nothing more.
                let challenge = match is_offered {
                    true => "Bearer realm=\"wicketgate\", error=\"invalid_token\"",
                    false => "Bearer realm=\"wicketgate\"",
                };
                let challenge = HeaderValue::from_static(challenge);
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            Self::NotThatMethod(methods) => {
                if let Ok(methods) = HeaderValue::try_from(methods.as_str()) {
                    headers.insert(header::ALLOW, methods);
                }
            }
            Self::TooMany => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            }
            _ => {}
        }
        answer
    }

    fn detail(&self) -> String {
        match self {
            Self::Faulty(fault) if fault.place.is_empty() => {
                format!("the request is not as it must be: {}", fault.expected)
            }
            Self::Faulty(fault) => format!("at `{}`, expected {}", fault.place, fault.expected),
            Self::NotJson => "the body must be application/json".to_owned(),
            Self::NoToken { .. } => "an API token that stands is needed".to_owned(),
            Self::NotAllowed => "the role of this token may not do that".to_owned(),
            Self::NotThere(what) | Self::Conflict(what) | Self::Unfit(what) => what.clone(),
            Self::NotThatMethod(methods) => format!("here are {methods} alone"),
            Self::TooMany => "too much was asked of late; wait a minute".to_owned(),
            // SECURITY: what is away is for the log.
            Self::Unavailable(_) => "this cannot be done at the moment".to_owned(),
        }
    }
}

/// An answer of JSON, which nobody keeps.
pub(crate) fn answer(status: StatusCode, kind: &'static str, value: &Value) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::from(value.to_string()));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    for (name, value) in KEPT_NOWHERE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// An answer without a body.
pub(crate) fn nothing() -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    for (name, value) in KEPT_NOWHERE {
        let headers = answer.headers_mut();
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

/// What every answer bears: some hold what is shown once.
const KEPT_NOWHERE: [(header::HeaderName, &str); 3] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
];
