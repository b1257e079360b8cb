//! Why a file is no export: what is wrong, and where.

use std::fmt;

use thiserror::Error;

/// Most bytes of a file.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Most values inside one another.
pub const MAX_DEPTH: usize = 32;
/// Most values of a file; one that is referred to counts as often as it is.
pub const MAX_VALUES: usize = 2_000_000;
/// Most characters of one text.
pub const MAX_TEXT: usize = 1024 * 1024;

/// Why a file is no export, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadError {
    /// The line, from 1; nothing where it is about the file as a whole.
    pub place: Option<Place>,
    /// What is wrong.
    pub problem: Problem,
}

/// A place in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// It has more bytes than [`MAX_BYTES`].
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is neither UTF-8 nor UTF-16.
    #[error("it is not text: UTF-8, or UTF-16 with its byte order mark, is read")]
    NotText,
    /// It has values inside one another deeper than [`MAX_DEPTH`].
    #[error("values are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// It has more values than [`MAX_VALUES`].
    #[error("it has more than {MAX_VALUES} values")]
    TooMany,
    /// A text has more characters than [`MAX_TEXT`].
    #[error("a text has more than {MAX_TEXT} characters")]
    TextTooLong,
    /// A field stands twice in one object.
    #[error("`{name}` stands twice in one object")]
    Twice {
        /// Its name.
        name: String,
    },
    /// It is not JSON.
    #[error("it is not JSON")]
    NotJson,
    /// The XML is not taken.
    #[error("{0}")]
    Xml(xml::ParseError),
    /// It is XML of something else.
    #[error("it is not what Export-Clixml writes")]
    NotClixml,
    /// An element that CLIXML does not have, or not there.
    #[error("an element `{name}` is not known there")]
    Element {
        /// Its name.
        name: String,
    },
    /// A value that is not what its element says.
    #[error("`{name}` does not hold {expected}")]
    Malformed {
        /// The element.
        name: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// A reference to what is not there.
    #[error("the reference `{id}` leads to nothing before it")]
    NoReference {
        /// To what.
        id: String,
    },
    /// A reference from inside an object to itself.
    #[error("the reference `{id}` leads back to where it stands")]
    Cycle {
        /// To what.
        id: String,
    },
    /// Two objects with one number.
    #[error("two objects have the RefId `{id}`")]
    SameReference {
        /// The number.
        id: String,
    },
}

impl Problem {
    /// The error, about the file as a whole.
    pub(super) fn whole(self) -> ReadError {
        ReadError {
            place: None,
            problem: self,
        }
    }

    /// The error at a place.
    pub(super) fn at(self, line: usize, column: usize) -> ReadError {
        ReadError {
            place: Some(Place { line, column }),
            problem: self,
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Place { line, column }) => {
                write!(out, "line {line}, column {column}: {}", self.problem)
            }
            None => write!(out, "{}", self.problem),
        }
    }
}

impl std::error::Error for ReadError {}
