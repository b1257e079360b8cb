//! What only all of the trusts together say: names and identifiers are one trust's, and providers that are named exist.

use std::collections::BTreeMap;

use sts::import::{Cmdlet, Format, Import, Kind, Value};

use crate::support::{export, import, json, sample, with};

fn kind(import: &Import, number: usize, field: &str) -> Kind {
    let object = &import.report.objects[number];
    let mut fields = object.fields.iter();
    fields.find(|it| it.field == field).unwrap().fate.kind
}

#[test]
fn two_trusts_of_one_name_or_identifier_are_neither_taken() {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let first = sample(cmdlet, Format::Json).entries()[0].clone();
    let renamed = with(cmdlet, 0, "Name", Some(json("\"Lync-Int\"")));
    let both = import(cmdlet, vec![first.clone(), renamed]);
    assert_eq!(both.relying_parties, []);
    assert_eq!(kind(&both, 0, "Identifier"), Kind::Refused);
    assert_eq!(kind(&both, 1, "Identifier"), Kind::Refused);
    let moved = with(cmdlet, 0, "Identifier", Some(json("\"urn:other\"")));
    let both = import(cmdlet, vec![first, moved]);
    assert_eq!(both.relying_parties, []);
    assert_eq!(kind(&both, 1, "Name"), Kind::Refused);
    let twice_its_own = with(
        cmdlet,
        0,
        "Identifier",
        Some(json("[\"urn:a\", \"urn:a\"]")),
    );
    assert_eq!(import(cmdlet, vec![twice_its_own]).relying_parties.len(), 1);
}

#[test]
fn two_providers_of_one_issuer_are_neither_taken() {
    let cmdlet = Cmdlet::ClaimsProviderTrust;
    let first = sample(cmdlet, Format::Json).entries()[1].clone();
    let renamed = with(cmdlet, 1, "Name", Some(json("\"Another\"")));
    let both = import(cmdlet, vec![first.clone(), renamed]);
    assert_eq!(both.claims_providers, []);
    assert_eq!(kind(&both, 0, "Identifier"), Kind::Refused);
    let moved = with(cmdlet, 1, "Identifier", Some(json("\"urn:other\"")));
    let both = import(cmdlet, vec![first, moved]);
    assert_eq!(both.claims_providers, []);
    assert_eq!(kind(&both, 1, "Name"), Kind::Refused);
}

#[test]
fn a_trust_for_a_provider_that_is_not_taken_is_not_taken() {
    let mut export: BTreeMap<Cmdlet, Value> = export(Format::Json);
    let broken = with(
        Cmdlet::ClaimsProviderTrust,
        1,
        "TokenSigningCertificates",
        Some(json("[]")),
    );
    export.insert(Cmdlet::ClaimsProviderTrust, Value::List(vec![broken]));
    let import = Import::of(&export);
    let names = import.relying_parties.iter().map(|it| it.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["Expenses", "HR"]);
    let mut lost = import.report.lost();
    assert!(lost.any(|(object, field)| {
        object.name == "Lync-Ext" && field.field == "ClaimsProviderName"
    }));
}
