//! Fields of an NTLM message: little-endian numbers and buffers by offset, all checked.

use std::ops::Range;

/// The longest message that is read; real ones stay below 2 KiB.
pub(super) const MAX_MESSAGE: usize = 8 * 1024;

/// The eight bytes that every message begins with.
pub(super) const SIGNATURE: &[u8; 8] = b"NTLMSSP\0";

/// Why bytes are not an NTLM message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NtlmParseError {
    /// Longer than any real message.
    #[error("the message is longer than {MAX_MESSAGE} bytes")]
    TooLong,
    /// It ends before its fixed part does.
    #[error("the message ends in its fixed part")]
    Truncated,
    /// It does not begin with `NTLMSSP`.
    #[error("the message does not begin with NTLMSSP")]
    NotNtlm,
    /// It is a message of another type.
    #[error("the message is of type {got}, not {wanted}")]
    WrongType {
        /// What was expected.
        wanted: u32,
        /// What came.
        got: u32,
    },
    /// A buffer points outside the message or into its fixed part.
    #[error("the buffer `{0}` points outside the payload")]
    BufferOutside(&'static str),
    /// Text is not of its announced encoding.
    #[error("the text `{0}` is malformed")]
    MalformedText(&'static str),
    /// The list of attribute-value pairs is malformed, too long or names one twice.
    #[error("the attribute-value pairs are malformed")]
    MalformedPairs,
    /// A buffer has a length that its meaning forbids.
    #[error("the buffer `{0}` has a length that cannot be")]
    WrongLength(&'static str),
}

/// Checks length, signature and type.
pub(super) fn expect(bytes: &[u8], wanted: u32, fixed: usize) -> Result<(), NtlmParseError> {
    if bytes.len() > MAX_MESSAGE {
        return Err(NtlmParseError::TooLong);
    }
    if !bytes.starts_with(SIGNATURE) {
        return Err(NtlmParseError::NotNtlm);
    }
    let got = number(bytes, 8)?;
    if got != wanted {
        return Err(NtlmParseError::WrongType { wanted, got });
    }
    if bytes.len() < fixed {
        return Err(NtlmParseError::Truncated);
    }
    Ok(())
}

/// The 32-bit number at an offset.
pub(super) fn number(bytes: &[u8], at: usize) -> Result<u32, NtlmParseError> {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    field
        .map(|field| u32::from_le_bytes(*field))
        .ok_or(NtlmParseError::Truncated)
}

/// The 16-bit number at an offset.
pub(super) fn short(bytes: &[u8], at: usize) -> Result<u16, NtlmParseError> {
    let field = bytes.get(at..).and_then(<[u8]>::first_chunk);
    field
        .map(|field| u16::from_le_bytes(*field))
        .ok_or(NtlmParseError::Truncated)
}

/// Where the buffer is whose length and offset stand at `at`; `floor` is the end of the fixed part.
pub(super) fn buffer(
    bytes: &[u8],
    at: usize,
    floor: usize,
    name: &'static str,
) -> Result<Range<usize>, NtlmParseError> {
    let length = usize::from(short(bytes, at)?);
    if length == 0 {
        return Ok(0..0);
    }
    let outside = NtlmParseError::BufferOutside(name);
    let start = usize::try_from(number(bytes, at + 4)?).map_err(|_| outside)?;
    let end = start.checked_add(length).ok_or(outside)?;
    if start < floor || end > bytes.len() {
        return Err(outside);
    }
    Ok(start..end)
}

/// Reads text in UTF-16, or in OEM bytes: UTF-8 where it is, else Latin-1 (curl widens bytes).
pub(super) fn text(
    bytes: &[u8],
    is_unicode: bool,
    name: &'static str,
) -> Result<String, NtlmParseError> {
    if is_unicode {
        return utf16(bytes).ok_or(NtlmParseError::MalformedText(name));
    }
    Ok(match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    })
}

/// Reads UTF-16LE; `None` for odd lengths and lone surrogates.
pub(super) fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .collect::<Result<_, _>>()
        .ok()
}

/// Writes UTF-16LE.
pub(super) fn to_utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}
