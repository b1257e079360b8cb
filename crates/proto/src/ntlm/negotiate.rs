//! NEGOTIATE_MESSAGE, type 1 ([MS-NLMP] 2.2.1.1): what the client can do.

use super::flags;
use super::wire::{self, NtlmParseError};

/// Signature, type and flags; what follows may be left out and is not read.
const FIXED: usize = 16;

/// A type 1 message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiate {
    bytes: Vec<u8>,
    flags: u32,
}

impl Negotiate {
    /// Reads a type 1 message.
    ///
    /// # Errors
    ///
    /// It is not one.
    pub fn parse(bytes: &[u8]) -> Result<Self, NtlmParseError> {
        wire::expect(bytes, 1, FIXED)?;
        Ok(Self {
            bytes: bytes.to_vec(),
            flags: wire::number(bytes, 12)?,
        })
    }

    /// The message as it came, for the MIC.
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The flags to answer with: what was asked for and can be had, and what must be.
    ///
    /// INTEROP: curl 7.88 announces OEM only and follows when Unicode is answered.
    pub(super) fn answered_flags(&self) -> u32 {
        let demanded = flags::UNICODE
            | flags::NTLM
            | flags::REQUEST_TARGET
            | flags::TARGET_TYPE_DOMAIN
            | flags::EXTENDED_SESSION_SECURITY
            | flags::TARGET_INFO;
        demanded | (self.flags & flags::GRANTED)
    }
}
