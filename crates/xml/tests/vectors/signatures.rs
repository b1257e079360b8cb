//! The interoperability vectors of XML-DSIG: within the profile they hold or fail as their authors say,
//! and outside it each is refused for a named reason.

use std::collections::BTreeMap;

use jiff::Timestamp;
use xml::signature::{self, NAMESPACE};
use xml::{Document, Element, Limits, Partner, Policy, SignatureError, VerifyingKeys};

use crate::authors::{Authors, Both};
use crate::{check_table, files, shared};

const HEAD: &str = "\
# Signatures of other projects: each file with its signatures in document order.
# `holds`, or the reason for which it is refused; SHA-1 and the whole document are allowed here.
# Of those that are refused for what they hold (`changed`, `no trusted key`) the author's own word is in the file's name.";

/// What becomes of every signature of a document.
pub(crate) fn outcome(text: &[u8], authors: &dyn VerifyingKeys) -> String {
    let limits = Limits {
        bytes: 1024 * 1024,
        ..Limits::DEFAULT
    };
    let document = match Document::parse_bytes_within(text, limits) {
        Ok(document) => document,
        Err(error) => return format!("refused: {error}"),
    };
    let signatures = document
        .root()
        .descendants()
        .filter(|it| it.is(NAMESPACE, "Signature"));
    let outcomes: Vec<String> = signatures
        .map(|signature| match verified(signature, authors) {
            Ok(()) => "holds".to_owned(),
            Err(error) => format!("refused: {error}"),
        })
        .collect();
    outcomes.join("; ")
}

/// Whoever reads a message knows which kind of signature stands where; here the signature says it.
fn verified(signature: Element<'_, '_>, authors: &dyn VerifyingKeys) -> Result<(), SignatureError> {
    let policy = Policy {
        sha1_until: Some(Timestamp::MAX),
        takes_whole_document: true,
        ..Policy::default()
    };
    let partner = Partner {
        keys: authors,
        policy: &policy,
        now: Timestamp::UNIX_EPOCH,
    };
    let is_enveloped = signature.descendants().any(|it| {
        it.is(NAMESPACE, "Transform")
            && it
                .attribute("Algorithm")
                .is_some_and(|uri| uri.ends_with("#enveloped-signature"))
    });
    match signature.parent().filter(|_| is_enveloped) {
        Some(around) => signature::verify_of(around, &partner).map(|_| ()),
        None => signature::verify_parts(signature, &partner).map(|_| ()),
    }
}

#[test]
fn signature_vectors_hold_or_are_refused_as_the_table_says() {
    let Some(folder) = shared("xmldsig") else {
        return;
    };
    let all = Authors::of_folder(&folder.join("keys"));
    let mut outcomes = BTreeMap::new();
    for (name, path) in files(&folder) {
        let text = std::fs::read(path).unwrap();
        if !name.ends_with(".xml") || !holds_signature(&text) {
            continue;
        }
        let mut own = Authors::default();
        if let Ok(document) = Document::parse_bytes(&text) {
            own.add_embedded(&document);
        }
        outcomes.insert(name, outcome(&text, &Both(&all, own)));
    }
    assert!(outcomes.len() > 200, "{}", outcomes.len());
    check_table("signatures.txt", HEAD, &outcomes);
}

pub(crate) fn holds_signature(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.contains("SignatureValue") || text.contains("SignedInfo")
}
