//! What the profile is made of, against vectors that are outside of it: most authors sign an object inside
//! their signature, which is refused, but canonical form, digest and key are those of the profile.

use aws_lc_rs::{digest, hmac};
use xml::c14n::{Method, canonical};
use xml::signature::{DigestMethod, MacAlgorithm, NAMESPACE};
use xml::{Algorithm, Document, Element, Limits, VerifyingKeys};

use crate::authors::{Authors, Both, decoded};
use crate::{files, shared};

/// How far a signature agrees with its author; `None` where its algorithms are not ours.
fn value_holds(
    signature: Element<'_, '_>,
    authors: &Both<'_>,
    secrets: &[Vec<u8>],
) -> Option<bool> {
    let info = signature.child(NAMESPACE, "SignedInfo")?;
    let algorithm = |name| info.child(NAMESPACE, name)?.attribute("Algorithm");
    let method = Method::parse(algorithm("CanonicalizationMethod")?)?;
    let octets = canonical(info, None, method, &[]).ok()?;
    let octets = octets.as_bytes();
    let value = decoded(&signature.child(NAMESPACE, "SignatureValue")?.text());
    let named = info.child(NAMESPACE, "SignatureMethod")?;
    if named.children().next().is_some() {
        return None;
    }
    let uri = algorithm("SignatureMethod")?;
    if let Some(algorithm) = Algorithm::parse(uri) {
        return Some(authors.verifies(algorithm, octets, &value));
    }
    let rule = match MacAlgorithm::parse(uri)? {
        MacAlgorithm::HmacSha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        MacAlgorithm::HmacSha256 => hmac::HMAC_SHA256,
        MacAlgorithm::HmacSha384 => hmac::HMAC_SHA384,
        MacAlgorithm::HmacSha512 => hmac::HMAC_SHA512,
    };
    let mut keys = secrets.iter().map(|secret| hmac::Key::new(rule, secret));
    Some(keys.any(|key| hmac::verify(&key, octets, &value).is_ok()))
}

/// The same for a reference to an object by its id.
fn digest_holds(reference: Element<'_, '_>, root: Element<'_, '_>) -> Option<bool> {
    let id = reference.attribute("URI")?.strip_prefix('#')?;
    let mut bearers = root
        .descendants()
        .filter(|it| it.attribute("Id") == Some(id));
    let object = bearers.next().filter(|_| bearers.next().is_none())?;
    let method = match reference.child(NAMESPACE, "Transforms") {
        None => Method::Inclusive,
        Some(transforms) => {
            let all: Vec<_> = transforms.children().collect();
            let [one] = all.as_slice() else { return None };
            if one.children().next().is_some() {
                return None;
            }
            Method::parse(one.attribute("Algorithm")?)?
        }
    };
    let form = canonical(object, None, method.without_comments(), &[]).ok()?;
    let named = reference.child(NAMESPACE, "DigestMethod")?;
    let rule = match DigestMethod::parse(named.attribute("Algorithm")?)? {
        DigestMethod::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        DigestMethod::Sha256 => &digest::SHA256,
        DigestMethod::Sha384 => &digest::SHA384,
        DigestMethod::Sha512 => &digest::SHA512,
    };
    let expected = decoded(&reference.child(NAMESPACE, "DigestValue")?.text());
    Some(digest::digest(rule, form.as_bytes()).as_ref() == expected)
}

/// Signatures of ECDSA that are not written as the standard has it, MACs whose key is encrypted, RSA of 1,024
/// bits with SHA-384, which the cryptographic library does not have, what was made wrong, and templates.
const OTHERWISE: [&str; 19] = [
    "aleksey-xmldsig-01/enveloped-ecdsa-java-bug.xml: value",
    "aleksey-xmldsig-01/enveloped-sha256-ecdsa-sha256-with-asn1.xml: value",
    "aleksey-xmldsig-01/enveloping-sha256-ecdsa-sha256_padded.xml: value",
    "aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-em-ml-kem-1024.xml: value",
    "aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-em-ml-kem-512.xml: value",
    "aleksey-xmldsig-01/enveloping-sha256-hmac-sha256-em-ml-kem-768.xml: value",
    "aleksey-xmldsig-01/enveloping-sha512-ecdsa-sha512-with-asn1.xml: value",
    "keysstore/keysstore.xml: value",
    "keysstore/keysstore.xml: digest",
    "merlin-xmlenc-five/encsig-hmac-sha256-dh.xml: value",
    "merlin-xmlenc-five/encsig-hmac-sha256-kw-tripledes-dh.xml: value",
    "merlin-xmlenc-five/encsig-hmac-sha256-rsa-1_5.xml: value",
    "merlin-xmlenc-five/encsig-hmac-sha256-rsa-oaep-mgf1p.xml: value",
    "merlin-xmlenc-five/encsig-sha256-hmac-sha256-kw-aes128.xml: value",
    "merlin-xmlenc-five/encsig-sha384-hmac-sha384-kw-aes192.xml: value",
    "merlin-xmlenc-five/encsig-sha512-hmac-sha512-kw-aes256.xml: value",
    "phaos-xmldsig-three/signature-rsa-enveloped-bad-digest-val.xml: value",
    "phaos-xmldsig-three/signature-rsa-enveloped-bad-sig.xml: value",
    "xmldsig11-interop-2012/signature-enveloping-rsa_sha384.xml: value",
];

#[test]
fn values_and_digests_of_signatures_outside_the_profile_are_ours_too() {
    let Some(folder) = shared("xmldsig") else {
        return;
    };
    let limits = Limits {
        bytes: 1024 * 1024,
        ..Limits::DEFAULT
    };
    let mut secrets = vec![b"secret".to_vec()];
    for (name, path) in files(&folder) {
        if name.contains("hmackey") {
            secrets.push(std::fs::read(path).unwrap());
        }
    }
    let known = Authors::of_folder(&folder);
    let (mut values, mut digests) = (0, 0);
    let mut otherwise = Vec::new();
    for (name, path) in files(&folder)
        .into_iter()
        .filter(|(name, _)| name.ends_with(".xml"))
    {
        let text = std::fs::read(path).unwrap();
        let Ok(document) = Document::parse_bytes_within(&text, limits) else {
            continue;
        };
        let mut own = Authors::default();
        own.add_embedded(&document);
        let authors = Both(&known, own);
        for signature in document.root().descendants() {
            match value_holds(signature, &authors, &secrets) {
                Some(true) => values += 1,
                Some(false) => otherwise.push(format!("{name}: value")),
                None => {}
            }
            if signature.is(NAMESPACE, "Reference") {
                match digest_holds(signature, document.root()) {
                    Some(true) => digests += 1,
                    Some(false) => otherwise.push(format!("{name}: digest")),
                    None => {}
                }
            }
        }
    }
    println!("{values} values, {digests} digests");
    assert_eq!(otherwise, OTHERWISE);
    assert!(values >= 99 && digests >= 103, "{values} {digests}");
}
