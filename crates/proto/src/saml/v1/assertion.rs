//! An assertion of SAML 1.1, written as AD FS writes it ([MS-MWBF] 2.2.4.2).
//!
//! INTEROP: the order of elements and attributes, the prefix `saml` and milliseconds are AD FS's; the signature is put last,
//! where the schema has it. Start at [`Assertion::to_verbatim`].

use jiff::Timestamp;
use xml::write::{self, element};
use xml::{Limits, ParseError, Verbatim};

use crate::soap::namespace::SAML_1;
use crate::wsfed::milliseconds;

/// Whoever bears the token is whom it is about.
const BEARER: &str = "urn:oasis:names:tc:SAML:1.0:cm:bearer";
/// The namespace of the attribute that names whose word a claim was first.
const IDENTITY_CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2009/09/identity/claims";

/// Most bytes and parts of an assertion: 2,000 groups of one person have their place in it.
const LIMITS: Limits = Limits {
    bytes: 4 * 1024 * 1024,
    nodes: 65_536,
    ..Limits::DEFAULT
};

/// What is said of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assertion {
    /// What it calls itself: an XML name.
    pub id: String,
    /// Whose word it is.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// From when it is good.
    pub not_before: Timestamp,
    /// From when it is good no more.
    pub not_on_or_after: Timestamp,
    /// Whom it is for.
    pub audience: String,
    /// What somebody is called, where a name is told.
    pub subject: Option<NameIdentifier>,
    /// What is said; where there is nothing, no statement is written.
    pub attributes: Vec<Attribute>,
    /// How somebody signed in.
    pub authentication: AuthenticationStatement,
}

/// A name of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameIdentifier {
    /// The name.
    pub name: String,
    /// What kind of name it is.
    pub format: String,
    /// Where it is a name, where that is said.
    pub name_qualifier: Option<String>,
}

/// One kind of thing that is said, with all its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Where it is a name.
    pub namespace: String,
    /// Whose word it was first, where that is another's than the issuer's.
    pub original_issuer: Option<String>,
    /// Its values.
    pub values: Vec<String>,
}

/// How and when somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationStatement {
    /// By which method, as a URI.
    pub method: String,
    /// When.
    pub instant: Timestamp,
}

impl Assertion {
    /// Writes the assertion, ready to be signed.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn to_verbatim(&self) -> Result<Verbatim, ParseError> {
        Verbatim::parse_within(self.element().to_xml(), LIMITS)
    }

    fn element(&self) -> write::Element {
        element("saml:Assertion")
            .attribute("MajorVersion", "1")
            .attribute("MinorVersion", "1")
            .attribute("AssertionID", self.id.clone())
            .attribute("Issuer", self.issuer.clone())
            .attribute("IssueInstant", milliseconds(self.issue_instant))
            .namespace("saml", SAML_1)
            .child(self.conditions())
            .children(self.attribute_statement())
            .child(self.authentication_statement())
    }

    fn conditions(&self) -> write::Element {
        let audience = element("saml:Audience").text(self.audience.clone());
        element("saml:Conditions")
            .attribute("NotBefore", milliseconds(self.not_before))
            .attribute("NotOnOrAfter", milliseconds(self.not_on_or_after))
            .child(element("saml:AudienceRestrictionCondition").child(audience))
    }

    fn attribute_statement(&self) -> Option<write::Element> {
        let attributes = self.attributes.iter().map(Attribute::element);
        let statement = element("saml:AttributeStatement").child(self.subject());
        (!self.attributes.is_empty()).then(|| statement.children(attributes))
    }

    fn authentication_statement(&self) -> write::Element {
        let AuthenticationStatement { method, instant } = &self.authentication;
        element("saml:AuthenticationStatement")
            .attribute("AuthenticationMethod", method.clone())
            .attribute("AuthenticationInstant", milliseconds(*instant))
            .child(self.subject())
    }

    /// SPEC: [MS-MWBF] 2.2.4.2, the subjects of all statements are the same.
    fn subject(&self) -> write::Element {
        let method = element("saml:ConfirmationMethod").text(BEARER);
        element("saml:Subject")
            .children(self.subject.as_ref().map(NameIdentifier::element))
            .child(element("saml:SubjectConfirmation").child(method))
    }
}

impl NameIdentifier {
    fn element(&self) -> write::Element {
        element("saml:NameIdentifier")
            .attribute_if("NameQualifier", self.name_qualifier.clone())
            .attribute("Format", self.format.clone())
            .text(self.name.clone())
    }
}

impl Attribute {
    /// The name and namespace of a claim type: what stands behind its last slash, and what stands before.
    ///
    /// INTEROP: a type without a slash is all name; readers want a namespace, and have the same there.
    #[must_use]
    pub fn name_of(claim_type: &str) -> (&str, &str) {
        match claim_type.rsplit_once('/') {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() => {
                (name, namespace)
            }
            _ => (claim_type, claim_type),
        }
    }

    fn element(&self) -> write::Element {
        let value = |value: &String| element("saml:AttributeValue").text(value.clone());
        let attribute = element("saml:Attribute")
            .attribute("AttributeName", self.name.clone())
            .attribute("AttributeNamespace", self.namespace.clone());
        // UNCONFIRMED: the place of the original issuer, which is WIF's.
        let attribute = match &self.original_issuer {
            Some(issuer) => attribute
                .attribute("a:OriginalIssuer", issuer.clone())
                .namespace("a", IDENTITY_CLAIMS),
            None => attribute,
        };
        attribute.children(self.values.iter().map(value))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use jiff::SignedDuration;

    use super::super::{PASSWORD, UNSPECIFIED};
    use super::*;

    fn assertion() -> Assertion {
        let now = Timestamp::from_second(1_767_261_600).unwrap();
        Assertion {
            id: "_2f9e0b1c-0000-4000-8000-000000000000".to_owned(),
            issuer: "http://sts.contoso.com/adfs/services/trust".to_owned(),
            issue_instant: now,
            not_before: now,
            not_on_or_after: now + SignedDuration::from_hours(1),
            audience: "https://lync.contoso.com/passiveauth".to_owned(),
            subject: None,
            attributes: Vec::new(),
            authentication: AuthenticationStatement {
                method: PASSWORD.to_owned(),
                instant: now,
            },
        }
    }

    fn check(assertion: &Assertion, expected: Expect) {
        let written = assertion.to_verbatim().unwrap();
        expected.assert_eq(&written.as_str().replace("><", ">\n<"));
    }

    fn attribute(claim_type: &str, values: &[&str]) -> Attribute {
        let (name, namespace) = Attribute::name_of(claim_type);
        Attribute {
            name: name.to_owned(),
            namespace: namespace.to_owned(),
            original_issuer: None,
            values: values.iter().map(|&it| it.to_owned()).collect(),
        }
    }

    #[test]
    fn what_lync_is_told_has_no_name_identifier() {
        let sid = "http://schemas.microsoft.com/ws/2008/06/identity/claims/primarysid";
        let assertion = Assertion {
            attributes: vec![attribute(sid, &["S-1-5-21-1-2-3-1105"])],
            ..assertion()
        };
        check(
            &assertion,
            expect![[r#"
            <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_2f9e0b1c-0000-4000-8000-000000000000" Issuer="http://sts.contoso.com/adfs/services/trust" IssueInstant="2026-01-01T10:00:00.000Z">
            <saml:Conditions NotBefore="2026-01-01T10:00:00.000Z" NotOnOrAfter="2026-01-01T11:00:00.000Z">
            <saml:AudienceRestrictionCondition>
            <saml:Audience>https://lync.contoso.com/passiveauth</saml:Audience>
            </saml:AudienceRestrictionCondition>
            </saml:Conditions>
            <saml:AttributeStatement>
            <saml:Subject>
            <saml:SubjectConfirmation>
            <saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>
            </saml:SubjectConfirmation>
            </saml:Subject>
            <saml:Attribute AttributeName="primarysid" AttributeNamespace="http://schemas.microsoft.com/ws/2008/06/identity/claims">
            <saml:AttributeValue>S-1-5-21-1-2-3-1105</saml:AttributeValue>
            </saml:Attribute>
            </saml:AttributeStatement>
            <saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" AuthenticationInstant="2026-01-01T10:00:00.000Z">
            <saml:Subject>
            <saml:SubjectConfirmation>
            <saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>
            </saml:SubjectConfirmation>
            </saml:Subject>
            </saml:AuthenticationStatement>
            </saml:Assertion>"#]],
        );
    }

    #[test]
    fn a_name_stands_in_every_subject_and_values_share_an_attribute() {
        let upn = "http://schemas.xmlsoap.org/claims/UPN";
        let mut several = attribute("urn:role", &["a", "b<&>"]);
        several.original_issuer = Some("urn:another".to_owned());
        let assertion = Assertion {
            subject: Some(NameIdentifier {
                name: "anna".to_owned(),
                format: UNSPECIFIED.to_owned(),
                name_qualifier: None,
            }),
            attributes: vec![attribute(upn, &["anna@contoso.com"]), several],
            ..assertion()
        };
        check(
            &assertion,
            expect![[r#"
            <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_2f9e0b1c-0000-4000-8000-000000000000" Issuer="http://sts.contoso.com/adfs/services/trust" IssueInstant="2026-01-01T10:00:00.000Z">
            <saml:Conditions NotBefore="2026-01-01T10:00:00.000Z" NotOnOrAfter="2026-01-01T11:00:00.000Z">
            <saml:AudienceRestrictionCondition>
            <saml:Audience>https://lync.contoso.com/passiveauth</saml:Audience>
            </saml:AudienceRestrictionCondition>
            </saml:Conditions>
            <saml:AttributeStatement>
            <saml:Subject>
            <saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">anna</saml:NameIdentifier>
            <saml:SubjectConfirmation>
            <saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>
            </saml:SubjectConfirmation>
            </saml:Subject>
            <saml:Attribute AttributeName="UPN" AttributeNamespace="http://schemas.xmlsoap.org/claims">
            <saml:AttributeValue>anna@contoso.com</saml:AttributeValue>
            </saml:Attribute>
            <saml:Attribute xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" AttributeName="urn:role" AttributeNamespace="urn:role" a:OriginalIssuer="urn:another">
            <saml:AttributeValue>a</saml:AttributeValue>
            <saml:AttributeValue>b&lt;&amp;&gt;</saml:AttributeValue>
            </saml:Attribute>
            </saml:AttributeStatement>
            <saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" AuthenticationInstant="2026-01-01T10:00:00.000Z">
            <saml:Subject>
            <saml:NameIdentifier Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified">anna</saml:NameIdentifier>
            <saml:SubjectConfirmation>
            <saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>
            </saml:SubjectConfirmation>
            </saml:Subject>
            </saml:AuthenticationStatement>
            </saml:Assertion>"#]],
        );
    }

    #[test]
    fn where_nothing_is_said_there_is_no_attribute_statement() {
        check(
            &assertion(),
            expect![[r#"
            <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" MajorVersion="1" MinorVersion="1" AssertionID="_2f9e0b1c-0000-4000-8000-000000000000" Issuer="http://sts.contoso.com/adfs/services/trust" IssueInstant="2026-01-01T10:00:00.000Z">
            <saml:Conditions NotBefore="2026-01-01T10:00:00.000Z" NotOnOrAfter="2026-01-01T11:00:00.000Z">
            <saml:AudienceRestrictionCondition>
            <saml:Audience>https://lync.contoso.com/passiveauth</saml:Audience>
            </saml:AudienceRestrictionCondition>
            </saml:Conditions>
            <saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" AuthenticationInstant="2026-01-01T10:00:00.000Z">
            <saml:Subject>
            <saml:SubjectConfirmation>
            <saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod>
            </saml:SubjectConfirmation>
            </saml:Subject>
            </saml:AuthenticationStatement>
            </saml:Assertion>"#]],
        );
    }

    #[test]
    fn a_claim_type_is_cut_at_its_last_slash() {
        for (claim_type, parts) in [
            (
                "http://schemas.xmlsoap.org/claims/UPN",
                ("UPN", "http://schemas.xmlsoap.org/claims"),
            ),
            ("urn:role", ("urn:role", "urn:role")),
            (
                "http://contoso.com/",
                ("http://contoso.com/", "http://contoso.com/"),
            ),
            ("/role", ("/role", "/role")),
        ] {
            assert_eq!(Attribute::name_of(claim_type), parts, "{claim_type}");
        }
    }

    #[test]
    fn two_thousand_groups_have_their_place() {
        let groups: Vec<String> = (0..2_000)
            .map(|it| format!("S-1-5-21-1-2-3-{it}"))
            .collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let assertion = Assertion {
            attributes: vec![attribute("http://contoso.com/group", &groups)],
            ..assertion()
        };
        assert!(assertion.to_verbatim().is_ok());
    }
}
