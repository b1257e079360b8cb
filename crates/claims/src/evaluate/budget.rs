//! What one evaluation may cost: steps, claims, bytes and queries, each counted down.
//!
//! A rule set that runs out of any of them fails as a whole; no part of its result is used. A step is a comparison of
//! one property, or about as much work; regular expressions pay by the length of the text.

use thiserror::Error;

/// Most steps of one evaluation.
pub const MAX_STEPS: usize = 1_000_000;
/// Most claims that one evaluation makes, and that one begins with.
pub const MAX_CLAIMS: usize = 10_000;
/// Most bytes of all values that one evaluation makes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most queries that one evaluation puts to attribute stores.
pub const MAX_QUERIES: usize = 256;

/// Which limit an evaluation ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Stop {
    /// More than [`MAX_STEPS`].
    #[error("it takes more than {MAX_STEPS} steps")]
    Steps,
    /// More than [`MAX_CLAIMS`].
    #[error("it has more than {MAX_CLAIMS} claims")]
    Claims,
    /// More than [`MAX_BYTES`].
    #[error("it makes more than {MAX_BYTES} bytes")]
    Bytes,
    /// More than [`MAX_QUERIES`].
    #[error("it puts more than {MAX_QUERIES} queries to attribute stores")]
    Queries,
    /// A text is too long to hold a regular expression against it.
    #[error("a text of more than {limit} bytes is not held against this regular expression")]
    SubjectTooLong {
        /// Most bytes.
        limit: usize,
    },
    /// A regular expression steps back too often.
    #[error("a regular expression takes too many steps")]
    PatternTooExpensive,
    /// A regular expression cannot be compiled.
    #[error("a regular expression cannot be compiled")]
    PatternNotCompiled,
}

/// What is left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Budget {
    steps: usize,
    claims: usize,
    bytes: usize,
    queries: usize,
}

impl Budget {
    /// Everything is left.
    pub(crate) const FULL: Self = Self {
        steps: MAX_STEPS,
        claims: MAX_CLAIMS,
        bytes: MAX_BYTES,
        queries: MAX_QUERIES,
    };

    /// Takes steps.
    ///
    /// # Errors
    ///
    /// So many are not left.
    pub(crate) fn steps(&mut self, number: usize) -> Result<(), Stop> {
        take(&mut self.steps, number, Stop::Steps)
    }

    /// Takes claims.
    ///
    /// # Errors
    ///
    /// So many are not left.
    pub(crate) fn claims(&mut self, number: usize) -> Result<(), Stop> {
        take(&mut self.claims, number, Stop::Claims)
    }

    /// Takes a query.
    ///
    /// # Errors
    ///
    /// None is left.
    pub(crate) fn query(&mut self) -> Result<(), Stop> {
        take(&mut self.queries, 1, Stop::Queries)
    }

    /// Takes the bytes of a value.
    ///
    /// # Errors
    ///
    /// So many are not left.
    pub(crate) fn take_bytes(&mut self, number: usize) -> Result<(), Stop> {
        take(&mut self.bytes, number, Stop::Bytes)
    }

    /// Looks whether a value that grows has not outgrown what is left.
    ///
    /// # Errors
    ///
    /// It has.
    pub(crate) fn bytes(&self, length: usize) -> Result<(), Stop> {
        match length <= self.bytes {
            true => Ok(()),
            false => Err(Stop::Bytes),
        }
    }

    /// How many steps were taken.
    pub(crate) fn taken(&self) -> usize {
        MAX_STEPS.saturating_sub(self.steps)
    }
}

fn take(left: &mut usize, number: usize, stop: Stop) -> Result<(), Stop> {
    *left = left.checked_sub(number).ok_or(stop)?;
    Ok(())
}
