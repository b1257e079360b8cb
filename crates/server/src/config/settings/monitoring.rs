//! How partners' metadata is read by itself, as it is understood.

use std::path::PathBuf;

use jiff::SignedDuration;

/// How it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Monitoring {
    /// How long it is from one reading of a partner's to the next.
    pub(crate) interval: SignedDuration,
    /// Whether a partner may be on a private network.
    pub(crate) allows_private: bool,
    /// Who vouches for their web servers, where not the system's authorities do.
    pub(crate) authorities: Option<PathBuf>,
}
