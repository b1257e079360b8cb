//! The text of claim rules: tokens, tree, parser, errors, printer; in that order.
//!
//! The grammar is AD FS's. What is more than AD FS takes (comments, parentheses in expressions, selectors beside EXISTS
//! and COUNT) is refused under [`Dialect::Strict`].

pub mod ast;
pub mod error;
pub mod print;
mod walk;

mod lexer;
mod parser;

pub use error::{Code, ParseError, ParseErrors, Problem};
pub use parser::{Dialect, Warning};

pub(crate) use parser::{mixes, parse};

/// Most bytes of a rule set.
pub const MAX_TEXT: usize = 512 * 1024;
/// Most rules of a rule set.
pub const MAX_RULES: usize = 1_000;
/// Most conditions, tests, assignments, types, parameters or terms in one place.
pub const MAX_PARTS: usize = 100;
/// How deep expressions may be nested.
pub const MAX_DEPTH: usize = 16;
/// Most errors that are told of one text.
pub const MAX_ERRORS: usize = 20;
