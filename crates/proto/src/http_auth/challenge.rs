//! `WWW-Authenticate`: one offer, one header line (some clients read only the first of a list).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// One offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenge<'a> {
    /// `NTLM`, with a type 2 message where the handshake goes on.
    Ntlm(Option<&'a [u8]>),
    /// `Negotiate`, with a token where the handshake goes on.
    Negotiate(Option<&'a [u8]>),
    /// `Basic`.
    Basic {
        /// The realm, from the configuration.
        realm: &'a str,
    },
}

impl fmt::Display for Challenge<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ntlm(None) => f.write_str("NTLM"),
            Self::Ntlm(Some(token)) => write!(f, "NTLM {}", BASE64_STANDARD.encode(token)),
            Self::Negotiate(None) => f.write_str("Negotiate"),
            Self::Negotiate(Some(token)) => {
                write!(f, "Negotiate {}", BASE64_STANDARD.encode(token))
            }
            Self::Basic { realm } => {
                let realm = realm.replace(['"', '\\'], "");
                write!(f, "Basic realm=\"{realm}\", charset=\"UTF-8\"")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_offer_is_written_as_its_specification_says() {
        let written = |challenge: Challenge<'_>| challenge.to_string();
        assert_eq!(written(Challenge::Ntlm(None)), "NTLM");
        assert_eq!(written(Challenge::Ntlm(Some(b"abc"))), "NTLM YWJj");
        assert_eq!(
            written(Challenge::Negotiate(Some(b"abc"))),
            "Negotiate YWJj"
        );
        assert_eq!(
            written(Challenge::Basic { realm: "con\"toso" }),
            "Basic realm=\"contoso\", charset=\"UTF-8\""
        );
    }
}
