//! The fuzzers' seeds, fed through the fuzzers' own entry points: each one must be taken, so that
//! fuzzing begins behind the first refusals. What a fuzzer found and kept is replayed.

#![expect(clippy::unwrap_used, reason = "a test target")]

use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::encryption::{ContentAlgorithm, Draw, Encryption, KeyTransport, encrypt};
use xml::signature::MacAlgorithm;
use xml::signature::query::{Kind, Message, Unsigned};
use xml::{Algorithm, Document, Prepared, ProofKey, PublicKey, Recipient, Verbatim};
use zeroize::Zeroizing;

#[path = "../../../fuzz/entry/public_key.rs"]
mod public_key;
#[path = "../../../fuzz/entry/signed_query.rs"]
mod signed_query;
#[path = "../../../fuzz/entry/xml_encryption.rs"]
mod xml_encryption;
#[path = "../../../fuzz/entry/xml_signature.rs"]
mod xml_signature;

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(target)
}

/// The seeds of a target by name; those that the fuzzer found are named by their digest.
fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let seed = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, std::fs::read(&path).unwrap())
    };
    std::fs::read_dir(folder(target))
        .unwrap()
        .map(seed)
        .collect()
}

fn is_found(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Each written seed is taken, and with one byte removed or changed, at each of its places, harms nothing.
fn every_seed_is_taken(target: &str, run: impl Fn(&[u8]) -> bool) {
    let mut written = 0;
    for (name, seed) in seeds(target) {
        let is_taken = run(&seed);
        if is_found(&name) {
            continue;
        }
        assert!(is_taken, "{target}/{name}");
        written += 1;
        for at in 0..seed.len() {
            let mut shorter = seed.clone();
            shorter.remove(at);
            run(&shorter);
            for byte in [b'<', b'"', b'&', b'%', 0xff] {
                let mut changed = seed.clone();
                *changed.get_mut(at).unwrap() = byte;
                run(&changed);
            }
        }
    }
    assert!(written > 1, "{target} has seeds");
}

/// Demands that a seed is what is made anew here; `UPDATE_EXPECT=1` writes it.
fn is_the_seed(target: &str, name: &str, made: &str) {
    let file = folder(target).join(name);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&file, made).unwrap();
    }
    let seed = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(seed, made, "{name}: UPDATE_EXPECT=1 makes it anew");
}

const MESSAGE: &str = "<s:Envelope xmlns:s='urn:soap'><s:Header><To Id='to'>urn:x</To><Security>\
    <Timestamp Id='time'>now</Timestamp></Security></s:Header><s:Body Id='body'>mine</s:Body></s:Envelope>";

#[test]
fn xml_signature_seeds_are_taken() {
    let document = Document::parse(MESSAGE).unwrap();
    let named = |name: &str| {
        let mut all = document.root().descendants();
        all.find(|it| it.name() == name).unwrap()
    };
    let parts = [named("To"), named("Timestamp"), named("Body")];
    let into = named("Security");
    let prepared = Prepared::of_parts(&parts, into, Algorithm::RsaSha512, None).unwrap();
    let by_key = prepared.attach(b"any key's");
    is_the_seed("xml_signature", "parts.xml", by_key.as_str());
    let proof = ProofKey::new(xml_signature::SECRET).unwrap();
    let by = (&proof, MacAlgorithm::HmacSha256);
    let by_proof = Prepared::by_proof(&parts, into, by, None).unwrap();
    is_the_seed("xml_signature", "proof.xml", by_proof.as_str());
    let whole = Verbatim::parse("<m xmlns='urn:m' ID='x'><n>text</n></m>").unwrap();
    let enveloped = Prepared::new(&whole, Algorithm::EcdsaSha384, Some(b"certificate"));
    let enveloped = enveloped.unwrap().attach(b"any key's");
    is_the_seed("xml_signature", "enveloped.xml", enveloped.as_str());
    every_seed_is_taken("xml_signature", xml_signature::run);
}

#[test]
fn xml_encryption_seeds_are_taken() {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let spki = pair.public_key().as_der().unwrap();
    let recipient = Recipient::new(&PublicKey::from_spki(spki.as_ref()).unwrap()).unwrap();
    let draw = Draw {
        key: Zeroizing::new([7; 32]),
        iv: [5; 16],
    };
    for (name, content, transport) in [
        (
            "aes128.xml",
            ContentAlgorithm::Aes128Gcm,
            KeyTransport::OaepSha1,
        ),
        (
            "aes256.xml",
            ContentAlgorithm::Aes256Gcm,
            KeyTransport::OaepSha256,
        ),
    ] {
        let how = Encryption {
            content,
            transport,
            recipient: &recipient,
            certificate: None,
        };
        let plain = Verbatim::parse("<a xmlns='urn:a'>plain</a>").unwrap();
        let encrypted = encrypt(&plain, &how, &draw).unwrap();
        // The key comes first; it is put there as it is.
        let (before, rest) = encrypted.as_str().split_once("<e:CipherValue>").unwrap();
        let (_, after) = rest.split_once('<').unwrap();
        let key = STANDARD.encode(vec![7; content.key_bytes()]);
        let bare = format!("{before}<e:CipherValue>{key}<{after}");
        is_the_seed("xml_encryption", name, &bare);
    }
    every_seed_is_taken("xml_encryption", xml_encryption::run);
}

#[test]
fn signed_query_seeds_are_taken() {
    let message = Message {
        kind: Kind::Request,
        encoded: "fZJ+/A==".to_owned(),
        relay_state: Some("where é & from".to_owned()),
    };
    let signed = Unsigned::new(&message, Algorithm::RsaSha256).attach(b"any key's");
    is_the_seed("signed_query", "signed", &signed);
    let bare = "other=1&SAMLResponse=fZJ%2b%2fA%3d%3d&RelayState=a+b";
    is_the_seed("signed_query", "bare", bare);
    every_seed_is_taken("signed_query", signed_query::run);
}

#[test]
fn public_key_seeds_are_taken() {
    every_seed_is_taken("public_key", public_key::run);
}
