//! Certificates that go out unread: whoever gets one cannot sign in by it, and somebody should learn why.

use std::sync::{Mutex, PoisonError};

use proto::lync::certificate::CertificateParseError;
use tokio::time::Instant;

use super::limits;
use crate::pace::Pace;

/// How many there were since the last word.
#[derive(Debug)]
pub(super) struct Unread(Mutex<Pace>);

impl Default for Unread {
    fn default() -> Self {
        Self(Mutex::new(Pace::new(limits::UNREAD_LOG)))
    }
}

impl Unread {
    /// Counts an answer of provisioning, and says so now and then.
    pub(super) fn count(&self, error: &CertificateParseError, now: Instant) {
        let mut pace = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = pace.count(now) {
            tracing::warn!(
                answers,
                "an answer of certificate provisioning passed whose certificate cannot be read, and which \
                 buys no ticket here: {error}"
            );
        }
    }
}
