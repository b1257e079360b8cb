//! How long commits take, told to whoever runs the store: the first sign of a disk that is too slow.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

/// Who is told of each commit, once somebody asked to be.
#[derive(Default)]
pub(super) struct Commits(OnceLock<Box<dyn Fn(Commit) + Send + Sync>>);

/// What became of a batch of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// How long it took from its first statement to the disk's word.
    pub took: Duration,
    /// Whether it is on the disk.
    pub is_durable: bool,
}

impl Commits {
    /// Tells somebody of every commit; the first who asks stays.
    pub(super) fn tell(&self, told: Box<dyn Fn(Commit) + Send + Sync>) {
        self.0.get_or_init(|| told);
    }

    pub(super) fn happened(&self, commit: Commit) {
        if let Some(told) = self.0.get() {
            told(commit);
        }
    }
}

impl fmt::Debug for Commits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commits").finish_non_exhaustive()
    }
}
