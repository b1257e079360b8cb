//! How a verb ends badly: a sentence and an exit status (design 9).

use std::process::ExitCode;

use authn::ports::Unavailable;

use crate::config::ConfigError;
use crate::config::settings::NoStore;

/// Why a verb did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CliError {
    /// It was refused, or something was found wanting (1).
    #[error("{0}")]
    Refused(String),
    /// It was asked wrongly, or the configuration is wrong (2).
    #[error("{0}")]
    Usage(String),
    /// Something outside is unavailable (3).
    #[error("{0}")]
    Unavailable(String),
    /// Whoever read what is printed is gone (3); for a verb that prints until then it is a good end.
    #[error("standard output is closed")]
    NobodyReads,
}

impl CliError {
    /// Refused or found wanting.
    pub(crate) fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }

    /// Asked wrongly.
    pub(crate) fn usage(sentence: impl Into<String>) -> Self {
        Self::Usage(sentence.into())
    }

    /// Something outside is unavailable.
    pub(crate) fn unavailable(sentence: impl Into<String>) -> Self {
        Self::Unavailable(sentence.into())
    }

    /// The same, with what to do then.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        let with = |sentence: String| format!("{sentence}; {hint}");
        match self {
            Self::Refused(sentence) => Self::Refused(with(sentence)),
            Self::Usage(sentence) => Self::Usage(with(sentence)),
            Self::Unavailable(sentence) => Self::Unavailable(with(sentence)),
            Self::NobodyReads => Self::NobodyReads,
        }
    }

    /// The exit status.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::Refused(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::Unavailable(_) | Self::NobodyReads => ExitCode::from(3),
        }
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<NoStore> for CliError {
    fn from(error: NoStore) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<Unavailable> for CliError {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<aws_lc_rs::error::Unspecified> for CliError {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self::unavailable("the system gives no random bytes")
    }
}
