//! The channel binding that a client names in its NTLM response ([MS-NLMP] 2.2.2.1, 2.2.2.7).
//!
//! IIS leaves it alone unless extended protection is on, so that a response meant for the gate's own
//! certificate is good there. So it is here: the lab expects what the client says.

use proto::ntlm::ChannelBinding;

/// Where an AUTHENTICATE message says where its NT response is.
const NT_RESPONSE_FIELDS: usize = 20;
/// The length of an NTLMv2 response before its pairs: the proof, and what stands first in the blob.
const BEFORE_PAIRS: usize = 16 + 28;
/// MsvAvChannelBindings.
const CHANNEL_BINDINGS: u16 = 10;

/// Reads it; a message without one, or that is malformed, has none.
pub(super) fn named_in(message: &[u8]) -> Option<ChannelBinding> {
    let (length, fields) = message.get(NT_RESPONSE_FIELDS..)?.split_first_chunk()?;
    let (_, fields) = fields.split_first_chunk::<2>()?;
    let (offset, _) = fields.split_first_chunk()?;
    let offset = usize::try_from(u32::from_le_bytes(*offset)).ok()?;
    let end = offset.checked_add(usize::from(u16::from_le_bytes(*length)))?;
    let mut rest = message.get(offset..end)?.get(BEFORE_PAIRS..)?;
    loop {
        let (kind, after) = rest.split_first_chunk()?;
        let (length, after) = after.split_first_chunk()?;
        let length = usize::from(u16::from_le_bytes(*length));
        let (value, after) = after.split_at_checked(length)?;
        match u16::from_le_bytes(*kind) {
            CHANNEL_BINDINGS => return value.try_into().ok().map(ChannelBinding),
            0 => return None,
            _ => rest = after,
        }
    }
}
