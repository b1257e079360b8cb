//! XML signatures in one restricted profile (XML-DSIG second edition; design 3, invariant 2).
//!
//! Either one signature inside the element that it covers and names by its id, or one in a message's
//! header that covers several elements by their ids; RSA and ECDSA with SHA-2, HMAC where two sides share
//! a key, SHA-1 until a partner's date. Keys come from configuration and never from the message. Start at
//! [`Prepared`] to sign and at [`verify`] to verify. The whole profile, with that of [`crate::encryption`]:
//!
//! | | taken | made |
//! |---|---|---|
//! | canonical form | canonical XML 1.0 and exclusive, both names of each, PrefixList of 16 | exclusive |
//! | signature over one element | enveloped, named by its id (or the whole document, where the policy says so), in the one place that its schema has | the same |
//! | signature over parts of a message | up to 16 references by id | the same |
//! | query of the redirect binding | over its own bytes | the same |
//! | keys | RSA 2048 to 8192, P-256, P-384, P-521; SHA-256, -384, -512; SHA-1 until a partner's date | the same, never SHA-1 |
//! | proof keys | HMAC with the same digests, never cut short | the same, never SHA-1 |
//! | encryption | AES-GCM; AES-CBC under a verified signature; RSA-OAEP, digest and mask of a kind | AES-GCM, AES-CBC for who reads no other |
//!
//! Refused by name, among others: STR-Transform, canonical XML 1.1, enveloping signatures, RSASSA-PSS, DSA,
//! key wrap and key agreement.

mod keys;
mod method;
mod parts;
mod place;
mod policy;
pub mod query;
mod sign;
mod verify;

pub use keys::{MIN_PROOF_KEY_BYTES, ProofKey, PublicKey, PublicKeyError};
pub use method::{Algorithm, DigestMethod, MacAlgorithm};
pub use parts::{MAX_INCLUSIVE_PREFIXES, MAX_REFERENCES};
pub use policy::{Partner, Policy};
pub use sign::{KeyInfo, Prepared, SignedElement};
pub use verify::{
    VerifiedElement, VerifiedParts, verify, verify_of, verify_parts, verify_parts_by_proof,
};

use thiserror::Error;

use crate::ParseError;
use crate::c14n::CanonicalFormTooLarge;

/// Namespace of signatures.
pub const NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// A private key that signs.
pub trait SigningKey {
    /// The algorithm of its signatures.
    fn algorithm(&self) -> Algorithm;
    /// Signs octets.
    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure>;
}

/// The key does not work: its holder is out of reach or refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the key does not work")]
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
    /// The signature does not stand where it belongs in an element of this kind.
    #[error("the signature stands out of its place")]
    Place,
    /// The signature holds a part that the profile does not have, or lacks one.
    #[error("`{part}` is not as the profile has it")]
    Structure {
        /// The part's name.
        part: &'static str,
    },
    /// The signature holds a comment.
    #[error("the signature holds a comment")]
    Comment,
    /// A text of what was signed holds a comment, which may have come afterwards.
    #[error("a signed text holds a comment")]
    CommentInText,
    /// An algorithm is not one of the profile, or not one of the partner's.
    #[error("the algorithm of `{part}` is not allowed")]
    Algorithm {
        /// The part's name.
        part: &'static str,
    },
    /// SHA-1, which is not taken from this partner, or no longer.
    #[error("`{part}` is SHA-1, which is not taken")]
    Sha1 {
        /// The part's name.
        part: &'static str,
    },
    /// A PrefixList is longer than the limit.
    #[error("the PrefixList of `{part}` has more than {MAX_INCLUSIVE_PREFIXES} prefixes")]
    TooManyPrefixes {
        /// The part's name.
        part: &'static str,
    },
    /// The signature has more references than the limit.
    #[error("the signature has more than {MAX_REFERENCES} references")]
    TooManyReferences,
    /// A reference does not name what it should: the element around the signature, or one that is
    /// there and that no other reference names.
    #[error("a reference does not name what it should")]
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

#[cfg(test)]
mod tests;
