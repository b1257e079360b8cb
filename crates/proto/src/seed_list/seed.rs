//! Seeds as text: hexadecimal digits, base 32 or base 64.
//!
//! Many a text is valid in all three, so that the encoding is never guessed from it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use zeroize::Zeroizing;

use crate::otp::base32;

/// How a seed is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal digits.
    Hex,
    /// Base 32 (RFC 4648 6).
    Base32,
    /// Base 64 (RFC 4648 4).
    Base64,
}

impl Encoding {
    /// What is expected of a text.
    pub(super) fn expected(self) -> &'static str {
        match self {
            Self::Hex => "pairs of hexadecimal digits",
            Self::Base32 => "base 32: letters and the digits 2 to 7",
            Self::Base64 => "base 64",
        }
    }

    /// Reads a seed.
    pub fn read(self, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::Hex => hex(text),
            Self::Base32 => base32::decode(text),
            Self::Base64 => {
                let engine = if text.ends_with('=') {
                    STANDARD
                } else {
                    STANDARD_NO_PAD
                };
                engine.decode(text).ok().map(Zeroizing::new)
            }
        }
    }
}

fn hex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, odd) = text.as_bytes().as_chunks::<2>();
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        bytes.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
    }
    odd.is_empty().then_some(bytes)
}
