//! From a password to a key (RFC 3962 4): PBKDF2 with HMAC-SHA1, then one derivation (RFC 3961 5.1).
//!
//! SECURITY: a key is as good as the password. It is wiped and never printed.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::cipher::{AES_128, AES_256, Algorithm, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use super::n_fold;

/// How often Windows, MIT and Samba turn the crank (RFC 3962 4).
pub const ITERATIONS: NonZeroU32 = match NonZeroU32::new(4096) {
    Some(count) => count,
    None => NonZeroU32::MIN,
};
/// What the derivation folds in (RFC 3962 4).
const CONSTANT: &[u8] = b"kerberos";
/// A block of AES, in bytes.
const BLOCK: usize = 16;

/// A kind of key; nothing weaker is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `aes256-cts-hmac-sha1-96`.
    Aes256,
    /// `aes128-cts-hmac-sha1-96`.
    Aes128,
}

impl Kind {
    /// All, the strongest first.
    pub const ALL: [Self; 2] = [Self::Aes256, Self::Aes128];

    /// Its number (RFC 3962 8).
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::Aes128 => 17,
            Self::Aes256 => 18,
        }
    }

    /// How long its keys are, in bytes.
    fn length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::Aes256 => 32,
        }
    }

    fn cipher(self) -> &'static Algorithm {
        match self {
            Self::Aes128 => &AES_128,
            Self::Aes256 => &AES_256,
        }
    }
}

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct Key {
    /// Of which kind.
    pub kind: Kind,
    bytes: Zeroizing<Vec<u8>>,
}

impl Key {
    /// The key itself.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:?})", self.kind)
    }
}

/// The library of cryptography refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AES cannot be used")]
pub struct KeyError;

/// The salt of a computer account ([MS-KILE] 3.1.1.2): it stands on the name that the account was made with.
#[must_use]
pub fn computer_salt(account: &str, realm: &str) -> String {
    let name = account.strip_suffix('$').unwrap_or(account);
    let (upper, lower) = (realm.to_uppercase(), realm.to_lowercase());
    format!("{upper}host{}.{lower}", name.to_lowercase())
}

/// Makes the key of a password; Active Directory takes [`ITERATIONS`].
///
/// # Errors
///
/// The library of cryptography refuses.
pub fn string_to_key(
    kind: Kind,
    (password, salt): (&str, &str),
    iterations: NonZeroU32,
) -> Result<Key, KeyError> {
    let mut temporary = Zeroizing::new(vec![0; kind.length()]);
    let algorithm = pbkdf2::PBKDF2_HMAC_SHA1;
    let (password, salt) = (password.as_bytes(), salt.as_bytes());
    pbkdf2::derive(algorithm, iterations, salt, password, &mut temporary);
    let cipher = UnboundCipherKey::new(kind.cipher(), &temporary).map_err(|_| KeyError)?;
    let cipher = EncryptingKey::ecb(cipher).map_err(|_| KeyError)?;
    // Each block is the one before, enciphered: what comes before the first is the constant.
    let mut block = Zeroizing::new(n_fold(CONSTANT, BLOCK));
    let mut bytes = Zeroizing::new(Vec::with_capacity(kind.length()));
    while bytes.len() < kind.length() {
        cipher.encrypt(&mut block).map_err(|_| KeyError)?;
        bytes.extend_from_slice(&block);
    }
    Ok(Key { kind, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(kind: Kind, given: (&str, &str), iterations: u32) -> String {
        let count = NonZeroU32::new(iterations).unwrap();
        let key = string_to_key(kind, given, count).unwrap();
        key.bytes().iter().map(|it| format!("{it:02x}")).collect()
    }

    #[test]
    fn rfc_3962_b() {
        let block = "X".repeat(64);
        let beyond = "X".repeat(65);
        let raeburn = "ATHENA.MIT.EDUraeburn";
        let vectors = [
            (
                (1, "password", raeburn),
                "42263c6e89f4fc28b8df68ee09799f15",
                "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
            ),
            (
                (2, "password", raeburn),
                "c651bf29e2300ac27fa469d693bdda13",
                "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
            ),
            (
                (1200, "password", raeburn),
                "4c01cd46d632d01e6dbe230a01ed642a",
                "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
            ),
            (
                (5, "password", "\u{12}4VxxV4\u{12}"),
                "e9b23d52273747dd5c35cb55be619d8e",
                "97a4e786be20d81a382d5ebc96d5909cabcdadc87ca48f574504159f16c36e31",
            ),
            (
                (1200, block.as_str(), "pass phrase equals block size"),
                "59d1bb789a828b1aa54ef9c2883f69ed",
                "89adee3608db8bc71f1bfbfe459486b05618b70cbae22092534e56c553ba4b34",
            ),
            (
                (1200, beyond.as_str(), "pass phrase exceeds block size"),
                "cb8005dc5f90179a7f02104c0018751d",
                "d78c5c9cb872a8c9dad4697f0bb5b2d21496c82beb2caeda2112fceea057401b",
            ),
            (
                (50, "\u{1d11e}", "EXAMPLE.COMpianist"),
                "f149c1f2e154a73452d43e7fe62a56e5",
                "4b6d9839f84406df1f09cc166db4b83c571848b784a3d6bdc346589a3e393f9e",
            ),
        ];
        for ((iterations, password, salt), of_128, of_256) in vectors {
            let given = (password, salt);
            assert_eq!(hex(Kind::Aes128, given, iterations), of_128);
            assert_eq!(hex(Kind::Aes256, given, iterations), of_256);
        }
    }

    #[test]
    fn a_computer_is_salted_by_its_host_name() {
        let salt = computer_salt("Gate2$", "CONTOSO.TEST");
        assert_eq!(salt, "CONTOSO.TESThostgate2.contoso.test");
    }

    #[test]
    fn a_key_does_not_print_itself() {
        let key = string_to_key(Kind::Aes128, ("a", "b"), ITERATIONS).unwrap();
        assert_eq!(format!("{key:?}"), "Key(Aes128)");
    }
}
