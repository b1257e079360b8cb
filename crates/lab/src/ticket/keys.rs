//! The front end's own keys, made when it starts: RSA-2048 as Lync has it, and one for MACs.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use xml::{Algorithm, KeyFailure, SigningKey, VerifyingKeys};

use crate::clock;
use crate::settings::LabError;

/// The key of the SAML tickets.
#[derive(Debug)]
pub(super) struct SamlKey {
    pair: KeyPair,
    public: Vec<u8>,
}

impl SamlKey {
    /// Makes one.
    pub(super) fn generate() -> Result<Self, LabError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| LabError::Random)?;
        let public = pair.public_key().as_der().map_err(|_| LabError::Random)?;
        let public = public.as_ref().to_vec();
        Ok(Self { pair, public })
    }

    /// Its public half (SubjectPublicKeyInfo, DER).
    pub(super) fn public_key(&self) -> &[u8] {
        &self.public
    }
}

impl SigningKey for SamlKey {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RsaSha256
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                octets,
                &mut signature,
            )
            .map_err(|_| KeyFailure)?;
        Ok(signature)
    }
}

impl VerifyingKeys for SamlKey {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key());
        algorithm == Algorithm::RsaSha256 && key.verify(octets, signature).is_ok()
    }
}

/// The key of the compact tickets.
#[derive(Debug)]
pub(super) struct CompactKey(hmac::Key);

impl CompactKey {
    /// Makes one.
    pub(super) fn generate() -> Result<Self, LabError> {
        let bytes: [u8; 32] = clock::random().map_err(|_| LabError::Random)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }

    /// The MAC of octets.
    pub(super) fn mac(&self, octets: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, octets).as_ref().to_vec()
    }

    /// Whether this is the MAC of the octets, in constant time.
    pub(super) fn verifies(&self, octets: &[u8], mac: &[u8]) -> bool {
        hmac::verify(&self.0, octets, mac).is_ok()
    }
}
