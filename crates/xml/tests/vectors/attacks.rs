//! Attacks on SAML that others published, against a reader as a service provider has it: what is read is
//! read from what was signed, in the one place where it may stand.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use xml::signature::{self, NAMESPACE};
use xml::{Document, Element, Partner, Policy, SignatureError, VerifiedElement};

use crate::authors::{Authors, decoded};
use crate::{check_table, files, shared, signatures};

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// The subject that a response speaks of, or why it is not taken.
fn subject(text: &[u8], authors: &Authors) -> Result<String, String> {
    let policy = Policy {
        sha1_until: Some(Timestamp::MAX),
        ..Policy::default()
    };
    let partner = Partner {
        keys: authors,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    let document = Document::parse_bytes(text).map_err(|error| error.to_string())?;
    let response = document.root();
    if !response.is(PROTOCOL, "Response") {
        return Err("not a response".to_owned());
    }
    let in_words = |error: SignatureError| error.to_string();
    if response.child(NAMESPACE, "Signature").is_none() {
        let assertion = the_assertion(response)?;
        let verified = signature::verify_of(assertion, &partner).map_err(in_words)?;
        return name_of(&verified);
    }
    let verified = signature::verify_of(response, &partner).map_err(in_words)?;
    let document = verified.document().map_err(|error| error.to_string())?;
    let assertion = the_assertion(document.root())?;
    if assertion.child(NAMESPACE, "Signature").is_none() {
        return name(assertion);
    }
    let verified = signature::verify_of(assertion, &partner).map_err(in_words)?;
    name_of(&verified)
}

/// T-SIG-9: exactly one assertion, encrypted or not.
fn the_assertion<'a, 'i>(response: Element<'a, 'i>) -> Result<Element<'a, 'i>, String> {
    let is_assertion =
        |it: &Element<'_, '_>| it.is(SAML, "Assertion") || it.is(SAML, "EncryptedAssertion");
    let mut assertions = response.children().filter(is_assertion);
    match (assertions.next(), assertions.next()) {
        (Some(assertion), None) if assertion.name() == "Assertion" => Ok(assertion),
        (Some(_), None) => Err("the assertion is encrypted, and its key is not there".to_owned()),
        (None, _) => Err("no assertion".to_owned()),
        (Some(_), Some(_)) => Err("several assertions".to_owned()),
    }
}

fn name_of(verified: &VerifiedElement) -> Result<String, String> {
    let document = verified.document().map_err(|error| error.to_string())?;
    name(document.root())
}

fn name(assertion: Element<'_, '_>) -> Result<String, String> {
    let subject = assertion.child(SAML, "Subject");
    let name = subject.and_then(|subject| subject.child(SAML, "NameID"));
    name.map(|name| name.text())
        .ok_or_else(|| "no subject".to_owned())
}

fn said(outcome: Result<String, String>) -> String {
    match outcome {
        Ok(name) => format!("taken: {}", name.trim()),
        Err(reason) => format!("refused: {reason}"),
    }
}

const HEAD: &str = "\
# Attacks that other projects published, and their counterparts that hold.
# `taken` with the subject that was read, `holds`, or the reason for which it is refused.
# Whose author calls it valid and which is refused here all the same:
# - node-saml's with signed advice: the signature does not stand behind the issuer, where the schema puts it;
# - rsa_mgf1 and hmac: RSASSA-PSS, and a MAC by a federation's partner, are outside the profile;
# - valid_saml_withcomments: its first signature fails in xmlsec1 too, its author looks at the second alone;
# - windows_store_signature: holds only when its author has taken out white space first;
# - id_with_quotes: the reference is an XPointer with quotation marks;
# - valid_saml_with_digest_comment, valid_saml_signature_wrapping: attacks, whatever their name says.
# Not judged is a response whose assertion is encrypted to a key that its author does not publish: nobody here sees what is in it.
# crewjam's malformed response is malformed by its author's test and not by the file.";

#[test]
fn t_sig_1_published_attacks_are_refused_for_the_reason_that_the_table_says() {
    let Some(folder) = shared("saml-attacks") else {
        return;
    };
    let mut outcomes = BTreeMap::new();
    crewjam(&folder.join("crewjam"), &mut outcomes);
    node_saml(&folder.join("node-saml"), &mut outcomes);
    xml_crypto(&folder.join("xml-crypto"), &mut outcomes);
    assert!(outcomes.len() > 80, "{}", outcomes.len());
    for (name, outcome) in &outcomes {
        let is_attack = [
            "invalid",
            "Rejected",
            "with its comment",
            "Multiple",
            "wrap",
        ];
        let holds = outcome.split("; ").any(|it| it == "holds");
        let is_taken = outcome.contains("taken") || holds;
        let is_attack = is_attack.iter().any(|word| name.contains(word));
        assert!(!(is_attack && is_taken), "{name}: {outcome}");
    }
    check_table("attacks.txt", HEAD, &outcomes);
}

/// Responses are kept as they are posted; the keys are those of the metadata.
fn crewjam(folder: &Path, outcomes: &mut BTreeMap<String, String>) {
    let mut authors = Authors::default();
    for (name, path) in files(folder) {
        if name.ends_with("IDPMetadata") {
            let text = std::fs::read_to_string(path).unwrap();
            if let Ok(metadata) = Document::parse(&text) {
                authors.add_embedded(&metadata);
            }
        }
    }
    for (name, path) in files(folder) {
        let text = std::fs::read_to_string(path).unwrap();
        let outcome = if name.ends_with("IDPMetadata") {
            match Document::parse(&text) {
                Ok(_) => "metadata".to_owned(),
                Err(error) => format!("refused: {error}"),
            }
        } else if text.starts_with('<') {
            said(subject(text.as_bytes(), &authors))
        } else {
            said(subject(&decoded(&text), &authors))
        };
        outcomes.insert(format!("crewjam/{name}"), outcome);
        if name == "TestSPRejectsInjectedComment_response" {
            // Its author's test puts the comment in.
            let text = String::from_utf8(decoded(&text)).unwrap();
            let name_id = ">ross@octolabs.io<";
            assert!(text.contains(name_id));
            let commented = text.replace(name_id, ">ross@<!-- and a comment -->octolabs.io<");
            let outcome = said(subject(commented.as_bytes(), &authors));
            outcomes.insert(format!("crewjam/{name} with its comment"), outcome);
        }
    }
}

fn node_saml(folder: &Path, outcomes: &mut BTreeMap<String, String>) {
    let mut authors = Authors::default();
    authors.add_pem(&std::fs::read_to_string(folder.join("cert.pem")).unwrap());
    for (name, path) in files(&folder.join("signatures")) {
        let text = std::fs::read(path).unwrap();
        let outcome = match NOT_JUDGED.contains(&name.as_str()) {
            true => "not judged".to_owned(),
            false => said(subject(&text, &authors)),
        };
        outcomes.insert(format!("node-saml/{name}"), outcome);
    }
}

/// What is wrong with it stands in an assertion that is encrypted, and the key to it is not published.
const NOT_JUDGED: [&str; 1] =
    ["invalid/response.root-signed.assertion-invalidly-signed-encrypted.xml"];
/// Of these the question is what a reader of SAML makes of them, and not whether some signature in them holds.
const OF_SAML: [&str; 1] = ["invalid_saml_no_signed_info.xml"];

/// These are of signatures alone and mostly of no SAML.
fn xml_crypto(folder: &Path, outcomes: &mut BTreeMap<String, String>) {
    let authors = Authors::of_folder(folder);
    for (name, path) in files(folder) {
        if name.ends_with(".xml") {
            let text = std::fs::read(path).unwrap();
            let outcome = match OF_SAML.contains(&name.as_str()) {
                true => said(subject(&text, &authors)),
                false => signatures::outcome(&text, &authors),
            };
            outcomes.insert(format!("xml-crypto/{name}"), outcome);
        }
    }
}
