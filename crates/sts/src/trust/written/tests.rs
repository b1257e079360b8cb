//! The written form: what goes in comes out, and what is none is refused with its place.

use std::collections::BTreeMap;
use std::path::Path;

use expect_test::{Expect, expect};

use super::*;
use crate::import::{Cmdlet, Format, Import};
use crate::trust::{AccessControlPolicy, BuiltIn, Groups};

/// All trusts of the samples of an export.
fn samples() -> Trusted {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/adfs/json");
    let files = Cmdlet::ALL.map(|cmdlet| {
        let file = folder.join(format!("{}.json", cmdlet.name()));
        (
            cmdlet,
            Format::Json.read(&std::fs::read(file).unwrap()).unwrap(),
        )
    });
    let import = Import::of(&BTreeMap::from(files));
    Trusted {
        relying_parties: import.relying_parties,
        claims_providers: import.claims_providers,
        claim_descriptions: import.claim_descriptions,
    }
}

fn party(further: &str) -> String {
    format!(
        r#"{{"version": 1, "relying_party": [{{"name": "Lync-Ext", "identifiers": ["urn:lync"]{further}}}]}}"#
    )
}

fn refused(text: &str) -> WrittenError {
    let written = Written::of_json(text);
    written.and_then(Written::read).unwrap_err()
}

fn check(text: &str, expected: &Expect) {
    expected.assert_eq(&refused(text).to_string());
}

#[test]
fn whatever_ad_fs_says_is_written_and_read_as_the_same() {
    let trusted = samples();
    assert!(!trusted.relying_parties.is_empty() && !trusted.claims_providers.is_empty());
    let text = Written::of(&trusted).to_json().unwrap();
    // As it is kept: one of the samples is signed for with SHA-1, which no new trust says.
    let written = Written::of_json(&text).unwrap();
    assert_eq!(written.read_by(As::Kept).unwrap(), trusted);
}

#[test]
fn each_setting_is_written_and_read_as_the_same() {
    let text = party(
        r#", "is_enabled": false, "notes": "n", "protocol_profile": "SAML", "wsfed_endpoint": "https://a.example/",
        "additional_wsfed_endpoints": ["https://b.example/"], "signing_certificate_revocation_check": "None",
        "encryption_certificate_revocation_check": "CheckChain", "encrypt_claims": false,
        "encrypted_name_id_required": true, "token_type": "SAMLV2.0", "signature_algorithm": "RSA-SHA1", "sha1_until": "2027-06-30", "signed_saml_requests_required": true,
        "saml_response_signature": "MessageOnly", "token_lifetime": 5, "not_before_skew": 3,
        "always_require_authentication": true, "issuance_transform_rules": "c:[] => issue(claim = c);",
        "additional_authentication_rules": "c:[] => issue(claim = c);", "claims_provider_names": ["ADFS"],
        "allowed_authentication_class_references": ["urn:x"], "claims_accepted": ["urn:y"],
        "metadata": {"url": "https://m.example/", "is_monitored": true, "is_followed": true},
        "access_control_policy": {"name": "Permit specific group", "groups": ["IT"]},
        "saml_endpoints": [{"binding": "POST", "protocol": "SAMLAssertionConsumer",
            "location": "https://c.example/", "response_location": "https://d.example/", "index": 2,
            "is_default": true}]"#,
    );
    let written = Written::of_json(&text).unwrap();
    let read = written.clone().read_by(As::Kept).unwrap();
    assert_eq!(Written::of(&read), written);
    // Every key is there, so that none is forgotten between the two.
    let json: serde_json::Value = serde_json::from_str(&written.to_json().unwrap()).unwrap();
    let keys = json["relying_party"][0].as_object().unwrap().len();
    assert_eq!(
        keys,
        30 - 3,
        "all fields but certificates and authorization rules"
    );
}

#[test]
fn what_is_left_out_has_the_default_of_ad_fs() {
    let read = Written::of_json(&party("")).unwrap().read().unwrap();
    let [party] = read.relying_parties.as_slice() else {
        panic!("one party");
    };
    assert!(party.is_enabled && party.encrypt_claims);
    assert!(!party.signed_saml_requests_required && !party.always_require_authentication);
    assert_eq!(party.token_lifetime.minutes(), 60);
    let written = Written::of(&read);
    let expected =
        r#"{"version":1,"relying_party":[{"name":"Lync-Ext","identifiers":["urn:lync"]}]}"#;
    assert_eq!(written.to_json().unwrap(), expected);
}

#[test]
fn every_policy_of_ad_fs_is_known_by_the_name_that_it_is_written_with() {
    let groups = || Groups::new(vec!["CONTOSO\\IT".to_owned(), "S-1-5-32-545".to_owned()]).unwrap();
    for built_in in [
        BuiltIn::PermitEveryone,
        BuiltIn::RequireMfa,
        BuiltIn::RequireMfaForGroups(groups()),
        BuiltIn::RequireMfaFromExtranet,
        BuiltIn::RequireMfaFromUnauthenticatedDevices,
        BuiltIn::RequireMfaAllowDeviceRegistration,
        BuiltIn::PermitIntranet,
        BuiltIn::PermitGroups(groups()),
    ] {
        let policy = AccessControlPolicy::BuiltIn(built_in);
        let of = error::Of::named(Kind::RelyingParty, "x").unwrap();
        assert_eq!(WrittenPolicy::of(&policy).read(&of), Ok(policy));
    }
}

#[test]
fn a_value_that_is_none_is_refused_with_its_place() {
    let unknown = refused(&party(r#", "colour": "red""#)).to_string();
    assert!(unknown.starts_with("unknown field `colour`"), "{unknown}");
    check(
        r#"{"version": 2}"#,
        &expect!["version 2 of the form is not known, only 1"],
    );
    check(
        r#"{"version": 1, "relying_party": [{"name": "a", "identifiers": []}]}"#,
        &expect!["relying party trust `a`: `identifiers`: one at least is needed"],
    );
    check(
        r#"{"version": 1, "relying_party": [{"name": " a", "identifiers": ["b"]}]}"#,
        &expect![
            "relying party trust ` a`: `name`: a name has 1 to 256 characters that can be seen"
        ],
    );
    check(
        &party(r#", "wsfed_endpoint": "http://a.example/""#),
        &expect![
            "relying party trust `Lync-Ext`: `wsfed_endpoint`: it is not an address of https, and a token would go in clear"
        ],
    );
    check(
        &party(r#", "token_lifetime": 0"#),
        &expect!["relying party trust `Lync-Ext`: `token_lifetime`: it is 1 to 10080 minutes"],
    );
    check(
        &party(r#", "not_before_skew": 61"#),
        &expect!["relying party trust `Lync-Ext`: `not_before_skew`: it is 0 to 60 minutes"],
    );
    check(
        &party(r#", "encryption_certificate": "?""#),
        &expect!["relying party trust `Lync-Ext`: `encryption_certificate`: it is not Base64"],
    );
    check(
        &party(r#", "encryption_certificate": "AAAA""#),
        &expect![
            "relying party trust `Lync-Ext`: `encryption_certificate`: it is no X.509 certificate"
        ],
    );
    check(
        &party(r#", "protocol_profile": "OAuth""#),
        &expect![
            "relying party trust `Lync-Ext`: `protocol_profile`: `OAuth` is not one of SAML, WsFederation, WsFed-SAML"
        ],
    );
    check(
        &party(r#", "access_control_policy": {"name": "Permit everyone", "groups": ["IT"]}"#),
        &expect![
            "relying party trust `Lync-Ext`: `access_control_policy`: the policy is not for groups"
        ],
    );
    check(
        &party(r#", "access_control_policy": {"name": "Permit specific group"}"#),
        &expect![
            "relying party trust `Lync-Ext`: `access_control_policy`: the policy is for groups, and none is named"
        ],
    );
}

#[test]
fn rules_are_whole_or_refused_and_never_beside_a_policy() {
    let error = refused(&party(
        r#", "issuance_transform_rules": "=> issue(Type = ""#,
    ));
    assert_eq!(error.key, Some("issuance_transform_rules"));
    assert!(matches!(error.problem, Problem::Rules(_)), "{error}");
    let both = party(
        r#", "issuance_authorization_rules": "=> issue(Type = \"a\", Value = \"b\");",
        "access_control_policy": {"name": "Permit everyone"}"#,
    );
    assert_eq!(refused(&both).problem, Problem::RulesAndPolicy);
}

#[test]
fn a_provider_without_a_certificate_is_refused_on_or_off() {
    for is_enabled in ["true", "false"] {
        let text = format!(
            r#"{{"version": 1, "claims_provider": [{{"name": "a", "identifier": "b", "is_enabled": {is_enabled}}}]}}"#
        );
        assert_eq!(refused(&text).problem, Problem::NoCertificate);
    }
    let local = r#"{"version": 1, "claims_provider": [{"name": "a", "identifier": "b", "is_local": true}]}"#;
    assert!(Written::of_json(local).unwrap().read().is_ok());
}

#[test]
fn s74_what_is_wrong_of_an_issuer_s_uri_address_or_certificate_is_named() {
    for (identifier, endpoint, certificate, said) in [
        ("", "https://sts.contoso.com/", "AAAA", "`identifier`: "),
        (
            "urn:sts",
            "http://sts.contoso.com/",
            "AAAA",
            "`wsfed_endpoint`: it is not an address of https",
        ),
        ("urn:sts", "/adfs/ls/", "AAAA", "`wsfed_endpoint`: "),
        (
            "urn:sts",
            "https://sts.contoso.com/",
            "AAAA",
            "`token_signing_certificates`: it is no X.509 certificate",
        ),
        (
            "urn:sts",
            "https://sts.contoso.com/",
            "?",
            "`token_signing_certificates`: it is not Base64",
        ),
    ] {
        let text = format!(
            r#"{{"version": 1, "claims_provider": [{{"name": "STS", "identifier": "{identifier}",
            "wsfed_endpoint": "{endpoint}", "token_signing_certificates": ["{certificate}"]}}]}}"#
        );
        let error = refused(&text).to_string();
        let expected = format!("claims provider trust `STS`: {said}");
        assert!(error.starts_with(&expected), "{error}");
    }
}

/// Rules believe `AD AUTHORITY` of us alone, and a partner's claims bear the name that the partner gives itself.
#[test]
fn t_saml_5_no_partner_is_called_as_our_own_authorities_are() {
    for name in [
        "AD AUTHORITY",
        "ad authority",
        "AD  AUTHORITY",
        "SELF AUTHORITY",
        "LOCAL AUTHORITY",
    ] {
        let text = format!(
            r#"{{"version": 1, "claims_provider": [{{"name": "a", "identifier": "{name}", "token_signing_certificates": ["AAAA"]}}]}}"#
        );
        assert_eq!(refused(&text).problem, Problem::Reserved, "{name}");
        let local = text.replace(
            r#""token_signing_certificates": ["AAAA"]"#,
            r#""is_local": true"#,
        );
        assert!(Written::of_json(&local).unwrap().read().is_ok(), "{name}");
    }
}

#[test]
fn what_is_kept_under_a_name_is_that_and_nothing_else() {
    let mut kept = samples().to_kept().unwrap();
    let mut all = Trusted::default();
    for one in &kept {
        all.append(one.read().unwrap());
    }
    assert_eq!(all, samples());
    kept[0].name.push('x');
    assert_eq!(kept[0].read().unwrap_err().problem, Problem::Another);
}

#[test]
fn a_book_is_made_of_what_can_be_read_and_the_rest_is_told() {
    let kept = samples().to_kept().unwrap();
    let mut trusts: Vec<(i64, KeptTrust)> = (1..).zip(kept).collect();
    trusts[0].1.text = "{}".to_owned();
    let lost = trusts[0].1.identifiers[0].clone();
    let found = trusts[1].1.identifiers[0].clone();
    let (book, errors) = TrustBook::of_kept(&Kept {
        revision: 9,
        trusts,
    });
    assert_eq!((book.revision(), errors.len()), (9, 1));
    assert!(book.relying_party(&lost).is_none());
    assert!(book.relying_party(&found).is_some());
}

#[test]
fn two_trusts_of_one_identifier_are_no_book() {
    let mut trusted = samples();
    let mut second = trusted.relying_parties[0].clone();
    second.name.push_str(" again");
    trusted.relying_parties.push(second);
    assert!(TrustBook::new(1, trusted.clone()).is_err());
    let kept = trusted.to_kept().unwrap();
    let trusts = (1..).zip(kept).collect();
    let (book, errors) = TrustBook::of_kept(&Kept {
        revision: 2,
        trusts,
    });
    assert_eq!((book.relying_parties().len(), errors.len()), (0, 1));
}

#[test]
fn what_nobody_could_use_is_no_new_trust_and_stays_what_it_is_where_it_was_taken() {
    let sha1 = party(r#", "signature_algorithm": "http://www.w3.org/2000/09/xmldsig#rsa-sha1""#);
    let named = party(
        r#", "access_control_policy": {"name": "Permit specific group", "groups": ["S-1-5-32-545", "Finance"]}"#,
    );
    check(
        &sha1,
        &expect![
            "relying party trust `Lync-Ext`: `signature_algorithm`: nothing is signed with SHA-1 here, and RSA-SHA256 is what every product of the last ten years takes; where the party signs its own requests with SHA-1, `sha1_until` says until when they are believed"
        ],
    );
    check(
        &named,
        &expect![[
            r"relying party trust `Lync-Ext`: `access_control_policy`: `Finance` is neither the SID of a group nor its name as DOMAIN\group"
        ]],
    );
    for text in [sha1, named] {
        let written = Written::of_json(&text).unwrap();
        assert!(written.read_by(As::Kept).is_ok(), "{text}");
    }
}

#[test]
fn a_date_for_sha_1_goes_with_its_algorithm_and_is_a_date() {
    let with = |date: &str| {
        party(&format!(
            r#", "signature_algorithm": "RSA-SHA1", "sha1_until": "{date}""#
        ))
    };
    let written = Written::of_json(&with("2027-06-30")).unwrap();
    let read = written.clone().read().unwrap();
    let until = read.relying_parties[0].sha1_until.unwrap();
    assert_eq!(until.to_string(), "2027-06-30");
    assert_eq!(Written::of(&read), written);
    check(
        &party(r#", "sha1_until": "2027-06-30""#),
        &expect![
            "relying party trust `Lync-Ext`: `sha1_until`: it goes with `signature_algorithm` RSA-SHA1 alone"
        ],
    );
    check(
        &with("next summer"),
        &expect!["relying party trust `Lync-Ext`: `sha1_until`: it is no date as 2027-06-30"],
    );
}
