//! What a gate and its authentication server say to each other: version 1, JSON, every body bounded.
//!
//! Bytes and passwords are base64, so that no escape leaves a copy behind, and are wiped. Unknown fields are
//! refused: what one side means by them, the other must not leave out. Nothing here decides; see
//! [`crate::remote`]. Start at [`ask`] and [`Asked::parse`].

mod attempt;
mod bytes;
mod feed;
mod outcome;

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

pub use attempt::{Asked, ask};
pub use bytes::Wiped;
pub use feed::{
    After, Hello, Noted, OfSession, Relayed, Revocations, Standing, TokenAnswer, TokenAsked,
};
pub use outcome::{Answered, answer};

/// The version, which stands before each path: `/1/verify`.
pub const VERSION: &str = "1";
/// The largest body that is asked with: an NTLM exchange with the three messages that its MIC covers.
pub const MAX_ASKED: usize = 512 * 1024;
/// The largest answer: a feed of so many revocations, or a voucher.
pub const MAX_ANSWER: usize = 256 * 1024;
/// How much room there is at once for a body, so that it is not moved and left behind.
const ROOM: usize = 16 * 1024;

/// What came is not what this version says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireParseError {
    /// Not JSON of that form.
    #[error("{what} is not what version {VERSION} says, at byte {at}")]
    Form {
        /// What was read.
        what: &'static str,
        /// Where it begins to be something else; never what stands there.
        at: usize,
    },
    /// It is larger than it may be.
    #[error("{what} is larger than {at_most} bytes")]
    TooLarge {
        /// What was read.
        what: &'static str,
        /// The cap.
        at_most: usize,
    },
    /// A part of it that has a form of its own is not of it.
    #[error("{what} is malformed: {detail}")]
    Part {
        /// Which.
        what: &'static str,
        /// Why; never a secret.
        detail: String,
    },
}

/// Writes a body.
///
/// # Errors
///
/// It cannot be written.
pub fn write(body: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, WireParseError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *bytes, body).map_err(|error| WireParseError::Part {
        what: "what is to be sent",
        detail: error.to_string(),
    })?;
    Ok(bytes)
}

/// Reads a body.
///
/// # Errors
///
/// It is too large, or not of its form.
pub fn read<T: DeserializeOwned>(
    what: &'static str,
    (bytes, at_most): (&[u8], usize),
) -> Result<T, WireParseError> {
    if bytes.len() > at_most {
        return Err(WireParseError::TooLarge { what, at_most });
    }
    serde_json::from_slice(bytes).map_err(|error| WireParseError::Form {
        what,
        at: error.column(),
    })
}

#[cfg(test)]
mod tests;
