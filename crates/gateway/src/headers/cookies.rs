//! Cookies that go on to a back end (RFC 6265): those stay behind that choose one, however a reader may find them in the line.

use http::header::{self, HeaderMap, HeaderValue};
use proto::lync::passive;

use crate::farm::affinity;

/// Cookies that stay behind: those that choose a back end (CVE-2021-26855, CVE-2021-33766), and the
/// ticket of UCWA, which nobody here checks in this place.
const DENIED_COOKIES: [&str; 5] = [
    "cwt_ucwa",
    "x-beresource",
    "x-anonresource",
    "x-anonresource-backend",
    "securitytoken",
];

/// Which cookies go on that may be of a passive session.
#[derive(Clone, Copy, Debug)]
pub(crate) enum SessionCookies<'a> {
    /// As they came: they are another application's, or the page's that begins the session.
    AsSent,
    /// None: a pool that found one would not look at the ticket.
    Nothing,
    /// This line in place of all cookies: what was checked and found to be known.
    Only(&'a HeaderValue),
}

/// A cookie header without cookies that choose a back end, or a member of a farm; nor, unless it is said so, those of a
/// passive session.
pub(super) fn cookies(value: &HeaderValue, with_session: bool) -> Option<HeaderValue> {
    let pairs = value.as_bytes().split(|byte| *byte == b';');
    let is_kept = |pair: &&[u8]| {
        let is_named = cookie_name(pair).iter().copied().all(is_of_token);
        // Some readers divide cookies by commas, too (RFC 2965 3.3.4).
        let mut names = pair.split(|byte| *byte == b',').map(cookie_name).map(bare);
        let is_denied = |name: &[u8]| {
            is_denied_cookie(name) || (!with_session && passive::is_session_cookie(name))
        };
        is_named && !names.any(is_denied)
    };
    let kept: Vec<&[u8]> = pairs.map(<[u8]>::trim_ascii).filter(is_kept).collect();
    HeaderValue::from_bytes(&kept.join(&b"; "[..]))
        .ok()
        .filter(|value| !value.is_empty())
}

/// Makes one line of several: a stream may bring each cookie in its own (RFC 9113 8.2.3).
pub(super) fn join_cookies(onward: &mut HeaderMap, kept: Option<HeaderValue>) {
    let Some(kept) = kept else { return };
    let joined = match onward.get(header::COOKIE) {
        Some(before) => [before.as_bytes(), b"; ", kept.as_bytes()].concat(),
        None => kept.as_bytes().to_vec(),
    };
    if let Ok(joined) = HeaderValue::from_bytes(&joined) {
        onward.insert(header::COOKIE, joined);
    }
}

/// The name of a cookie, of which a value may hold bytes of any kind (RFC 6265bis 5.7).
pub(super) fn cookie_name(pair: &[u8]) -> &[u8] {
    let name = pair.split(|byte| *byte == b'=').next();
    name.unwrap_or_default().trim_ascii()
}

fn is_denied_cookie(name: &[u8]) -> bool {
    let mut denied = DENIED_COOKIES.iter();
    denied.any(|it| name.eq_ignore_ascii_case(it.as_bytes())) || affinity::is_ours(name)
}

/// A name without what a reader may take off its ends: quotes, and spaces that are none in ASCII.
fn bare(name: &[u8]) -> &[u8] {
    let is_own = |byte: &u8| is_of_token(*byte);
    let first = name.iter().position(is_own).unwrap_or(name.len());
    let end = name.iter().rposition(is_own).map_or(first, |last| last + 1);
    name.get(first..end).unwrap_or_default()
}

/// Whether a byte may stand in the name of a cookie (RFC 6265 4.1.1, RFC 9110 5.6.2).
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
