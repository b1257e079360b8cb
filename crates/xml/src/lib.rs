#![doc = include_str!("../README.md")]

pub mod parse;
pub mod tree;

pub mod write;

// c14n
// sig

pub use parse::{Limits, ParseError};
pub use tree::{Attribute, Document, Element};
pub use write::Verbatim;
