//! The samples of all five cmdlets: either format says the same, every field is in the report, and trusts come out.

use std::fmt::Write;

use expect_test::expect_file;
use sts::import::{Cmdlet, Format, Import, Kind, Report, Value};
use sts::trust::{
    AccessControlPolicy, Authorization, Binding, BuiltIn, Protocol, SamlResponseSignature,
    SignatureAlgorithm,
};

use crate::support::{export, sample, testdata};

#[test]
fn both_formats_say_the_same() {
    let clixml = Import::of(&export(Format::Clixml));
    let json = Import::of(&export(Format::Json));
    assert_eq!(clixml, json);
    assert!(clixml.report.missing.is_empty());
    assert!(!clixml.report.is_whole());
}

#[test]
fn the_report_of_the_samples_is_this() {
    let report = Import::of(&export(Format::Clixml)).report;
    expect_file![testdata("adfs/report.txt")].assert_eq(&listed(&report));
}

fn listed(report: &Report) -> String {
    let mut text = String::new();
    for object in &report.objects {
        let is_taken = if object.is_taken {
            "taken"
        } else {
            "not taken"
        };
        let (cmdlet, name) = (object.cmdlet.name(), &object.name);
        writeln!(text, "{cmdlet} `{name}`: {is_taken}").unwrap();
        for field in &object.fields {
            let fate = &field.fate;
            let lost = if fate.is_lost { " (lost)" } else { "" };
            let (word, says) = (fate.kind.word(), &fate.says);
            writeln!(text, "  {}: {word}{lost}: {says}", field.field).unwrap();
            for remark in &fate.remarks {
                writeln!(text, "    ! {remark}").unwrap();
            }
        }
    }
    text
}

#[test]
fn every_field_of_every_object_is_in_the_report() {
    for format in Format::ALL {
        let report = Import::of(&export(format)).report;
        let mut objects = report.objects.iter();
        for cmdlet in Cmdlet::ALL {
            for entry in sample(cmdlet, format).entries() {
                let Value::Object(object) = entry else {
                    panic!("an object");
                };
                let told = objects.next().unwrap();
                assert_eq!(told.cmdlet, cmdlet);
                let fields: Vec<&String> = object.fields.iter().map(|(name, _)| name).collect();
                let reported = told.fields.iter().map(|it| &it.field);
                // What is inside a field is told behind it.
                let reported: Vec<&String> = reported.filter(|it| !it.contains('[')).collect();
                assert_eq!(reported, fields);
                assert!(told.fields.iter().all(|it| !it.fate.says.is_empty()));
            }
        }
        assert_eq!(objects.next(), None);
    }
}

#[test]
fn every_field_of_an_endpoint_is_in_the_report_too() {
    let report = Import::of(&export(Format::Clixml)).report;
    let mut objects = report.objects.iter();
    let expenses = objects.find(|it| it.name == "Expenses").unwrap();
    let inside = expenses.fields.iter().map(|it| it.field.as_str());
    let inside: Vec<&str> = inside
        .filter(|it| it.starts_with("SamlEndpoints["))
        .collect();
    assert_eq!(inside.len(), 3 * 7);
    assert!(inside.contains(&"SamlEndpoints[1].ResponseLocation"));
}

#[test]
fn every_fate_is_there() {
    let report = Import::of(&export(Format::Json)).report;
    let fields = report.objects.iter().flat_map(|it| &it.fields);
    let mut kinds: Vec<Kind> = fields.map(|it| it.fate.kind).collect();
    kinds.sort();
    kinds.dedup();
    let all = [
        Kind::Taken,
        Kind::Changed,
        Kind::NotNeeded,
        Kind::NotYet,
        Kind::Unknown,
        Kind::Refused,
    ];
    assert_eq!(kinds, all);
}

#[test]
fn the_trusts_are_what_the_fields_say() {
    let import = Import::of(&export(Format::Json));
    let names: Vec<&str> = import
        .relying_parties
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["Lync-Ext", "Expenses", "HR"]);
    let [lync, expenses, hr] = import.relying_parties.as_slice() else {
        panic!("three trusts");
    };
    assert_eq!(
        lync.identifiers[0].as_str(),
        "https://lyncweb.contoso.com/passiveauth"
    );
    assert_eq!(lync.claims_provider_names, ["Contoso Partner"]);
    assert_eq!(lync.token_lifetime.minutes(), 60);
    let metadata = lync.metadata.as_ref().unwrap();
    assert!(metadata.is_followed && metadata.is_monitored);
    let certificate = lync.encryption_certificate.as_ref().unwrap();
    assert_eq!(certificate.subject(), "CN=lyncweb.contoso.com");
    assert_eq!(lync.issuance_transform_rules.rules().rules().len(), 1);
    let Authorization::Rules(rules) = &lync.authorization else {
        panic!("rules");
    };
    assert!(rules.text().contains("AllowAllAuthzRule"));

    assert_eq!(expenses.signature_algorithm, SignatureAlgorithm::RsaSha1);
    assert_eq!(
        expenses.saml_response_signature,
        SamlResponseSignature::MessageAndAssertion
    );
    assert_eq!(expenses.token_lifetime.minutes(), 480);
    assert_eq!(expenses.saml_endpoints.len(), 3);
    let logout = &expenses.saml_endpoints[1];
    assert_eq!(
        (logout.binding, logout.protocol),
        (Binding::Redirect, Protocol::SamlLogout)
    );
    assert!(logout.response_location.is_some());
    let Authorization::Policy(AccessControlPolicy::BuiltIn(BuiltIn::PermitGroups(groups))) =
        &expenses.authorization
    else {
        panic!("a policy");
    };
    let groups: Vec<&str> = groups.iter().collect();
    assert_eq!(groups, [r"CONTOSO\Finance", r"CONTOSO\Audit"]);

    let custom = AccessControlPolicy::Custom {
        name: "Contoso staff in working hours".to_owned(),
    };
    assert_eq!(hr.authorization, Authorization::Policy(custom));
    assert_eq!(hr.token_lifetime.minutes(), 10_080);
}

#[test]
fn providers_descriptions_service_and_endpoints_are_taken_too() {
    let import = Import::of(&export(Format::Clixml));
    let [directory, partner] = import.claims_providers.as_slice() else {
        panic!("two providers");
    };
    assert!(directory.is_local && !partner.is_local);
    assert_eq!(partner.token_signing_certificates.len(), 2);
    assert_eq!(partner.organizational_account_suffixes, ["partner.example"]);
    assert!(partner.supports_mfa && partner.anchor_claim.is_some());
    assert_eq!(import.claim_descriptions.len(), 3);
    let service = import.service.unwrap();
    assert_eq!(
        service.identifier.as_str(),
        "http://sts.contoso.com/adfs/services/trust"
    );
    let cutoff = service.persistent_sso_cutoff_time.unwrap();
    assert_eq!(cutoff.to_string(), "2024-02-01T07:00:00Z");
    assert_eq!(import.endpoints.len(), 7);
}

#[test]
fn what_is_switched_off_loses_no_sign_in() {
    let report = Import::of(&export(Format::Json)).report;
    let lost: Vec<(&str, &str)> = report
        .lost()
        .map(|(object, field)| (object.name.as_str(), field.field.as_str()))
        .collect();
    let expected = [
        ("Expenses", "SignatureAlgorithm"),
        ("HR", "EnableJWT"),
        ("HR", "IssuanceTransformRules"),
        ("HR", "DelegationAuthorizationRules"),
        ("HR", "AccessControlPolicyName"),
        ("Active Directory", "AlternateLoginID"),
    ];
    assert_eq!(lost, expected);
    let mut retired = report.objects.iter();
    let retired = retired.find(|it| it.name == "Retired").unwrap();
    assert!(!retired.is_taken && !retired.is_enabled);
}

#[test]
fn a_file_that_is_not_there_is_missed() {
    let mut export = export(Format::Json);
    export.remove(&Cmdlet::ClaimsProviderTrust);
    let import = Import::of(&export);
    assert_eq!(import.report.missing, [Cmdlet::ClaimsProviderTrust]);
    // Nothing can be said of providers that were not exported.
    assert_eq!(import.relying_parties.len(), 3);
}

#[test]
fn a_rule_that_asks_a_store_that_is_configured_loses_nothing() {
    use sts::admin::trusts::whole;
    use sts::pipeline::store::Needs;

    let import = Import::of(&export(Format::Json));
    let asks = |it: &Import| {
        let mut lost = it.report.lost().map(|(_, field)| field.fate.says.clone());
        lost.any(|says| says.contains("`HR database`"))
    };
    assert!(asks(&import));
    let before = import.report.lost().count();
    let other = import
        .clone()
        .with_answers(&|it| *it == Needs::Store("HR".to_owned()));
    assert_eq!(other, import);
    let answered = import.with_answers(&|it| *it == Needs::Store("HR database".to_owned()));
    assert!(!asks(&answered));
    assert_eq!(answered.report.lost().count(), before - 1);
    let asking = |rules: &str| rules.contains("HR database");
    let kept = whole(&answered).relying_parties;
    let lost_beside = answered.report.lost().any(|(object, _)| {
        let mut parties = answered.relying_parties.iter();
        parties.any(|it| it.name == object.name && asking(it.issuance_transform_rules.text()))
    });
    let is_kept = kept
        .iter()
        .any(|it| asking(it.issuance_transform_rules.text()));
    assert_eq!(is_kept, !lost_beside);
}

#[test]
fn a_certificate_that_cannot_be_used_is_remarked_on_and_loses_no_trust() {
    let import = Import::of(&export(Format::Json));
    let remarks = |it: &Import, name: &str, field: &str| {
        let object = it.report.objects.iter().find(|it| it.name == name);
        let mut fields = object.unwrap().fields.iter();
        let found = fields.find(|it| it.field == field);
        found.unwrap().fate.remarks.join("; ")
    };
    let (lync, encryption) = ("Lync-Ext", "EncryptionCertificate");
    let (expenses, signing) = ("Expenses", "RequestSigningCertificate");
    let (partner, tokens) = ("Contoso Partner", "TokenSigningCertificates");
    let today = import
        .clone()
        .as_of("2026-12-01T12:00:00Z".parse().unwrap());
    let said = remarks(&today, lync, encryption);
    for part in [
        "nobody gets a token of it: no certificate to encrypt for the partner with can be used",
        "has a key of another kind or length",
        "with a key of RSA",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let untouched =
        |it: &Import, name, field| remarks(it, name, field) == remarks(&import, name, field);
    assert!(untouched(&today, expenses, signing) && untouched(&today, partner, tokens));
    let later = import
        .clone()
        .as_of("2045-01-01T00:00:00Z".parse().unwrap());
    for (name, field, means) in [
        (expenses, signing, "no request that it signs is believed"),
        (partner, tokens, "nothing that it signs is believed"),
    ] {
        let said = remarks(&later, name, field);
        assert!(said.contains(means), "{said}");
        assert!(said.contains("ended at 2044-01-01T00:00:00Z"), "{said}");
    }
    for changed in [&today, &later] {
        let lost = |it: &Import| it.report.lost().count();
        assert_eq!(lost(changed), lost(&import));
        assert_eq!(changed.relying_parties, import.relying_parties);
        assert_eq!(changed.claims_providers, import.claims_providers);
    }
}
