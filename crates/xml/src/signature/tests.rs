//! Signatures that hold and each way in which one must not.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};

use super::*;
use crate::c14n::{EXCLUSIVE, exclusive, exclusive_without};
use crate::{Document, Verbatim};

mod parts;
mod policy;

const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// A fresh key of either kind; a signature by one is refused by all others.
enum Key {
    Rsa(Box<RsaKeyPair>),
    Ecdsa(EcdsaKeyPair),
}

impl Key {
    fn ecdsa() -> Self {
        Self::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    fn rsa() -> Self {
        Self::Rsa(Box::new(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()))
    }
}

impl SigningKey for Key {
    fn algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa(_) => Algorithm::RsaSha256,
            Self::Ecdsa(_) => Algorithm::EcdsaSha256,
        }
    }

    fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, KeyFailure> {
        let random = SystemRandom::new();
        match self {
            Self::Rsa(key) => {
                let mut value = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, octets, &mut value)
                    .unwrap();
                Ok(value)
            }
            Self::Ecdsa(key) => Ok(key.sign(&random, octets).unwrap().as_ref().to_vec()),
        }
    }
}

impl VerifyingKeys for Key {
    fn verifies(&self, algorithm: Algorithm, octets: &[u8], signature: &[u8]) -> bool {
        let verified = match (self, algorithm) {
            (Self::Rsa(key), Algorithm::RsaSha256) => {
                UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.public_key())
                    .verify(octets, signature)
            }
            (Self::Ecdsa(key), Algorithm::EcdsaSha256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key())
                    .verify(octets, signature)
            }
            _ => return false,
        };
        verified.is_ok()
    }
}

const ASSERTION: &str = "<saml:Assertion  AssertionID='a1' xmlns:saml='urn:oasis:names:tc:SAML:1.0:assertion'\
    ><saml:Subject>admin</saml:Subject>\r\n<!-- c --></saml:Assertion>";

fn signed_by(key: &Key) -> String {
    let unsigned = Verbatim::parse(ASSERTION).unwrap();
    let prepared = Prepared::new(&unsigned, key.algorithm(), Some(b"certificate")).unwrap();
    prepared.sign(key).unwrap().as_str().to_owned()
}

/// Verifies the first assertion directly inside the root, its legal place in these messages.
fn verify_in(message: &str, key: &Key) -> Result<VerifiedElement, SignatureError> {
    let document = Document::parse(message).unwrap();
    let assertion = document.root().child(SAML_1, "Assertion").unwrap();
    verify(assertion, key)
}

fn message(inside: &str) -> String {
    format!("<m xmlns='urn:m' xmlns:unused='urn:u'> {inside} </m>")
}

/// The refusal of a message that was changed after signing.
fn refusal(change: impl Fn(&str) -> String) -> SignatureError {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let changed = change(&signed);
    assert_ne!(signed, changed, "the change changes something");
    verify_in(&message(&changed), &key).unwrap_err()
}

/// Replaces digest and value by right ones, so that only the profile can refuse.
fn signed_anew(changed: &str, prefixes: &[&str], key: &Key) -> String {
    let document = Document::parse(changed).unwrap();
    let root = document.root();
    let signature = root.child(NAMESPACE, "Signature").unwrap();
    let canonical = exclusive_without(root, signature, prefixes).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
    let with_digest = replaced(changed, "DigestValue", digest.as_ref());
    let document = Document::parse(&with_digest).unwrap();
    let signature = document.root().child(NAMESPACE, "Signature").unwrap();
    let octets = exclusive(signature.child(NAMESPACE, "SignedInfo").unwrap(), prefixes).unwrap();
    replaced(
        &with_digest,
        "SignatureValue",
        &key.sign(octets.as_bytes()).unwrap(),
    )
}

fn replaced(text: &str, name: &str, value: &[u8]) -> String {
    use base64::Engine;
    let (before, rest) = text.split_once(&format!("<{name}>")).unwrap();
    let (_, after) = rest.split_once(&format!("</{name}>")).unwrap();
    let value = base64::engine::general_purpose::STANDARD.encode(value);
    format!("{before}<{name}>{value}</{name}>{after}")
}

/// The refusal of a message that was signed with another profile by a trusted key.
fn refusal_of_profile(change: impl Fn(&str) -> String) -> SignatureError {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let changed = change(&signed);
    assert_ne!(signed, changed, "the change changes something");
    verify_in(&message(&signed_anew(&changed, &[], &key)), &key).unwrap_err()
}

#[test]
fn what_is_signed_is_verified_and_read_from_the_signed_bytes() {
    for key in [Key::rsa(), Key::ecdsa()] {
        let verified = verify_in(&message(&signed_by(&key)), &key).unwrap();
        let document = verified.document().unwrap();
        let root = document.root();
        assert_eq!(root.attribute("AssertionID"), Some("a1"));
        assert_eq!(root.child(SAML_1, "Subject").unwrap().text(), "admin");
        assert!(root.child(NAMESPACE, "Signature").is_none());
        assert_eq!(
            verified.as_str(),
            "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:1.0:assertion\" AssertionID=\"a1\">\
             <saml:Subject>admin</saml:Subject>\n</saml:Assertion>"
        );
    }
}

#[test]
fn the_unsigned_bytes_stay_as_they_were() {
    let signed = signed_by(&Key::ecdsa());
    let (before, rest) = signed.split_once("<Signature ").unwrap();
    let (_, after) = rest.split_once("</Signature>").unwrap();
    assert_eq!(format!("{before}{after}"), ASSERTION);
    assert!(rest.contains("<X509Certificate>Y2VydGlmaWNhdGU=</X509Certificate>"));
}

#[test]
fn a_signature_of_saml_2_stands_behind_the_issuer() {
    let key = Key::ecdsa();
    let text =
        format!("<Assertion xmlns='{SAML_2}' ID='x'><Issuer>i</Issuer><Subject/></Assertion>");
    let prepared = Prepared::new(&Verbatim::parse(text).unwrap(), key.algorithm(), None).unwrap();
    let signed = prepared.sign(&key).unwrap().into_verbatim();
    let document = Document::parse(signed.as_str()).unwrap();
    let names: Vec<_> = document
        .root()
        .children()
        .map(|child| child.name())
        .collect();
    assert_eq!(names, ["Issuer", "Signature", "Subject"]);
    assert!(verify(document.root(), &key).is_ok());
}

#[test]
fn the_two_steps_give_what_one_gives() {
    let key = Key::rsa();
    let prepared =
        Prepared::new(&Verbatim::parse(ASSERTION).unwrap(), key.algorithm(), None).unwrap();
    let value = key.sign(prepared.octets()).unwrap();
    let attached = prepared.clone().attach(&value);
    assert_eq!(attached, prepared.sign(&key).unwrap());
}

#[test]
fn elements_that_cannot_be_signed_are_refused() {
    let refusal = |text: &str| {
        Prepared::new(&Verbatim::parse(text).unwrap(), Algorithm::RsaSha256, None).unwrap_err()
    };
    assert_eq!(refusal("<a>x</a>"), SignatureError::NoId);
    assert_eq!(refusal("<a ID=''>x</a>"), SignatureError::NoId);
    assert_eq!(
        refusal(&ASSERTION.replace("AssertionID", "ID")),
        SignatureError::NoId
    );
    assert_eq!(
        refusal("<a ID='x'><b Id='x'/></a>"),
        SignatureError::DuplicateId
    );
    assert_eq!(refusal("<a ID='x'/>"), SignatureError::Empty);
    assert_eq!(
        refusal(&signed_by(&Key::ecdsa())),
        SignatureError::AlreadySigned
    );
}

#[test]
fn a_comment_beside_a_signed_text_is_refused_and_others_change_nothing() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let split = signed.replace("admin", "ad<!-- x -->min");
    assert_eq!(
        verify_in(&message(&split), &key),
        Err(SignatureError::CommentInText)
    );
    let beside = signed.replace("<saml:Subject>", "<!-- x --><saml:Subject>");
    assert_eq!(
        verify_in(&message(&beside), &key),
        verify_in(&message(&signed), &key)
    );
}

#[test]
fn changed_content_is_refused() {
    for (from, to) in [
        ("admin", "admins"),
        ("admin", "adm<saml:x/>in"),
        ("<saml:Subject>", "<saml:Subject k='v'>"),
        ("saml:Subject>", "saml:Object>"),
        ("\r\n", " \r\n"),
        (
            "urn:oasis:names:tc:SAML:1.0:assertion'",
            "urn:oasis:names:tc:SAML:1.0:assertion' other='x'",
        ),
    ] {
        assert_eq!(
            refusal(|text| text.replace(from, to)),
            SignatureError::Digest,
            "{from} {to}"
        );
    }
    assert_eq!(
        refusal(|text| text.replace("a1", "a2")),
        SignatureError::Signature
    );
}

#[test]
fn a_changed_signature_is_refused() {
    assert_eq!(
        refusal(|text| replaced(text, "SignatureValue", &[7; 64])),
        SignatureError::Signature
    );
    assert_eq!(
        refusal(|text| replaced(text, "SignatureValue", b"")),
        SignatureError::Signature
    );
    assert_eq!(
        refusal(|text| replaced(text, "DigestValue", b"short")),
        SignatureError::Signature,
        "nothing is canonicalised for whoever has no key"
    );
    let other = Key::ecdsa();
    let error = verify_in(&message(&signed_by(&Key::ecdsa())), &other).unwrap_err();
    assert_eq!(error, SignatureError::Signature, "KeyInfo is not looked at");
    assert_eq!(
        refusal(|text| text.replace("ecdsa-sha256", "rsa-sha256")),
        SignatureError::Signature
    );
}

/// T-SIG-1: the signed assertion is moved and another stands in its place.
#[test]
fn t_sig_1_a_moved_assertion_is_refused() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let evil = signed.replace("admin", "evil");
    let unsigned_evil = ASSERTION.replace("admin", "evil");
    let (_, rest) = signed.split_once("<Signature ").unwrap();
    let (inside, _) = rest.split_once("</Signature>").unwrap();
    let signature = format!("<Signature {inside}</Signature>");
    let bare = signed.replace(&signature, "").replace("<!-- c -->", "");
    let evil_with = |content: &str| {
        unsigned_evil
            .replace("'a1'", "'a2'")
            .replace("</saml:Assertion>", &format!("{content}</saml:Assertion>"))
    };
    for (moved, error) in [
        (
            format!("{evil}<x>{signed}</x>"),
            SignatureError::DuplicateId,
        ),
        (format!("{evil}<x>{bare}</x>"), SignatureError::DuplicateId),
        (
            format!("{}<x>{signed}</x>", unsigned_evil.replace("a1", "a2")),
            SignatureError::NotOneSignature,
        ),
        (evil_with(&signed), SignatureError::NotOneSignature),
        (
            evil_with(&format!("{signature}{bare}")),
            SignatureError::Reference,
        ),
        (
            evil_with(
                &signature.replace("</KeyInfo>", &format!("</KeyInfo><Object>{bare}</Object>")),
            ),
            SignatureError::Structure { part: "Signature" },
        ),
        (
            evil_with(&signature.replace("<KeyInfo>", &format!("<KeyInfo>{bare}"))),
            SignatureError::Structure { part: "KeyInfo" },
        ),
    ] {
        assert_eq!(verify_in(&message(&moved), &key), Err(error), "{moved}");
    }
}

/// T-SIG-9: a second assertion beside the signed one is read by nobody.
#[test]
fn t_sig_9_a_second_assertion_is_never_verified_by_the_first_ones_signature() {
    let key = Key::ecdsa();
    let second = ASSERTION.replace("a1", "a2").replace("admin", "evil");
    let text = message(&format!("{second}{}", signed_by(&key)));
    assert_eq!(verify_in(&text, &key), Err(SignatureError::NotOneSignature));
    let text = message(&format!("{}{second}", signed_by(&key)));
    let verified = verify_in(&text, &key).unwrap();
    assert!(!verified.as_str().contains("evil"));
}

/// T-SIG-3: parts of a signature are looked for in their places; elsewhere they are nothing, or too many.
#[test]
fn t_sig_3_a_digest_elsewhere_is_never_found() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let evil = signed.replace("admin", "evil");
    let canonical = ASSERTION.replace("admin", "evil");
    let document = Document::parse(&canonical).unwrap();
    let canonical = exclusive(document.root(), &[]).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
    let forged = replaced(
        "<DigestValue></DigestValue>",
        "DigestValue",
        digest.as_ref(),
    );
    let forged = forged.replace(
        "<DigestValue>",
        &format!("<DigestValue xmlns=\"{NAMESPACE}\">"),
    );
    // In the message, in the element, and in every part of the signature.
    let outside = message(&format!("<Extensions>{forged}</Extensions>{evil}"));
    assert_eq!(verify_in(&outside, &key), Err(SignatureError::Digest));
    for (place, error) in [
        ("<saml:Subject>", SignatureError::Digest),
        (
            "<SignedInfo>",
            SignatureError::Structure {
                part: "CanonicalizationMethod",
            },
        ),
        (
            "<Transforms>",
            SignatureError::Structure { part: "Transform" },
        ),
        (
            "<DigestValue>",
            SignatureError::Structure {
                part: "DigestValue",
            },
        ),
        (
            "<SignatureValue>",
            SignatureError::Structure {
                part: "SignatureValue",
            },
        ),
        ("<KeyInfo>", SignatureError::Digest),
    ] {
        let text = message(&evil.replace(place, &format!("{place}{forged}")));
        assert_eq!(verify_in(&text, &key), Err(error), "{place}");
    }
    let before = message(&evil.replace("<DigestValue>", &format!("{forged}<DigestValue>")));
    let part = "Reference";
    assert_eq!(
        verify_in(&before, &key),
        Err(SignatureError::Structure { part })
    );
}

#[test]
fn an_id_that_stands_twice_is_refused_by_whatever_attribute() {
    let key = Key::ecdsa();
    for attribute in [
        "ID",
        "Id",
        "id",
        "xml:id",
        "u:Id",
        "AssertionID",
        "ResponseID",
        "RequestID",
    ] {
        let text = message(&format!(
            "{}<x xmlns:u='urn:u' {attribute}='a1'/>",
            signed_by(&key)
        ));
        assert_eq!(
            verify_in(&text, &key),
            Err(SignatureError::DuplicateId),
            "{attribute}"
        );
    }
    let text = message(&signed_by(&key).replace("<saml:Subject>", "<saml:Subject Id='a1'>"));
    assert_eq!(verify_in(&text, &key), Err(SignatureError::DuplicateId));
}

#[test]
fn there_must_be_one_signature() {
    let key = Key::ecdsa();
    assert_eq!(
        verify_in(&message(ASSERTION), &key),
        Err(SignatureError::NotOneSignature)
    );
    let no_id = ASSERTION.replace("AssertionID", "ID");
    assert_eq!(verify_in(&message(&no_id), &key), Err(SignatureError::NoId));
    let twice = refusal(|text| {
        let (_, rest) = text.split_once("<Signature ").unwrap();
        let (inside, _) = rest.split_once("</Signature>").unwrap();
        text.replace(
            "</saml:Assertion>",
            &format!("<Signature {inside}</Signature></saml:Assertion>"),
        )
    });
    assert_eq!(twice, SignatureError::NotOneSignature);
}

/// Each of these was signed by the trusted key, so that nothing but the profile refuses it.
#[test]
fn other_algorithms_and_transforms_are_refused() {
    let algorithm = |part| SignatureError::Algorithm { part };
    let transform = format!("<Transform Algorithm=\"{EXCLUSIVE}\"/>");
    let enveloped = format!("<Transform Algorithm=\"{ENVELOPED}\"/>");
    let with = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        refusal_of_profile(move |text| text.replace(&from, &to))
    };
    let sha1 = "http://www.w3.org/2000/09/xmldsig#sha1";
    let hmac = "http://www.w3.org/2000/09/xmldsig#hmac-sha1";
    let c14n_11 = "http://www.w3.org/2006/12/xml-c14n11";
    let structure = |part| SignatureError::Structure { part };
    let no_sha1 = SignatureError::Sha1 {
        part: "DigestMethod",
    };
    assert_eq!(with(SHA256, sha1), no_sha1);
    assert_eq!(
        with(SHA256, "http://www.w3.org/2001/04/xmldsig-more#sha224"),
        algorithm("DigestMethod")
    );
    assert_eq!(
        with(Algorithm::EcdsaSha256.uri(), hmac),
        algorithm("SignatureMethod")
    );
    assert_eq!(
        with(
            &format!("<CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\""),
            &format!("<CanonicalizationMethod Algorithm=\"{c14n_11}\"")
        ),
        algorithm("CanonicalizationMethod")
    );
    assert_eq!(
        with(&transform, &transform.replace(EXCLUSIVE, c14n_11)),
        algorithm("Transform")
    );
    assert_eq!(
        with(&enveloped, &enveloped.replace(ENVELOPED, "urn:x")),
        algorithm("Transform")
    );
    assert_eq!(with(&enveloped, ""), structure("Transforms"));
    assert_eq!(
        with(&transform, ""),
        SignatureError::Digest,
        "canonical XML is implied, and another form was signed"
    );
    assert_eq!(
        with(&transform, &transform.repeat(2)),
        structure("Transforms")
    );
    assert_eq!(
        with(
            &format!("{enveloped}{transform}"),
            &format!("{transform}{enveloped}")
        ),
        structure("Transforms")
    );
    let xpath = enveloped.replace("/>", "><XPath>x</XPath></Transform>");
    assert_eq!(with(&enveloped, &xpath), structure("Transform"));
    let list = transform.replace("/>", "><Other/></Transform>");
    assert_eq!(with(&transform, &list), structure("Transform"));
}

#[test]
fn other_references_are_refused() {
    let with = |to: &'static str| refusal_of_profile(move |text| text.replace("URI=\"#a1\"", to));
    for uri in [
        "URI=\"\"",
        "",
        "URI=\"#a2\"",
        "URI=\"a1\"",
        "URI=\"#xpointer(id('a1'))\"",
        "URI=\"##a1\"",
    ] {
        assert_eq!(with(uri), SignatureError::Reference, "{uri}");
    }
}

#[test]
fn parts_that_the_profile_does_not_have_are_refused() {
    let structure = |part| SignatureError::Structure { part };
    let doubled = |name: &'static str| {
        refusal_of_profile(move |text| {
            let (_, rest) = text.split_once(&format!("<{name}")).unwrap();
            let (inside, _) = rest.split_once(&format!("</{name}>")).unwrap();
            let element = format!("<{name}{inside}</{name}>");
            text.replace(&element, &element.repeat(2))
        })
    };
    assert_eq!(doubled("Reference"), structure("SignedInfo"));
    assert_eq!(doubled("DigestValue"), structure("Reference"));
    assert_eq!(doubled("SignatureValue"), structure("Signature"));
    assert_eq!(doubled("SignedInfo"), structure("Signature"));
    assert_eq!(doubled("KeyInfo"), structure("Signature"));
    let with = |from: &'static str, to: &'static str| refusal(move |text| text.replace(from, to));
    assert_eq!(
        with("<SignatureValue>", "<SignatureValue><x/>"),
        structure("SignatureValue")
    );
    assert_eq!(
        with("<DigestValue>", "<DigestValue><x/>"),
        structure("DigestValue")
    );
    assert_eq!(
        with("<Transforms>", "text<Transforms>"),
        structure("Reference")
    );
    assert_eq!(
        with("<DigestValue>", "<DigestValue>*"),
        SignatureError::NotBase64 {
            part: "DigestValue"
        }
    );
    assert_eq!(
        with("<SignatureValue>", "<SignatureValue>*"),
        SignatureError::NotBase64 {
            part: "SignatureValue"
        }
    );
    assert_eq!(
        with("<DigestValue>", "<DigestValue><!-- x -->"),
        SignatureError::Comment
    );
    assert_eq!(
        with("<SignedInfo>", "<SignedInfo><!---->"),
        SignatureError::Comment
    );
}

#[test]
fn inclusive_prefixes_are_honoured() {
    let key = Key::ecdsa();
    let list =
        format!("><i:InclusiveNamespaces xmlns:i=\"{EXCLUSIVE}\" PrefixList=\"q #default\"/>");
    let signed = signed_by(&key)
        .replace("<saml:Assertion ", "<saml:Assertion xmlns:q='urn:q' ")
        .replace(
            &format!("<Transform Algorithm=\"{EXCLUSIVE}\"/>"),
            &format!("<Transform Algorithm=\"{EXCLUSIVE}\"{list}</Transform>"),
        )
        .replace(
            &format!("<CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"/>"),
            &format!(
                "<CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"{list}</CanonicalizationMethod>"
            ),
        );
    let signed = signed_anew(&signed, &["q", "#default"], &key);
    let in_place = format!("<m>{signed}</m>");
    let verified = verify_in(&in_place, &key).unwrap();
    assert!(verified.as_str().contains("xmlns:q=\"urn:q\""));
    assert_eq!(
        verify_in(&message(&signed), &key),
        Err(SignatureError::Digest),
        "default differs"
    );
}

#[test]
fn a_long_prefix_list_is_refused_before_anything_is_canonicalised() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let with_list = |part: &'static str, count: usize| {
        let prefixes: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
        let list = format!(
            "><i:InclusiveNamespaces xmlns:i=\"{EXCLUSIVE}\" PrefixList=\"{}\"/>",
            prefixes.join(" ")
        );
        let empty = format!("<{part} Algorithm=\"{EXCLUSIVE}\"/>");
        let full = format!("<{part} Algorithm=\"{EXCLUSIVE}\"{list}</{part}>");
        verify_in(&message(&signed.replace(&empty, &full)), &key).unwrap_err()
    };
    for part in ["Transform", "CanonicalizationMethod"] {
        for count in [MAX_INCLUSIVE_PREFIXES + 1, 20_000] {
            let refused = SignatureError::TooManyPrefixes { part };
            assert_eq!(with_list(part, count), refused);
        }
        let changed = with_list(part, MAX_INCLUSIVE_PREFIXES);
        let is_read = matches!(changed, SignatureError::Digest | SignatureError::Signature);
        assert!(is_read, "{changed}");
    }
}

#[test]
fn white_space_inside_the_signature_is_borne() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let spaced = signed
        .replace("<SignatureValue>", "\n <SignatureValue>\r\n ")
        .replace("<KeyInfo>", "\n<KeyInfo>\n");
    assert!(verify_in(&message(&spaced), &key).is_ok());
}

#[test]
fn a_canonical_form_that_grows_too_large_is_refused() {
    let key = Key::ecdsa();
    let many = "<q:b/>".repeat(1000);
    let signed = signed_by(&key).replace(
        "<saml:Subject>",
        &format!("<saml:Subject xmlns:q='{}'>{many}", "u".repeat(2000)),
    );
    assert_eq!(
        verify_in(&message(&signed), &key),
        Err(SignatureError::TooLarge(CanonicalFormTooLarge))
    );
}
