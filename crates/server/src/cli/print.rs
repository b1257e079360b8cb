//! What a verb prints: sentences for people, or one JSON value a line for programs.

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use serde::Serialize;

use super::CliError;

/// Where a verb prints to, and in which form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    /// Prints JSON if asked to.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a value as JSON, or the sentence that says the same.
    ///
    /// # Errors
    ///
    /// Standard output is closed.
    pub(crate) fn print<V: Serialize>(
        self,
        value: &V,
        sentence: impl FnOnce(&V) -> String,
    ) -> Result<(), CliError> {
        let text = if self.json {
            serde_json::to_string(value)
                .map_err(|error| CliError::unavailable(format!("JSON cannot be made: {error}")))?
        } else {
            sentence(value)
        };
        write_line(&text)
    }

    /// Prints many values: JSON lines, or lines of text (`nothing` where there are none).
    ///
    /// # Errors
    ///
    /// Standard output is closed.
    pub(crate) fn list<V: Serialize>(
        self,
        values: &[V],
        nothing: &str,
        line: impl Fn(&V) -> String,
    ) -> Result<(), CliError> {
        if values.is_empty() && !self.json {
            return write_line(nothing);
        }
        values.iter().try_for_each(|value| self.print(value, &line))
    }

    /// Says something about what is printed, beside it.
    pub(crate) fn remark(self, sentence: &str) {
        // Nothing is left to be done where standard error is closed.
        let _ = writeln!(std::io::stderr(), "wicketgate: {sentence}");
    }
}

/// Prints an error as one sentence and gives its exit status.
pub(crate) fn complain(error: &CliError) -> ExitCode {
    // Nothing is left to be done where standard error is closed too.
    let _ = writeln!(std::io::stderr(), "wicketgate: {error}");
    error.status()
}

fn write_line(text: &str) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| of_standard_output(&error))
}

/// What it means that nothing can be printed.
pub(crate) fn of_standard_output(error: &std::io::Error) -> CliError {
    match error.kind() {
        ErrorKind::BrokenPipe => CliError::NobodyReads,
        _ => CliError::unavailable(format!("standard output: {error}")),
    }
}
