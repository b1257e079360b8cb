//! The one place of this crate that reads the clock; everything else is told.

use std::time::Instant;

/// Tells the time that only runs forward.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}
