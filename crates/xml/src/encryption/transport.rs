//! How a fresh key is wrapped for a recipient: RSA-OAEP (XML Encryption 1.1, 5.5).
//!
//! SECURITY: never RSA 1.5. Digest and mask are of one kind, and there is no label: what nobody writes
//! is not read. Start at [`KeyTransport`].

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512,
    OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey,
};

use super::{DecryptionError, NAMESPACE, NAMESPACE_11};
use crate::Element;
use crate::signature::{self, DigestMethod, PublicKey};
use crate::write::{self, element};

const MGF1P: &str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const OAEP: &str = "http://www.w3.org/2009/xmlenc11#rsa-oaep";
const RSA_1_5: &str = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";

/// RSA-OAEP by its digest, which is that of the mask too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyTransport {
    /// With SHA-1, whose weakness is none here; the one that every partner has.
    OaepSha1,
    /// With SHA-256.
    OaepSha256,
    /// With SHA-384.
    OaepSha384,
    /// With SHA-512.
    OaepSha512,
}

impl KeyTransport {
    /// Every way.
    pub const ALL: [Self; 4] = [
        Self::OaepSha1,
        Self::OaepSha256,
        Self::OaepSha384,
        Self::OaepSha512,
    ];

    /// What the cryptographic library has for it, for whoever holds the key.
    pub fn rule(self) -> &'static OaepAlgorithm {
        match self {
            Self::OaepSha1 => &OAEP_SHA1_MGF1SHA1,
            Self::OaepSha256 => &OAEP_SHA256_MGF1SHA256,
            Self::OaepSha384 => &OAEP_SHA384_MGF1SHA384,
            Self::OaepSha512 => &OAEP_SHA512_MGF1SHA512,
        }
    }

    fn digest(self) -> DigestMethod {
        match self {
            Self::OaepSha1 => DigestMethod::Sha1,
            Self::OaepSha256 => DigestMethod::Sha256,
            Self::OaepSha384 => DigestMethod::Sha384,
            Self::OaepSha512 => DigestMethod::Sha512,
        }
    }

    fn mask(self) -> &'static str {
        match self {
            Self::OaepSha1 => "http://www.w3.org/2009/xmlenc11#mgf1sha1",
            Self::OaepSha256 => "http://www.w3.org/2009/xmlenc11#mgf1sha256",
            Self::OaepSha384 => "http://www.w3.org/2009/xmlenc11#mgf1sha384",
            Self::OaepSha512 => "http://www.w3.org/2009/xmlenc11#mgf1sha512",
        }
    }

    /// SPEC: 5.5.2: where digest or mask are not named they are SHA-1 and MGF1 with SHA-1.
    pub(super) fn of(method: Element<'_, '_>) -> Result<Self, DecryptionError> {
        let refused = DecryptionError::Algorithm {
            part: "EncryptedKey",
        };
        let uri = method.attribute("Algorithm").unwrap_or("");
        let is_11 = match uri {
            MGF1P => false,
            OAEP => true,
            RSA_1_5 => return Err(DecryptionError::Rsa15),
            _ => return Err(refused),
        };
        let (mut digest, mut mask) = (Self::OaepSha1.digest().uri(), Self::OaepSha1.mask());
        let mut seen = Vec::new();
        for part in method.children() {
            let named = part.attribute("Algorithm").unwrap_or("");
            if part.is(signature::NAMESPACE, "DigestMethod") {
                digest = named;
            } else if is_11 && part.is(NAMESPACE_11, "MGF") {
                mask = named;
            } else {
                return Err(refused);
            }
            if seen.contains(&part.name()) {
                return Err(refused);
            }
            seen.push(part.name());
        }
        Self::ALL
            .into_iter()
            .find(|it| it.digest().uri() == digest && it.mask() == mask)
            .ok_or(refused)
    }

    /// INTEROP: .NET reads the older name only, which has no other mask than SHA-1's.
    pub(super) fn written(self) -> write::Element {
        let digest = element("DigestMethod")
            .namespace("", signature::NAMESPACE)
            .attribute("Algorithm", self.digest().uri());
        let method = element("e:EncryptionMethod");
        match self {
            Self::OaepSha1 => method.attribute("Algorithm", MGF1P).child(digest),
            _ => {
                let mask = element("MGF")
                    .namespace("", NAMESPACE_11)
                    .attribute("Algorithm", self.mask());
                method
                    .attribute("Algorithm", OAEP)
                    .child(digest)
                    .child(mask)
            }
        }
    }
}

/// The namespace that `e` stands for in what is written here.
pub(super) const PREFIXED: (&str, &str) = ("e", NAMESPACE);

/// A partner's public key to which keys are wrapped.
#[derive(Debug)]
pub struct Recipient {
    key: OaepPublicEncryptingKey,
}

impl Recipient {
    /// Takes a public key; `None` if it is not RSA.
    pub fn new(key: &PublicKey) -> Option<Self> {
        let key = PublicEncryptingKey::from_der(key.spki()).ok()?;
        let key = OaepPublicEncryptingKey::new(key).ok()?;
        Some(Self { key })
    }

    pub(super) fn wrap(&self, transport: KeyTransport, key: &[u8]) -> Option<Vec<u8>> {
        let mut wrapped = vec![0; self.key.ciphertext_size()];
        let written = self
            .key
            .encrypt(transport.rule(), key, &mut wrapped, None)
            .ok()?
            .len();
        wrapped.truncate(written);
        Some(wrapped)
    }
}
