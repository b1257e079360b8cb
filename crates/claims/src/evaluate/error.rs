//! Why an evaluation has no result.

use std::fmt;

use thiserror::Error;

use super::budget::Stop;
use crate::explain::Explained;

/// Which rule failed, and why; whoever asked for a token gets none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluateError {
    /// The rule, from 1.
    pub rule: usize,
    /// Its `@RuleName`.
    pub name: Option<String>,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// Why.
    pub failure: Failure,
    /// What the rules before it did, where that was asked for.
    pub explained: Vec<Explained>,
}

impl fmt::Display for EvaluateError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "rule {}", self.rule)?;
        if let Some(name) = &self.name {
            write!(out, " `{name}`")?;
        }
        write!(out, " (line {}): {}", self.line, self.failure)
    }
}

impl std::error::Error for EvaluateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.failure)
    }
}

/// Why a rule failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Failure {
    /// It would cost too much.
    #[error("{0}")]
    Stop(#[from] Stop),
    /// An attribute store did not answer.
    #[error("POLICY0018: the query to the attribute store `{store}` failed: {reason}")]
    Store {
        /// Which.
        store: String,
        /// What it said.
        reason: String,
    },
    /// An attribute store gave a row that does not fit.
    #[error("POLICY0018: the attribute store `{store}` gave {got} columns for {types} types")]
    Columns {
        /// Which.
        store: String,
        /// How many types the rule has.
        types: usize,
        /// How many columns came.
        got: usize,
    },
    /// A new claim would have an empty type.
    #[error("a new claim would have an empty type")]
    EmptyType,
}
