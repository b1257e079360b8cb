//! A client's certificate, as the pool's provisioning service issues it ([MS-OCAUTHWS] 3.3).
//!
//! Reads which certificate it is and never what it says: whether a signature is its own, and whether
//! it still counts, is the pool's to judge. Start at [`Certificate::in_answer`].

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use xml::{Document, Element, ParseError};

use crate::secret::Secret;
use crate::soap::value::{self, ValueError};
use crate::soap::{ANSWER_LIMITS, Envelope, EnvelopeParseError};

/// Longest certificate, in bytes of DER.
pub const MAX_CERTIFICATE_BYTES: usize = 8 * 1024;
/// The value type of a certificate (X.509 token profile 1.0 section 3.1).
pub const X509_V3: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
/// How the name of the one encoding ends, which two specifications write differently before that.
const BASE64: &str = "#Base64Binary";
/// Provisioning's own namespace.
const PROVISIONING: &str = "http://schemas.microsoft.com/OCS/AuthWebServices/";

/// A certificate in DER.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate(Vec<u8>);

impl Certificate {
    /// Finds the certificate in provisioning's answer; an answer of another kind gives `None`.
    ///
    /// INTEROP: clients read the answer by the elements' local names, so that it is read so here.
    ///
    /// **Trusts** the answer: it is the pool's own.
    pub fn in_answer(bytes: &[u8]) -> Result<Option<Self>, CertificateParseError> {
        let document = Document::parse_bytes_within(bytes, ANSWER_LIMITS)?;
        let envelope = Envelope::parse(&document)?;
        let mut inside = envelope.content()?;
        if !inside.is(PROVISIONING, "GetAndPublishCertResponse") {
            return Ok(None);
        }
        for name in [
            "RequestSecurityTokenResponse",
            "RequestedSecurityToken",
            "BinarySecurityToken",
        ] {
            inside = only_named(inside, name)?.ok_or(CertificateParseError::NoCertificate)?;
        }
        Self::of_token(inside).map(Some)
    }

    /// Reads a `BinarySecurityToken`.
    pub(crate) fn of_token(token: Element<'_, '_>) -> Result<Self, CertificateParseError> {
        if token.attribute("ValueType") != Some(X509_V3) {
            return Err(CertificateParseError::NotX509);
        }
        let encoding = token.attribute("EncodingType");
        if encoding.is_some_and(|encoding| !encoding.ends_with(BASE64)) {
            return Err(CertificateParseError::NotBase64);
        }
        let longest = MAX_CERTIFICATE_BYTES.saturating_mul(2);
        let text = value::text(token, "BinarySecurityToken", longest)?;
        let text: String = text
            .chars()
            .filter(|character| !character.is_ascii_whitespace())
            .collect();
        let der = STANDARD
            .decode(text)
            .map_err(|_| CertificateParseError::NotBase64)?;
        if der.len() > MAX_CERTIFICATE_BYTES {
            return Err(CertificateParseError::TooLong);
        }
        if !is_one_sequence(&der) {
            return Err(CertificateParseError::NotDer);
        }
        Ok(Self(der))
    }

    /// The bytes.
    pub fn as_der(&self) -> &[u8] {
        &self.0
    }

    /// What the certificate is known by; callers keep a digest of it.
    ///
    /// SECURITY: it begins as no ticket's key does ([`super::webticket::Ticket::key`]), so that the
    /// one is never found under the other.
    pub fn key(&self) -> Secret<Vec<u8>> {
        Secret::new([b"x509\0", self.0.as_slice()].concat())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

/// Why a certificate is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CertificateParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// The message is not SOAP.
    #[error(transparent)]
    Envelope(#[from] EnvelopeParseError),
    /// A value is repeated, nested or too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// There is no certificate where one must be.
    #[error("no certificate")]
    NoCertificate,
    /// The token is something else, a chain perhaps.
    #[error("the token is not of the type `{X509_V3}`")]
    NotX509,
    /// The token is not base64.
    #[error("the certificate is not base64")]
    NotBase64,
    /// The certificate is longer than the limit.
    #[error("the certificate is longer than {MAX_CERTIFICATE_BYTES} bytes")]
    TooLong,
    /// The bytes are not exactly one sequence of DER.
    #[error("the certificate is not one sequence of DER")]
    NotDer,
}

/// The one child of this local name, if there is one.
fn only_named<'a, 'input>(
    parent: Element<'a, 'input>,
    name: &'static str,
) -> Result<Option<Element<'a, 'input>>, ValueError> {
    let mut found = parent.children().filter(|child| child.name() == name);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(ValueError::Repeated { name }),
        (child, None) => Ok(child),
    }
}

/// Whether bytes are one sequence and nothing after it, its length in the shortest form.
fn is_one_sequence(bytes: &[u8]) -> bool {
    let (length, content) = match bytes {
        [0x30, length @ 0..=0x7f, content @ ..] => (usize::from(*length), content),
        [0x30, 0x81, length @ 0x80..=0xff, content @ ..] => (usize::from(*length), content),
        [0x30, 0x82, high @ 1..=0xff, low, content @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), content)
        }
        _ => return false,
    };
    length > 0 && content.len() == length
}

#[cfg(test)]
mod tests;
