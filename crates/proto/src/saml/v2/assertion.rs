//! An assertion of SAML 2.0, for whoever bears it to one address (saml-core 2.3.3, saml-profiles 4.1.4.2).
//!
//! INTEROP: the order of the statements and milliseconds are AD FS's; the signature is put behind the issuer, where the
//! schema has it. Start at [`Assertion::to_verbatim`].

use jiff::Timestamp;
use xml::write::{self, element};
use xml::{Limits, ParseError, Verbatim};

use crate::soap::namespace::SAML_2;
use crate::wsfed::milliseconds;

/// Whoever bears the assertion is whom it is about.
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// The namespace of the attribute that names whose word a claim was first.
const IDENTITY_CLAIMS: &str = "http://schemas.xmlsoap.org/ws/2009/09/identity/claims";

/// Most bytes and parts of an assertion, or of a response with one: 2,000 groups of one person have their place in it.
pub(super) const LIMITS: Limits = Limits {
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
    pub name_id: Option<NameId>,
    /// Where it is to be brought, and until when.
    pub confirmation: Confirmation,
    /// What is said; where there is nothing, no statement is written.
    pub attributes: Vec<Attribute>,
    /// How somebody signed in.
    pub authn_statement: AuthnStatement,
}

/// A name of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameId {
    /// The name.
    pub name: String,
    /// What kind of name it is.
    pub format: String,
    /// Where it is a name, where that is said.
    pub name_qualifier: Option<String>,
    /// For whom it is a name, where that is said.
    pub sp_name_qualifier: Option<String>,
}

/// By what whoever brings it is known to be whom it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The request that it answers; nothing where the sign-on began here.
    pub in_response_to: Option<String>,
    /// Where it is brought, where that is said.
    pub recipient: Option<String>,
    /// From when it may be brought no more.
    pub not_on_or_after: Timestamp,
}

/// One kind of thing that is said, with all its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name: the claim type.
    pub name: String,
    /// What kind of name that is, where it is said.
    pub name_format: Option<String>,
    /// Whose word it was first, where that is another's than the issuer's.
    pub original_issuer: Option<String>,
    /// Its values.
    pub values: Vec<String>,
}

/// How and when somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnStatement {
    /// When.
    pub instant: Timestamp,
    /// By what their session is known at the party.
    pub session_index: String,
    /// By which class of methods, as a URI.
    pub class: String,
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
            .attribute("ID", self.id.clone())
            .attribute("IssueInstant", milliseconds(self.issue_instant))
            .attribute("Version", "2.0")
            .namespace("saml", SAML_2)
            .child(element("saml:Issuer").text(self.issuer.clone()))
            .child(self.subject())
            .child(self.conditions())
            .children(self.attribute_statement())
            .child(self.authn_statement.element())
    }

    fn subject(&self) -> write::Element {
        let Confirmation {
            in_response_to,
            recipient,
            not_on_or_after,
        } = &self.confirmation;
        let data = element("saml:SubjectConfirmationData")
            .attribute_if("InResponseTo", in_response_to.clone())
            .attribute("NotOnOrAfter", milliseconds(*not_on_or_after))
            .attribute_if("Recipient", recipient.clone());
        let confirmation = element("saml:SubjectConfirmation").attribute("Method", BEARER);
        element("saml:Subject")
            .children(self.name_id.as_ref().map(NameId::element))
            .child(confirmation.child(data))
    }

    fn conditions(&self) -> write::Element {
        let audience = element("saml:Audience").text(self.audience.clone());
        element("saml:Conditions")
            .attribute("NotBefore", milliseconds(self.not_before))
            .attribute("NotOnOrAfter", milliseconds(self.not_on_or_after))
            .child(element("saml:AudienceRestriction").child(audience))
    }

    fn attribute_statement(&self) -> Option<write::Element> {
        let attributes = self.attributes.iter().map(Attribute::element);
        let statement = element("saml:AttributeStatement");
        (!self.attributes.is_empty()).then(|| statement.children(attributes))
    }
}

impl NameId {
    fn element(&self) -> write::Element {
        element("saml:NameID")
            .attribute_if("NameQualifier", self.name_qualifier.clone())
            .attribute_if("SPNameQualifier", self.sp_name_qualifier.clone())
            .attribute("Format", self.format.clone())
            .text(self.name.clone())
    }
}

impl Attribute {
    fn element(&self) -> write::Element {
        let value = |value: &String| element("saml:AttributeValue").text(value.clone());
        let attribute = element("saml:Attribute")
            .attribute("Name", self.name.clone())
            .attribute_if("NameFormat", self.name_format.clone());
        let attribute = match &self.original_issuer {
            Some(issuer) => attribute
                .attribute("a:OriginalIssuer", issuer.clone())
                .namespace("a", IDENTITY_CLAIMS),
            None => attribute,
        };
        attribute.children(self.values.iter().map(value))
    }
}

impl AuthnStatement {
    fn element(&self) -> write::Element {
        let class = element("saml:AuthnContextClassRef").text(self.class.clone());
        element("saml:AuthnStatement")
            .attribute("AuthnInstant", milliseconds(self.instant))
            .attribute("SessionIndex", self.session_index.clone())
            .child(element("saml:AuthnContext").child(class))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use jiff::SignedDuration;

    use super::super::{PASSWORD_PROTECTED_TRANSPORT, TRANSIENT};
    use super::*;

    fn assertion() -> Assertion {
        let now = Timestamp::from_second(1_767_261_600).unwrap();
        Assertion {
            id: "_2f9e0b1c".to_owned(),
            issuer: "http://sts.contoso.com/adfs/services/trust".to_owned(),
            issue_instant: now,
            not_before: now,
            not_on_or_after: now + SignedDuration::from_hours(1),
            audience: "urn:sp".to_owned(),
            name_id: None,
            confirmation: Confirmation {
                in_response_to: None,
                recipient: Some("https://sp.contoso.com/acs".to_owned()),
                not_on_or_after: now + SignedDuration::from_mins(5),
            },
            attributes: Vec::new(),
            authn_statement: AuthnStatement {
                instant: now,
                session_index: "_2f9e0b1c".to_owned(),
                class: PASSWORD_PROTECTED_TRANSPORT.to_owned(),
            },
        }
    }

    #[test]
    fn where_nothing_is_said_it_is_confirmed_all_the_same() {
        let written = assertion().to_verbatim().unwrap();
        expect![[r#"
            <saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_2f9e0b1c" IssueInstant="2026-01-01T10:00:00.000Z" Version="2.0">
            <saml:Issuer>http://sts.contoso.com/adfs/services/trust</saml:Issuer>
            <saml:Subject>
            <saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">
            <saml:SubjectConfirmationData NotOnOrAfter="2026-01-01T10:05:00.000Z" Recipient="https://sp.contoso.com/acs"/>
            </saml:SubjectConfirmation>
            </saml:Subject>
            <saml:Conditions NotBefore="2026-01-01T10:00:00.000Z" NotOnOrAfter="2026-01-01T11:00:00.000Z">
            <saml:AudienceRestriction>
            <saml:Audience>urn:sp</saml:Audience>
            </saml:AudienceRestriction>
            </saml:Conditions>
            <saml:AuthnStatement AuthnInstant="2026-01-01T10:00:00.000Z" SessionIndex="_2f9e0b1c">
            <saml:AuthnContext>
            <saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef>
            </saml:AuthnContext>
            </saml:AuthnStatement>
            </saml:Assertion>"#]]
        .assert_eq(&written.as_str().replace("><", ">\n<"));
    }

    #[test]
    fn a_name_attributes_and_the_request_that_it_answers_have_their_places() {
        let mut assertion = assertion();
        assertion.name_id = Some(NameId {
            name: "a&b".to_owned(),
            format: TRANSIENT.to_owned(),
            name_qualifier: Some("urn:sts".to_owned()),
            sp_name_qualifier: Some("urn:sp".to_owned()),
        });
        assertion.confirmation.in_response_to = Some("_asked".to_owned());
        let attribute = Attribute {
            name: "urn:role".to_owned(),
            name_format: None,
            original_issuer: None,
            values: vec!["a".to_owned(), "b<".to_owned()],
        };
        assertion.attributes = vec![
            attribute.clone(),
            Attribute {
                name_format: Some("urn:format".to_owned()),
                original_issuer: Some("urn:another".to_owned()),
                values: vec!["c".to_owned()],
                ..attribute
            },
        ];
        let written = assertion.to_verbatim().unwrap();
        let written = written.as_str();
        for part in [
            r#"<saml:Subject><saml:NameID NameQualifier="urn:sts" SPNameQualifier="urn:sp" Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">a&amp;b</saml:NameID><saml:SubjectConfirmation "#,
            r#"<saml:SubjectConfirmationData InResponseTo="_asked" NotOnOrAfter="#,
            r#"<saml:AttributeStatement><saml:Attribute Name="urn:role"><saml:AttributeValue>a</saml:AttributeValue><saml:AttributeValue>b&lt;</saml:AttributeValue></saml:Attribute>"#,
            r#"<saml:Attribute xmlns:a="http://schemas.xmlsoap.org/ws/2009/09/identity/claims" Name="urn:role" NameFormat="urn:format" a:OriginalIssuer="urn:another"><saml:AttributeValue>c</saml:AttributeValue></saml:Attribute></saml:AttributeStatement><saml:AuthnStatement "#,
        ] {
            assert!(written.contains(part), "{part} in {written}");
        }
    }
}
