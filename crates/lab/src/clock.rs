//! The one place of the lab that reads the clock and the system's generator.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;

/// Tells the time.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place of the lab that reads the clock"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Draws random bytes.
///
/// # Errors
///
/// The system's generator failed.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}
