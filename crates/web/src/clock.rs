//! The one place of this crate that reads the clock and the system's generator; everything else is told.

use authn::ports::Unavailable;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;

/// Tells the time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Draws random bytes.
///
/// # Errors
///
/// The system's generator failed; nothing may go on without it.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Unavailable> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|error| Unavailable {
        what: "the system's generator",
        detail: error.to_string(),
    })?;
    Ok(bytes)
}
