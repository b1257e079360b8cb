//! One signature or MAC over several parts of a message, both ways.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use jiff::Timestamp;
use xml::signature::{self, MacAlgorithm, NAMESPACE};
use xml::{Document, Element, Partner, Policy, Prepared, ProofKey, SigningKey};

use crate::keys::Key;
use crate::tool::{all_made, all_verified, written};
use crate::{folder, has};

const IDS: [&str; 6] = [
    "--id-attr:Id",
    "urn:soap:Body",
    "--id-attr:Id",
    "To",
    "--id-attr:Id",
    "Timestamp",
];

fn message(signature: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='urn:soap' xmlns:unused='urn:u'><s:Header><To Id='to'>urn:x</To>\
         <Security><Timestamp Id='time'>now</Timestamp>{signature}</Security></s:Header>\
         <s:Body Id='body'>\r\n<get>mine</get></s:Body></s:Envelope>"
    )
}

fn named<'a, 'i>(document: &'a Document<'i>, name: &str) -> Element<'a, 'i> {
    let mut all = document.root().descendants();
    all.find(|it| it.name() == name).unwrap()
}

const PARTS: [&str; 3] = ["To", "Timestamp", "Body"];

fn template(method: &str) -> String {
    let reference = |id: &str| {
        format!(
            "<Reference URI='#{id}'><Transforms>\
             <Transform Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/></Transforms>\
             <DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><DigestValue/></Reference>"
        )
    };
    let references = ["to", "time", "body"].map(reference).concat();
    format!(
        "<Signature xmlns='{NAMESPACE}'><SignedInfo>\
         <CanonicalizationMethod Algorithm='http://www.w3.org/2001/10/xml-exc-c14n#'/>\
         <SignatureMethod Algorithm='{method}'/>{references}</SignedInfo><SignatureValue/></Signature>"
    )
}

#[test]
fn a_signature_over_several_parts_holds_on_both_sides() {
    if !has("xmlsec1", "several parts") {
        return;
    }
    let folder = folder("parts");
    for key in Key::all(&folder) {
        let text = message("");
        let document = Document::parse(&text).unwrap();
        let parts: Vec<_> = PARTS.iter().map(|name| named(&document, name)).collect();
        let into = named(&document, "Security");
        let prepared = Prepared::of_parts(&parts, into, key.algorithm(), None).unwrap();
        let file = written(&folder, 1, prepared.sign(&key).unwrap().as_str());
        let public = key.public_pem.to_str().unwrap();
        let arguments = ["--verify", "--pubkey-pem", public];
        all_verified(&[arguments.as_slice(), &IDS].concat(), &[file]);

        let file = written(&folder, 2, &message(&template(key.algorithm().uri())));
        let private = key.private_pem.to_str().unwrap();
        let arguments = ["--sign", "--privkey-pem", private];
        for made in all_made(&[arguments.as_slice(), &IDS].concat(), &[file]) {
            let document = Document::parse(&made).unwrap();
            let (policy, now) = (Policy::default(), Timestamp::UNIX_EPOCH);
            let partner = Partner {
                keys: &key.public,
                policy: &policy,
                now,
            };
            let signature = named(&document, "Signature");
            let verified = signature::verify_parts(signature, &partner).unwrap();
            for name in PARTS {
                assert!(verified.part(named(&document, name)).is_some(), "{name}");
            }
        }
    }
}

#[test]
fn a_proof_key_s_mac_holds_on_both_sides() {
    if !has("xmlsec1", "proof keys") {
        return;
    }
    let folder = folder("proof");
    let mut secret = [0; 32];
    SystemRandom::new().fill(&mut secret).unwrap();
    let secret_file = folder.join("secret.bin");
    std::fs::write(&secret_file, secret).unwrap();
    let secret_file = secret_file.to_str().unwrap();
    let key = ProofKey::new(&secret).unwrap();
    for algorithm in MacAlgorithm::ALL {
        let is_sha1 = algorithm == MacAlgorithm::HmacSha1;
        if !is_sha1 {
            let text = message("");
            let document = Document::parse(&text).unwrap();
            let parts: Vec<_> = PARTS.iter().map(|name| named(&document, name)).collect();
            let into = named(&document, "Security");
            let signed = Prepared::by_proof(&parts, into, (&key, algorithm), None).unwrap();
            let file = written(&folder, 1, signed.as_str());
            let arguments = ["--verify", "--hmackey", secret_file];
            all_verified(&[arguments.as_slice(), &IDS].concat(), &[file]);
        }
        let file = written(&folder, 2, &message(&template(algorithm.uri())));
        let arguments = ["--sign", "--hmackey", secret_file];
        for made in all_made(&[arguments.as_slice(), &IDS].concat(), &[file]) {
            let document = Document::parse(&made).unwrap();
            let signature = named(&document, "Signature");
            let policy = Policy {
                sha1_until: is_sha1.then_some(Timestamp::MAX),
                ..Policy::default()
            };
            let now = Timestamp::UNIX_EPOCH;
            let verified = signature::verify_parts_by_proof(signature, &key, &policy, now);
            let verified = verified.unwrap();
            assert!(verified.part(named(&document, "Body")).is_some());
        }
    }
}
