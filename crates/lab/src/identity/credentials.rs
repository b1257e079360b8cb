//! What stands in `Authorization` and its kin: names of schemes for the list, values for the check.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, PROXY_AUTHORIZATION};
use proto::secret::Secret;

/// The schemes that are listed by name.
const KNOWN: [&str; 6] = ["NTLM", "Negotiate", "Basic", "Digest", "Bearer", "Kerberos"];
/// What any other is listed as, so that no part of a secret can pass for a scheme.
const OTHER: &str = "other";
/// Most credential headers that are listed for one request.
const MAX_LISTED: usize = 8;

/// Names of the schemes of all credential headers.
pub(crate) fn schemes(headers: &HeaderMap) -> Vec<&'static str> {
    let values = [AUTHORIZATION, PROXY_AUTHORIZATION];
    let values = values.iter().flat_map(|name| headers.get_all(name));
    let name = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        let scheme = text.split(' ').next().unwrap_or_default();
        KNOWN
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(scheme))
            .unwrap_or(OTHER)
    };
    values.map(name).take(MAX_LISTED).collect()
}

/// A token under NTLM or Negotiate.
pub(super) struct Token {
    /// The scheme, as it is written in the answer.
    pub(super) scheme: &'static str,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// What `Authorization` holds.
pub(super) enum Authorization {
    /// Nothing.
    Absent,
    /// A step of a handshake.
    Token(Token),
    /// A name and a password.
    Basic {
        /// The name.
        user: String,
        /// The password.
        password: Secret<String>,
    },
    /// Something that cannot be read.
    Unreadable,
}

/// Reads the header; two of it are one too many.
pub(super) fn authorization(headers: &HeaderMap) -> Authorization {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = match (values.next(), values.next()) {
        (None, _) => return Authorization::Absent,
        (Some(value), None) => value,
        (Some(_), Some(_)) => return Authorization::Unreadable,
    };
    let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Authorization::Unreadable;
    };
    let Ok(bytes) = STANDARD.decode(rest.trim()) else {
        return Authorization::Unreadable;
    };
    if let Some(scheme) = ["NTLM", "Negotiate"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(scheme))
    {
        return Authorization::Token(Token { scheme, bytes });
    }
    if !scheme.eq_ignore_ascii_case("Basic") {
        return Authorization::Unreadable;
    }
    let text = String::from_utf8(bytes).ok().map(Secret::new);
    let split = text.as_ref().and_then(|text| text.expose().split_once(':'));
    match split {
        Some((user, password)) => Authorization::Basic {
            user: user.to_owned(),
            password: Secret::new(password.to_owned()),
        },
        None => Authorization::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_listed_and_secrets_never() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, "basic YTpi".parse().unwrap());
        headers.append(AUTHORIZATION, "hunter2".parse().unwrap());
        headers.append(PROXY_AUTHORIZATION, "Negotiate x".parse().unwrap());
        assert_eq!(schemes(&headers), ["Basic", OTHER, "Negotiate"]);
    }

    #[test]
    fn a_password_may_hold_colons() {
        let mut headers = HeaderMap::new();
        let value = format!("Basic {}", STANDARD.encode("CONTOSO\\anna:a:b"));
        headers.append(AUTHORIZATION, value.parse().unwrap());
        let Authorization::Basic { user, password } = authorization(&headers) else {
            panic!("not Basic");
        };
        assert_eq!(user, "CONTOSO\\anna");
        assert!(password.is(b"a:b"));
    }

    #[test]
    fn two_headers_or_a_broken_one_are_unreadable() {
        for value in ["NTLM", "NTLM !", "Basic YQ==", "Digest YTpi"] {
            let mut headers = HeaderMap::new();
            headers.append(AUTHORIZATION, value.parse().unwrap());
            assert!(
                matches!(authorization(&headers), Authorization::Unreadable),
                "{value}"
            );
        }
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        headers.append(AUTHORIZATION, "Basic YTpi".parse().unwrap());
        assert!(matches!(authorization(&headers), Authorization::Unreadable));
    }
}
