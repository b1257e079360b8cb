//! Canonical forms, compared with what other implementations make.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use expect_test::{Expect, expect};

use super::*;
use crate::Document;

fn check(text: &str, expected: Expect) {
    let document = Document::parse(text).unwrap();
    let canonical = exclusive(document.root(), &[]).unwrap();
    expected.assert_eq(&canonical);
    let again = Document::parse(&canonical).unwrap();
    assert_eq!(
        exclusive(again.root(), &[]).unwrap(),
        canonical,
        "canonical of canonical"
    );
}

fn of_child(text: &str, name: &str, prefixes: &[&str]) -> String {
    let document = Document::parse(text).unwrap();
    let child = document
        .root()
        .descendants()
        .find(|element| element.name() == name)
        .unwrap();
    exclusive(child, prefixes).unwrap()
}

#[test]
fn attributes_and_namespaces_are_sorted() {
    check(
        "<e  b='2' a='1' xmlns:z='urn:a' xmlns:y='urn:b' y:a='4' z:b='3' xml:lang='en' xmlns='urn:d'/>",
        expect![[
            r#"<e xmlns="urn:d" xmlns:y="urn:b" xmlns:z="urn:a" a="1" b="2" xml:lang="en" z:b="3" y:a="4"></e>"#
        ]],
    );
}

#[test]
fn characters_are_escaped_as_the_standard_says() {
    check(
        "<?xml version='1.0'?>\n<!-- before --><e a='&#9;&#10;&#13;&lt;&gt;&amp;&quot;\"&apos; \t\n'>&lt;&gt;&amp;\"'&#13;\r\n\t<![CDATA[<&>]]><!-- inside -->é</e><!-- after -->",
        expect![[r#"
            <e a="&#x9;&#xA;&#xD;&lt;>&amp;&quot;&quot;'   ">&lt;&gt;&amp;"'&#xD;
            	&lt;&amp;&gt;é</e>"#]],
    );
}

#[test]
fn unused_declarations_go_and_used_ones_move_to_where_they_are_used() {
    check(
        "<a xmlns:x='urn:x' xmlns:y='urn:y'><b><x:c/><x:c x:k='v'><y:d/></x:c></b></a>",
        expect![[
            r#"<a><b><x:c xmlns:x="urn:x"></x:c><x:c xmlns:x="urn:x" x:k="v"><y:d xmlns:y="urn:y"></y:d></x:c></b></a>"#
        ]],
    );
}

#[test]
fn a_rebound_prefix_and_an_undeclared_default_are_written() {
    check(
        "<p:a xmlns:p='urn:1' xmlns='urn:d'><b><p:c xmlns:p='urn:2'><p:d xmlns:p='urn:1'/></p:c></b><e xmlns=''><f xmlns=''/></e></p:a>",
        expect![[
            r#"<p:a xmlns:p="urn:1"><b xmlns="urn:d"><p:c xmlns:p="urn:2"><p:d xmlns:p="urn:1"></p:d></p:c></b><e><f></f></e></p:a>"#
        ]],
    );
    check(
        "<a xmlns='urn:d'><b xmlns=''><c xmlns='urn:d'/></b></a>",
        expect![[r#"<a xmlns="urn:d"><b xmlns=""><c xmlns="urn:d"></c></b></a>"#]],
    );
}

#[test]
fn an_element_takes_along_only_what_it_uses() {
    let text = "<a xmlns='urn:d' xmlns:x='urn:x' xmlns:y='urn:y' xml:lang='en'><x:b y:k='1'/></a>";
    expect![[r#"<x:b xmlns:x="urn:x" xmlns:y="urn:y" y:k="1"></x:b>"#]].assert_eq(&of_child(
        text,
        "b",
        &[],
    ));
}

#[test]
fn prefixes_of_the_list_are_treated_inclusively() {
    let text =
        "<a xmlns='urn:d' xmlns:x='urn:x' xmlns:y='urn:y'><x:b><x:c xmlns:y='urn:y2'/></x:b></a>";
    expect![[
        r#"<x:b xmlns="urn:d" xmlns:x="urn:x" xmlns:y="urn:y"><x:c xmlns:y="urn:y2"></x:c></x:b>"#
    ]]
    .assert_eq(&of_child(text, "b", &["y", "#default", "absent"]));
}

#[test]
fn a_form_that_grows_beyond_the_cap_is_refused() {
    let text = format!(
        "<a xmlns:x='{}'>{}</a>",
        "u".repeat(100_000),
        "<x:b/>".repeat(3_000)
    );
    let document = Document::parse(&text).unwrap();
    assert_eq!(exclusive(document.root(), &[]), Err(CanonicalFormTooLarge));
}

#[test]
fn an_inclusive_form_takes_along_all_that_is_around() {
    let text = "<a xmlns='urn:d' xmlns:x='urn:x' xml:lang='en' xml:space='preserve' k='v'>\
                <m xml:lang='fr'><b xml:space='default'><c xmlns='' xmlns:x='urn:x2'/></b></m></a>";
    let inclusive = |name: &str| {
        let document = Document::parse(text).unwrap();
        let mut all = document.root().descendants();
        let element = all.find(|element| element.name() == name).unwrap();
        canonical(element, None, Method::Inclusive, &[]).unwrap()
    };
    expect![[
        r#"<b xmlns="urn:d" xmlns:x="urn:x" xml:lang="fr" xml:space="default"><c xmlns="" xmlns:x="urn:x2"></c></b>"#
    ]]
    .assert_eq(&inclusive("b"));
    expect![[r#"<c xmlns:x="urn:x2" xml:lang="fr" xml:space="default"></c>"#]]
        .assert_eq(&inclusive("c"));
}

#[test]
fn comments_are_kept_where_the_method_says_so() {
    let text = "<a xmlns:u='urn:u'>x<!-- <b> & \r\n --><b/></a>";
    let document = Document::parse(text).unwrap();
    let by = |method| canonical(document.root(), None, method, &[]).unwrap();
    expect![[r#"
        <a>x<!-- <b> & 
         --><b></b></a>"#]]
    .assert_eq(&by(Method::ExclusiveWithComments));
    expect![[r#"
        <a xmlns:u="urn:u">x<!-- <b> & 
         --><b></b></a>"#]]
    .assert_eq(&by(Method::InclusiveWithComments));
    expect![[r#"<a xmlns:u="urn:u">x<b></b></a>"#]].assert_eq(&by(Method::Inclusive));
}

#[test]
fn a_method_is_found_by_its_name() {
    for method in Method::ALL {
        assert_eq!(Method::parse(method.uri()), Some(method));
    }
    for other in [
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2001/10/xml-exc-c14n",
        "",
    ] {
        assert_eq!(Method::parse(other), None);
    }
}

/// Vectors of merlin's c14n interoperability set that are of a whole element: the others are of node
/// sets that XPath picks out.
#[test]
fn merlin_c14n_three() {
    let Some(folder) = shared("xmldsig/merlin-c14n-three") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("signature.xml")).unwrap();
    let document = Document::parse(&text).unwrap();
    let something = document.root().children().next().unwrap();
    let by = |method, prefixes: &[&str]| canonical(something, None, method, prefixes).unwrap();
    for (file, form) in [
        ("c14n-0.txt", by(Method::Inclusive, &[])),
        ("c14n-9.txt", by(Method::Exclusive, &[])),
        ("c14n-18.txt", by(Method::Exclusive, &["#default"])),
    ] {
        let expected = std::fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(form, expected, "{file}");
    }
}

/// Vectors of merlin's exc-c14n interoperability set.
#[test]
fn merlin_exc_c14n_one() {
    let Some(file) = shared("xmldsig/merlin-exc-c14n-one/exc-signature.xml") else {
        return;
    };
    let text = std::fs::read_to_string(file).unwrap();
    let document = Document::parse(&text).unwrap();
    let object = document
        .root()
        .descendants()
        .find(|it| it.name() == "Object");
    for (method, prefixes, expected) in [
        (
            Method::Exclusive,
            [].as_slice(),
            "7yOTjUu+9oEhShgyIIXDLjQ08aY=",
        ),
        (
            Method::Exclusive,
            &["bar", "#default"],
            "09xMy0RTQM1Q91demYe/0F6AGXo=",
        ),
        (
            Method::ExclusiveWithComments,
            &[],
            "ZQH+SkCN8c5y0feAr+aRTZDwyvY=",
        ),
        (
            Method::ExclusiveWithComments,
            &["bar", "#default"],
            "a1cTqBgbqpUt6bMJN4C6zFtnoyo=",
        ),
    ] {
        let form = canonical(object.unwrap(), None, method, prefixes).unwrap();
        let digest = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, form.as_bytes()));
        assert_eq!(digest, expected, "{method:?} {prefixes:?}");
    }
}

/// Digests that other implementations wrote into their signatures, over whole documents or elements
/// named by id, with no other transforms than ours.
#[test]
fn digests_of_other_implementations_are_ours() {
    let Some(folder) = shared("") else { return };
    for (name, references) in [
        (
            "saml-attacks/xml-crypto/signature_with_inclusivenamespaces.xml",
            1,
        ),
        (
            "saml-attacks/xml-crypto/signature_with_inclusivenamespaces_lines.xml",
            1,
        ),
        (
            "saml-attacks/xml-crypto/signature_with_inclusivenamespaces_lines_windows.xml",
            1,
        ),
        ("saml-attacks/xml-crypto/valid_saml.xml", 2),
        ("saml-attacks/xml-crypto/valid_saml_withcomments.xml", 2),
        ("saml-attacks/xml-crypto/valid_signature.xml", 3),
        ("saml-attacks/xml-crypto/valid_signature_utf8.xml", 1),
        ("saml-attacks/xml-crypto/valid_signature wsu.xml", 3),
        (
            "saml-attacks/xml-crypto/valid_signature_with_unused_prefixes.xml",
            6,
        ),
        ("saml-attacks/xml-crypto/wsfederation_metadata.xml", 1),
    ] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let matching = matching_digests(&text);
        assert_eq!(matching, references, "{name}");
    }
}

fn matching_digests(text: &str) -> usize {
    let document = Document::parse(text).unwrap();
    let root = document.root();
    let signatures = root
        .descendants()
        .filter(|element| element.name() == "Signature");
    signatures
        .flat_map(|signature| {
            let references = signature
                .descendants()
                .filter(|inside| inside.name() == "Reference");
            references.map(move |reference| (signature, reference))
        })
        .filter(|(signature, reference)| {
            let uri = reference.attribute("URI").unwrap().trim_start_matches('#');
            let target = root.descendants().find(|element| {
                uri.is_empty()
                    || element
                        .attributes()
                        .any(|attribute| attribute.value() == uri)
            });
            let list = reference
                .descendants()
                .find(|inside| inside.name() == "InclusiveNamespaces");
            let list = list
                .and_then(|list| list.attribute("PrefixList"))
                .unwrap_or("");
            let prefixes: Vec<_> = list.split_ascii_whitespace().collect();
            let canonical = exclusive_without(target.unwrap(), *signature, &prefixes).unwrap();
            let part = |name: &str| {
                reference
                    .children()
                    .find(|part| part.name() == name)
                    .unwrap()
            };
            let method = part("DigestMethod").attribute("Algorithm").unwrap();
            let algorithm = if method.ends_with("#sha1") {
                &SHA1_FOR_LEGACY_USE_ONLY
            } else {
                &SHA256
            };
            let value = STANDARD.encode(digest(algorithm, canonical.as_bytes()));
            let written: String = part("DigestValue")
                .text()
                .split_ascii_whitespace()
                .collect();
            value == written
        })
        .count()
}

/// A file of the shared vectors, where they lie beside the repository.
fn shared(name: &str) -> Option<PathBuf> {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if data.is_dir() {
        return Some(data.join(name));
    }
    assert!(
        std::env::var("CI").as_deref() != Ok("true"),
        "../shared/data is missing"
    );
    eprintln!("SKIPPED: ../shared/data is not there, so {name} was not checked");
    None
}
