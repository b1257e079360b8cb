//! One signature over several parts of a message, by a private key or by a proof key.

use jiff::Timestamp;

use super::*;
use crate::Element;
use crate::write::element;

const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";

fn envelope() -> String {
    format!(
        "<?xml version='1.0'?>\n<s:Envelope xmlns:s='{SOAP}' xmlns:u='{UTILITY}'><s:Header>\
         <To u:Id='to'>urn:to</To><Security><Timestamp u:Id='time'>1</Timestamp></Security></s:Header>\
         <s:Body u:Id='body'><get>mine</get></s:Body></s:Envelope>"
    )
}

fn element_of<'a, 'i>(document: &'a Document<'i>, name: &str) -> Element<'a, 'i> {
    let mut all = document.root().descendants();
    all.find(|element| element.name() == name).unwrap()
}

fn signed_parts(key: &Key, names: &[&str]) -> String {
    let text = envelope();
    let document = Document::parse(&text).unwrap();
    let parts: Vec<_> = names
        .iter()
        .map(|name| element_of(&document, name))
        .collect();
    let into = element_of(&document, "Security");
    let key_info = KeyInfo::Other(element("KeyName").text("k"));
    let prepared = Prepared::of_parts(&parts, into, key.algorithm(), Some(key_info)).unwrap();
    prepared.sign(key).unwrap().as_str().to_owned()
}

fn check<T>(
    text: &str,
    keys: &dyn VerifyingKeys,
    read: impl Fn(&Document<'_>, &VerifiedParts<'_, '_>) -> T,
) -> Result<T, SignatureError> {
    let document = Document::parse(text).unwrap();
    let policy = Policy::default();
    let now = Timestamp::UNIX_EPOCH;
    let partner = Partner {
        keys,
        policy: &policy,
        now,
    };
    let verified = verify_parts(element_of(&document, "Signature"), &partner)?;
    Ok(read(&document, &verified))
}

fn refused(text: &str, key: &Key) -> SignatureError {
    check(text, key, |_, _| ()).unwrap_err()
}

#[test]
fn each_part_is_read_from_what_was_signed() {
    for key in [Key::rsa(), Key::ecdsa()] {
        let text = signed_parts(&key, &["To", "Timestamp", "Body"]);
        check(&text, &key, |document, verified| {
            let part = |name| verified.part(element_of(document, name));
            assert_eq!(
                part("Body").unwrap().as_str(),
                format!(
                    "<s:Body xmlns:s=\"{SOAP}\" xmlns:u=\"{UTILITY}\" u:Id=\"body\"><get>mine</get></s:Body>"
                )
            );
            assert!(part("To").is_some() && part("Timestamp").is_some());
            assert!(part("Security").is_none(), "what is not signed is not read");
            assert!(part("get").is_none(), "nor by itself what lies deeper");
        })
        .unwrap();
    }
}

#[test]
fn a_part_that_the_signature_does_not_cover_is_none() {
    let key = Key::ecdsa();
    let text = signed_parts(&key, &["Timestamp"]);
    let body = check(&text, &key, |document, verified| {
        verified.part(element_of(document, "Body")).cloned()
    });
    assert_eq!(body, Ok(None));
}

#[test]
fn changed_moved_and_doubled_parts_are_refused() {
    let key = Key::ecdsa();
    let text = signed_parts(&key, &["To", "Body"]);
    let changed = text.replace("mine", "yours");
    assert_eq!(refused(&changed, &key), SignatureError::Digest);
    let doubled = text.replace("<get>", "<get u:Id='body'>");
    assert_eq!(refused(&doubled, &key), SignatureError::DuplicateId);
    let gone = text.replace("u:Id='to'", "u:Id='other'");
    assert_eq!(refused(&gone, &key), SignatureError::Reference);
    // The signed body is moved into the header, and another stands in its place.
    let body = text.get(text.find("<s:Body").unwrap()..).unwrap();
    let body = body.get(..body.find("</s:Envelope>").unwrap()).unwrap();
    let wrapped = text.replace(body, "<s:Body u:Id='evil'><get>yours</get></s:Body>");
    let wrapped = wrapped.replace("<s:Header>", &format!("<s:Header><w>{body}</w>"));
    let read = check(&wrapped, &key, |document, verified| {
        let mut parts = document.root().children();
        let body = parts.find(|part| part.is(SOAP, "Body")).unwrap();
        verified.part(body).cloned()
    });
    assert_eq!(read, Ok(None), "the body of the message is not signed");
    let stranger = Key::ecdsa();
    assert_eq!(refused(&text, &stranger), SignatureError::Signature);
}

#[test]
fn references_that_a_message_does_not_have_are_refused() {
    let key = Key::ecdsa();
    let text = signed_parts(&key, &["To", "Body"]);
    for (from, to, error) in [
        ("URI=\"#to\"", "URI=\"\"", SignatureError::Reference),
        ("URI=\"#to\"", "URI=\"#\"", SignatureError::Reference),
        ("URI=\"#to\"", "", SignatureError::Reference),
        (
            "URI=\"#to\"",
            "URI=\"http://192.0.2.1/\"",
            SignatureError::Reference,
        ),
        ("URI=\"#to\"", "URI=\"#absent\"", SignatureError::Reference),
        ("URI=\"#to\"", "URI=\"#body\"", SignatureError::Reference),
        (
            "<Transforms>",
            "<Transforms><Transform Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/>",
            SignatureError::Structure { part: "Transforms" },
        ),
    ] {
        assert_eq!(refused(&text.replacen(from, to, 1), &key), error, "{to}");
    }
    let (before, rest) = text.split_once("<Reference ").unwrap();
    let (reference, after) = rest.split_once("</Reference>").unwrap();
    let many = format!("<Reference {reference}</Reference>").repeat(MAX_REFERENCES);
    let text = format!("{before}{many}{after}");
    assert_eq!(refused(&text, &key), SignatureError::TooManyReferences);
}

#[test]
fn a_proof_key_signs_and_verifies_several_parts() {
    let proof = ProofKey::new(b"a secret of the token's").unwrap();
    let text = envelope();
    let document = Document::parse(&text).unwrap();
    let parts = [
        element_of(&document, "Timestamp"),
        element_of(&document, "Body"),
    ];
    let into = element_of(&document, "Security");
    for algorithm in MacAlgorithm::ALL {
        let signed = Prepared::by_proof(&parts, into, (&proof, algorithm), None);
        if algorithm == MacAlgorithm::HmacSha1 {
            let part = "SignatureMethod";
            assert_eq!(signed, Err(SignatureError::Sha1 { part }));
            continue;
        }
        let signed = signed.unwrap();
        let document = Document::parse(signed.as_str()).unwrap();
        let signature = element_of(&document, "Signature");
        let (policy, now) = (Policy::default(), Timestamp::UNIX_EPOCH);
        let verified = verify_parts_by_proof(signature, &proof, &policy, now).unwrap();
        assert!(verified.part(element_of(&document, "Body")).is_some());
        assert!(verified.part(element_of(&document, "To")).is_none());
        let other = ProofKey::new(b"a secret of another's").unwrap();
        let by_other = verify_parts_by_proof(signature, &other, &policy, now);
        assert_eq!(by_other.unwrap_err(), SignatureError::Signature);
        let partner = Partner {
            keys: &Key::ecdsa(),
            policy: &policy,
            now,
        };
        let part = "SignatureMethod";
        let by_partner = verify_parts(signature, &partner);
        assert_eq!(by_partner.unwrap_err(), SignatureError::Algorithm { part });
    }
    // A signature by a private key is none of the proof key's.
    let by_key = signed_parts(&Key::ecdsa(), &["Body"]);
    let document = Document::parse(&by_key).unwrap();
    let signature = element_of(&document, "Signature");
    let (policy, now) = (Policy::default(), Timestamp::UNIX_EPOCH);
    let part = "SignatureMethod";
    assert_eq!(
        verify_parts_by_proof(signature, &proof, &policy, now).unwrap_err(),
        SignatureError::Algorithm { part }
    );
}

/// T-SIG-5: HMACOutputLength would make a MAC of as few bits as the sender likes.
#[test]
fn t_sig_5_a_mac_cut_short_is_refused() {
    let proof = ProofKey::new(b"a secret of the token's").unwrap();
    let text = envelope();
    let document = Document::parse(&text).unwrap();
    let parts = [element_of(&document, "Body")];
    let into = element_of(&document, "Security");
    let by = (&proof, MacAlgorithm::HmacSha256);
    let signed = Prepared::by_proof(&parts, into, by, None).unwrap();
    let uri = MacAlgorithm::HmacSha256.uri();
    let cut = signed.as_str().replace(
        &format!("<SignatureMethod Algorithm=\"{uri}\"/>"),
        &format!(
            "<SignatureMethod Algorithm=\"{uri}\"><HMACOutputLength>8</HMACOutputLength></SignatureMethod>"
        ),
    );
    assert_ne!(cut, signed.as_str());
    let document = Document::parse(&cut).unwrap();
    let signature = element_of(&document, "Signature");
    let part = "SignatureMethod";
    assert_eq!(
        verify_parts_by_proof(signature, &proof, &Policy::default(), Timestamp::UNIX_EPOCH)
            .unwrap_err(),
        SignatureError::Structure { part }
    );
}

#[test]
fn parts_without_an_id_of_their_own_cannot_be_signed() {
    let key = Key::ecdsa();
    let text = envelope();
    let document = Document::parse(&text).unwrap();
    let into = element_of(&document, "Security");
    let refusal = |parts: &[Element<'_, '_>]| {
        Prepared::of_parts(parts, into, key.algorithm(), None).unwrap_err()
    };
    assert_eq!(refusal(&[into]), SignatureError::NoId);
    assert_eq!(refusal(&[]), SignatureError::Reference);
    let text = text.replace("<get>", "<get Id='to'>");
    let document = Document::parse(&text).unwrap();
    let into = element_of(&document, "Security");
    let parts = [element_of(&document, "To")];
    let refused = Prepared::of_parts(&parts, into, key.algorithm(), None);
    assert_eq!(refused.unwrap_err(), SignatureError::DuplicateId);
}
