//! Tickets: a SAML 1.1 assertion or the compact `cwt`, wherever they appear ([MS-OCAUTHWS] 3.1.4).
//!
//! Reads what a ticket is known by and when it ends; never whether it is genuine. Start at
//! [`Ticket::in_answer`] and [`Ticket::from_header`].

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use thiserror::Error;
use xml::{Document, Element, Limits, ParseError};
use zeroize::Zeroizing;

use super::compact;
use crate::kerberos::Sid;
use crate::secret::Secret;
use crate::soap::content::{ContentError, holds_each_once};
use crate::soap::namespace::{SAML_1, SECURITY, SIGNATURE, UTILITY};
use crate::soap::value::{self, only_child};
use crate::soap::{ANSWER_LIMITS, Envelope, EnvelopeParseError, ValueError};
use crate::wstrust::v13::{self, IssuedToken, MAX_CWT_BYTES, ResponseParseError};

/// Longest header that presents a ticket, in bytes.
pub const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Longest signature of a ticket, in bytes.
pub const MAX_SIGNATURE_BYTES: usize = 1024;
/// What may stand in a security header that presents a ticket ([MS-OCAUTHWS] 3.1.4).
const BESIDE: [(&str, &str); 3] = [
    (UTILITY, "Timestamp"),
    (SAML_1, "Assertion"),
    (SIGNATURE, "Signature"),
];
/// Longest id of an assertion, in bytes.
pub const MAX_ASSERTION_ID_BYTES: usize = 256;

/// A web ticket. Whoever holds it is let in, so that it does not show itself.
#[derive(Clone)]
pub enum Ticket {
    /// A signed SAML 1.1 assertion.
    Saml {
        /// Its `AssertionID`.
        assertion_id: String,
        /// The value of its signature.
        signature: Secret<Vec<u8>>,
        /// When it ends.
        expiry: Expiry,
        /// The assertion as it stood in the message.
        raw: Secret<String>,
    },
    /// A compact ticket.
    Cwt {
        /// What stands after `cwt=`.
        value: Secret<String>,
        /// When it ends.
        expiry: Expiry,
    },
}

impl Ticket {
    /// Finds every ticket in the SOAP answer to a request; one without tickets gives an empty list.
    pub fn in_answer(bytes: &[u8]) -> Result<Vec<Self>, TicketParseError> {
        let document = Document::parse_bytes_within(bytes, ANSWER_LIMITS)?;
        let envelope = Envelope::parse(&document)?;
        let issued = v13::tokens(&envelope)?.into_iter();
        issued
            .map(|issued| {
                let said = issued
                    .lifetime
                    .map_or(Expiry::Unknown, |lifetime| Expiry::At(lifetime.expires));
                match issued.token {
                    IssuedToken::Assertion(assertion) => Self::of_assertion(assertion, said),
                    IssuedToken::UserToken(text) => Self::of_cwt(text.expose(), said),
                }
            })
            .collect()
    }

    /// Finds the ticket in the JSON answer of `/WebTicket/oauthtoken`.
    pub fn in_oauth_answer(bytes: &[u8]) -> Result<Self, TicketParseError> {
        if bytes.len() > MAX_HEADER_BYTES {
            return Err(TicketParseError::TooLong);
        }
        let answer: OauthAnswer =
            serde_json::from_slice(bytes).map_err(|_| TicketParseError::NoTicket)?;
        let token = Zeroizing::new(answer.access_token);
        let expiry = answer.expires_in.map_or(Expiry::Unknown, Expiry::In);
        Self::of_cwt(&token, expiry)
    }

    /// Reads the header `X-MS-WebTicket`: `opaque=` and base64 of an assertion, or `cwt=`.
    pub fn from_header(value: &str) -> Result<Self, TicketParseError> {
        if value.len() > MAX_HEADER_BYTES {
            return Err(TicketParseError::TooLong);
        }
        let value = value.trim();
        let Some(opaque) = value.strip_prefix("opaque=") else {
            return Self::of_cwt(value, Expiry::Unknown);
        };
        let bytes = STANDARD
            .decode(opaque)
            .map_err(|_| TicketParseError::NotBase64)?;
        let bytes = Zeroizing::new(bytes);
        let limits = Limits {
            bytes: MAX_HEADER_BYTES,
            ..Limits::DEFAULT
        };
        let document = Document::parse_bytes_within(&bytes, limits)?;
        Self::of_assertion(document.root(), Expiry::Unknown)
    }

    /// Reads the header `Authorization` of UCWA clients: `Bearer cwt=`.
    ///
    /// A header of another scheme gives `None`.
    pub fn from_authorization(value: &str) -> Result<Option<Self>, TicketParseError> {
        let Some((scheme, token)) = value.trim().split_once(' ') else {
            return Ok(None);
        };
        if !scheme.eq_ignore_ascii_case("Bearer") {
            return Ok(None);
        }
        if token.len() > MAX_HEADER_BYTES {
            return Err(TicketParseError::TooLong);
        }
        Self::of_cwt(token.trim(), Expiry::Unknown).map(Some)
    }

    /// Reads the assertion in a message's security header; a message without one gives `None`.
    ///
    /// SECURITY: the message goes on as it came, so that a user name, a second token or a second
    /// security header beside the assertion is an error: a pool might take it for the sender's.
    pub fn from_security_header(
        envelope: &Envelope<'_, '_>,
    ) -> Result<Option<Self>, TicketParseError> {
        let Some(header) = envelope.header() else {
            return Ok(None);
        };
        let named: Vec<_> = header
            .children()
            .filter(|it| it.name() == "Security")
            .collect();
        let security = match named.as_slice() {
            [] => return Ok(None),
            [security] if security.is(SECURITY, "Security") => *security,
            [_] => return Err(TicketParseError::NoTicket),
            [_, _, ..] => return Err(ValueError::Repeated { name: "Security" }.into()),
        };
        holds_each_once(security, "Security", &BESIDE)?;
        only_child(security, SAML_1, "Assertion")?
            .map(|assertion| Self::of_assertion(assertion, Expiry::Unknown))
            .transpose()
    }

    /// What the ticket is known by, whichever way it is serialised: assertion id and signature value,
    /// or the `cwt`. Callers keep a digest of it.
    pub fn key(&self) -> Secret<Vec<u8>> {
        let (kind, name, proof): (&[u8], String, &[u8]) = match self {
            Self::Saml {
                assertion_id,
                signature,
                ..
            } => (b"saml\0", assertion_id.clone(), signature.expose()),
            Self::Cwt { value, .. } => (b"cwt\0", one_spelling(value.expose()), b""),
        };
        Secret::new([kind, name.as_bytes(), b"\0", proof].concat())
    }

    /// When the ticket ends, as far as the message said.
    pub fn expiry(&self) -> Expiry {
        match self {
            Self::Saml { expiry, .. } | Self::Cwt { expiry, .. } => *expiry,
        }
    }

    /// Whose a compact ticket says it is; `None` where it does not say so once, and of an assertion.
    ///
    /// **Trusts** the ticket: its MAC is the pool's to check.
    pub fn sid(&self) -> Option<Sid> {
        match self {
            Self::Saml { .. } => None,
            Self::Cwt { value, .. } => compact::sid(value.expose()),
        }
    }

    /// An assertion's own end stands before what the message around it says.
    fn of_assertion(assertion: Element<'_, '_>, said: Expiry) -> Result<Self, TicketParseError> {
        if !assertion.is(SAML_1, "Assertion") {
            return Err(TicketParseError::NoTicket);
        }
        let assertion_id = assertion
            .attribute("AssertionID")
            .filter(|id| (1..=MAX_ASSERTION_ID_BYTES).contains(&id.len()))
            .ok_or(TicketParseError::NoAssertionId)?;
        let conditions = only_child(assertion, SAML_1, "Conditions")?;
        let expiry = conditions
            .and_then(|conditions| conditions.attribute("NotOnOrAfter"))
            .map(|time| {
                time.parse()
                    .map(Expiry::At)
                    .map_err(|_| TicketParseError::NotATime)
            })
            .transpose()?;
        Ok(Self::Saml {
            assertion_id: assertion_id.to_owned(),
            signature: Secret::new(signature(assertion)?),
            expiry: expiry.unwrap_or(said),
            raw: Secret::new(assertion.source().to_owned()),
        })
    }

    fn of_cwt(text: &str, expiry: Expiry) -> Result<Self, TicketParseError> {
        let value = text
            .strip_prefix("cwt=")
            .ok_or(TicketParseError::NoTicket)?;
        if value.len() > MAX_CWT_BYTES {
            return Err(TicketParseError::TooLong);
        }
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_.~".contains(&byte);
        if value.is_empty() || !value.bytes().all(is_token) {
            return Err(TicketParseError::NotBase64);
        }
        Ok(Self::Cwt {
            value: Secret::new(value.to_owned()),
            expiry,
        })
    }
}

/// The one spelling of all that decode alike: the alphabet for addresses, no padding, and no bits beyond the last byte
/// (RFC 4648 3.5, 5).
///
/// SECURITY: .NET takes every one of them, and a ticket that was revoked must be known in each.
pub(super) fn one_spelling(value: &str) -> String {
    let mut letters: Vec<char> = value.trim_end_matches('=').chars().collect();
    for letter in &mut letters {
        *letter = match *letter {
            '+' => '-',
            '/' => '_',
            other => other,
        };
    }
    let meant = match letters.len() % 4 {
        2 => 0b11_0000,
        3 => 0b11_1100,
        _ => 0b11_1111,
    };
    if let Some(last) = letters.last_mut() {
        let at = LETTERS.iter().position(|it| char::from(*it) == *last);
        let kept = at.and_then(|at| LETTERS.get(at & meant));
        *last = kept.map_or(*last, |it| char::from(*it));
    }
    letters.into_iter().collect()
}

/// The alphabet for addresses and file names (RFC 4648 5).
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Saml {
                assertion_id,
                expiry,
                ..
            } => f
                .debug_struct("Saml")
                .field("assertion_id", assertion_id)
                .field("expiry", expiry)
                .finish_non_exhaustive(),
            Self::Cwt { expiry, .. } => f
                .debug_struct("Cwt")
                .field("expiry", expiry)
                .finish_non_exhaustive(),
        }
    }
}

/// When a ticket ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// At a time.
    At(Timestamp),
    /// So many seconds after the answer.
    In(u32),
    /// The message does not say.
    Unknown,
}

impl Expiry {
    /// The time, for an answer that came at `now`.
    pub fn at(self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::In(seconds) => now
                .checked_add(SignedDuration::from_secs(seconds.into()))
                .ok(),
            Self::Unknown => None,
        }
    }
}

/// Why a ticket is not read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TicketParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// The message is not SOAP.
    #[error(transparent)]
    Envelope(#[from] EnvelopeParseError),
    /// The answer cannot be read.
    #[error(transparent)]
    Response(#[from] ResponseParseError),
    /// A value is repeated, nested or too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Something else stands beside the ticket.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// There is no ticket where one must be.
    #[error("no ticket")]
    NoTicket,
    /// The ticket is longer than the limit.
    #[error("the ticket is too long")]
    TooLong,
    /// The ticket holds characters that are not of base64.
    #[error("the ticket is not base64")]
    NotBase64,
    /// The assertion has no id, or too long a one.
    #[error("the assertion has no id of at most {MAX_ASSERTION_ID_BYTES} bytes")]
    NoAssertionId,
    /// The assertion has no signature that we can read.
    #[error("the assertion has no signature of at most {MAX_SIGNATURE_BYTES} bytes")]
    NoSignature,
    /// The assertion's end is not a time.
    #[error("`NotOnOrAfter` is not a time")]
    NotATime,
}

#[derive(Deserialize)]
struct OauthAnswer {
    access_token: String,
    expires_in: Option<u32>,
}

fn signature(assertion: Element<'_, '_>) -> Result<Vec<u8>, TicketParseError> {
    let signature = only_child(assertion, SIGNATURE, "Signature")?;
    let signature = signature.ok_or(TicketParseError::NoSignature)?;
    let element = only_child(signature, SIGNATURE, "SignatureValue")?;
    let element = element.ok_or(TicketParseError::NoSignature)?;
    let text = value::text(element, "SignatureValue", 2 * MAX_SIGNATURE_BYTES)?;
    let text: String = text
        .chars()
        .filter(|character| !character.is_ascii_whitespace())
        .collect();
    match STANDARD.decode(text) {
        Ok(bytes) if (1..=MAX_SIGNATURE_BYTES).contains(&bytes.len()) => Ok(bytes),
        _ => Err(TicketParseError::NoSignature),
    }
}

#[cfg(test)]
mod tests;
