//! A request for a web ticket that a client's certificate signed (X.509 token profile 1.0 section 3).
//!
//! SECURITY: the pool judges the signature, and gets the message as it came; this side judges whose
//! certificate it is. So no reader may find another certificate in it than this one does: there is one
//! token, one signature, and the one refers to the other by an id that stands nowhere else. Start at
//! [`SignedRequest::parse`].

use thiserror::Error;
use xml::Element;
use xml::c14n::EXCLUSIVE;

use super::request::{Request, WebTicketRequestParseError, header};
use crate::lync::certificate::{Certificate, CertificateParseError, X509_V3};
use crate::soap::content::{ContentError, bears_only, holds_each_once, holds_no_elements};
use crate::soap::namespace::{SECURITY, SIGNATURE, UTILITY};
use crate::soap::{Envelope, ValueError};

/// Longest id of a token, in bytes.
pub const MAX_TOKEN_ID_BYTES: usize = 256;
/// What may stand in the security header, each once.
const PARTS: [(&str, &str); 3] = [
    (UTILITY, "Timestamp"),
    (SECURITY, "BinarySecurityToken"),
    (SIGNATURE, "Signature"),
];
/// What stands in the signature, each once.
const OF_SIGNATURE: [(&str, &str); 3] = [
    (SIGNATURE, "SignedInfo"),
    (SIGNATURE, "SignatureValue"),
    (SIGNATURE, "KeyInfo"),
];
/// What the signature says of itself; whoever reads on for a key finds none in it.
const OF_SIGNED_INFO: [&str; 7] = [
    "CanonicalizationMethod",
    "SignatureMethod",
    "Reference",
    "Transforms",
    "Transform",
    "DigestMethod",
    "DigestValue",
];
/// Names by which a message says whose key was used; each stands once in all of it, in any namespace.
const ONCE: [&str; 5] = [
    "Security",
    "BinarySecurityToken",
    "Signature",
    "KeyInfo",
    "SecurityTokenReference",
];

/// A request for a web ticket with the certificate whose signature it bears.
#[derive(Debug)]
pub struct SignedRequest {
    /// The request.
    pub request: Request,
    /// The certificate.
    pub certificate: Certificate,
}

impl SignedRequest {
    /// Reads a message.
    ///
    /// **Proves** what [`Request::parse`] does, but for one certificate and one signature that names it
    /// as its key.
    /// **Trusts** the signature: it was not verified.
    pub fn parse(envelope: &Envelope<'_, '_>) -> Result<Self, SignedRequestParseError> {
        let header = envelope.header();
        let header = header.ok_or(CertificateParseError::NoCertificate)?;
        let security = header::addressed(header)?;
        let security = security.ok_or(CertificateParseError::NoCertificate)?;
        let certificate = certificate(envelope, security)?;
        let request = Request::of_sender_elsewhere(envelope)?;
        Ok(Self {
            request,
            certificate,
        })
    }
}

fn certificate(
    envelope: &Envelope<'_, '_>,
    security: Element<'_, '_>,
) -> Result<Certificate, SignedRequestParseError> {
    holds_each_once(security, "Security", &PARTS)?;
    header::check_timestamp(security)?;
    let token = security.child(SECURITY, "BinarySecurityToken");
    let token = token.ok_or(CertificateParseError::NoCertificate)?;
    let signature = security.child(SIGNATURE, "Signature");
    let signature = signature.ok_or(SignedRequestParseError::NotSigned)?;
    for name in ONCE {
        if elements(envelope)
            .filter(|it| it.name().eq_ignore_ascii_case(name))
            .count()
            > 1
        {
            return Err(ValueError::Repeated { name }.into());
        }
    }
    let id = token.attribute_ns(UTILITY, "Id").unwrap_or_default();
    if !(1..=MAX_TOKEN_ID_BYTES).contains(&id.len()) {
        return Err(SignedRequestParseError::NoTokenId);
    }
    let is_of_this_id = |element: &Element<'_, '_>| {
        let mut attributes = element.attributes();
        attributes.any(|attribute| attribute.value().trim() == id)
    };
    if elements(envelope).filter(is_of_this_id).count() != 1 {
        return Err(SignedRequestParseError::IdRepeated);
    }
    if referred(signature)? != format!("#{id}") {
        return Err(SignedRequestParseError::OtherKey);
    }
    Ok(Certificate::of_token(token)?)
}

/// What the signature says its key is, where it says that by one reference.
fn referred(signature: Element<'_, '_>) -> Result<String, SignedRequestParseError> {
    holds_each_once(signature, "Signature", &OF_SIGNATURE)?;
    let signed = signature.child(SIGNATURE, "SignedInfo");
    let value = signature.child(SIGNATURE, "SignatureValue");
    let (Some(signed), Some(value)) = (signed, value) else {
        return Err(SignedRequestParseError::NotSigned);
    };
    holds_no_elements(value, "SignatureValue")?;
    let is_of_signature = |element: &Element<'_, '_>| {
        let is_listed = OF_SIGNED_INFO
            .iter()
            .any(|name| element.is(SIGNATURE, name));
        is_listed || element.is(EXCLUSIVE, "InclusiveNamespaces")
    };
    let mut inside = signed.descendants().skip(1);
    if let Some(other) = inside.find(|element| !is_of_signature(element)) {
        return Err(ContentError::unexpected(other.name(), "SignedInfo").into());
    }
    let key = signature.child(SIGNATURE, "KeyInfo");
    let key = key.ok_or(SignedRequestParseError::OtherKey)?;
    holds_each_once(key, "KeyInfo", &[(SECURITY, "SecurityTokenReference")])?;
    let token = key.child(SECURITY, "SecurityTokenReference");
    let token = token.ok_or(SignedRequestParseError::OtherKey)?;
    let name = "SecurityTokenReference";
    holds_each_once(token, name, &[(SECURITY, "Reference")])?;
    let reference = token.child(SECURITY, "Reference");
    let reference = reference.ok_or(SignedRequestParseError::OtherKey)?;
    holds_no_elements(reference, "Reference")?;
    bears_only(reference, "Reference", &["URI", "ValueType"])?;
    let is_certificate = reference
        .attribute("ValueType")
        .is_none_or(|value_type| value_type == X509_V3);
    match reference.attribute("URI") {
        Some(uri) if is_certificate => Ok(uri.to_owned()),
        _ => Err(SignedRequestParseError::OtherKey),
    }
}

/// Every element of the message.
fn elements<'a, 'input>(
    envelope: &Envelope<'a, 'input>,
) -> impl Iterator<Item = Element<'a, 'input>> {
    let root = envelope.body().parent().into_iter();
    root.flat_map(|root| root.descendants())
}

/// Why a signed request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignedRequestParseError {
    /// There is no certificate, or none that is read.
    #[error(transparent)]
    Certificate(#[from] CertificateParseError),
    /// The request cannot be read.
    #[error(transparent)]
    Request(#[from] WebTicketRequestParseError),
    /// Something stands in the header that may not.
    #[error(transparent)]
    Header(#[from] ContentError),
    /// There is no signature, or not all of one.
    #[error("the request is not signed")]
    NotSigned,
    /// The token has no id, or too long a one.
    #[error("the token has no id of at most {MAX_TOKEN_ID_BYTES} bytes")]
    NoTokenId,
    /// The token's id stands elsewhere in the message too.
    #[error("the token's id is not its own")]
    IdRepeated,
    /// The signature does not refer to the token.
    #[error("the signature is of another key")]
    OtherKey,
}

impl From<ValueError> for SignedRequestParseError {
    fn from(error: ValueError) -> Self {
        Self::Header(error.into())
    }
}

#[cfg(test)]
mod tests;
