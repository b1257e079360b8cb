//! One key of each kind, made anew, for both sides.

use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm, KeyPair,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaSignatureEncoding,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::{Algorithm, KeyFailure, PublicKey, SigningKey};

pub(crate) struct Key {
    pub(crate) algorithm: Algorithm,
    pair: Pair,
    pub(crate) public: PublicKey,
    /// Files for xmlsec1.
    pub(crate) private_pem: PathBuf,
    pub(crate) public_pem: PathBuf,
}

enum Pair {
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Ecdsa(EcdsaKeyPair),
}

impl Key {
    /// One for each algorithm that is made.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        vec![
            Self::rsa(Algorithm::RsaSha256, &RSA_PKCS1_SHA256, folder),
            Self::rsa(Algorithm::RsaSha384, &RSA_PKCS1_SHA384, folder),
            Self::rsa(Algorithm::RsaSha512, &RSA_PKCS1_SHA512, folder),
            Self::ecdsa(
                Algorithm::EcdsaSha256,
                &ECDSA_P256_SHA256_FIXED_SIGNING,
                folder,
            ),
            Self::ecdsa(
                Algorithm::EcdsaSha384,
                &ECDSA_P384_SHA384_FIXED_SIGNING,
                folder,
            ),
            Self::ecdsa(
                Algorithm::EcdsaSha512,
                &ECDSA_P521_SHA512_FIXED_SIGNING,
                folder,
            ),
        ]
    }

    fn rsa(algorithm: Algorithm, rule: &'static RsaSignatureEncoding, folder: &Path) -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let (private, public) = (private.as_ref().to_vec(), public.as_ref().to_vec());
        Self::new(
            algorithm,
            Pair::Rsa(pair, rule),
            (&private, &public),
            folder,
        )
    }

    fn ecdsa(algorithm: Algorithm, rule: &'static EcdsaSigningAlgorithm, folder: &Path) -> Self {
        let pair = EcdsaKeyPair::generate(rule).unwrap();
        let private = pair.to_pkcs8v1().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        let public = public.as_ref().to_vec();
        Self::new(
            algorithm,
            Pair::Ecdsa(pair),
            (private.as_ref(), &public),
            folder,
        )
    }

    fn new(
        algorithm: Algorithm,
        pair: Pair,
        (private, public): (&[u8], &[u8]),
        folder: &Path,
    ) -> Self {
        Self {
            algorithm,
            pair,
            public: PublicKey::from_spki(public).unwrap(),
            private_pem: pem(folder, algorithm, "PRIVATE KEY", private),
            public_pem: pem(folder, algorithm, "PUBLIC KEY", public),
        }
    }
}

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let random = SystemRandom::new();
        Ok(match &self.pair {
            Pair::Rsa(pair, rule) => {
                let mut value = vec![0; pair.public_modulus_len()];
                pair.sign(*rule, &random, octets, &mut value).unwrap();
                value
            }
            Pair::Ecdsa(pair) => pair.sign(&random, octets).unwrap().as_ref().to_vec(),
        })
    }
}

fn pem(folder: &Path, algorithm: Algorithm, kind: &str, der: &[u8]) -> PathBuf {
    let file = folder.join(format!("{algorithm:?} {kind}.pem"));
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> = encoded
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    let body = lines.join("\n");
    let text = format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n");
    std::fs::write(&file, text).unwrap();
    file
}
