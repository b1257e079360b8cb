//! Public keys that are taken, and what is refused in their place.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_FIXED_SIGNING,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair, RSA_PKCS1_SHA512,
};

use super::*;

fn ecdsa(rule: &'static EcdsaSigningAlgorithm) -> (EcdsaKeyPair, Vec<u8>) {
    let pair = EcdsaKeyPair::generate(rule).unwrap();
    let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
    (pair, spki)
}

#[test]
fn each_kind_verifies_its_own_signatures_and_no_others() {
    let mut keys = Vec::new();
    for (rule, algorithm) in [
        (&ECDSA_P256_SHA256_FIXED_SIGNING, Algorithm::EcdsaSha256),
        (&ECDSA_P384_SHA384_FIXED_SIGNING, Algorithm::EcdsaSha384),
        (&ECDSA_P521_SHA512_FIXED_SIGNING, Algorithm::EcdsaSha512),
    ] {
        // Now and then r or s begins with zeros.
        for round in 0..20 {
            let (pair, spki) = ecdsa(rule);
            let key = PublicKey::from_spki(&spki).unwrap();
            let signed = pair.sign(&SystemRandom::new(), b"octets").unwrap();
            let value = signed.as_ref().to_vec();
            assert!(key.verifies(algorithm, b"octets", &value));
            assert!(!key.verifies(algorithm, b"others", &value));
            assert!(!key.verifies(algorithm, b"octets", value.split_last().unwrap().1));
            assert!(!key.verifies(algorithm, b"octets", &[value.as_slice(), &[0]].concat()));
            assert!(!key.verifies(algorithm, b"octets", &[]));
            assert!(!key.verifies(Algorithm::RsaSha256, b"octets", &value));
            if round == 0 {
                keys.push((key, algorithm, value));
            }
        }
    }
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let key = PublicKey::from_spki(pair.public_key().as_der().unwrap().as_ref()).unwrap();
    let mut value = vec![0; pair.public_modulus_len()];
    let random = SystemRandom::new();
    pair.sign(&RSA_PKCS1_SHA512, &random, b"octets", &mut value)
        .unwrap();
    assert!(!key.verifies(Algorithm::RsaSha256, b"octets", &value));
    keys.push((key, Algorithm::RsaSha512, value));
    for (key, algorithm, value) in &keys {
        let verifying: Vec<bool> = keys
            .iter()
            .map(|(other, ..)| other.verifies(*algorithm, b"octets", value))
            .collect();
        let own: Vec<bool> = keys.iter().map(|(other, ..)| other == key).collect();
        assert_eq!(verifying, own);
        let all: Vec<PublicKey> = keys.iter().map(|(key, ..)| key.clone()).collect();
        assert!(all.verifies(*algorithm, b"octets", value));
    }
    assert!(!Vec::<PublicKey>::new().verifies(Algorithm::RsaSha256, b"octets", b""));
}

#[test]
fn other_keys_are_refused() {
    let (_, spki) = ecdsa(&ECDSA_P256K1_SHA256_FIXED_SIGNING);
    assert_eq!(PublicKey::from_spki(&spki), Err(PublicKeyError::Kind));
    let (_, spki) = ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING);
    let mut off = spki.clone();
    *off.last_mut().unwrap() ^= 1;
    assert_eq!(PublicKey::from_spki(&off), Err(PublicKeyError::Value));
    let behind = [spki.as_slice(), &[0]].concat();
    assert_eq!(
        PublicKey::from_spki(&behind),
        Err(PublicKeyError::Malformed)
    );
    for end in 0..spki.len() {
        assert!(PublicKey::from_spki(spki.get(..end).unwrap()).is_err());
    }
    assert_eq!(
        PublicKey::from_certificate(&spki),
        Err(PublicKeyError::Malformed)
    );
}

/// The name of RSA behind which a key of 1,024 bits stands: 2^1023 + 1 and the exponent 3.
#[test]
fn a_short_rsa_key_is_refused() {
    let mut modulus = vec![0; 128];
    *modulus.first_mut().unwrap() = 0x80;
    *modulus.last_mut().unwrap() = 1;
    let key = der::sequence(&[der::unsigned(&modulus), der::unsigned(&[3])]);
    let algorithm = [b"\x30\x0d\x06\x09".as_slice(), RSA, b"\x05\x00"].concat();
    let bits = [&[0x03, 0x81, 0x8a, 0x00][..], key.as_slice()].concat();
    let length = u8::try_from(key.len() + 1).unwrap();
    let mut bits = bits;
    *bits.get_mut(2).unwrap() = length;
    let spki = der::sequence(&[algorithm, bits]);
    assert_eq!(PublicKey::from_spki(&spki), Err(PublicKeyError::Value));
}

#[test]
fn a_short_secret_is_none_and_a_secret_is_not_printed() {
    assert!(ProofKey::new(&[7; 15]).is_none());
    let key = ProofKey::new(b"0123456789abcdef").unwrap();
    assert_eq!(format!("{key:?}"), "ProofKey(…)");
    let mac = key.mac(MacAlgorithm::HmacSha256, b"octets");
    assert!(key.verifies(MacAlgorithm::HmacSha256, b"octets", &mac));
    assert!(!key.verifies(MacAlgorithm::HmacSha256, b"octet", &mac));
    assert!(!key.verifies(MacAlgorithm::HmacSha256, b"octets", mac.get(..10).unwrap()));
    assert!(!key.verifies(MacAlgorithm::HmacSha256, b"octets", b""));
    assert!(!key.verifies(MacAlgorithm::HmacSha384, b"octets", &mac));
}
