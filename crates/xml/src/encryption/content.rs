//! The ciphers of content (XML Encryption 1.1, 5.2).
//!
//! Keys and initialisation vectors are arguments. Start at [`ContentAlgorithm`].

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// Bytes of a block, and of the vector before the first.
const BLOCK: usize = 16;

/// Ciphers of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentAlgorithm {
    /// AES-128 in Galois/Counter Mode.
    Aes128Gcm,
    /// AES-192 in Galois/Counter Mode.
    Aes192Gcm,
    /// AES-256 in Galois/Counter Mode.
    Aes256Gcm,
    /// AES-128 in CBC mode: read under a verified signature only.
    Aes128Cbc,
    /// AES-192 in CBC mode.
    Aes192Cbc,
    /// AES-256 in CBC mode, the only one of many older partners.
    Aes256Cbc,
}

impl ContentAlgorithm {
    /// Every cipher.
    pub const ALL: [Self; 6] = [
        Self::Aes128Gcm,
        Self::Aes192Gcm,
        Self::Aes256Gcm,
        Self::Aes128Cbc,
        Self::Aes192Cbc,
        Self::Aes256Cbc,
    ];

    /// The cipher's name in a message.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "http://www.w3.org/2009/xmlenc11#aes128-gcm",
            Self::Aes192Gcm => "http://www.w3.org/2009/xmlenc11#aes192-gcm",
            Self::Aes256Gcm => "http://www.w3.org/2009/xmlenc11#aes256-gcm",
            Self::Aes128Cbc => "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
            Self::Aes192Cbc => "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
            Self::Aes256Cbc => "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
        }
    }

    /// The cipher of a name.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.uri() == uri)
    }

    /// Whether a changed text is found out.
    pub fn is_authenticated(self) -> bool {
        matches!(self, Self::Aes128Gcm | Self::Aes192Gcm | Self::Aes256Gcm)
    }

    /// Bytes of a key.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc => 16,
            Self::Aes192Gcm | Self::Aes192Cbc => 24,
            Self::Aes256Gcm | Self::Aes256Cbc => 32,
        }
    }

    fn mode(self) -> Mode {
        match self {
            Self::Aes128Gcm => Mode::Gcm(&aead::AES_128_GCM),
            Self::Aes192Gcm => Mode::Gcm(&aead::AES_192_GCM),
            Self::Aes256Gcm => Mode::Gcm(&aead::AES_256_GCM),
            Self::Aes128Cbc => Mode::Cbc(&cipher::AES_128),
            Self::Aes192Cbc => Mode::Cbc(&cipher::AES_192),
            Self::Aes256Cbc => Mode::Cbc(&cipher::AES_256),
        }
    }

    /// The text of what stands in a message; `None` says nothing about what was wrong.
    pub(super) fn open(self, key: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self.mode() {
            Mode::Gcm(rule) => {
                let (nonce, rest) = sealed.split_first_chunk::<{ aead::NONCE_LEN }>()?;
                let mut text = Zeroizing::new(rest.to_vec());
                let key = LessSafeKey::new(UnboundKey::new(rule, key).ok()?);
                let nonce = Nonce::assume_unique_for_key(*nonce);
                let opened = key.open_in_place(nonce, Aad::empty(), &mut text);
                let length = opened.ok()?.len();
                text.truncate(length);
                Some(text)
            }
            Mode::Cbc(rule) => {
                let (iv, rest) = sealed.split_first_chunk::<BLOCK>()?;
                if rest.is_empty() || rest.len() % BLOCK != 0 {
                    return None;
                }
                let mut text = Zeroizing::new(rest.to_vec());
                let key = UnboundCipherKey::new(rule, key).ok()?;
                let context = DecryptionContext::Iv128(FixedLength::from(*iv));
                let key = DecryptingKey::cbc(key).ok()?;
                key.decrypt(&mut text, context).ok()?;
                // SPEC: 5.2.2: the last byte says how many are padding; the others of them may be anything.
                let padding = usize::from(*text.last()?);
                let length = text.len().checked_sub(padding)?;
                if !(1..=BLOCK).contains(&padding) {
                    return None;
                }
                text.truncate(length);
                Some(text)
            }
        }
    }

    /// What stands in a message for a text.
    pub(super) fn seal(self, key: &[u8], iv: [u8; BLOCK], text: &[u8]) -> Option<Vec<u8>> {
        let mut sealed = text.to_vec();
        let iv = match self.mode() {
            Mode::Gcm(rule) => {
                let (nonce, _) = iv.split_first_chunk::<{ aead::NONCE_LEN }>()?;
                let key = LessSafeKey::new(UnboundKey::new(rule, key).ok()?);
                let unique = Nonce::assume_unique_for_key(*nonce);
                key.seal_in_place_append_tag(unique, Aad::empty(), &mut sealed)
                    .ok()?;
                nonce.to_vec()
            }
            Mode::Cbc(rule) => {
                let padding = BLOCK - sealed.len() % BLOCK;
                sealed.resize(sealed.len() + padding, u8::try_from(padding).ok()?);
                let key = UnboundCipherKey::new(rule, key).ok()?;
                let context = EncryptionContext::Iv128(FixedLength::from(iv));
                let key = EncryptingKey::cbc(key).ok()?;
                key.less_safe_encrypt(&mut sealed, context).ok()?;
                iv.to_vec()
            }
        };
        Some([iv, sealed].concat())
    }
}

enum Mode {
    Gcm(&'static aead::Algorithm),
    Cbc(&'static cipher::Algorithm),
}
