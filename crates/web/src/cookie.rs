//! Cookies: a handle each, for this host over TLS alone, out of the reach of scripts.

use authn::handle::Handle;
use http::{HeaderMap, HeaderValue, header};
use jiff::SignedDuration;

/// The browser's sign-in.
pub(crate) const SIGN_IN: &str = "__Host-sign-in";
/// The browser's session.
pub(crate) const SESSION: &str = "__Host-session";
/// Where the browser was taken with a token.
pub(crate) const VISITED: &str = "__Host-visited";
/// What the browser is known by from the request of a party to the sign-in that follows on it.
pub(crate) const ASKED: &str = "__Host-asked";
/// What a browser holds of a request of ours to a partner.
pub(crate) const ELSEWHERE: &str = "__Host-elsewhere";
/// The claims provider that was chosen.
pub(crate) const HOME_REALM: &str = "__Host-home-realm";
/// For how long that is remembered, in seconds (AD FS's HRDCookieLifetime, 30 days).
const REMEMBERED: u32 = 30 * 24 * 60 * 60;
/// The language that was chosen.
pub(crate) const LANGUAGE: &str = "__Host-language";

/// The value of a cookie that the browser sent once.
///
/// SECURITY: nobody but this host can set one of these names; one that comes twice is none.
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut values = pairs.filter_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    });
    let only = values.next();
    only.filter(|_| values.next().is_none())
}

/// The handle in a cookie.
pub(crate) fn handle(headers: &HeaderMap, name: &str) -> Option<Handle> {
    value(headers, name).and_then(Handle::parse)
}

/// The line that gives a browser a value until it is closed.
pub(crate) fn given(name: &str, value: &str) -> Option<HeaderValue> {
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    let mut line = HeaderValue::try_from(line).ok()?;
    line.set_sensitive(true);
    Some(line)
}

/// The line that gives a browser a value for so long, whether it is closed or not.
pub(crate) fn kept(name: &str, value: &str, lasts: SignedDuration) -> Option<HeaderValue> {
    let seconds = lasts.as_secs();
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}");
    let mut line = HeaderValue::try_from(line).ok()?;
    line.set_sensitive(true);
    Some(line)
}

/// The line that gives a browser a value for as long as a session stays, and until it is closed where none does.
pub(crate) fn with_session(
    name: &str,
    value: &str,
    stays: Option<SignedDuration>,
) -> Option<HeaderValue> {
    match stays {
        Some(stays) => kept(name, value, stays),
        None => given(name, value),
    }
}

/// The line that gives a browser a value that is no secret, for [`REMEMBERED`] seconds.
pub(crate) fn remembered(name: &str, value: &str) -> Option<HeaderValue> {
    let line =
        format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={REMEMBERED}");
    HeaderValue::try_from(line).ok()
}

/// The line that takes a value away.
pub(crate) fn taken(name: &str) -> Option<HeaderValue> {
    let line = format!("{name}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    HeaderValue::try_from(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_where_it_came_once() {
        let read = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            value(&headers, SESSION).map(str::to_owned)
        };
        assert_eq!(read(&["a=b; __Host-session=1; c=d"]).as_deref(), Some("1"));
        assert_eq!(read(&["a=b", "__Host-session=1"]).as_deref(), Some("1"));
        assert_eq!(read(&["__Host-session=1; __Host-session=2"]), None);
        assert_eq!(read(&["__Host-session=1", "__Host-session=2"]), None);
        assert_eq!(read(&["x__Host-session=1", "__host-session=1"]), None);
        assert_eq!(read(&[]), None);
    }

    #[test]
    fn a_cookie_is_given_to_this_host_over_tls_alone() {
        let line = given(SESSION, "1").unwrap();
        let expected = "__Host-session=1; Path=/; Secure; HttpOnly; SameSite=Lax";
        assert_eq!(line.to_str().unwrap(), expected);
        assert!(line.is_sensitive());
        assert!(
            taken(SESSION)
                .unwrap()
                .to_str()
                .unwrap()
                .ends_with("Max-Age=0")
        );
    }
}
