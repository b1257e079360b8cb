//! Messages are what RFC 5424 says, whatever is in them.

use expect_test::{Expect, expect};

use super::*;

fn message<'m>(parameters: &'m [(String, String)], text: &'m str) -> Message<'m> {
    Message {
        facility: Facility::AUTHPRIV,
        severity: Severity::Warning,
        at: "2026-11-30T08:00:00.123456789Z".parse().unwrap(),
        host: "gate1.contoso.com",
        app: "wicketgate",
        id: "refused",
        element: "wicketgate@32473",
        parameters,
        text,
    }
}

fn check(parameters: &[(&str, &str)], expected: &Expect) {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let parameters: Vec<_> = parameters.iter().map(owned).collect();
    expected.assert_eq(
        &message(&parameters, "{}")
            .to_text()
            .replace('\u{feff}', "BOM"),
    );
}

#[test]
fn rfc_5424_6_a_message_has_its_header_its_data_and_its_text() {
    check(
        &[("number", "12"), ("account", "id-of-anna")],
        &expect![[
            r#"<84>1 2026-11-30T08:00:00.123456Z gate1.contoso.com wicketgate - refused [wicketgate@32473 number="12" account="id-of-anna"] BOM{}"#
        ]],
    );
    check(
        &[],
        &expect![
            "<84>1 2026-11-30T08:00:00.123456Z gate1.contoso.com wicketgate - refused [wicketgate@32473] BOM{}"
        ],
    );
}

#[test]
fn rfc_5424_6_3_3_a_value_ends_nowhere_but_at_its_end() {
    check(
        &[("name", r#"CONTOSO\an]na" x="1"#), ("åäö x", "åäö")],
        &expect![[
            r#"<84>1 2026-11-30T08:00:00.123456Z gate1.contoso.com wicketgate - refused [wicketgate@32473 name="CONTOSO\\an\]na\" x=\"1" ____x="åäö"] BOM{}"#
        ]],
    );
    check(
        &[("a]=\"b", "")],
        &expect![[
            r#"<84>1 2026-11-30T08:00:00.123456Z gate1.contoso.com wicketgate - refused [wicketgate@32473 a___b=""] BOM{}"#
        ]],
    );
}

#[test]
fn a_header_keeps_its_fields_whatever_they_are() {
    let host = format!("a b\n{}", "c".repeat(300));
    let odd = Message {
        host: &host,
        app: "",
        id: "\u{e5}",
        ..message(&[], "")
    };
    let text = odd.to_text();
    let fields: Vec<&str> = text.splitn(7, ' ').collect();
    assert_eq!(fields[2].len(), MAX_HOST);
    assert!(fields[2].starts_with("a_b_c"));
    assert_eq!(&fields[3..6], ["-", "-", "_"]);
}

#[test]
fn rfc_5425_4_3_a_frame_counts_octets_not_letters() {
    let framed = message(&[], "å\n").framed();
    let text = String::from_utf8(framed).unwrap();
    let (length, rest) = text.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), rest.len());
    assert!(rest.len() > rest.chars().count() && rest.ends_with("å\n"));
}

#[test]
fn a_facility_has_a_word() {
    assert_eq!(Facility::of_word("authpriv"), Some(Facility::AUTHPRIV));
    assert_eq!(Facility::of_word("local7"), Some(Facility(23)));
    assert_eq!(Facility::of_word("kern"), None);
    assert_eq!(Facility::words().count(), 14);
}
