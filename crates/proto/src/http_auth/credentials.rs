//! `Authorization`: a scheme and its token, with caps; a secret in it never prints itself.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::secret::Secret;

/// The longest NTLM token, decoded.
const MAX_NTLM: usize = 8 * 1024;
/// The longest Negotiate token, decoded: a Kerberos ticket with a large PAC.
const MAX_NEGOTIATE: usize = 64 * 1024;
/// The longest Basic credentials, decoded.
const MAX_BASIC: usize = 4 * 1024;

/// What a client offers.
pub enum Credentials {
    /// `NTLM`; empty where the client only asks.
    Ntlm(Vec<u8>),
    /// `Negotiate`; empty where the client only asks.
    Negotiate(Vec<u8>),
    /// `Basic`.
    Basic {
        /// Everything before the first colon.
        username: String,
        /// Everything after it.
        password: Secret<String>,
    },
    /// `Bearer`, which is not ours to read.
    Bearer,
    /// Any other scheme.
    Other,
}

/// Why an `Authorization` header cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpAuthParseError {
    /// It has no scheme, or bytes that no header has.
    #[error("the header has no scheme")]
    NoScheme,
    /// The token is not base64.
    #[error("the token is not base64")]
    NotBase64,
    /// The token is longer than any real one.
    #[error("the token is too long")]
    TooLong,
    /// Basic credentials without a colon, or with control characters (RFC 7617 2).
    #[error("the Basic credentials are malformed")]
    MalformedBasic,
}

impl Credentials {
    /// Reads the value of an `Authorization` header; the scheme's case does not matter.
    ///
    /// # Errors
    ///
    /// It is malformed or too long.
    pub fn parse(value: &[u8]) -> Result<Self, HttpAuthParseError> {
        let value = std::str::from_utf8(value)
            .map_err(|_| HttpAuthParseError::NoScheme)?
            .trim();
        let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if scheme.is_empty() || !scheme.bytes().all(is_token) {
            return Err(HttpAuthParseError::NoScheme);
        }
        if is("NTLM") {
            return Ok(Self::Ntlm(decoded(rest, MAX_NTLM)?));
        }
        if is("Negotiate") {
            return Ok(Self::Negotiate(decoded(rest, MAX_NEGOTIATE)?));
        }
        if is("Basic") {
            return basic(&Secret::new(decoded(rest, MAX_BASIC)?));
        }
        Ok(if is("Bearer") {
            Self::Bearer
        } else {
            Self::Other
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ntlm(_) => "Ntlm(..)",
            Self::Negotiate(_) => "Negotiate(..)",
            Self::Basic { .. } => "Basic(..)",
            Self::Bearer => "Bearer",
            Self::Other => "Other",
        })
    }
}

fn decoded(token: &str, at_most: usize) -> Result<Vec<u8>, HttpAuthParseError> {
    let token = token.trim();
    if token.len() / 4 * 3 > at_most {
        return Err(HttpAuthParseError::TooLong);
    }
    BASE64_STANDARD
        .decode(token)
        .map_err(|_| HttpAuthParseError::NotBase64)
}

/// UTF-8 where it is, else Latin-1, as clients disagree (RFC 7617 2.1).
fn basic(bytes: &Secret<Vec<u8>>) -> Result<Credentials, HttpAuthParseError> {
    let text = match std::str::from_utf8(bytes.expose()) {
        Ok(text) => Secret::new(text.to_owned()),
        Err(_) => Secret::new(bytes.expose().iter().copied().map(char::from).collect()),
    };
    let malformed = HttpAuthParseError::MalformedBasic;
    let (username, password) = text.expose().split_once(':').ok_or(malformed)?;
    if text.expose().chars().any(char::is_control) {
        return Err(malformed);
    }
    Ok(Credentials::Basic {
        username: username.to_owned(),
        password: Secret::new(password.to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(value: &str) -> Result<Credentials, HttpAuthParseError> {
        Credentials::parse(value.as_bytes())
    }

    fn basic_of(text: &[u8]) -> (String, String) {
        let value = format!("Basic {}", BASE64_STANDARD.encode(text));
        match parse(&value) {
            Ok(Credentials::Basic { username, password }) => (username, password.expose().clone()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn schemes_are_known_in_any_case_and_may_have_no_token() {
        assert!(matches!(parse("nTlM YWJj"), Ok(Credentials::Ntlm(token)) if token == b"abc"));
        assert!(matches!(parse("NTLM"), Ok(Credentials::Ntlm(token)) if token.is_empty()));
        let asked = parse("negotiate  ");
        assert!(matches!(asked, Ok(Credentials::Negotiate(token)) if token.is_empty()));
        assert!(matches!(parse("Bearer cwt=AA"), Ok(Credentials::Bearer)));
        assert!(matches!(
            parse("Digest username=\"a\""),
            Ok(Credentials::Other)
        ));
    }

    #[test]
    fn basic_is_utf_8_or_else_latin_1_and_splits_at_the_first_colon() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(basic_of("åsa:a:b".as_bytes()), pair("åsa", "a:b"));
        assert_eq!(basic_of(b"\xe5sa:x"), pair("åsa", "x"));
        assert_eq!(basic_of(b"anna:"), pair("anna", ""));
    }

    #[test]
    fn malformed_headers_are_refused_each_for_its_reason() {
        use HttpAuthParseError as Error;
        let no_colon = format!("Basic {}", BASE64_STANDARD.encode("anna"));
        let control = format!("Basic {}", BASE64_STANDARD.encode("an\0na:x"));
        let long = format!("NTLM {}", "A".repeat(20_000));
        for (value, error) in [
            ("", Error::NoScheme),
            ("NT\"LM YWJj", Error::NoScheme),
            ("NTLM YW Jj", Error::NotBase64),
            ("NTLM YW=j", Error::NotBase64),
            (&no_colon, Error::MalformedBasic),
            (&control, Error::MalformedBasic),
            (&long, Error::TooLong),
        ] {
            assert_eq!(parse(value).unwrap_err(), error, "{value:.20}");
        }
        assert_eq!(
            Credentials::parse(b"\xff\xff").unwrap_err(),
            Error::NoScheme
        );
    }

    #[test]
    fn credentials_do_not_print_themselves() {
        let shown = format!(
            "{:?}",
            parse(&format!("Basic {}", BASE64_STANDARD.encode("a:secret")))
        );
        assert!(!shown.contains("secret"), "{shown}");
    }
}
