//! NegotiateFlags ([MS-NLMP] 2.2.2.5): those that this side reads or sends.

pub(super) const UNICODE: u32 = 0x0000_0001;
pub(super) const OEM: u32 = 0x0000_0002;
pub(super) const REQUEST_TARGET: u32 = 0x0000_0004;
pub(super) const SIGN: u32 = 0x0000_0010;
pub(super) const SEAL: u32 = 0x0000_0020;
pub(super) const NTLM: u32 = 0x0000_0200;
pub(super) const ANONYMOUS: u32 = 0x0000_0800;
pub(super) const ALWAYS_SIGN: u32 = 0x0000_8000;
pub(super) const TARGET_TYPE_DOMAIN: u32 = 0x0001_0000;
pub(super) const EXTENDED_SESSION_SECURITY: u32 = 0x0008_0000;
pub(super) const TARGET_INFO: u32 = 0x0080_0000;
pub(super) const KEY_128: u32 = 0x2000_0000;
pub(super) const KEY_EXCHANGE: u32 = 0x4000_0000;
pub(super) const KEY_56: u32 = 0x8000_0000;

/// What a client may ask for and is then granted; everything else is answered by silence.
pub(super) const GRANTED: u32 = SIGN | SEAL | ALWAYS_SIGN | KEY_128 | KEY_EXCHANGE | KEY_56;
