//! The ciphers of PSKC (RFC 6030 6.1): AES in CBC with the IV in front, and AES key wrap (RFC 3394, RFC 5649).
//!
//! CBC says nothing about who wrote what it opens: its caller has checked a MAC before. Triple DES is never
//! used. Start at [`Cipher::open`].

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, Algorithm, DecryptingKey, DecryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A block of AES, in bytes.
const BLOCK: usize = 16;
/// Half a block: what key wrap counts in.
const HALF: usize = 8;
/// What an unwrapped key begins with (RFC 3394 2.2.3.1).
const WRAP_MARK: [u8; HALF] = [0xa6; HALF];
/// What an unwrapped and padded key begins with, before its length (RFC 5649 3).
const PADDED_MARK: [u8; 4] = [0xa6, 0x59, 0x59, 0xa6];
/// Largest value that is opened, in bytes: a seed, a key of a MAC, a number.
pub const MAX_CIPHER_BYTES: usize = 1024;

/// How long a key of AES is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// 128 bits.
    Aes128,
    /// 192 bits.
    Aes192,
    /// 256 bits.
    Aes256,
}

impl Size {
    fn bytes(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            Self::Aes128 => &AES_128,
            Self::Aes192 => &AES_192,
            Self::Aes256 => &AES_256,
        }
    }
}

/// A cipher that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cipher {
    /// AES in CBC, its IV in front, padded as PKCS#5 pads.
    Cbc(Size),
    /// AES key wrap.
    Wrap(Size),
    /// AES key wrap with padding.
    WrapPadded(Size),
}

/// Why a value is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CipherError {
    /// It is triple DES.
    #[error("triple DES is not taken: ask the vendor for a file that is encrypted by AES")]
    TripleDes,
    /// It is a cipher of a public key.
    #[error(
        "the file is encrypted to a certificate, which is not taken: ask the vendor for a pre-shared key or a password"
    )]
    PublicKey,
    /// It is another cipher.
    #[error("the cipher `{uri}` is not taken: AES in CBC or AES key wrap is expected")]
    Unknown {
        /// As the file names it.
        uri: String,
    },
    /// The key has another length than the cipher needs.
    #[error("the key has {got} bytes, and the cipher needs {needed}")]
    KeyLength {
        /// Those of the key.
        got: usize,
        /// Those of the cipher.
        needed: usize,
    },
    /// The encrypted value has a length that the cipher does not make.
    #[error("the encrypted value has {got} bytes, which this cipher does not make")]
    Length {
        /// Its bytes.
        got: usize,
    },
    /// What comes out is not what went in.
    #[error(
        "it cannot be opened: the key or password is not that of the file, or the file was altered"
    )]
    NotOpened,
}

impl Cipher {
    /// The cipher of a URI.
    ///
    /// # Errors
    ///
    /// It is none that is taken.
    pub fn named(uri: &str) -> Result<Self, CipherError> {
        if let Some((_, cipher)) = CIPHERS.iter().find(|(known, _)| *known == uri) {
            return Ok(*cipher);
        }
        let fragment = uri.rsplit_once('#').map_or("", |(_, fragment)| fragment);
        Err(match fragment {
            "tripledes-cbc" | "kw-tripledes" => CipherError::TripleDes,
            "rsa-1_5" | "rsa_1_5" | "rsa-oaep" | "rsa-oaep-mgf1p" => CipherError::PublicKey,
            _ => CipherError::Unknown {
                uri: super::shortened(uri),
            },
        })
    }

    /// Whether it notices by itself that a value was altered.
    pub fn proves_itself(self) -> bool {
        match self {
            Self::Cbc(_) => false,
            Self::Wrap(_) | Self::WrapPadded(_) => true,
        }
    }

    /// Opens a value.
    ///
    /// # Errors
    ///
    /// The key is not the one, or the value was altered; CBC does not always notice.
    pub fn open(self, key: &[u8], value: &[u8]) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let (Self::Cbc(size) | Self::Wrap(size) | Self::WrapPadded(size)) = self;
        if key.len() != size.bytes() {
            return Err(CipherError::KeyLength {
                got: key.len(),
                needed: size.bytes(),
            });
        }
        let length = CipherError::Length { got: value.len() };
        if value.len() > MAX_CIPHER_BYTES {
            return Err(length);
        }
        let key =
            UnboundCipherKey::new(size.algorithm(), key).map_err(|_| CipherError::NotOpened)?;
        match self {
            Self::Cbc(_) => {
                let (iv, blocks) = value.split_first_chunk::<BLOCK>().ok_or(length.clone())?;
                if blocks.is_empty() || !blocks.len().is_multiple_of(BLOCK) {
                    return Err(length);
                }
                opened_cbc(key, *iv, blocks)
            }
            Self::Wrap(_) => {
                // RFC 3394 wraps two halves or more, so that three come out.
                if value.len() < 3 * HALF || !value.len().is_multiple_of(HALF) {
                    return Err(length);
                }
                let (mark, unwrapped) = unwrapped(key, value)?;
                let is_marked = mark.as_slice().ct_eq(&WRAP_MARK);
                bool::from(is_marked)
                    .then_some(unwrapped)
                    .ok_or(CipherError::NotOpened)
            }
            Self::WrapPadded(_) => {
                if value.len() < 2 * HALF || !value.len().is_multiple_of(HALF) {
                    return Err(length);
                }
                let (mark, padded) = unwrapped(key, value)?;
                unpadded(*mark, padded)
            }
        }
    }
}

fn opened_cbc(
    key: UnboundCipherKey,
    iv: [u8; BLOCK],
    blocks: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    let key = DecryptingKey::cbc(key).map_err(|_| CipherError::NotOpened)?;
    let mut opened = Zeroizing::new(blocks.to_vec());
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    key.decrypt(&mut opened, context)
        .map_err(|_| CipherError::NotOpened)?;
    let count = opened.last().copied().unwrap_or_default();
    let length = opened.len().checked_sub(usize::from(count));
    // RFC 6030 6.4: as many bytes as are padded, each of that number.
    let is_padding = |padding: &[u8]| {
        (1..=BLOCK).contains(&padding.len()) && padding.iter().all(|byte| *byte == count)
    };
    let length = length
        .filter(|length| opened.get(*length..).is_some_and(is_padding))
        .ok_or(CipherError::NotOpened)?;
    opened.truncate(length);
    Ok(opened)
}

/// Turns the wheel of key wrap back (RFC 3394 2.2.2): the mark and what stands behind it.
fn unwrapped(key: UnboundCipherKey, value: &[u8]) -> Result<Unwrapped, CipherError> {
    let key = DecryptingKey::ecb(key).map_err(|_| CipherError::NotOpened)?;
    let turned = |mark: [u8; HALF], half: [u8; HALF]| {
        let mut block = Zeroizing::new([mark, half].concat());
        key.decrypt(&mut block, DecryptionContext::None)
            .map_err(|_| CipherError::NotOpened)?;
        match block.as_chunks::<HALF>() {
            ([mark, half], []) => Ok((*mark, *half)),
            _ => Err(CipherError::NotOpened),
        }
    };
    let (mark, rest) = value
        .split_first_chunk::<HALF>()
        .ok_or(CipherError::NotOpened)?;
    let mut mark = Zeroizing::new(*mark);
    let mut rest = Zeroizing::new(rest.to_vec());
    let (halves, _) = rest.as_chunks_mut::<HALF>();
    // RFC 5649 4.2: one half alone is one block of the cipher, which is not turned.
    if let [half] = halves {
        (*mark, *half) = turned(*mark, *half)?;
        return Ok((mark, rest));
    }
    let mut step = u64::try_from(6 * halves.len()).map_err(|_| CipherError::NotOpened)?;
    for _ in 0..6 {
        for half in halves.iter_mut().rev() {
            let counted = u64::from_be_bytes(*mark) ^ step;
            (*mark, *half) = turned(counted.to_be_bytes(), *half)?;
            step -= 1;
        }
    }
    Ok((mark, rest))
}

/// The mark, and what stands behind it.
type Unwrapped = (Zeroizing<[u8; HALF]>, Zeroizing<Vec<u8>>);

/// Takes off the padding of key wrap (RFC 5649 3): the mark says how long the value is.
fn unpadded(
    mark: [u8; HALF],
    mut padded: Zeroizing<Vec<u8>>,
) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    let ([first, length], _) = mark.as_chunks::<4>() else {
        return Err(CipherError::NotOpened);
    };
    let is_marked = bool::from(first.ct_eq(&PADDED_MARK));
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let padding = padded.get(length..).filter(|padding| {
        padding.len() < HALF && padding.iter().all(|byte| *byte == 0) && length > 0
    });
    if !is_marked || padding.is_none() {
        return Err(CipherError::NotOpened);
    }
    padded.truncate(length);
    Ok(padded)
}

/// The ciphers that are taken (RFC 6030 6.1; XML Encryption 5.2, 5.6; XML Encryption 1.1 5.6.3).
const CIPHERS: [(&str, Cipher); 9] = [
    (
        "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        Cipher::Cbc(Size::Aes128),
    ),
    (
        "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
        Cipher::Cbc(Size::Aes192),
    ),
    (
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        Cipher::Cbc(Size::Aes256),
    ),
    (
        "http://www.w3.org/2001/04/xmlenc#kw-aes128",
        Cipher::Wrap(Size::Aes128),
    ),
    (
        "http://www.w3.org/2001/04/xmlenc#kw-aes192",
        Cipher::Wrap(Size::Aes192),
    ),
    (
        "http://www.w3.org/2001/04/xmlenc#kw-aes256",
        Cipher::Wrap(Size::Aes256),
    ),
    (
        "http://www.w3.org/2009/xmlenc11#kw-aes-128-pad",
        Cipher::WrapPadded(Size::Aes128),
    ),
    (
        "http://www.w3.org/2009/xmlenc11#kw-aes-192-pad",
        Cipher::WrapPadded(Size::Aes192),
    ),
    (
        "http://www.w3.org/2009/xmlenc11#kw-aes-256-pad",
        Cipher::WrapPadded(Size::Aes256),
    ),
];

#[cfg(test)]
mod tests;
