//! Headers: which of a client's go on, which of a back end's come out, and what framing is sound.
//!
//! Strip first, add afterwards: whatever a client writes, the back end sees our identity headers
//! only (T-HTTP-6, T-HTTP-7). Credentials of the connection never pass in either direction (design 13).

use std::collections::BTreeSet;
use std::net::IpAddr;

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Version};

/// The header by which a request is found in logs and audit.
pub const ACTIVITY: HeaderName = HeaderName::from_static("x-wicketgate-activity");

/// Headers of one hop (RFC 9110 7.6.1), and what only the connection to us is about.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "expect",
    "http2-settings",
    "content-length",
];

/// Names by which programs are told who a client is or where it comes from; compared after `_`
/// became `-`, as CGI and its heirs do.
const IDENTITY: [&str; 30] = [
    "forwarded",
    "front-end-https",
    "client-ip",
    "true-client-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-remote-ip",
    "x-remote-addr",
    "x-originating-ip",
    "remote-user",
    "x-remote-user",
    "remote-addr",
    "x-user",
    "x-username",
    "x-user-identity",
    "x-logon-user",
    "logon-user",
    "auth-user",
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
    "x-host",
    "x-http-method-override",
    "x-method-override",
    "x-beresource",
    "x-anonresource",
    "x-anonresource-backend",
    "x-cafeproxy",
    "x-commonaccesstoken",
];

/// The same for whole families of names.
const IDENTITY_PREFIXES: [&str; 14] = [
    "x-forwarded",
    "x-wicketgate",
    "x-auth-",
    "x-authenticated",
    "x-ssl-",
    "x-client-cert",
    // What AD FS is told by its own proxy.
    "x-ms-proxy",
    "x-ms-forwarded",
    "x-ms-adfs-",
    "x-ms-endpoint-",
    "x-ms-target-role",
    "x-ms-client-ip",
    "x-arr-",
    "x-iisnode-",
];

/// Cookies that choose a back end (CVE-2021-26855, CVE-2021-33766).
const ROUTING_COOKIES: [&str; 4] = [
    "x-beresource",
    "x-anonresource",
    "x-anonresource-backend",
    "securitytoken",
];

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
}

/// Judges whether everybody would agree where a request ends.
///
/// # Errors
///
/// They might not.
pub fn framing(head: &http::request::Parts) -> Result<(), FramingError> {
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

/// Whether an operator's rule may set a request header.
#[must_use]
pub fn may_be_set(name: &HeaderName) -> bool {
    MAY_BE_SET.contains(&name.as_str())
}

/// What is told to a back end beside what the client sent.
pub(crate) struct Added<'a> {
    /// The client's address.
    pub(crate) client: IpAddr,
    /// The published host.
    pub(crate) published: &'a HeaderValue,
    /// The Host that the back end sees.
    pub(crate) host: HeaderValue,
    /// The request's id.
    pub(crate) activity: HeaderValue,
    /// What the route sets.
    pub(crate) set: &'a [(HeaderName, HeaderValue)],
    /// The names by which any back end here is told who the user is.
    pub(crate) identity: &'a BTreeSet<String>,
    /// Whether the answer will be read by us, so that it must come whole and not compressed.
    pub(crate) is_read: bool,
}

/// The headers that go on.
pub(crate) fn onward(sent: &HeaderMap, added: &Added<'_>) -> HeaderMap {
    let named = named_by_connection(sent);
    let mut onward = HeaderMap::with_capacity(sent.len() + 6);
    for (name, value) in sent {
        let is_ours = name == header::HOST || is_identity(name.as_str(), added.identity);
        if is_ours || is_hop_by_hop(name) || named.contains(name.as_str()) {
            continue;
        }
        if name == header::AUTHORIZATION && !is_bearer(value) {
            continue;
        }
        if name.as_str().starts_with("proxy-") || (added.is_read && asks_for_less(name)) {
            continue;
        }
        if name == header::COOKIE {
            onward.extend(cookies(value).map(|kept| (header::COOKIE, kept)));
            continue;
        }
        onward.append(name, value.clone());
    }
    onward.insert(header::HOST, added.host.clone());
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
    onward
}

/// Cleans the headers of a back end's answer in place.
pub(crate) fn clean_answer(headers: &mut HeaderMap, is_authenticated: bool) {
    let named = named_by_connection(headers);
    let challenges: Vec<HeaderValue> = headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .filter(|it| may_challenge(it))
        .cloned()
        .collect();
    let dropped: Vec<HeaderName> = headers
        .keys()
        .filter(|name| {
            let text = name.as_str();
            let is_length = *name == header::CONTENT_LENGTH;
            (is_hop_by_hop(name) && !is_length)
                || named.contains(text)
                || text.starts_with("proxy-")
                || text == "persistent-auth"
                || text == "www-authenticate"
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
    if is_authenticated {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

/// Whether a method is one that passes at all.
pub(crate) fn is_known_method(method: &Method) -> bool {
    let known = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::OPTIONS,
        Method::PATCH,
    ];
    known.contains(method)
}

/// The names that a Connection header lists; they are of one hop.
fn named_by_connection(headers: &HeaderMap) -> BTreeSet<String> {
    let lists = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok());
    lists
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect()
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    HOP_BY_HOP.contains(&name.as_str())
}

/// Whether a name tells who the client is, in any spelling. A name with an underscore never passes:
/// a back end that folds it would read another.
fn is_identity(name: &str, ours: &BTreeSet<String>) -> bool {
    let is_listed = IDENTITY.contains(&name) || ours.contains(name);
    is_listed || name.contains('_') || IDENTITY_PREFIXES.iter().any(|it| name.starts_with(it))
}

/// Whether a header asks for an answer that cannot be read: a part of it, or compressed.
fn asks_for_less(name: &HeaderName) -> bool {
    [header::ACCEPT_ENCODING, header::RANGE, header::IF_RANGE].contains(name)
}

fn is_bearer(value: &HeaderValue) -> bool {
    value
        .as_bytes()
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"bearer "))
}

/// A challenge that may come out: those of tickets and tokens, none that asks for a password.
fn may_challenge(value: &HeaderValue) -> bool {
    let Ok(text) = value.to_str() else {
        return false;
    };
    let scheme = text
        .trim_start()
        .split([' ', ','])
        .next()
        .unwrap_or_default();
    let is_allowed = ["bearer", "msrtcoauth"]
        .iter()
        .any(|it| scheme.eq_ignore_ascii_case(it));
    let lower = text.to_ascii_lowercase();
    let hides_another = ["ntlm", "negotiate", "basic ", "digest ", "kerberos"]
        .iter()
        .any(|scheme| {
            lower
                .split(',')
                .any(|part| part.trim_start().starts_with(scheme))
        });
    is_allowed && !hides_another
}

/// A cookie header without cookies that choose a back end.
fn cookies(value: &HeaderValue) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let is_kept = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default().trim();
        !ROUTING_COOKIES
            .iter()
            .any(|routing| name.eq_ignore_ascii_case(routing))
    };
    let kept: Vec<&str> = text.split(';').map(str::trim).filter(is_kept).collect();
    HeaderValue::from_str(&kept.join("; "))
        .ok()
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests;
