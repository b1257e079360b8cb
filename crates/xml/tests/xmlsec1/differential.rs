//! T-SIG-2: a signed document, changed a little at random; what we take for signed, xmlsec1 takes for the
//! very same bytes, or refuses.

use std::path::PathBuf;

use xml::{Document, Prepared, Verbatim, signature};

use crate::keys::Key;
use crate::random::Random;
use crate::tool::{BATCH, written, xmlsec1};
use crate::{documents, folder, has};

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

fn response(key: &Key) -> String {
    let assertion = format!(
        "<a:Assertion xmlns:a='{SAML}' ID='x' Version=\"2.0\"><a:Issuer>https://idp.example</a:Issuer>\
         <a:Subject><a:NameID Format='f'>anna@example.org</a:NameID></a:Subject>\
         <a:Conditions><a:AudienceRestriction><a:Audience>https://us.example</a:Audience>\
         </a:AudienceRestriction></a:Conditions></a:Assertion>"
    );
    let prepared = Prepared::new(&Verbatim::parse(assertion).unwrap(), key.algorithm, None);
    let signed = prepared.unwrap().sign(key).unwrap();
    let signed = signed.as_str();
    format!("<p:Response xmlns:p='{PROTOCOL}' ID='r'><p:Status/>\n{signed}</p:Response>")
}

/// A place in a text, on the border of a character.
fn place(random: &mut Random, text: &str) -> usize {
    let mut at = random.below(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A place behind a tag.
fn behind_tag(random: &mut Random, text: &str) -> usize {
    let tags: Vec<usize> = text.match_indices('>').map(|(at, _)| at + 1).collect();
    random.of(&tags)
}

/// An element of the text, from its tag to its end.
fn element(random: &mut Random, text: &str) -> std::ops::Range<usize> {
    let Ok(document) = Document::parse(text) else {
        return 0..0;
    };
    let all: Vec<_> = document
        .root()
        .descendants()
        .skip(1)
        .map(|it| (it.range().start, it.range().end))
        .collect();
    let (start, end) = random.of(&all);
    start..end
}

fn changed(random: &mut Random, text: &str) -> String {
    let mut out = text.to_owned();
    match random.below(10) {
        0 => {
            let at = place(random, text);
            out.insert_str(
                at,
                random.of(&["<", ">", "&", "'", "\"", " ", "x", "/", "=", "\r\n"]),
            );
        }
        1 => {
            let at = place(random, text);
            out.remove(at);
        }
        2 => {
            let at = behind_tag(random, text);
            out.insert_str(
                at,
                random.of(&["<!-- -->", "<!---->", "<![CDATA[]]>", " ", "\n"]),
            );
        }
        3 => {
            let at = behind_tag(random, text) - 1;
            out.insert_str(
                at,
                random.of(&[" ", "\n\t", " xmlns:zz='urn:zz'", " ID='x'", " id='x'"]),
            );
        }
        4 => {
            let letters: Vec<usize> = text
                .match_indices(|c: char| c.is_ascii_alphanumeric())
                .map(|(at, _)| at)
                .collect();
            let at = random.of(&letters);
            let letter = u32::from(out.remove(at));
            out.insert_str(at, &format!("&#{letter};"));
        }
        5 => {
            let letters: Vec<usize> = text.match_indices("exa").map(|(at, _)| at).collect();
            let at = random.of(&letters);
            out.replace_range(at..at + 3, "<![CDATA[exa]]>");
        }
        6 => {
            let quotes: Vec<usize> = text.match_indices("='").map(|(at, _)| at).collect();
            if let Some(at) = (!quotes.is_empty()).then(|| random.of(&quotes)) {
                let end = out.get(at + 2..).unwrap().find('\'');
                if let Some(end) = end {
                    out.replace_range(at + 2 + end..at + 3 + end, "\"");
                    out.replace_range(at + 1..at + 2, "\"");
                }
            }
        }
        7 => {
            let (from, at) = (element(random, text), behind_tag(random, text));
            let copied = text.get(from).unwrap().to_owned();
            out.insert_str(at, &copied);
        }
        8 => {
            let from = element(random, text);
            let moved = text.get(from.clone()).unwrap().to_owned();
            out.replace_range(from, "");
            if !out.is_empty() {
                let at = behind_tag(random, &out);
                out.insert_str(at, &moved);
            }
        }
        _ => {
            let (from, to) = random.of(&[
                ("a:", "b:"),
                ("xmlns:a=", "xmlns:b='urn:b' xmlns:a="),
                ("Version=", " Version ="),
                ("></", "> </"),
                ("anna", "evil"),
                ("<p:Status/>", "<p:Status></p:Status>"),
            ]);
            out = out.replacen(from, to, 1 + random.below(3));
        }
    }
    out
}

/// What we take for signed, from where an assertion has its place.
fn taken(text: &str, key: &Key) -> Option<String> {
    let document = Document::parse(text).ok()?;
    let mut assertions = document
        .root()
        .children()
        .filter(|it| it.is(SAML, "Assertion"));
    let (Some(assertion), None) = (assertions.next(), assertions.next()) else {
        return None;
    };
    let verified = signature::verify(assertion, &key.public).ok()?;
    Some(verified.as_str().to_owned())
}

const START: &str = "== PreDigest data - start buffer:\n";
const END: &str = "\n== PreDigest data - end buffer";

#[test]
fn t_sig_2_what_both_take_is_the_same() {
    if !has("xmlsec1", "T-SIG-2") {
        return;
    }
    let folder = folder("differential");
    let key = Key::all(&folder).pop().unwrap();
    let original = response(&key);
    let mut accepted: Vec<(PathBuf, String)> = Vec::new();
    for number in 0..documents(3_000, 100_000) {
        let mut random = Random::new(u64::try_from(number).unwrap() + 9_000_000);
        let mut text = original.clone();
        for _ in 0..1 + random.below(3) {
            text = changed(&mut random, &text);
        }
        if let Some(taken) = taken(&text, &key) {
            assert!(taken.contains(">anna@example.org<"), "{text}");
            accepted.push((written(&folder, number, &text), taken));
        }
    }
    assert!(accepted.len() > 200, "{}", accepted.len());
    let public = key.public_pem.to_str().unwrap();
    let id = format!("{SAML}:Assertion");
    let arguments = [
        "--verify",
        "--pubkey-pem",
        public,
        "--id-attr:ID",
        &id,
        "--store-references",
        "--print-debug",
    ];
    let agreed: usize = accepted
        .chunks(BATCH)
        .map(|batch| agreed(&arguments, batch))
        .sum();
    println!(
        "{agreed} of {} that we take xmlsec1 takes too",
        accepted.len()
    );
    assert!(agreed * 10 > accepted.len() * 9, "{agreed}");
}

/// How many of these xmlsec1 takes too, each for the same. It ends at the first that it refuses, so that
/// they are asked for in halves.
fn agreed(arguments: &[&str], documents: &[(PathBuf, String)]) -> usize {
    let files: Vec<PathBuf> = documents.iter().map(|(file, _)| file.clone()).collect();
    let output = xmlsec1(arguments, &files);
    if output.status.success() {
        return same(&String::from_utf8(output.stdout).unwrap(), documents);
    }
    match documents.split_at(documents.len() / 2) {
        ([], _) => 0,
        (first, second) => agreed(arguments, first) + agreed(arguments, second),
    }
}

fn same(said: &str, documents: &[(PathBuf, String)]) -> usize {
    let digested = said.split(START).skip(1);
    let digested: Vec<&str> = digested.map(|it| it.split_once(END).unwrap().0).collect();
    assert_eq!(digested.len(), documents.len());
    for (theirs, (file, ours)) in digested.iter().zip(documents) {
        assert_eq!(theirs, ours, "{}", file.display());
    }
    documents.len()
}
