//! Enveloped signatures over random elements in random documents, both ways.

use std::path::PathBuf;

use jiff::Timestamp;
use xml::c14n::Method;
use xml::signature::{self, NAMESPACE};
use xml::{Algorithm, Document, Partner, Policy, Prepared, Verbatim};

use crate::keys::Key;
use crate::random::{Random, Wants, content, tag};
use crate::tool::{all_made, all_verified, written};
use crate::{documents, folder, has};

/// The element that is signed: xmlsec1 is told by which attribute it bears its id.
pub(crate) const SIGNED: &str = "t:signed xmlns:t='urn:t' ID='x'";
pub(crate) const ID: [&str; 2] = ["--id-attr:ID", "urn:t:signed"];

/// A random document with the element somewhere inside. What was signed by itself may have names
/// without prefix in no namespace, so that a default namespace around it would change them.
pub(crate) fn around(random: &mut Random, signed: &str, bound_tag: &str) -> String {
    let has_default = bound_tag.contains(" xmlns=");
    match random.below(if has_default { 2 } else { 3 }) {
        0 => signed.to_owned(),
        1 => format!("<?xml version=\"1.0\"?>\n<m>{signed}</m>"),
        _ => format!("<m{bound_tag}> <n xml:lang='fr'>{signed}<!-- c --></n></m>"),
    }
}

fn wants() -> Wants {
    Wants {
        comments_in_texts: false,
        declarations: 40,
    }
}

#[test]
fn xmlsec1_verifies_what_we_sign() {
    if !has("xmlsec1", "what we sign") {
        return;
    }
    let folder = folder("signed-by-us");
    let keys = Key::all(&folder);
    let mut files: Vec<Vec<PathBuf>> = keys.iter().map(|_| Vec::new()).collect();
    for number in 0..documents(300, 20_000) {
        let mut random = Random::new(u64::try_from(number).unwrap());
        let mut wants = wants();
        let (outer, _) = tag(&mut random, &Vec::new(), &mut wants);
        let (own, bound) = tag(&mut random, &Vec::new(), &mut wants);
        let inside = content(&mut random, &bound, wants);
        let which = random.below(keys.len());
        let key = keys.get(which).unwrap();
        let text = format!("<{SIGNED}{own}>{inside}</t:signed>");
        let unsigned = Verbatim::parse(text).unwrap();
        let prepared = Prepared::new(&unsigned, key.algorithm, None).unwrap();
        let signed = prepared.sign(key).unwrap();
        let text = around(&mut random, signed.as_str(), &outer);
        files
            .get_mut(which)
            .unwrap()
            .push(written(&folder, number, &text));
    }
    for (key, files) in keys.iter().zip(&files) {
        let key = key.public_pem.to_str().unwrap();
        let [option, element] = ID;
        all_verified(&["--verify", "--pubkey-pem", key, option, element], files);
    }
}

/// A signature that is still to be made, with any method and any list of prefixes.
fn template(random: &mut Random, algorithm: Algorithm) -> String {
    let mut form = |name: &str| {
        let method = random.of(&Method::ALL);
        let uri = method.uri();
        let list = random.of(&["", "p", "q #default", "Zr absent _s"]);
        match method.is_exclusive() && !list.is_empty() {
            true => format!(
                "<{name} Algorithm='{uri}'><i:InclusiveNamespaces PrefixList='{list}' \
                 xmlns:i='http://www.w3.org/2001/10/xml-exc-c14n#'/></{name}>"
            ),
            false => format!("<{name} Algorithm='{uri}'/>"),
        }
    };
    let (of_info, of_element) = (form("CanonicalizationMethod"), form("Transform"));
    let of_element = match random.one_in(6) {
        true => String::new(),
        false => of_element,
    };
    let digest = random.of(&["sha256", "sha512"]);
    format!(
        "<Signature xmlns='{NAMESPACE}'><SignedInfo>{of_info}\
         <SignatureMethod Algorithm='{}'/><Reference URI='#x'><Transforms>\
         <Transform Algorithm='http://www.w3.org/2000/09/xmldsig#enveloped-signature'/>{of_element}\
         </Transforms><DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#{digest}'/><DigestValue/>\
         </Reference></SignedInfo><SignatureValue/></Signature>",
        algorithm.uri()
    )
}

#[test]
fn we_verify_what_xmlsec1_signs() {
    if !has("xmlsec1", "what xmlsec1 signs") {
        return;
    }
    let folder = folder("signed-by-xmlsec1");
    let keys = Key::all(&folder);
    let mut files: Vec<Vec<PathBuf>> = keys.iter().map(|_| Vec::new()).collect();
    for number in 0..documents(300, 20_000) {
        let mut random = Random::new(u64::try_from(number).unwrap() + 1_000_000);
        let mut wants = wants();
        let (outer, _) = tag(&mut random, &Vec::new(), &mut wants);
        let (own, bound) = tag(&mut random, &Vec::new(), &mut wants);
        let inside = content(&mut random, &bound, wants);
        let which = random.below(keys.len());
        let signature = template(&mut random, keys.get(which).unwrap().algorithm);
        let text = format!("<{SIGNED}{own}>{inside}{signature}</t:signed>");
        let text = around(&mut random, &text, &outer);
        files
            .get_mut(which)
            .unwrap()
            .push(written(&folder, number, &text));
    }
    for (key, files) in keys.iter().zip(&files) {
        let private = key.private_pem.to_str().unwrap();
        let [option, element] = ID;
        let made = all_made(
            &["--sign", "--privkey-pem", private, option, element],
            files,
        );
        for text in made {
            verified(&text, key);
        }
    }
}

fn verified(text: &str, key: &Key) {
    let document = Document::parse(text).unwrap();
    let mut all = document.root().descendants();
    let signed = all.find(|it| it.is("urn:t", "signed")).unwrap();
    let policy = Policy {
        algorithms: vec![key.algorithm],
        ..Policy::default()
    };
    let partner = Partner {
        keys: &key.public,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    let verified = signature::verify_of(signed, &partner);
    assert!(verified.is_ok(), "{:?}: {text}", verified.err());
}
