//! What counts as a URL, and what is left where nothing may be touched.

use expect_test::Expect;

use super::*;

pub(in super::super) const INNER: &str = "https://mbx01.contoso.local";

/// Maps what stands inside to the gate.
pub(in super::super) fn to_gate(url: &str) -> Option<String> {
    let path = url.strip_prefix(INNER)?;
    Some(format!("https://mail.contoso.com{path}"))
}

pub(in super::super) fn keep(_: &Setting<'_>) -> Option<String> {
    None
}

/// Checks the lines of a text that an edit has changed.
pub(in super::super) fn check_changed(before: &str, after: &str, expected: &Expect) {
    assert_eq!(before.lines().count(), after.lines().count());
    let pairs = before.lines().zip(after.lines());
    let changed = pairs.filter(|(before, after)| before != after);
    let lines: Vec<_> = changed.map(|(_, after)| after.trim()).collect();
    expected.assert_eq(&lines.join("\n"));
}

fn read(text: &str) -> Result<Edited, AnswerParseError> {
    let document = xml::Document::parse_within(text, LIMITS)?;
    let answer = Answer::read(&document, |_| None)?;
    Ok(answer.edited(Edit {
        map_url: &|_| None,
        map_setting: &|_| None,
    }))
}

fn remaining(text: &str) -> Vec<String> {
    let edited = read(text).unwrap();
    assert_eq!(edited.text, text);
    edited.remaining.into_iter().map(|link| link.url).collect()
}

#[test]
fn a_url_is_known_in_every_spelling_that_a_lenient_client_takes() {
    for url in [
        "https://pool.contoso.local/x",
        "HTTPS://pool",
        "http:/pool.contoso.local/owa",
        r"https:\\pool",
        "file://pool/share",
        "ldap+x://pool",
        "//pool/x",
        "//pool:8443/x",
        r"\\pool\share",
    ] {
        assert!(is_url(url), "{url}");
    }
    for other in [
        "",
        "/",
        "/o=Contoso/ou=x:y/cn=anna",
        "?rfr=olk&p=personalsettings/EmailSubscriptions.slab",
        "/ecp/?p=x",
        "msstd:mail.contoso.com",
        "anna@contoso.com",
        "mail.contoso.local",
        "1:/2",
        "see https://pool",
    ] {
        assert!(!is_url(other), "{other}");
    }
    assert!(holds_url("see https://pool") && !holds_url("anna@contoso.com"));
}

#[test]
fn urls_are_reported_wherever_they_stand() {
    let text = "<a k='https://1'><b><![CDATA[https:]]>//2</b><c>say https&#58;//3 </c><!-- 4 \
                https://4 --><d/><e>//5</e><f><!----></f></a>";
    let found = remaining(text);
    assert_eq!(
        found,
        [
            "https://1",
            "https://2",
            "say https://3",
            "//5",
            "4 https://4"
        ]
    );
}

#[test]
fn names_of_namespaces_types_and_actions_are_no_links() {
    let text = format!(
        "<a xmlns='https://n/' xmlns:i='{XSI}' i:schemaLocation='https://l https://m' \
         xmlns:w='{ADDRESSING}'><w:Action>https://action/</w:Action><w:To>{ANONYMOUS}</w:To></a>"
    );
    assert_eq!(remaining(&text), [""; 0]);
}

#[test]
fn text_beside_elements_and_long_urls_are_refused() {
    assert_eq!(read("<a>x<b/></a>"), Err(AnswerParseError::MixedContent));
    let url = format!("https://{}", "x".repeat(MAX_VALUE_BYTES));
    for text in [format!("<a>{url}</a>"), format!("<a k='{url}'/>")] {
        assert_eq!(read(&text), Err(AnswerParseError::TooLong));
    }
    assert!(read(&format!("<a>{}</a>", "x".repeat(MAX_VALUE_BYTES + 1))).is_ok());
}
