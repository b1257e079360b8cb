//! A request for pages and its answer, as a gateway and its authentication server say them to each other: version 1 of
//! [`authn::wire`], every body bounded.
//!
//! What is typed, what a cookie holds and what an answer sets are secrets: all of it is wiped. The connection's
//! certificates do not go along, so that nothing is proved by Kerberos this way. Start at [`write_request`].

use std::net::IpAddr;
use std::time::Duration;

use authn::lockout::HoldBack;
use authn::place::{ActivityId, Channel, ConnectionId, Zone};
use authn::ports::Unavailable;
use authn::wire::{Wiped, WireParseError, read, write};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use proto::channel_binding::Demand;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Answer, Over, Request};

/// The largest request: the longest form and the longest head that a gate takes, in base64.
pub const MAX_REQUEST: usize = 768 * 1024;
/// The largest answer: our own metadata, or the longest page with a token in it, in base64.
pub const MAX_ANSWER: usize = 2 * 1024 * 1024;
/// The longest that an answer is held back; whoever says more is not understood.
const MAX_HELD_BACK: Duration = Duration::from_secs(60);

/// What they are called in errors.
const REQUEST: &str = "a request for a page";
const ANSWER: &str = "the answer to a request for a page";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ToldRequest {
    origin: String,
    method: String,
    /// Path and query, in which an invitation's handle stands.
    target: Wiped,
    headers: Vec<ToldHeader>,
    body: Wiped,
    zone: Zone,
    address: IpAddr,
    connection: ConnectionId,
    activity: ActivityId,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ToldHeader {
    name: String,
    value: Wiped,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ToldAnswer {
    status: u16,
    headers: Vec<ToldHeader>,
    body: Wiped,
    held_back_millis: u64,
    is_alarmed: bool,
    signed_in: Option<bool>,
    channel: Channel,
    unavailable: Option<String>,
}

/// Writes a request.
///
/// # Errors
///
/// It cannot be written.
pub fn write_request(request: &Request) -> Result<Zeroizing<Vec<u8>>, WireParseError> {
    let target = request.head.uri.path_and_query();
    let target = target.map_or("/", http::uri::PathAndQuery::as_str);
    write(&ToldRequest {
        origin: request.origin.clone(),
        method: request.head.method.to_string(),
        target: Wiped::new(target),
        headers: told(&request.head.headers),
        body: Wiped::new(request.body.as_ref()),
        zone: request.zone.clone(),
        address: request.address,
        connection: request.over.connection,
        activity: request.activity.clone(),
    })
}

/// Reads a request.
///
/// **Proves** a head that is one of HTTP, with a path that begins with a slash.
/// **Trusts** everything that is said about the client: whether the gateway may say it has not been looked at.
///
/// # Errors
///
/// It is too large, or not of its form.
pub fn read_request(bytes: &[u8]) -> Result<Request, WireParseError> {
    let told: ToldRequest = read(REQUEST, (bytes, MAX_REQUEST))?;
    let malformed = |error: &dyn std::fmt::Display| WireParseError::Part {
        what: REQUEST,
        detail: error.to_string(),
    };
    let is_path = told.target.expose().starts_with(b"/");
    if !is_path {
        return Err(malformed(&"it has no path"));
    }
    let mut head = http::Request::new(());
    *head.method_mut() = told.method.parse().map_err(|_| malformed(&"its method"))?;
    *head.uri_mut() =
        http::Uri::try_from(told.target.expose()).map_err(|_| malformed(&"its path"))?;
    *head.headers_mut() = headers(&told.headers).ok_or_else(|| malformed(&"a header"))?;
    Ok(Request {
        head: head.into_parts().0,
        body: Bytes::copy_from_slice(told.body.expose()),
        origin: told.origin,
        zone: told.zone,
        address: told.address,
        over: Over {
            connection: told.connection,
            end_points: Vec::new(),
            channel_binding: Demand::Require,
        },
        activity: told.activity,
    })
}

/// Writes an answer.
///
/// # Errors
///
/// It cannot be written.
pub fn write_answer(answer: &Answer) -> Result<Zeroizing<Vec<u8>>, WireParseError> {
    let HoldBack(held_back) = answer.hold_back;
    write(&ToldAnswer {
        status: answer.response.status().as_u16(),
        headers: told(answer.response.headers()),
        body: Wiped::new(answer.response.body().as_ref()),
        held_back_millis: u64::try_from(held_back.as_millis()).unwrap_or(u64::MAX),
        is_alarmed: answer.is_alarmed,
        signed_in: answer.signed_in,
        channel: answer.channel,
        unavailable: answer.unavailable.as_ref().map(ToString::to_string),
    })
}

/// Reads an answer.
///
/// # Errors
///
/// It is too large, or not of its form.
pub fn read_answer(bytes: &[u8]) -> Result<Answer, WireParseError> {
    let told: ToldAnswer = read(ANSWER, (bytes, MAX_ANSWER))?;
    let malformed = |detail: &str| WireParseError::Part {
        what: ANSWER,
        detail: detail.to_owned(),
    };
    let mut response = Response::new(Bytes::copy_from_slice(told.body.expose()));
    let status = StatusCode::from_u16(told.status).ok();
    let status = status.filter(|it| !it.is_informational() && it.as_u16() < 600);
    *response.status_mut() = status.ok_or_else(|| malformed("its status"))?;
    *response.headers_mut() = headers(&told.headers).ok_or_else(|| malformed("a header"))?;
    let hold_back = Duration::from_millis(told.held_back_millis);
    if hold_back > MAX_HELD_BACK {
        return Err(malformed("how long it is held back"));
    }
    Ok(Answer {
        response,
        hold_back: HoldBack(hold_back),
        is_alarmed: told.is_alarmed,
        signed_in: told.signed_in,
        channel: told.channel,
        unavailable: told.unavailable.map(|detail| Unavailable {
            what: "the authentication server",
            detail,
        }),
    })
}

fn told(headers: &HeaderMap) -> Vec<ToldHeader> {
    let told = headers.iter().map(|(name, value)| ToldHeader {
        name: name.as_str().to_owned(),
        value: Wiped::new(value.as_bytes()),
    });
    told.collect()
}

fn headers(told: &[ToldHeader]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for header in told {
        let name: HeaderName = header.name.parse().ok()?;
        let mut value = HeaderValue::from_bytes(header.value.expose()).ok()?;
        value.set_sensitive(true);
        headers.try_append(name, value).ok()?;
    }
    Some(headers)
}

#[cfg(test)]
mod tests;
