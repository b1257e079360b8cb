//! XML signatures in one restricted profile (XML-DSIG second edition; design 3, invariant 2).
//!
//! One enveloped signature over the element around it, found by its id; SHA-256; exclusive canonical
//! form. Keys come from configuration and never from the message. Start at [`Prepared`] to sign and
//! at [`verify`] to verify.

mod sign;
mod verify;

pub use sign::{Prepared, SignedElement};
pub use verify::{MAX_INCLUSIVE_PREFIXES, VerifiedElement, verify};

use thiserror::Error;

use crate::c14n::CanonicalFormTooLarge;
use crate::{Element, ParseError};

/// Namespace of signatures.
pub const NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const SAML_1_PROTOCOL: &str = "urn:oasis:names:tc:SAML:1.0:protocol";
const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// Signature algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with PKCS #1 v1.5 padding and SHA-256.
    RsaSha256,
    /// ECDSA with SHA-256; the value is r and s, each of the curve's length.
    EcdsaSha256,
}

impl Algorithm {
    /// The algorithm's name in a message.
    pub fn uri(self) -> &'static str {
        match self {
            Self::RsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            Self::EcdsaSha256 => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        }
    }

    fn parse(uri: &str) -> Option<Self> {
        [Self::RsaSha256, Self::EcdsaSha256]
            .into_iter()
            .find(|algorithm| algorithm.uri() == uri)
    }
}

/// A private key that signs.
pub trait SigningKey {
    /// The algorithm of its signatures.
    fn algorithm(&self) -> Algorithm;
    /// Signs octets.
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure>;
}

/// The key does not work: its holder is out of reach or refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signing key does not work")]
pub struct KeyFailure;

/// The public keys that are trusted for a message, from configuration.
pub trait VerifyingKeys {
    /// Whether the signature over the octets was made with one of the keys.
    ///
    /// Implementations compare the algorithm with each key's kind and never try another.
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool;
}

/// Why an element cannot be signed, or is not taken as signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// The element has no id.
    #[error("the element has no id")]
    NoId,
    /// The id stands on more than one element of the document.
    #[error("the id is not unique in the document")]
    DuplicateId,
    /// The element to be signed is empty.
    #[error("the element is empty")]
    Empty,
    /// The element to be signed bears a signature.
    #[error("the element is signed already")]
    AlreadySigned,
    /// The element has no signature, or more than one.
    #[error("the element does not have exactly one signature")]
    NotOneSignature,
    /// The signature holds a part that the profile does not have, or lacks one.
    #[error("`{part}` is not as the profile has it")]
    Structure {
        /// The part's name.
        part: &'static str,
    },
    /// The signature holds a comment.
    #[error("the signature holds a comment")]
    Comment,
    /// An algorithm is not one of the profile.
    #[error("the algorithm of `{part}` is not allowed")]
    Algorithm {
        /// The part's name.
        part: &'static str,
    },
    /// A PrefixList is longer than the limit.
    #[error("the PrefixList of `{part}` has more than {MAX_INCLUSIVE_PREFIXES} prefixes")]
    TooManyPrefixes {
        /// The part's name.
        part: &'static str,
    },
    /// The reference does not name the element around the signature.
    #[error("the reference does not name the element around the signature")]
    Reference,
    /// A value is not base64.
    #[error("`{part}` is not base64")]
    NotBase64 {
        /// The part's name.
        part: &'static str,
    },
    /// The element is not what was signed.
    #[error("the element was changed after it was signed")]
    Digest,
    /// No trusted key made the signature.
    #[error("no trusted key made the signature")]
    Signature,
    /// The canonical form is too large.
    #[error(transparent)]
    TooLarge(#[from] CanonicalFormTooLarge),
    /// The text does not parse.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// The id that a signature over this element names.
fn id_of<'a>(element: Element<'a, '_>) -> Result<&'a str, SignatureError> {
    let name = match (element.namespace(), element.name()) {
        (Some(SAML_1), "Assertion") => "AssertionID",
        (Some(SAML_1_PROTOCOL), "Response") => "ResponseID",
        _ => "ID",
    };
    element
        .attribute(name)
        .filter(|id| !id.is_empty())
        .ok_or(SignatureError::NoId)
}

/// Whether no other element of the document has this id, by whatever attribute.
///
/// SECURITY: other verifiers take other attributes for ids; one that any of them could take counts.
fn is_unique(id: &str, root: Element<'_, '_>) -> bool {
    let bears_id = |element: &Element<'_, '_>| {
        element.attributes().any(|attribute| {
            attribute.value() == id
                && ["id", "assertionid", "responseid", "requestid"]
                    .iter()
                    .any(|name| attribute.name().eq_ignore_ascii_case(name))
        })
    };
    root.descendants().filter(bears_id).count() == 1
}

#[cfg(test)]
mod tests;
