//! Values of single fields: what is changed, what is lost, what is refused and takes the trust with it.

use sts::import::{Cmdlet, Kind};
use sts::trust::{AccessControlPolicy, Authorization, BuiltIn};

use crate::support::{fate, import, json, with};

/// Checks what becomes of a value: its fate, whether a sign-in loses something, and whether the object is taken.
fn check(cmdlet: Cmdlet, number: usize, field: &str, value: &str, expected: (Kind, bool, bool)) {
    let import = import(cmdlet, vec![with(cmdlet, number, field, Some(json(value)))]);
    let told = fate(&import, field);
    let is_taken = import.report.objects[0].is_taken;
    let got = (told.kind, told.is_lost, is_taken);
    assert_eq!(got, expected, "{field} = {value}: {}", told.says);
}

const TAKEN: (Kind, bool, bool) = (Kind::Taken, false, true);
const CHANGED: (Kind, bool, bool) = (Kind::Changed, false, true);
const NOT_NEEDED: (Kind, bool, bool) = (Kind::NotNeeded, false, true);
const NOT_YET: (Kind, bool, bool) = (Kind::NotYet, false, true);
const LOST: (Kind, bool, bool) = (Kind::NotYet, true, true);
const REFUSED: (Kind, bool, bool) = (Kind::Refused, true, false);

#[test]
fn of_a_relying_party_trust() {
    let sha1 = "\"https://www.w3.org/2000/09/xmldsig#rsa-sha1\"";
    let artifact = r#"{"Binding": "Artifact", "BindingUri": "", "Protocol": "SAMLAssertionConsumer",
        "Location": "https://a.example/", "ResponseLocation": null, "Index": 0, "IsDefault": true}"#;
    let strange = artifact
        .replace("Artifact", "POST")
        .replace("\"Index\"", "\"Colour\": 1, \"Index\"");
    for (field, value, expected) in [
        ("Name", "null", REFUSED),
        ("Identifier", "[]", REFUSED),
        ("Identifier", "[\"a\", \"a\\tb\"]", REFUSED),
        ("Identifier", "\"alone\"", TAKEN),
        ("Enabled", "\"perhaps\"", REFUSED),
        ("ProtocolProfile", "\"SAML\"", TAKEN),
        ("ProtocolProfile", "\"OAuth\"", REFUSED),
        ("WSFedEndpoint", "\"http://lync.contoso.com/\"", REFUSED),
        ("WSFedEndpoint", "\"https://a@b/\"", REFUSED),
        (
            "AdditionalWSFedEndpoint",
            "[\"https://a.example/\"]",
            CHANGED,
        ),
        ("AdditionalWSFedEndpoint", "\"javascript:x\"", REFUSED),
        ("SamlEndpoints", artifact, LOST),
        ("SamlEndpoints", &strange, TAKEN),
        ("SamlEndpoints", "[\"System.Object\"]", REFUSED),
        ("SamlEndpoints", "{\"Binding\": \"POST\"}", REFUSED),
        ("EnableJWT", "true", LOST),
        ("AllowedClientTypes", "6", NOT_YET),
        (
            "MetadataUrl",
            "\"http://lync.contoso.com/metadata\"",
            CHANGED,
        ),
        ("MetadataUrl", "null", TAKEN),
        (
            "RequestSigningCertificate",
            "[\"[Subject]\\r\\n CN=x\"]",
            REFUSED,
        ),
        ("EncryptionCertificate", "\"[Subject]\\r\\n CN=x\"", REFUSED),
        ("EncryptionCertificateRevocationCheck", "5", NOT_YET),
        ("SigningCertificateRevocationCheck", "\"None\"", TAKEN),
        ("SigningCertificateRevocationCheck", "9", REFUSED),
        ("MonitoringEnabled", "true", TAKEN),
        ("MonitoringEnabled", "false", TAKEN),
        ("AutoUpdateEnabled", "true", TAKEN),
        ("SignatureAlgorithm", sha1, LOST),
        (
            "SignatureAlgorithm",
            "\"http://www.w3.org/2001/04/xmldsig-more#rsa-md5\"",
            REFUSED,
        ),
        ("SamlResponseSignature", "\"MessageOnly\"", TAKEN),
        ("SamlResponseSignature", "1", REFUSED),
        ("TokenLifetime", "0", TAKEN),
        ("TokenLifetime", "10080", TAKEN),
        ("TokenLifetime", "10081", CHANGED),
        ("TokenLifetime", "-1", REFUSED),
        ("NotBeforeSkew", "60", TAKEN),
        ("NotBeforeSkew", "61", CHANGED),
        ("RequestMFAFromClaimsProviders", "true", NOT_NEEDED),
        ("DeviceAuthenticationMethod", "2", NOT_YET),
        ("PublishedThroughProxy", "true", NOT_YET),
        (
            "ScopeGroupIdentifier",
            "\"https://federation.example/\"",
            CHANGED,
        ),
        (
            "ClaimsAccepted",
            "[\"Microsoft.IdentityServer.Management.Resources.ClaimDescription\"]",
            REFUSED,
        ),
        ("PSComputerName", "\"sts01\"", NOT_NEEDED),
        ("Colour", "\"red\"", (Kind::Unknown, false, true)),
    ] {
        check(Cmdlet::RelyingPartyTrust, 0, field, value, expected);
    }
}

#[test]
fn of_rules() {
    let permit = r#""=> issue(Type = \"http://schemas.microsoft.com/authorization/claims/permit\", Value = \"true\");""#;
    let store =
        r#""c:[] => issue(store = \"HR\", types = (\"t\"), query = \"q {0}\", param = c.Value);""#;
    let kept = r#""c:[] => issue(store = \"Active Directory\", types = (\"t\"), query = \";displayName;{0}\", param = c.Value);""#;
    let not_kept = kept.replace("displayName", "shoeSize");
    let found = kept.replace(";displayName", "(cn=*);displayName");
    let opaque = r#""c:[] => issue(store = \"_OpaqueIdStore\", types = (\"t\"), query = \"{0};{1};{2}\", param = \"ppid\", param = c.Value, param = c.OriginalIssuer);""#;
    let proxy = r#""c:[] => issue(store = \"_ProxyCredentialStore\", types = (\"t\"), query = \"isProxySid({0})\", param = c.Value);""#;
    for (field, value, expected) in [
        ("IssuanceAuthorizationRules", permit, TAKEN),
        ("IssuanceAuthorizationRules", "null", TAKEN),
        ("IssuanceAuthorizationRules", "\"c:[Type = 1]\"", REFUSED),
        ("IssuanceTransformRules", store, LOST),
        ("IssuanceTransformRules", kept, TAKEN),
        ("IssuanceTransformRules", &not_kept, LOST),
        ("IssuanceTransformRules", &found, LOST),
        ("IssuanceTransformRules", opaque, LOST),
        ("IssuanceAuthorizationRules", &not_kept, LOST),
        ("AdditionalAuthenticationRules", opaque, LOST),
        (
            "IssuanceTransformRules",
            "\"c:[] => isue(claim = c);\"",
            REFUSED,
        ),
        ("AdditionalAuthenticationRules", "\"exists(\"", REFUSED),
        ("DelegationAuthorizationRules", permit, LOST),
        ("DelegationAuthorizationRules", "\"=>\"", REFUSED),
        ("ImpersonationAuthorizationRules", proxy, NOT_NEEDED),
        ("ImpersonationAuthorizationRules", permit, LOST),
        ("ImpersonationAuthorizationRules", "null", TAKEN),
    ] {
        check(Cmdlet::RelyingPartyTrust, 0, field, value, expected);
    }
}

#[test]
fn wrong_rules_keep_ad_fs_s_codes_and_doubtful_ones_are_remarked_on() {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let told = |text: &str| {
        let value = sts::import::Value::Text(text.to_owned());
        let import = import(
            cmdlet,
            vec![with(cmdlet, 0, "IssuanceTransformRules", Some(value))],
        );
        fate(&import, "IssuanceTransformRules")
    };
    let wrong = told("c:[Type == \u{201c}a\u{201d}] => issue(claim = c);");
    assert!(
        wrong.says.contains("line 1, column 12: POLICY0029"),
        "{}",
        wrong.says
    );
    let unbound = told("c:[Type == \"a\"] => issue(claim = d);");
    assert!(unbound.says.contains("POLICY0011"), "{}", unbound.says);
    let https = "https://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname";
    let doubtful = told(&format!("c:[Type == \"{https}\"] => issue(claim = c);"));
    assert_eq!(doubtful.kind, Kind::Taken);
    assert!(
        doubtful.remarks[0].contains("https-scheme"),
        "{:?}",
        doubtful.remarks
    );
}

#[test]
fn a_trust_without_rules_and_policy_lets_nobody_in() {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let bare = with(cmdlet, 0, "IssuanceAuthorizationRules", Some(json("null")));
    let import = import(cmdlet, vec![bare]);
    let Authorization::Rules(rules) = &import.relying_parties[0].authorization else {
        panic!("rules");
    };
    assert!(rules.is_empty());
    let told = fate(&import, "IssuanceAuthorizationRules");
    assert!(told.remarks[0].contains("nobody gets a token"), "{told:?}");
}

/// What becomes of a policy of the second sample, which has parameters.
fn policy(name: &str, parameters: &str) -> (Kind, bool, Option<Authorization>) {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let named = sts::import::Value::Text(name.to_owned());
    let sts::import::Value::Object(mut object) =
        with(cmdlet, 1, "AccessControlPolicyName", Some(named))
    else {
        panic!("an object");
    };
    for (field, value) in &mut object.fields {
        if field == "AccessControlPolicyParameters" {
            *value = json(parameters);
        }
    }
    let import = import(cmdlet, vec![sts::import::Value::Object(object)]);
    let told = fate(&import, "AccessControlPolicyName");
    let trust = import.relying_parties.first();
    (
        told.kind,
        told.is_lost,
        trust.map(|it| it.authorization.clone()),
    )
}

#[test]
fn a_policy_of_ad_fs_is_known_by_name_and_another_lets_nobody_in() {
    let built_in = |it: BuiltIn| Some(Authorization::Policy(AccessControlPolicy::BuiltIn(it)));
    let everyone = policy("permit everyone", "null");
    assert_eq!(
        everyone,
        (Kind::Taken, false, built_in(BuiltIn::PermitEveryone))
    );
    let devices = policy(
        "Permit everyone and require MFA from unauthenticated devices",
        "null",
    );
    assert_eq!((devices.0, devices.1), (Kind::Changed, false));
    for groups in [
        r#""CONTOSO\\Staff""#,
        r#"["CONTOSO\\Staff"]"#,
        r#"{"GroupParameter": ["CONTOSO\\Staff"]}"#,
        r#"{"GroupParameter": "CONTOSO\\Staff"}"#,
    ] {
        let (kind, is_lost, authorization) = policy("Permit specific group", groups);
        assert_eq!((kind, is_lost), (Kind::Taken, false), "{groups}");
        let Some(Authorization::Policy(AccessControlPolicy::BuiltIn(BuiltIn::PermitGroups(it)))) =
            authorization
        else {
            panic!("{groups}");
        };
        assert_eq!(it.iter().collect::<Vec<_>>(), [r"CONTOSO\Staff"]);
    }
    let conditions = r#"{"Claims": {"ClaimType": "x", "Operator": "Equals", "Value": ["y"]}}"#;
    for (name, parameters) in [
        ("Permit specific group", "null"),
        ("Permit specific group", "[\" \"]"),
        ("Permit specific group", "\"Staff\""),
        ("Permit specific group", "[\"S-1-5-32-545\", \"Staff\"]"),
        ("Permit specific group", conditions),
        ("Our own", "null"),
    ] {
        let (kind, is_lost, authorization) = policy(name, parameters);
        assert_eq!((kind, is_lost), (Kind::NotYet, true), "{name} {parameters}");
        let name = name.to_owned();
        let custom = Authorization::Policy(AccessControlPolicy::Custom { name });
        assert_eq!(authorization, Some(custom));
    }
}

#[test]
fn a_policy_beside_rules_is_neither() {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let named = Some(json("\"Permit everyone\""));
    let both = with(cmdlet, 0, "AccessControlPolicyName", named);
    let import = import(cmdlet, vec![both]);
    assert_eq!(import.relying_parties, []);
    assert_eq!(fate(&import, "AccessControlPolicyName").kind, Kind::Refused);
}

#[test]
fn of_a_claims_provider_trust() {
    for (number, field, value, expected) in [
        (0, "AlternateLoginID", "null", NOT_NEEDED),
        (0, "AlternateLoginID", "\"mail\"", LOST),
        (0, "LookupForests", "[]", NOT_NEEDED),
        (1, "Identifier", "null", REFUSED),
        (1, "TokenSigningCertificates", "[]", REFUSED),
        (0, "TokenSigningCertificates", "[]", TAKEN),
        (1, "ProtocolProfile", "\"WSFederation\"", TAKEN),
        (1, "IsLocal", "true", LOST),
        (1, "CustomMFAUri", "\"https://mfa.example/\"", TAKEN),
        (1, "PromptLoginFederation", "0", NOT_NEEDED),
        (1, "PromptLoginFederation", "2", NOT_YET),
        (1, "PromptLoginFederation", "\"Disabled\"", NOT_NEEDED),
        (
            1,
            "PromptLoginFallbackAuthenticationType",
            "\"urn:x\"",
            NOT_YET,
        ),
        (
            1,
            "AuthorityGroupIdentifier",
            "\"https://federation.example/\"",
            CHANGED,
        ),
        (1, "MetadataUrl", "\"ftp://partner.example/\"", CHANGED),
        (
            1,
            "RequiredNameIdFormat",
            "\"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent\"",
            TAKEN,
        ),
        (1, "AcceptanceTransformRules", "null", TAKEN),
        (1, "AcceptanceTransformRules", "\"c:[] => x\"", REFUSED),
    ] {
        check(Cmdlet::ClaimsProviderTrust, number, field, value, expected);
    }
}

#[test]
fn how_long_people_stay_is_told_as_the_configuration_takes_it() {
    for (minutes, expected) in [
        ("30", "\"1 hour\""),
        ("59", "\"1 hour\""),
        ("60", "\"60 minutes\""),
        ("10080", "\"10080 minutes\""),
        ("10081", "\"7 days\""),
    ] {
        let (cmdlet, field) = (Cmdlet::Properties, "KmsiLifetimeMins");
        let import = import(cmdlet, vec![with(cmdlet, 0, field, Some(json(minutes)))]);
        let said = &fate(&import, field).says;
        let expected = format!("`keep_me_signed_in_lifetime = {expected}`");
        assert!(said.contains(&expected), "{minutes}: {said}");
    }
}

#[test]
fn of_a_description_a_service_and_an_endpoint() {
    let https = "\"https://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress\"";
    check(Cmdlet::ClaimDescription, 0, "ClaimType", https, TAKEN);
    check(Cmdlet::ClaimDescription, 0, "ClaimType", "null", REFUSED);
    check(Cmdlet::ClaimDescription, 0, "IsOffered", "7", REFUSED);
    for (field, value, expected) in [
        ("Identifier", "null", REFUSED),
        ("HostName", "null", REFUSED),
        ("FederationPassiveAddress", "\"/adfs/ls\"", TAKEN),
        ("FederationPassiveAddress", "\"/sso/\"", LOST),
        ("GlobalRelyingPartyClaimsIssuancePolicy", "\"=> x\"", LOST),
        ("IntranetUseLocalClaimsProvider", "true", NOT_YET),
        ("PersistentSsoCutoffTime", "\"yesterday\"", REFUSED),
        ("PersistentSsoCutoffTime", "null", NOT_NEEDED),
        ("AcceptableIdentifiers", "[]", TAKEN),
        ("AcceptableIdentifiers", "[\"urn:other\"]", LOST),
        ("KmsiEnabled", "true", CHANGED),
        ("KmsiEnabled", "false", TAKEN),
        ("KmsiLifetimeMins", "1440", NOT_NEEDED),
        ("KmsiLifetimeMins", "30", CHANGED),
        ("KmsiLifetimeMins", "600", CHANGED),
        ("KmsiLifetimeMins", "10080", CHANGED),
        ("KmsiLifetimeMins", "20160", CHANGED),
        ("MonitoringInterval", "1440", TAKEN),
        ("MonitoringInterval", "60", CHANGED),
        ("SignedSamlRequestsRequired", "true", CHANGED),
        ("SignedSamlRequestsRequired", "false", TAKEN),
        ("SignSamlAuthnRequests", "true", NOT_YET),
        ("SsoLifetime", "480", CHANGED),
        ("SamlMessageDeliveryWindow", "5", CHANGED),
        ("PreventTokenReplays", "true", TAKEN),
        ("EnableIdpInitiatedSignonPage", "false", NOT_NEEDED),
        ("BannedIpList", "[]", NOT_NEEDED),
    ] {
        check(Cmdlet::Properties, 0, field, value, expected);
    }
    for (number, value, expected) in [
        (0, "\"/adfs/ls\"", TAKEN),
        (0, "\"/ADFS/Services/Trust/13/UserNameMixed\"", TAKEN),
        (
            0,
            "\"/adfs/services/trust/13/issuedtokenmixedsymmetricbasic256sha256\"",
            NOT_YET,
        ),
        (
            3,
            "\"/adfs/services/trust/13/issuedtokenmixedsymmetricbasic256sha256\"",
            NOT_NEEDED,
        ),
        (0, "\"/adfs/proxy/\"", NOT_NEEDED),
        (0, "\"/somewhere\"", (Kind::Unknown, false, true)),
        (0, "null", REFUSED),
    ] {
        check(Cmdlet::Endpoint, number, "AddressPath", value, expected);
    }
}

#[test]
fn a_field_that_every_version_has_must_be_there_and_a_newer_one_need_not() {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let without = |field: &str| import(cmdlet, vec![with(cmdlet, 0, field, None)]);
    let older = without("AccessControlPolicyName");
    assert_eq!(older.relying_parties.len(), 1);
    let selected = without("SignedSamlRequestsRequired");
    assert_eq!(selected.relying_parties, []);
    assert_eq!(
        fate(&selected, "SignedSamlRequestsRequired").kind,
        Kind::Refused
    );
}

#[test]
fn what_is_no_object_is_told() {
    let import = import(Cmdlet::RelyingPartyTrust, vec![json("\"Lync-Ext\"")]);
    let [object] = import.report.objects.as_slice() else {
        panic!("one object");
    };
    assert!(!object.is_taken && object.lost().count() == 1);
}

#[test]
fn an_endpoint_that_cannot_be_taken_is_told_with_its_field_and_lost_once() {
    let cmdlet = Cmdlet::RelyingPartyTrust;
    let endpoint = r#"[{"Binding": "POST", "Protocol": "SAMLAssertionConsumer", "Location": "http://a.example/",
        "ResponseLocation": null, "Index": 70000, "IsDefault": true, "BindingUri": "x", "Colour": 1}]"#;
    let value = Some(json(endpoint));
    let import = import(cmdlet, vec![with(cmdlet, 0, "SamlEndpoints", value)]);
    assert_eq!(import.relying_parties, []);
    let whole = fate(&import, "SamlEndpoints");
    assert!(
        whole
            .says
            .starts_with("[0].Location: it is not an address of https")
    );
    assert_eq!(fate(&import, "SamlEndpoints[0].Index").kind, Kind::Refused);
    assert_eq!(fate(&import, "SamlEndpoints[0].Colour").kind, Kind::Unknown);
    assert_eq!(import.report.lost().count(), 1);
}

#[test]
fn a_second_service_is_refused() {
    let cmdlet = Cmdlet::Properties;
    let one = with(cmdlet, 0, "HttpPort", Some(json("80")));
    let import = import(cmdlet, vec![one.clone(), one]);
    assert!(import.service.is_some());
    let taken: Vec<bool> = import.report.objects.iter().map(|it| it.is_taken).collect();
    assert_eq!(taken, [true, false]);
}

#[test]
fn what_the_service_demands_of_every_party_each_trust_demands_here() {
    for (value, must) in [("true", true), ("false", false), ("\"perhaps\"", true)] {
        let properties = with(
            Cmdlet::Properties,
            0,
            "SignedSamlRequestsRequired",
            Some(json(value)),
        );
        let mut export = crate::support::export(sts::import::Format::Json);
        export.insert(Cmdlet::Properties, properties);
        let import = sts::import::Import::of(&export);
        let mut parties = import.relying_parties.iter();
        let all = parties.all(|it| it.signed_saml_requests_required);
        assert_eq!(all, must, "{value}");
    }
}
