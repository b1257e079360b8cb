//! Assertions of both versions, signed by a key of the test and read of what was verified.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use xml::{Algorithm, Document, Limits, Prepared, PublicKey, Verbatim};

use super::*;

const NOW: &str = "2026-01-01T10:00:00.000Z";
const END: &str = "2026-01-01T11:00:00.000Z";

/// An assertion of SAML 1.1 with these conditions and statements.
fn v1(conditions: &str, statements: &str) -> String {
    format!(
        "<Assertion xmlns=\"{SAML_1}\" MajorVersion=\"1\" MinorVersion=\"1\" AssertionID=\"_1\" Issuer=\"urn:partner\" \
         IssueInstant=\"{NOW}\"><Conditions NotBefore=\"{NOW}\" NotOnOrAfter=\"{END}\">{conditions}</Conditions>\
         {statements}</Assertion>"
    )
}

const AUDIENCE_1: &str = "<AudienceRestrictionCondition><Audience>urn:us</Audience><Audience>urn:a</Audience>\
    </AudienceRestrictionCondition>";

fn subject_1(method: &str) -> String {
    format!(
        "<Subject><NameIdentifier Format=\"urn:format\" NameQualifier=\"q\">anna</NameIdentifier><SubjectConfirmation>\
         <ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:{method}</ConfirmationMethod></SubjectConfirmation></Subject>"
    )
}

fn statements_1() -> String {
    let subject = subject_1("bearer");
    format!(
        "<AttributeStatement>{subject}<Attribute AttributeName=\"upn\" AttributeNamespace=\"http://schemas\">\
         <AttributeValue>anna@x</AttributeValue><AttributeValue>b</AttributeValue></Attribute></AttributeStatement>\
         <AuthenticationStatement AuthenticationMethod=\"urn:m\" AuthenticationInstant=\"{NOW}\">{subject}\
         </AuthenticationStatement>"
    )
}

fn v2(subject: &str, conditions: &str, statements: &str) -> String {
    format!(
        "<Assertion xmlns=\"{SAML_2}\" Version=\"2.0\" ID=\"_2\" IssueInstant=\"{NOW}\"><Issuer>urn:partner</Issuer>\
         {subject}<Conditions NotBefore=\"{NOW}\" NotOnOrAfter=\"{END}\">{conditions}</Conditions>{statements}</Assertion>"
    )
}

const SUBJECT_2: &str = "<Subject><NameID Format=\"urn:format\" NameQualifier=\"q\" SPNameQualifier=\"s\">anna</NameID>\
    <SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><SubjectConfirmationData \
    Recipient=\"https://us/\" NotOnOrAfter=\"2026-01-01T10:05:00Z\"/></SubjectConfirmation></Subject>";
const AUDIENCE_2: &str =
    "<OneTimeUse/><AudienceRestriction><Audience>urn:us</Audience></AudienceRestriction>";
const STATEMENTS_2: &str = "<AuthnStatement AuthnInstant=\"2026-01-01T10:00:00Z\"><AuthnContext><AuthnContextClassRef>urn:m\
    </AuthnContextClassRef></AuthnContext></AuthnStatement><AttributeStatement><Attribute Name=\"urn:upn\" \
    NameFormat=\"urn:nf\"><AttributeValue>anna@x</AttributeValue></Attribute></AttributeStatement>";

const LIMITS: Limits = Limits {
    bytes: 1024 * 1024,
    nodes: 65_536,
    ..Limits::DEFAULT
};

fn read(assertion: &str) -> Result<Received, ReceivedParseError> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
    let spki = PublicKey::from_spki(spki.as_ref()).unwrap();
    let assertion = Verbatim::parse_within(assertion, LIMITS).unwrap();
    let prepared = Prepared::new(&assertion, Algorithm::EcdsaSha256, None).unwrap();
    let signature = key.sign(&SystemRandom::new(), prepared.octets()).unwrap();
    let signed = prepared.attach(signature.as_ref()).into_verbatim();
    let document = Document::parse_within(signed.as_str(), LIMITS).unwrap();
    Received::read(&xml::signature::verify(document.root(), &spki).unwrap())
}

fn said(claim_type: &str, value: &str, name_format: Option<&str>) -> Said {
    Said {
        claim_type: claim_type.to_owned(),
        value: value.to_owned(),
        name_format: name_format.map(str::to_owned),
    }
}

#[test]
fn what_saml_1_1_says_is_read() {
    let received = read(&v1(AUDIENCE_1, &statements_1())).unwrap();
    let expected = Received {
        id: "_1".to_owned(),
        issuer: "urn:partner".to_owned(),
        issue_instant: NOW.parse().unwrap(),
        not_before: NOW.parse().ok(),
        not_on_or_after: END.parse().unwrap(),
        audiences: vec![vec!["urn:us".to_owned(), "urn:a".to_owned()]],
        recipients: Vec::new(),
        subject: Some(Name {
            name: "anna".to_owned(),
            format: Some("urn:format".to_owned()),
            qualifier: Some("q".to_owned()),
            sp_qualifier: None,
        }),
        statements: vec![
            said("http://schemas/upn", "anna@x", None),
            said("http://schemas/upn", "b", None),
        ],
        authentication: Some(SignedIn {
            method: "urn:m".to_owned(),
            instant: NOW.parse().unwrap(),
        }),
    };
    assert_eq!(received, expected);
}

#[test]
fn what_saml_2_0_says_is_read_and_ends_with_the_first_of_its_ends() {
    let received = read(&v2(SUBJECT_2, AUDIENCE_2, STATEMENTS_2)).unwrap();
    assert_eq!(
        (received.id.as_str(), received.issuer.as_str()),
        ("_2", "urn:partner")
    );
    assert_eq!(received.not_on_or_after.to_string(), "2026-01-01T10:05:00Z");
    assert_eq!(received.audiences, [["urn:us"]]);
    assert_eq!(received.recipients, ["https://us/"]);
    let name = received.subject.unwrap();
    assert_eq!(name.sp_qualifier.as_deref(), Some("s"));
    let expected = [said("urn:upn", "anna@x", Some("urn:nf"))];
    assert_eq!(received.statements, expected);
    assert_eq!(received.authentication.unwrap().method, "urn:m");
}

#[test]
fn a_claim_type_is_put_together_as_it_was_taken_apart() {
    for claim_type in [
        "http://schemas.xmlsoap.org/claims/UPN",
        "urn:role",
        "http://contoso.com/",
    ] {
        let (name, namespace) = crate::saml::v1::Attribute::name_of(claim_type);
        let statements = format!(
            "<AttributeStatement>{}<Attribute AttributeName=\"{name}\" AttributeNamespace=\"{namespace}\">\
             <AttributeValue/></Attribute></AttributeStatement>",
            subject_1("bearer")
        );
        let received = read(&v1(AUDIENCE_1, &statements)).unwrap();
        assert_eq!(received.statements, [said(claim_type, "", None)]);
    }
}

#[test]
fn saml_1_1_that_is_not_understood_is_refused() {
    use ReceivedParseError as Error;
    let whole = v1(AUDIENCE_1, &statements_1());
    let other_name = statements_1().replacen(">anna<", ">bo<", 1);
    let twice = format!("{0}{0}", statements_1());
    let nested = statements_1().replace("anna@x", "<a/>");
    let holder = statements_1().replace("cm:bearer", "cm:holder-of-key");
    let vouches = statements_1().replacen("cm:bearer", "cm:sender-vouches", 1);
    let unconfirmed = statements_1().replace("SubjectConfirmation>", "Other>");
    assert!(
        read(&v1(AUDIENCE_1, &unconfirmed)).is_ok(),
        "a name is the bearer's"
    );
    let nameless = unconfirmed.replace("NameIdentifier", "Other");
    for (assertion, error) in [
        (v1("<Condition/>", &statements_1()), Error::Condition),
        (
            v1("<x xmlns=\"urn:x\"/>", &statements_1()),
            Error::Condition,
        ),
        (v1(AUDIENCE_1, &holder), Error::Confirmation),
        (v1(AUDIENCE_1, &vouches), Error::Confirmation),
        (v1(AUDIENCE_1, &nameless), Error::Confirmation),
        (v1(AUDIENCE_1, &other_name), Error::Part("Subject")),
        (
            v1(AUDIENCE_1, &twice),
            Error::Part("AuthenticationStatement"),
        ),
        (v1(AUDIENCE_1, &nested), Error::Part("AttributeValue")),
        (v1(AUDIENCE_1, ""), Error::Part("Assertion")),
        (
            v1(AUDIENCE_1, "<AuthorizationDecisionStatement/>"),
            Error::Part("Assertion"),
        ),
        (
            whole.replace("MinorVersion=\"1\"", "MinorVersion=\"0\""),
            Error::Version,
        ),
        (
            whole.replace(" Issuer=\"urn:partner\"", ""),
            Error::Part("Issuer"),
        ),
        (
            whole.replace("Conditions", "Advice"),
            Error::Part("Conditions"),
        ),
        (
            whole.replace(&format!(" NotOnOrAfter=\"{END}\""), ""),
            Error::Part("NotOnOrAfter"),
        ),
        (whole.replace(END, "tomorrow"), Error::Part("NotOnOrAfter")),
        (
            whole.replace(END, "2026-01-01T11:00:00"),
            Error::Part("NotOnOrAfter"),
        ),
    ] {
        assert_eq!(read(&assertion), Err(error), "{assertion}");
    }
}

#[test]
fn saml_2_0_that_is_not_understood_is_refused() {
    use ReceivedParseError as Error;
    let whole = v2(SUBJECT_2, AUDIENCE_2, STATEMENTS_2);
    let twice = format!("{STATEMENTS_2}{STATEMENTS_2}");
    let sealed = STATEMENTS_2.replace("<Attribute Name=\"urn:upn\"", "<EncryptedAttribute");
    let sealed = sealed.replace("</Attribute>", "</EncryptedAttribute>");
    let unconfirmed = "<Subject><NameID>anna</NameID></Subject>";
    let both = SUBJECT_2.replace(
        "</Subject>",
        "<SubjectConfirmation Method=\"urn:x\"/></Subject>",
    );
    let later = SUBJECT_2.replace("Recipient", "NotBefore=\"2026-01-01T10:00:00Z\" Recipient");
    let proxy = format!("{AUDIENCE_2}<ProxyRestriction Count=\"0\"/>");
    for (assertion, error) in [
        (v2(SUBJECT_2, &proxy, STATEMENTS_2), Error::Condition),
        (
            v2(unconfirmed, AUDIENCE_2, STATEMENTS_2),
            Error::Confirmation,
        ),
        (v2(&both, AUDIENCE_2, STATEMENTS_2), Error::Confirmation),
        (v2(&later, AUDIENCE_2, STATEMENTS_2), Error::Confirmation),
        (
            whole.replace("cm:bearer", "cm:holder-of-key"),
            Error::Confirmation,
        ),
        (v2("", AUDIENCE_2, STATEMENTS_2), Error::Part("Subject")),
        (
            whole.replace("NameID", "EncryptedID"),
            Error::Part("EncryptedID"),
        ),
        (
            v2(SUBJECT_2, AUDIENCE_2, &twice),
            Error::Part("AuthnStatement"),
        ),
        (
            v2(SUBJECT_2, AUDIENCE_2, &sealed),
            Error::Part("AttributeStatement"),
        ),
        (
            v2(SUBJECT_2, AUDIENCE_2, "<AuthzDecisionStatement/>"),
            Error::Part("Assertion"),
        ),
        (
            whole.replace("<Issuer>", "<Issuer Format=\"urn:x\">"),
            Error::Part("Issuer"),
        ),
        (
            whole.replace("Version=\"2.0\"", "Version=\"2.1\""),
            Error::Version,
        ),
    ] {
        assert_eq!(read(&assertion), Err(error), "{assertion}");
    }
    let other = "<Assertion xmlns=\"urn:x\" ID=\"_3\"><a/></Assertion>";
    assert!(read(other).is_err());
}

#[test]
fn more_values_than_the_limit_are_refused() {
    let values = "<AttributeValue/>".repeat(MAX_VALUES + 1);
    let statements = format!(
        "<AttributeStatement>{}<Attribute AttributeName=\"a\" AttributeNamespace=\"b\">{values}</Attribute>\
         </AttributeStatement>",
        subject_1("bearer")
    );
    let refused = read(&v1(AUDIENCE_1, &statements)).unwrap_err();
    assert_eq!(refused, ReceivedParseError::TooManyValues);
}
