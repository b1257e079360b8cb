//! The NT hash and what is computed from it ([MS-NLMP] 3.3.2, NTOWFv2).
//!
//! SECURITY: an NT hash is as good as the password. It is wiped, never printed, and compared in
//! constant time.

use std::fmt;

use hmac::digest::FixedOutput;
use hmac::{Hmac, KeyInit, Mac};
use md4::{Digest, Md4};
use md5::Md5;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// MD4 of a password in UTF-16LE; what NTLM is proved with.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct NtHash([u8; 16]);

impl NtHash {
    /// Hashes a password (NTOWFv1).
    #[must_use]
    pub fn of_password(password: &str) -> Self {
        // UTF-16 has no more units than UTF-8 has bytes: nothing is moved and left behind.
        let mut encoded = Zeroizing::new(Vec::with_capacity(2 * password.len()));
        encoded.extend(password.encode_utf16().flat_map(u16::to_le_bytes));
        let mut hash = Self([0; 16]);
        let md4 = Md4::new_with_prefix(encoded.as_slice());
        FixedOutput::finalize_into(md4, (&mut hash.0).into());
        hash
    }

    /// Takes a hash as it was stored.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, for sealing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// NTOWFv2 of an [`identity`].
    pub(super) fn response_key(&self, identity: &[u8]) -> Zeroizing<[u8; 16]> {
        hmac_md5(&self.0, &[identity])
    }
}

/// What NTOWFv2 takes in beside the hash: `user` is raised code unit by code unit as Windows does,
/// the domain is taken as it was sent.
pub(super) fn identity(user: &str, domain: &str) -> Vec<u8> {
    let raised = user.encode_utf16().map(raised);
    let units = raised.chain(domain.encode_utf16());
    units.flat_map(u16::to_le_bytes).collect()
}

impl PartialEq for NtHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for NtHash {}

impl fmt::Debug for NtHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NtHash(..)")
    }
}

/// HMAC-MD5 over parts, with a key of 16 bytes.
///
/// SECURITY: most of what comes out is a key, so all of it is wiped.
pub(super) fn hmac_md5(key: &[u8; 16], parts: &[&[u8]]) -> Zeroizing<[u8; 16]> {
    // HMAC pads a key with zeros to the block of 64 bytes (RFC 2104 2); this does it beforehand.
    let mut block = Zeroizing::new([0_u8; 64]);
    if let Some(start) = block.first_chunk_mut() {
        *start = *key;
    }
    let mut mac = Hmac::<Md5>::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    let mut code = Zeroizing::new([0; 16]);
    mac.finalize_into((&mut *code).into());
    code
}

/// One UTF-16 code unit in capitals, where the capital is one code unit too.
///
/// INTEROP: Windows maps unit by unit; `ß` stays what it is.
fn raised(unit: u16) -> u16 {
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let mut capitals = character.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) => u16::try_from(u32::from(capital)).unwrap_or(unit),
        _ => unit,
    }
}
