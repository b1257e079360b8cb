//! What one partner may do and another may not: algorithms, SHA-1 until a date, the whole document.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::*;
use crate::c14n::{Method, canonical};

/// Keys that take any signature of SHA-1, as none can be made here.
struct AnySha1;

impl VerifyingKeys for AnySha1 {
    fn verifies(&self, algorithm: Algorithm, _: &[u8], _: &[u8]) -> bool {
        algorithm == Algorithm::RsaSha1
    }
}

fn by_sha1() -> String {
    let signed = signed_by(&Key::rsa());
    let sha1 = signed
        .replace(Algorithm::RsaSha256.uri(), Algorithm::RsaSha1.uri())
        .replace(SHA256, DigestMethod::Sha1.uri());
    let bare = Document::parse(ASSERTION).unwrap();
    let digest = DigestMethod::Sha1.of(exclusive(bare.root(), &[]).unwrap().as_bytes());
    replaced(&sha1, "DigestValue", digest.as_ref())
}

fn verify_by(
    text: &str,
    keys: &dyn VerifyingKeys,
    policy: &Policy,
    now: i64,
) -> Result<VerifiedElement, SignatureError> {
    let document = Document::parse(text).unwrap();
    let now = Timestamp::from_second(now).unwrap();
    verify_of(document.root(), &Partner { keys, policy, now })
}

#[test]
fn sha_1_is_taken_from_who_may_until_its_date() {
    let text = by_sha1();
    let part = "SignatureMethod";
    let until = Policy {
        sha1_until: Some(Timestamp::from_second(1000).unwrap()),
        ..Policy::default()
    };
    assert!(verify_by(&text, &AnySha1, &until, 999).is_ok());
    let over = verify_by(&text, &AnySha1, &until, 1000);
    assert_eq!(over, Err(SignatureError::Sha1 { part }));
    let never = verify_by(&text, &AnySha1, &Policy::default(), 0);
    assert_eq!(never, Err(SignatureError::Sha1 { part }));
    let listed = Policy {
        algorithms: vec![Algorithm::RsaSha1],
        ..Policy::default()
    };
    let listed = verify_by(&text, &AnySha1, &listed, 0);
    assert_eq!(
        listed,
        Err(SignatureError::Sha1 { part }),
        "a date is needed"
    );
}

#[test]
fn sha_1_is_never_made() {
    let unsigned = Verbatim::parse(ASSERTION).unwrap();
    let part = "SignatureMethod";
    let refused = Prepared::new(&unsigned, Algorithm::RsaSha1, None);
    assert_eq!(refused.unwrap_err(), SignatureError::Sha1 { part });
}

#[test]
fn a_partner_signs_with_its_own_algorithms_only() {
    let key = Key::ecdsa();
    let text = signed_by(&key);
    let policy = Policy {
        algorithms: vec![Algorithm::RsaSha256],
        ..Policy::default()
    };
    let part = "SignatureMethod";
    assert_eq!(
        verify_by(&text, &key, &policy, 0),
        Err(SignatureError::Algorithm { part })
    );
    assert!(verify_by(&text, &key, &Policy::default(), 0).is_ok());
}

/// T-SIG-5: a public key is no secret, and a secret is no federation's key.
#[test]
fn t_sig_5_a_mac_is_never_judged_by_public_keys_nor_a_key_in_the_message() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let part = "SignatureMethod";
    for mac in MacAlgorithm::ALL {
        let text = signed.replace(Algorithm::EcdsaSha256.uri(), mac.uri());
        let document = Document::parse(&text).unwrap();
        let parts = document.root().child(NAMESPACE, "Signature").unwrap();
        let octets = exclusive(parts.child(NAMESPACE, "SignedInfo").unwrap(), &[]).unwrap();
        let Key::Ecdsa(pair) = &key else {
            unreachable!("it is one")
        };
        let as_secret = ProofKey::new(pair.public_key().as_ref()).unwrap();
        let value = as_secret.mac(mac, octets.as_bytes());
        let forged = replaced(&text, "SignatureValue", &value);
        assert_eq!(
            verify_in(&message(&forged), &key),
            Err(SignatureError::Algorithm { part })
        );
    }
    // Whatever KeyInfo holds, the configured key decides.
    let stranger = Key::ecdsa();
    for key_info in [
        "<KeyInfo><KeyValue><RSAKeyValue><Modulus>AQAB</Modulus></RSAKeyValue></KeyValue></KeyInfo>",
        "<KeyInfo><KeyName>trusted</KeyName></KeyInfo>",
        "<KeyInfo><RetrievalMethod URI=\"http://192.0.2.1/\"/></KeyInfo>",
        "",
    ] {
        let (before, rest) = signed_by(&stranger)
            .split_once("<KeyInfo>")
            .map(|(before, rest)| (before.to_owned(), rest.to_owned()))
            .unwrap();
        let (_, after) = rest.split_once("</KeyInfo>").unwrap();
        let text = message(&format!("{before}{key_info}{after}"));
        assert_eq!(verify_in(&text, &key), Err(SignatureError::Signature));
        assert!(verify_in(&text, &stranger).is_ok(), "{key_info}");
    }
}

/// Signs an element by hand, with whatever method and reference; `{sig}` stands where the signature goes.
fn signed_by_hand(text: &str, key: &Key, uri: &str, method: Method, is_named: bool) -> String {
    let bare = text.replace("{sig}", "");
    let document = Document::parse(&bare).unwrap();
    let form = canonical(document.root(), None, method, &[]).unwrap();
    let digest = STANDARD.encode(DigestMethod::Sha256.of(form.as_bytes()));
    let named = match is_named {
        true => format!("<Transform Algorithm='{}'/>", method.uri()),
        false => String::new(),
    };
    let signature = format!(
        "<Signature xmlns='{NAMESPACE}'><SignedInfo>\
         <CanonicalizationMethod Algorithm='{}'/><SignatureMethod Algorithm='{}'/>\
         <Reference URI='{uri}'><Transforms><Transform Algorithm='{ENVELOPED}'/>{named}</Transforms>\
         <DigestMethod Algorithm='{SHA256}'/><DigestValue>{digest}</DigestValue></Reference>\
         </SignedInfo><SignatureValue></SignatureValue></Signature>",
        method.uri(),
        key.algorithm().uri()
    );
    let whole = text.replace("{sig}", &signature);
    let document = Document::parse(&whole).unwrap();
    let signature = document.root().child(NAMESPACE, "Signature").unwrap();
    let signed_info = signature.child(NAMESPACE, "SignedInfo").unwrap();
    let octets = canonical(signed_info, None, method, &[]).unwrap();
    replaced(
        &whole,
        "SignatureValue",
        &key.sign(octets.as_bytes()).unwrap(),
    )
}

#[test]
fn every_canonical_form_is_taken_and_the_implied_one() {
    let key = Key::ecdsa();
    let text = "<a xmlns='urn:a' xmlns:unused='urn:u' xml:lang='en' ID='x'>{sig}<b> </b></a>";
    for method in Method::ALL {
        for is_named in [true, false] {
            if !is_named && method.is_exclusive() {
                continue;
            }
            let signed = signed_by_hand(text, &key, "#x", method, is_named);
            let verified = verify_by(&signed, &key, &Policy::default(), 0).unwrap();
            assert_eq!(
                verified.as_str().contains("unused"),
                !method.is_exclusive(),
                "{method:?}"
            );
        }
    }
}

/// Comments are no part of what a reference by id names, whatever the method says.
#[test]
fn t_sig_4_a_comment_is_never_part_of_what_is_read() {
    let key = Key::ecdsa();
    let text = "<a ID='x'>{sig}<b>admin@x</b></a>";
    for method in Method::ALL {
        let signed = signed_by_hand(text, &key, "#x", method, true);
        let commented = signed.replace("admin@x", "admin<!-- -->@x");
        assert_eq!(
            verify_by(&commented, &key, &Policy::default(), 0),
            Err(SignatureError::CommentInText)
        );
        let beside = signed.replace("<b>", "<!-- --><b>");
        let verified = verify_by(&beside, &key, &Policy::default(), 0).unwrap();
        assert!(!verified.as_str().contains("<!--"));
        let document = verified.document().unwrap();
        assert_eq!(document.root().children().next().unwrap().text(), "admin@x");
        for inside in ["<SignedInfo>", "<DigestValue>", "<SignatureValue>"] {
            let commented = signed.replace(inside, &format!("{inside}<!-- -->"));
            assert_eq!(
                verify_by(&commented, &key, &Policy::default(), 0),
                Err(SignatureError::Comment)
            );
        }
    }
}

#[test]
fn the_whole_document_is_named_where_the_policy_says() {
    let key = Key::ecdsa();
    let text = "<a xmlns='urn:a'>{sig}<b/></a>";
    let signed = signed_by_hand(text, &key, "", Method::Exclusive, true);
    let whole = Policy {
        takes_whole_document: true,
        ..Policy::default()
    };
    assert!(verify_by(&signed, &key, &whole, 0).is_ok());
    assert_eq!(
        verify_by(&signed, &key, &Policy::default(), 0),
        Err(SignatureError::NoId)
    );
    let named = signed_by_hand("<a ID='x'>{sig}<b/></a>", &key, "", Method::Exclusive, true);
    assert!(verify_by(&named, &key, &whole, 0).is_ok());
    assert_eq!(
        verify_by(&named, &key, &Policy::default(), 0),
        Err(SignatureError::Reference)
    );
    // Inside another element it names something else.
    let document = format!("<m>{signed}</m>");
    let document = Document::parse(&document).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let partner = Partner {
        keys: &key,
        policy: &whole,
        now,
    };
    let inner = document.root().children().next().unwrap();
    assert_eq!(verify_of(inner, &partner), Err(SignatureError::NoId));
}

#[test]
fn a_signature_out_of_its_place_is_refused() {
    let key = Key::ecdsa();
    let metadata = "urn:oasis:names:tc:SAML:2.0:metadata";
    let protocol = "urn:oasis:names:tc:SAML:2.0:protocol";
    let protocol_1 = "urn:oasis:names:tc:SAML:1.0:protocol";
    let issuer = format!("<i:Issuer xmlns:i='{SAML_2}'>i</i:Issuer>");
    for (name, namespace, id, right, wrong) in [
        (
            "Assertion",
            SAML_1,
            "AssertionID",
            vec!["<x/>{sig}"],
            vec!["{sig}<x/>"],
        ),
        (
            "Assertion",
            SAML_2,
            "ID",
            vec!["ISSUER{sig}<x/>", "{sig}<x/>", "ISSUER{sig}"],
            vec![
                "{sig}ISSUER<x/>",
                "ISSUER<x/>{sig}",
                "<x/>{sig}",
                "ISSUERISSUER{sig}",
            ],
        ),
        (
            "Response",
            protocol,
            "ID",
            vec!["ISSUER{sig}<x/>"],
            vec!["{sig}ISSUER<x/>", "ISSUER<x/>{sig}"],
        ),
        (
            "EntityDescriptor",
            metadata,
            "ID",
            vec!["{sig}<x/>"],
            vec!["<x/>{sig}"],
        ),
        (
            "Response",
            protocol_1,
            "ResponseID",
            vec!["{sig}<x/>"],
            vec!["<x/>{sig}"],
        ),
        (
            "Request",
            protocol_1,
            "RequestID",
            vec!["<x/>{sig}"],
            vec!["{sig}<x/>"],
        ),
        ("a", "urn:a", "ID", vec!["<x/>{sig}<x/>", "{sig}"], vec![]),
    ] {
        let signed = |content: &str| {
            let content = content.replace("ISSUER", &issuer);
            let text = format!("<{name} xmlns='{namespace}' {id}='x'>{content}</{name}>");
            let text = signed_by_hand(&text, &key, "#x", Method::Exclusive, true);
            verify_by(&text, &key, &Policy::default(), 0)
        };
        for content in right {
            assert!(signed(content).is_ok(), "{namespace} {name} {content}");
        }
        for content in wrong {
            assert_eq!(
                signed(content),
                Err(SignatureError::Place),
                "{namespace} {name} {content}"
            );
        }
    }
}

#[test]
fn what_is_signed_stands_in_its_place() {
    let key = Key::ecdsa();
    for text in [
        "<EntityDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata' ID='x'><a/></EntityDescriptor>",
        "<Response xmlns='urn:oasis:names:tc:SAML:1.0:protocol' ResponseID='x'><a/></Response>",
        "<Response xmlns='urn:oasis:names:tc:SAML:2.0:protocol' ID='x'><a/></Response>",
        "<Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion' ID='x'><Issuer/><a/></Assertion>",
        "<Assertion xmlns='urn:oasis:names:tc:SAML:1.0:assertion' AssertionID='x'><a/></Assertion>",
        "<a ID='x'>text</a>",
    ] {
        let prepared = Prepared::new(&Verbatim::parse(text).unwrap(), key.algorithm(), None);
        let signed = prepared.unwrap().sign(&key).unwrap();
        assert!(verify_by(signed.as_str(), &key, &Policy::default(), 0).is_ok());
    }
}

/// T-SIG-6: there is nothing that turns verification off; without keys nothing is taken.
#[test]
fn t_sig_6_no_policy_takes_what_is_not_signed_by_a_known_key() {
    let key = Key::ecdsa();
    let signed = signed_by(&key);
    let nobody: Vec<PublicKey> = Vec::new();
    let stranger = Key::ecdsa();
    for algorithms in [vec![], Algorithm::ALL.to_vec()] {
        for sha1_until in [None, Some(Timestamp::MAX)] {
            for takes_whole_document in [false, true] {
                let policy = Policy {
                    algorithms: algorithms.clone(),
                    sha1_until,
                    takes_whole_document,
                };
                for now in [0, 4_000_000_000] {
                    assert_eq!(
                        verify_by(ASSERTION, &key, &policy, now),
                        Err(SignatureError::NotOneSignature)
                    );
                    assert!(verify_by(&signed, &nobody, &policy, now).is_err());
                    assert!(verify_by(&signed, &stranger, &policy, now).is_err());
                    let stripped = signed.replace("<SignatureValue>", "<SignatureValue/><x>");
                    let stripped = stripped.replace("</SignatureValue>", "</x>");
                    assert!(verify_by(&stripped, &key, &policy, now).is_err());
                }
            }
        }
    }
}
