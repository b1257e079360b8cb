//! Keys that are trusted because configuration or verified metadata says so: public ones of partners,
//! and the secret that a client and a service share (RFC 5280 4.1, RFC 5480, RFC 8017).
//!
//! Of a certificate only the key is taken: names, dates and issuers are for whoever configured it.
//! Private keys are never here. Start at [`PublicKey`].

use aws_lc_rs::rsa::PublicEncryptingKey;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P256_SHA512_ASN1, ECDSA_P384_SHA256_ASN1,
    ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA512_ASN1, ECDSA_P521_SHA256_ASN1, ECDSA_P521_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use aws_lc_rs::{constant_time, hmac};
use thiserror::Error;
use zeroize::Zeroizing;

use super::VerifyingKeys;
use super::method::{Algorithm, MacAlgorithm};
use crate::der::{self, Tag};

/// Least secret of a MAC, in bytes.
pub const MIN_PROOF_KEY_BYTES: usize = 16;

const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const P256: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07";
const P384: &[u8] = b"\x2b\x81\x04\x00\x22";
const P521: &[u8] = b"\x2b\x81\x04\x00\x23";

/// A partner's public key: RSA of 2048 to 8192 bits, or of the curves P-256, P-384 and P-521.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    kind: Kind,
    spki: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rsa,
    P256,
    P384,
    P521,
}

/// Bytes are not a public key of a kind that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum PublicKeyError {
    /// Not DER, or not of this structure.
    #[error("not a public key in DER")]
    Malformed,
    /// Another algorithm or curve.
    #[error("neither RSA nor on one of the curves P-256, P-384 and P-521")]
    Kind,
    /// RSA of another size, or a point that is not on its curve.
    #[error("RSA has 2048 to 8192 bits, and a point is on its curve")]
    Value,
}

impl PublicKey {
    /// Takes a SubjectPublicKeyInfo.
    pub fn from_spki(spki: &[u8]) -> Result<Self, PublicKeyError> {
        let kind = kind_of(spki)?;
        let is_sound = match kind {
            Kind::Rsa => PublicEncryptingKey::from_der(spki).is_ok(),
            Kind::P256 => ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, spki).is_ok(),
            Kind::P384 => ParsedPublicKey::new(&ECDSA_P384_SHA384_ASN1, spki).is_ok(),
            Kind::P521 => ParsedPublicKey::new(&ECDSA_P521_SHA512_ASN1, spki).is_ok(),
        };
        match is_sound {
            true => Ok(Self {
                kind,
                spki: spki.to_vec(),
            }),
            false => Err(PublicKeyError::Value),
        }
    }

    /// Takes the key of an X.509 certificate.
    ///
    /// **Trusts** everything else in it: dates, names and who signed it.
    pub fn from_certificate(certificate: &[u8]) -> Result<Self, PublicKeyError> {
        let spki = spki_of(certificate).ok_or(PublicKeyError::Malformed)?;
        Self::from_spki(spki)
    }

    /// The SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    fn rule(&self, algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self.kind, algorithm) {
            (Kind::Rsa, Algorithm::RsaSha1) => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (Kind::Rsa, Algorithm::RsaSha256) => &RSA_PKCS1_2048_8192_SHA256,
            (Kind::Rsa, Algorithm::RsaSha384) => &RSA_PKCS1_2048_8192_SHA384,
            (Kind::Rsa, Algorithm::RsaSha512) => &RSA_PKCS1_2048_8192_SHA512,
            (Kind::P256, Algorithm::EcdsaSha256) => &ECDSA_P256_SHA256_ASN1,
            (Kind::P256, Algorithm::EcdsaSha384) => &ECDSA_P256_SHA384_ASN1,
            (Kind::P256, Algorithm::EcdsaSha512) => &ECDSA_P256_SHA512_ASN1,
            (Kind::P384, Algorithm::EcdsaSha256) => &ECDSA_P384_SHA256_ASN1,
            (Kind::P384, Algorithm::EcdsaSha384) => &ECDSA_P384_SHA384_ASN1,
            (Kind::P384, Algorithm::EcdsaSha512) => &ECDSA_P384_SHA512_ASN1,
            (Kind::P521, Algorithm::EcdsaSha256) => &ECDSA_P521_SHA256_ASN1,
            (Kind::P521, Algorithm::EcdsaSha384) => &ECDSA_P521_SHA384_ASN1,
            (Kind::P521, Algorithm::EcdsaSha512) => &ECDSA_P521_SHA512_ASN1,
            _ => return None,
        })
    }
}

impl VerifyingKeys for PublicKey {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let Some(rule) = self.rule(algorithm) else {
            return false;
        };
        let key = UnparsedPublicKey::new(rule, &self.spki);
        let coordinate = match self.kind {
            Kind::Rsa => return key.verify(octets, signature).is_ok(),
            Kind::P256 => 32,
            Kind::P384 => 48,
            Kind::P521 => 66,
        };
        // SPEC: RFC 6931 2.3.6: r and s, each of the curve's length.
        if signature.len() != 2 * coordinate {
            return false;
        }
        let (r, s) = signature.split_at(coordinate);
        let signature = der::sequence(&[der::unsigned(r), der::unsigned(s)]);
        key.verify(octets, &signature).is_ok()
    }
}

impl VerifyingKeys for [PublicKey] {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let mut keys = self.iter();
        keys.any(|key| key.verifies(algorithm, octets, signature))
    }
}

impl VerifyingKeys for Vec<PublicKey> {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        self.as_slice().verifies(algorithm, octets, signature)
    }
}

fn kind_of(spki: &[u8]) -> Result<Kind, PublicKeyError> {
    let names = || {
        let (spki, rest) = der::read(spki, Tag::SEQUENCE)?;
        let (algorithm, _) = der::read(spki, Tag::SEQUENCE)?;
        let (name, parameters) = der::read(algorithm, Tag::OBJECT_IDENTIFIER)?;
        let curve = der::read(parameters, Tag::OBJECT_IDENTIFIER);
        rest.is_empty()
            .then_some((name, curve.map(|(curve, _)| curve)))
    };
    match names().ok_or(PublicKeyError::Malformed)? {
        (RSA, None) => Ok(Kind::Rsa),
        (EC, Some(P256)) => Ok(Kind::P256),
        (EC, Some(P384)) => Ok(Kind::P384),
        (EC, Some(P521)) => Ok(Kind::P521),
        _ => Err(PublicKeyError::Kind),
    }
}

/// SPEC: RFC 5280 4.1: version, serial number, algorithm, issuer, validity and subject stand before it.
fn spki_of(certificate: &[u8]) -> Option<&[u8]> {
    let (certificate, rest) = der::read(certificate, Tag::SEQUENCE)?;
    let (signed, _) = der::read(certificate, Tag::SEQUENCE)?;
    let versioned = der::read(signed, Tag::EXPLICIT_0);
    let (_, mut signed) = der::read(versioned.map_or(signed, |(_, rest)| rest), Tag::INTEGER)?;
    for _ in 0..4 {
        (_, signed) = der::read(signed, Tag::SEQUENCE)?;
    }
    let (_, behind) = der::read(signed, Tag::SEQUENCE)?;
    let spki = signed.get(..signed.len() - behind.len());
    spki.filter(|_| rest.is_empty())
}

/// A secret that a client and a service share: the proof key of a token.
pub struct ProofKey {
    secret: Zeroizing<Vec<u8>>,
}

impl ProofKey {
    /// Takes a secret; `None` where it has fewer than [`MIN_PROOF_KEY_BYTES`].
    pub fn new(secret: &[u8]) -> Option<Self> {
        let is_long = secret.len() >= MIN_PROOF_KEY_BYTES;
        is_long.then(|| Self {
            secret: Zeroizing::new(secret.to_vec()),
        })
    }

    pub(super) fn mac(&self, algorithm: MacAlgorithm, octets: &[u8]) -> Vec<u8> {
        let rule = match algorithm {
            MacAlgorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            MacAlgorithm::HmacSha256 => hmac::HMAC_SHA256,
            MacAlgorithm::HmacSha384 => hmac::HMAC_SHA384,
            MacAlgorithm::HmacSha512 => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(rule, &self.secret);
        hmac::sign(&key, octets).as_ref().to_vec()
    }

    /// In constant time; a shorter MAC is none.
    pub(super) fn verifies(&self, algorithm: MacAlgorithm, octets: &[u8], mac: &[u8]) -> bool {
        let actual = self.mac(algorithm, octets);
        constant_time::verify_slices_are_equal(&actual, mac).is_ok()
    }
}

impl std::fmt::Debug for ProofKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProofKey(…)")
    }
}

#[cfg(test)]
mod tests;
