//! The one place that reads the clock and the system's generator; everything else is told.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use gateway::Moment;
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
pub(crate) fn random<const N: usize>() -> Result<[u8; N], aws_lc_rs::error::Unspecified> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(bytes)
}

/// The time and the random bytes of one step of a conversation.
///
/// # Errors
///
/// The system's generator failed; nothing may go on without it.
pub(crate) fn moment() -> Result<Moment, aws_lc_rs::error::Unspecified> {
    Ok(Moment {
        now: now(),
        random: random()?,
    })
}
