#![doc = include_str!("../README.md")]

pub mod parse;
pub mod tree;

pub mod write;

pub mod c14n;
pub mod encryption;
pub mod signature;

mod der;

pub use encryption::{Decrypted, DecryptionError, DecryptionKey, Recipient};
pub use parse::{Limits, ParseError};
pub use signature::{
    Algorithm, KeyFailure, Partner, Policy, Prepared, ProofKey, PublicKey, SignatureError,
    SignedElement, SigningKey, VerifiedElement, VerifiedParts, VerifyingKeys,
};
pub use tree::{Attribute, Document, Element};
pub use write::Verbatim;
