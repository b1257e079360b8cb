//! Headers: which of a client's go on, which of a back end's come out, and what framing is sound.
//!
//! Of a request pass the headers that are listed (`allowed.rs`) and not denied (`denied.rs`). Strip first,
//! add afterwards: whatever a client writes, the back end sees our identity headers only (T-HTTP-6,
//! T-HTTP-7). Credentials of the connection never pass in either direction (design 13).

mod allowed;
mod cookies;
mod denied;

use std::collections::BTreeSet;
use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Version};
use proto::soap;

use crate::challenges;
use crate::farm::affinity;
use crate::websocket;
use allowed::is_standard;
use cookies::{cookie_name, cookies, join_cookies};
use denied::is_hop_by_hop;

pub(crate) use allowed::WEB_TICKET;
pub use allowed::may_be_passed;
pub(crate) use cookies::SessionCookies;

/// The header by which a request is found in logs and audit.
pub const ACTIVITY: HeaderName = HeaderName::from_static("x-wicketgate-activity");

/// Headers of an answer that are about credentials the back end was never given: whoever sees them
/// asks its user for a password (RFC 9110 11, RFC 7615, RFC 8053).
const OF_CREDENTIALS: [&str; 5] = [
    "authentication-control",
    "authentication-info",
    "optional-www-authenticate",
    "persistent-auth",
    "www-authenticate",
];

/// What tells a cache how long to keep an answer, beside Cache-Control and the `Cache-Control` of one cache
/// alone (RFC 9213).
const OF_CACHES: [&str; 3] = ["expires", "surrogate-control", "x-accel-expires"];

/// What a back end tells of itself, which is nobody's business outside, and where else it would
/// have a client go.
const TALKATIVE: [&str; 16] = [
    "server",
    "via",
    "alt-svc",
    "x-powered-by",
    "x-aspnet-version",
    "x-aspnetmvc-version",
    "x-ms-server-fqdn",
    "x-feserver",
    "x-fefailurereason",
    "x-feproxyinfo",
    "x-feefzinfo",
    "x-beserver",
    "x-targetbeserver",
    "x-diaginfo",
    "x-calculatedbetarget",
    "x-calculatedfetarget",
];

/// The same for whole families of names.
const TALKATIVE_PREFIXES: [&str; 3] = ["x-backend", "x-proxyerror", "x-proxytarget"];

/// Request headers that an operator's rule may set (S58).
const MAY_BE_SET: [&str; 6] = [
    "accept-language",
    "user-agent",
    "x-request-source",
    "x-tenant",
    "x-environment",
    "cache-control",
];

/// Why a request's framing is in doubt; the connection ends with it (RFC 9112 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// No Host, or more than one.
    #[error("a request needs exactly one Host")]
    Host,
    /// A Transfer-Encoding that is not exactly `chunked`.
    #[error("the Transfer-Encoding is not `chunked`")]
    TransferEncoding,
    /// Two ways to tell the length.
    #[error("the length is told in two ways")]
    TwoLengths,
    /// A Content-Length that is not one plain number.
    #[error("the Content-Length is not a number")]
    ContentLength,
    /// A version older than HTTP/1.1 with chunks.
    #[error("HTTP/1.0 has no chunks")]
    OldVersion,
    /// A header of one hop, where a stream is no hop.
    #[error("a stream has no header of one hop")]
    OneHop,
}

/// Judges whether everybody would agree where a request ends.
///
/// # Errors
///
/// They might not.
pub fn framing(head: &http::request::Parts) -> Result<(), FramingError> {
    if head.version == Version::HTTP_2 {
        return framed(head);
    }
    let all = |name: HeaderName| head.headers.get_all(name).iter();
    if all(header::HOST).count() != 1 {
        return Err(FramingError::Host);
    }
    let codings: Vec<&HeaderValue> = all(header::TRANSFER_ENCODING).collect();
    let lengths: Vec<&HeaderValue> = all(header::CONTENT_LENGTH).collect();
    if !codings.is_empty() {
        if !lengths.is_empty() {
            return Err(FramingError::TwoLengths);
        }
        let is_chunked = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"chunked");
        let is_sound = matches!(codings.as_slice(), [only] if is_chunked(only));
        if !is_sound {
            return Err(FramingError::TransferEncoding);
        }
        if head.version != Version::HTTP_11 {
            return Err(FramingError::OldVersion);
        }
    }
    let is_number = |value: &HeaderValue| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= 18 && bytes.iter().all(u8::is_ascii_digit)
    };
    match lengths.as_slice() {
        [] => Ok(()),
        [only] if is_number(only) => Ok(()),
        _ => Err(FramingError::ContentLength),
    }
}

/// The same of a stream, whose frames tell the length: what is left is whom it is for, in one way
/// (RFC 9113 8.2.2, 8.3.1; T-HTTP-5).
fn framed(head: &http::request::Parts) -> Result<(), FramingError> {
    let named = head.uri.authority().ok_or(FramingError::Host)?;
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => {}
        (Some(host), None)
            if host
                .as_bytes()
                .eq_ignore_ascii_case(named.as_str().as_bytes()) => {}
        (Some(_), _) => return Err(FramingError::Host),
    }
    let of_one_hop = [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    if of_one_hop.iter().any(|it| head.headers.contains_key(it)) {
        return Err(FramingError::OneHop);
    }
    Ok(())
}

/// Whether a request of sound framing brings a body.
pub(crate) fn has_body(head: &http::request::Parts) -> bool {
    let length = head.headers.get(header::CONTENT_LENGTH);
    let is_long = length.is_some_and(|length| length.as_bytes().iter().any(|digit| *digit != b'0'));
    is_long || head.headers.contains_key(header::TRANSFER_ENCODING)
}

/// Whether an operator's rule may set a request header.
#[must_use]
pub fn may_be_set(name: &HeaderName) -> bool {
    MAY_BE_SET.contains(&name.as_str())
}

/// Whether a header may carry the gate's word about who the user is: one that no server reads as
/// something else, nor that is of one hop.
#[must_use]
pub fn may_tell_identity(name: &HeaderName) -> bool {
    let text = name.as_str();
    let has_meaning = [header::HOST, header::COOKIE, ACTIVITY].contains(name)
        || text.starts_with("proxy-")
        || text.starts_with("content-")
        || text.starts_with("x-forwarded");
    !is_hop_by_hop(name) && !has_meaning
}

/// Which headers go on that may carry a ticket: the one that was checked and found to be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TicketHeaders {
    /// None.
    #[default]
    Nothing,
    /// `X-MS-WebTicket`.
    WebTicket,
    /// `Authorization: Bearer`.
    Bearer,
    /// Whatever there is: the route is only observed.
    Any,
}

/// What is told to a back end beside what the client sent.
pub(crate) struct Added<'a> {
    /// The client's address.
    pub(crate) client: IpAddr,
    /// The published host.
    pub(crate) published: &'a HeaderValue,
    /// The request's id.
    pub(crate) activity: HeaderValue,
    /// What the route sets.
    pub(crate) set: &'a [(HeaderName, HeaderValue)],
    /// What the route lets pass beside what any does.
    pub(crate) pass: &'a [HeaderName],
    /// The names by which any back end here is told who the user is.
    pub(crate) identity: &'a BTreeSet<String>,
    /// Which headers go on that may carry a ticket.
    pub(crate) tickets: TicketHeaders,
    /// Which cookies of a passive session go on.
    pub(crate) session: SessionCookies<'a>,
    /// Whether the answer will be read by us, so that it must come whole and not compressed.
    pub(crate) is_read: bool,
    /// Whether the connection is to be given over to WebSocket.
    pub(crate) is_websocket: bool,
}

/// The headers that go on.
pub(crate) fn onward(sent: &HeaderMap, added: &Added<'_>) -> HeaderMap {
    let named = named_by_connection(sent);
    let mut onward = HeaderMap::with_capacity(sent.len() + 6);
    for (name, value) in sent {
        if named.contains(name.as_str()) || !passes(name, value, added) {
            continue;
        }
        if name == header::COOKIE {
            let with_session = matches!(added.session, SessionCookies::AsSent);
            join_cookies(&mut onward, cookies(value, with_session));
            continue;
        }
        onward.append(name, value.clone());
    }
    if let SessionCookies::Only(line) = added.session {
        onward.insert(header::COOKIE, line.clone());
    }
    onward.insert(header::HOST, added.published.clone());
    if let Ok(client) = HeaderValue::from_str(&added.client.to_canonical().to_string()) {
        onward.insert(HeaderName::from_static("x-forwarded-for"), client);
    }
    onward.insert(
        HeaderName::from_static("x-forwarded-proto"),
        HeaderValue::from_static("https"),
    );
    onward.insert(
        HeaderName::from_static("x-forwarded-host"),
        added.published.clone(),
    );
    onward.insert(ACTIVITY, added.activity.clone());
    for (name, value) in added.set {
        onward.insert(name, value.clone());
    }
    if added.is_websocket {
        websocket::switch(&mut onward);
    }
    onward
}

/// Cleans the headers of a back end's answer in place.
pub(crate) fn clean_answer(headers: &mut HeaderMap, is_authenticated: bool) {
    let named = named_by_connection(headers);
    // SPEC: "a server ... MUST remove the received Content-Length field" (RFC 9112 6.3, 3).
    let is_chunked = headers.contains_key(header::TRANSFER_ENCODING);
    let challenges: Vec<HeaderValue> = headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .flat_map(challenges::one_a_line)
        .collect();
    let dropped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let text = name.as_str();
            let is_length = *name == header::CONTENT_LENGTH && !is_chunked;
            (is_hop_by_hop(name) && !is_length)
                || named.contains(text)
                || text.starts_with("proxy-")
                || OF_CREDENTIALS.contains(&text)
                || TALKATIVE.contains(&text)
                || TALKATIVE_PREFIXES.iter().any(|it| text.starts_with(it))
        })
        .cloned()
        .collect();
    for name in dropped {
        headers.remove(name);
    }
    for challenge in challenges {
        headers.append(header::WWW_AUTHENTICATE, challenge);
    }
    one_length(headers);
    without_our_cookies(headers);
    if is_authenticated {
        keep_nowhere(headers);
    }
}

/// Why an answer's head is none that can be passed on.
pub(crate) fn is_not_for_us(head: &http::response::Parts) -> Option<&'static str> {
    if head.status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
        return Some("the back end asks for a proxy's credentials");
    }
    if head.status.as_u16() >= 600 {
        return Some("the back end's status is none of HTTP");
    }
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |line: &HeaderValue| line.as_bytes().eq_ignore_ascii_case(b"chunked");
    let is_other = !codings.all(is_chunked);
    is_other.then_some("the back end's answer has a transfer coding that is not `chunked`")
}

/// Writes a length once, however often the back end said it (RFC 9112 6.3, 5); one that is in doubt goes, and the
/// answer is framed by what comes.
fn one_length(headers: &mut HeaderMap) {
    let said: Vec<String> = headers
        .get_all(header::CONTENT_LENGTH)
        .iter()
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect();
    if said.is_empty() {
        return;
    }
    let mut lengths = said.iter().flat_map(|line| line.split(',')).map(|length| {
        let digits = length.trim_matches([' ', '\t']);
        let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_number)
    });
    let first = lengths.next().flatten();
    let is_certain = lengths.all(|length| length == first);
    headers.remove(header::CONTENT_LENGTH);
    if let Some(length) = first.filter(|_| is_certain) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// No back end sets a cookie that only the gate makes.
fn without_our_cookies(headers: &mut HeaderMap) {
    let set = headers.get_all(header::SET_COOKIE).iter();
    let (ours, others): (Vec<_>, Vec<_>) = set
        .cloned()
        .partition(|it| affinity::is_ours(cookie_name(it.as_bytes())));
    if ours.is_empty() {
        return;
    }
    headers.remove(header::SET_COOKIE);
    for other in others {
        headers.append(header::SET_COOKIE, other);
    }
}

/// The methods that pass at all.
pub(crate) fn known_methods() -> [Method; 7] {
    [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ]
}

/// Whether a body says that it is SOAP in UTF-8, so that what we read is what the back end reads.
///
/// SECURITY: under another charset, type or coding the same bytes may name another SIP address.
pub(crate) fn is_soap(headers: &HeaderMap) -> bool {
    is_in_utf_8(headers, &["text/xml", "application/soap+xml"])
}

/// Whether a body says that it is a form in UTF-8: the same of what a browser brings.
pub(crate) fn is_form(headers: &HeaderMap) -> bool {
    is_in_utf_8(headers, &["application/x-www-form-urlencoded"])
}

fn is_in_utf_8(headers: &HeaderMap, media_types: &[&str]) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(only), None) = (types.next(), types.next()) else {
        return false;
    };
    let mut parts = only.to_str().unwrap_or_default().split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let is_listed = media_types
        .iter()
        .any(|it| media_type.eq_ignore_ascii_case(it));
    let is_utf_8 = |parameter: &str| {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let is_charset = name.to_ascii_lowercase().starts_with("charset");
        !is_charset || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
    };
    is_listed && parts.all(is_utf_8) && !headers.contains_key(header::CONTENT_ENCODING)
}

/// The version of SOAP that a body is of by its type alone: the older one, unless it says otherwise.
pub(crate) fn soap_version(headers: &HeaderMap) -> soap::Version {
    let content_type = headers.get(header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    let media_type = text.and_then(|text| text.split(';').next());
    match media_type.map(str::trim) {
        Some(it) if it.eq_ignore_ascii_case("application/soap+xml") => soap::Version::V1_2,
        _ => soap::Version::V1_1,
    }
}

/// The names that a Connection header lists; they are of one hop.
pub(crate) fn named_by_connection(headers: &HeaderMap) -> BTreeSet<String> {
    let lists = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

/// Whether a header of a client's passes under its name. Of its credentials only a ticket does that
/// was checked; nobody here checks a Bearer token, so that none goes on.
fn passes(name: &HeaderName, value: &HeaderValue, added: &Added<'_>) -> bool {
    if name == WEB_TICKET {
        return matches!(added.tickets, TicketHeaders::WebTicket | TicketHeaders::Any);
    }
    if name == header::AUTHORIZATION && is_bearer(value) {
        return matches!(added.tickets, TicketHeaders::Bearer | TicketHeaders::Any);
    }
    let is_listed = is_standard(name)
        || added.pass.contains(name)
        || (added.is_websocket && websocket::is_header(name));
    let is_unreadable = added.is_read && asks_for_less(name);
    is_listed && may_be_passed(name, added.identity) && !is_unreadable
}

/// Whether credentials are a token, and no password in any form.
pub(crate) fn is_bearer(value: &HeaderValue) -> bool {
    let scheme = value.as_bytes().get(..7);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"bearer "))
}

/// Whether a header asks for an answer that cannot be read: a part of it, or compressed.
fn asks_for_less(name: &HeaderName) -> bool {
    [header::ACCEPT_ENCODING, header::RANGE, header::IF_RANGE].contains(name)
}

/// Lets no cache keep an answer, whichever header it listens to (RFC 9111, RFC 9213).
pub fn keep_nowhere(headers: &mut HeaderMap) {
    let of_one = |name: &HeaderName| name.as_str().ends_with("-cache-control");
    let targeted: Vec<HeaderName> = headers.keys().filter(|it| of_one(it)).cloned().collect();
    for name in targeted {
        headers.remove(name);
    }
    for name in OF_CACHES {
        headers.remove(name);
    }
    let no_store = HeaderValue::from_static("no-store");
    headers.insert(header::CACHE_CONTROL, no_store);
}

#[cfg(test)]
mod tests;
