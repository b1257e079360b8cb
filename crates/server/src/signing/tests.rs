//! The keys roll by themselves, and only the primary signs.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey,
};
use jiff::SignedDuration;
use store::memory::Memory;
use sts::key_ring::{KeyState, TokenSigningCertificate};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::*;

fn by_hand() -> ByHand {
    ByHand {
        at: clock::now(),
        actor: Actor::named("root"),
        origin: None,
    }
}

/// The bits of the public key of a certificate.
fn public(key: &TokenSigningCertificate) -> Vec<u8> {
    let (_, read) = X509Certificate::from_der(key.certificate.der()).unwrap();
    read.public_key().subject_public_key.data.to_vec()
}

#[tokio::test]
async fn a_first_key_is_made_by_itself_and_signs() {
    let store = Memory::new();
    let signer = Signer::new(store.clone());
    assert!(signer.ring().await.is_err());
    signer.look().await.unwrap();
    let ring = signer.ring().await.unwrap();
    assert!(ring.next.is_none());
    let signature = signer.opened(Instant::now()).unwrap();
    let signature = signature.primary.sign(b"octets").unwrap();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public(&ring.primary));
    key.verify(b"octets", &signature).unwrap();
    let lasts = ring.primary.certificate.not_after() - clock::now();
    assert!(lasts.total(jiff::Unit::Hour).unwrap() > 3.0 * 364.0 * 24.0);
    // Another node finds it, and makes none.
    let other = Signer::new(store);
    other.look().await.unwrap();
    assert_eq!(other.ring().await.unwrap(), ring);
}

#[tokio::test]
async fn a_key_of_p_256_signs_as_xml_has_it() {
    let store = Memory::new();
    let made = make(KeyAlgorithm::P256, clock::now()).unwrap();
    let key = keys::add(&store, made, &by_hand()).await.unwrap();
    let signer = Signer::new(store);
    signer.look().await.unwrap();
    let opened = signer.opened(Instant::now()).unwrap();
    let signature = opened.primary.sign(b"octets").unwrap();
    assert_eq!(signature.len(), 64);
    let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public(&key));
    key.verify(b"octets", &signature).unwrap();
}

#[tokio::test]
async fn a_next_key_is_shown_and_promoted_when_its_time_has_come() {
    let store = Memory::new();
    let signer = Signer::new(store.clone());
    signer.look().await.unwrap();
    let first = signer.ring().await.unwrap().primary;
    let made = make(KeyAlgorithm::P256, clock::now()).unwrap();
    // Made so long ago that it is due.
    let by = ByHand {
        at: clock::now() - keys::SHOWN_BEFORE - SignedDuration::from_secs(1),
        ..by_hand()
    };
    let next = keys::add(&store, made, &by).await.unwrap();
    signer.look().await.unwrap();
    let ring = signer.ring().await.unwrap();
    assert_eq!(ring.primary.id, next.id);
    assert_eq!(
        ring.retired.iter().map(|it| &it.id).collect::<Vec<_>>(),
        [&first.id]
    );
    assert!(matches!(ring.retired[0].state, KeyState::Retired { .. }));
    let opened = signer.opened(Instant::now()).unwrap();
    assert!(opened.sign(&next.id, b"x").is_ok());
    assert!(opened.sign(&first.id, b"x").is_err());
}

#[tokio::test(start_paused = true)]
async fn keys_that_nobody_can_look_at_sign_for_a_minute_and_no_longer() {
    let store = Memory::new();
    let signer = Signer::new(store.clone());
    signer.look().await.unwrap();
    store.break_down();
    tokio::time::advance(BELIEVED - Duration::from_secs(1)).await;
    assert!(signer.look().await.is_err());
    assert!(signer.ring().await.is_ok());
    tokio::time::advance(Duration::from_secs(1)).await;
    assert!(signer.ring().await.is_err());
}

#[tokio::test]
async fn a_key_that_is_only_shown_does_not_sign() {
    let store = Memory::new();
    for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::P256] {
        let made = make(algorithm, clock::now()).unwrap();
        keys::add(&store, made, &by_hand()).await.unwrap();
    }
    let signer = Signer::new(store);
    signer.look().await.unwrap();
    let opened = signer.opened(Instant::now()).unwrap();
    let next = opened.ring.next.clone().unwrap();
    assert!(opened.sign(&next.id, b"x").is_err());
    assert!(opened.sign(&opened.ring.primary.id, b"x").is_ok());
}
