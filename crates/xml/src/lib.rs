#![doc = include_str!("../README.md")]

pub mod parse;
pub mod tree;

pub mod write;

pub mod c14n;
pub mod signature;

pub use parse::{Limits, ParseError};
pub use signature::{
    Algorithm, KeyFailure, Prepared, SignatureError, SignedElement, SigningKey, VerifiedElement,
    VerifyingKeys,
};
pub use tree::{Attribute, Document, Element};
pub use write::Verbatim;
