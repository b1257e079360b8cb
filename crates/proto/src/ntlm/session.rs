//! What a proved session can sign ([MS-NLMP] 3.4.4.2, 3.4.5): SPNEGO's mechListMIC needs it.

use std::fmt;

use md5::digest::FixedOutput;
use md5::{Digest, Md5};
use rc4::{KeyInit, Rc4, StreamCipher};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::flags;
use super::hash::hmac_md5;

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The client.
    ClientToServer,
    /// The server.
    ServerToClient,
}

/// The exported session key of a proved exchange.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SessionKey {
    key: Zeroizing<[u8; 16]>,
    flags: u32,
}

impl SessionKey {
    /// From the exported key and the flags that the client's last message agreed to.
    pub(super) fn new(key: Zeroizing<[u8; 16]>, flags: u32) -> Self {
        Self { key, flags }
    }

    /// The signature of the first message in a direction, with extended session security.
    #[must_use]
    pub fn sign(&self, direction: Direction, sequence: u32, message: &[u8]) -> [u8; 16] {
        let signing = derived(&*self.key, signing_magic(direction));
        let digest = hmac_md5(&signing, &[&sequence.to_le_bytes(), message]);
        let mut checksum = [0; 8];
        if let Some(start) = digest.first_chunk::<8>() {
            checksum = *start;
        }
        if self.flags & flags::KEY_EXCHANGE != 0 {
            // With key exchange the checksum is sealed by the direction's RC4 stream, which the
            // first message begins.
            stream(&self.sealing(direction)).apply_keystream(&mut checksum);
        }
        let mut signature = [0; 16];
        let parts = [
            1_u32.to_le_bytes().as_slice(),
            &checksum,
            &sequence.to_le_bytes(),
        ]
        .concat();
        for (byte, part) in signature.iter_mut().zip(parts) {
            *byte = part;
        }
        signature
    }

    /// Whether a signature is the right one of a first message, in constant time.
    #[must_use]
    pub fn verify(&self, direction: Direction, sequence: u32, message: &[u8], sent: &[u8]) -> bool {
        self.sign(direction, sequence, message)
            .as_slice()
            .ct_eq(sent)
            .into()
    }

    /// SEALKEY: of the whole key, of 56 bits or of 40, as was agreed.
    fn sealing(&self, direction: Direction) -> Zeroizing<[u8; 16]> {
        let strength = match self.flags {
            agreed if agreed & flags::KEY_128 != 0 => 16,
            agreed if agreed & flags::KEY_56 != 0 => 7,
            _ => 5,
        };
        derived(
            self.key.get(..strength).unwrap_or(&*self.key),
            sealing_magic(direction),
        )
    }
}

/// SIGNKEY and SEALKEY: MD5 of key material and a constant.
fn derived(key: &[u8], magic: &[u8]) -> Zeroizing<[u8; 16]> {
    let mut out = Zeroizing::new([0; 16]);
    let md5 = Md5::new().chain_update(key).chain_update(magic);
    FixedOutput::finalize_into(md5, (&mut *out).into());
    out
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

/// RC4 of 16 bytes ([MS-NLMP] 3.1.5.1.2, the exchanged key).
pub(super) fn rc4(key: &[u8; 16], bytes: &[u8; 16]) -> Zeroizing<[u8; 16]> {
    let mut out = Zeroizing::new(*bytes);
    stream(key).apply_keystream(&mut *out);
    out
}

/// RC4 under a key of 16 bytes; the cipher repeats its key, so twice the key is the same.
fn stream(key: &[u8; 16]) -> Rc4 {
    let mut twice = Zeroizing::new([0; 32]);
    for (byte, part) in twice.iter_mut().zip(key.iter().cycle()) {
        *byte = *part;
    }
    Rc4::new((&*twice).into())
}

fn signing_magic(direction: Direction) -> &'static [u8] {
    match direction {
        Direction::ClientToServer => {
            b"session key to client-to-server signing key magic constant\0"
        }
        Direction::ServerToClient => {
            b"session key to server-to-client signing key magic constant\0"
        }
    }
}

fn sealing_magic(direction: Direction) -> &'static [u8] {
    match direction {
        Direction::ClientToServer => {
            b"session key to client-to-server sealing key magic constant\0"
        }
        Direction::ServerToClient => {
            b"session key to server-to-client sealing key magic constant\0"
        }
    }
}
