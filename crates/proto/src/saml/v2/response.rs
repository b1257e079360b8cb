//! A Response (saml-core 3.3.3): an assertion, or why there is none, for one address of a party.
//!
//! The assertion goes in byte for byte, so that its signature holds. Start at [`Response::to_verbatim`].

use jiff::Timestamp;
use xml::write::{self, element};
use xml::{ParseError, Verbatim};

use super::PROTOCOL;
use super::assertion::LIMITS;
use crate::soap::namespace::SAML_2;
use crate::wsfed::milliseconds;

/// An answer.
#[derive(Clone, Debug)]
pub struct Response {
    /// What it calls itself: an XML name.
    pub id: String,
    /// Whose word it is.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Where it is brought.
    pub destination: String,
    /// The request that it answers; nothing where the sign-on began here.
    pub in_response_to: Option<String>,
    /// What it says.
    pub payload: Payload,
}

/// What an answer says.
#[derive(Clone, Debug)]
pub enum Payload {
    /// Somebody signed in.
    Assertion(Verbatim),
    /// The same, encrypted: the `EncryptedData` of it.
    Encrypted(Verbatim),
    /// Nobody did, for this reason.
    Status(StatusCode),
}

/// Why there is no assertion (saml-core 3.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusCode {
    /// Nobody could be signed in without a page, and none may be shown.
    NoPassive,
    /// Nobody can sign in here in the way that is wanted.
    NoAuthnContext,
    /// The kind of name that is wanted is not told.
    InvalidNameIdPolicy,
    /// Whoever is signed in may not.
    RequestDenied,
}

impl StatusCode {
    /// Whose fault it is: the sender's who asked so, or ours who answers so.
    fn top(self) -> &'static str {
        match self {
            Self::InvalidNameIdPolicy => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            Self::NoPassive | Self::NoAuthnContext | Self::RequestDenied => {
                "urn:oasis:names:tc:SAML:2.0:status:Responder"
            }
        }
    }

    /// The code itself, which is a second one.
    #[must_use]
    pub fn uri(self) -> &'static str {
        match self {
            Self::NoPassive => "urn:oasis:names:tc:SAML:2.0:status:NoPassive",
            Self::NoAuthnContext => "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext",
            Self::InvalidNameIdPolicy => "urn:oasis:names:tc:SAML:2.0:status:InvalidNameIDPolicy",
            Self::RequestDenied => "urn:oasis:names:tc:SAML:2.0:status:RequestDenied",
        }
    }
}

impl Response {
    /// Writes the answer, ready to be signed or sent.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn to_verbatim(&self) -> Result<Verbatim, ParseError> {
        let response = element("samlp:Response")
            .attribute("ID", self.id.clone())
            .attribute("Version", "2.0")
            .attribute("IssueInstant", milliseconds(self.issue_instant))
            .attribute("Destination", self.destination.clone())
            .attribute_if("InResponseTo", self.in_response_to.clone())
            .namespace("samlp", PROTOCOL)
            .namespace("saml", SAML_2)
            .child(element("saml:Issuer").text(self.issuer.clone()));
        let code = |value: &str| element("samlp:StatusCode").attribute("Value", value);
        let status = |code: write::Element| element("samlp:Status").child(code);
        let success = || status(code("urn:oasis:names:tc:SAML:2.0:status:Success"));
        let response = match &self.payload {
            Payload::Assertion(assertion) => response.child(success()).verbatim(assertion.clone()),
            Payload::Encrypted(data) => response.child(success()).child(encrypted(data)),
            Payload::Status(why) => response.child(status(code(why.top()).child(code(why.uri())))),
        };
        Verbatim::parse_within(response.to_xml(), LIMITS)
    }
}

/// An encrypted assertion that stands by itself, from its `EncryptedData`.
///
/// # Errors
///
/// It is too large.
pub fn encrypted_assertion(data: &Verbatim) -> Result<Verbatim, ParseError> {
    let alone = encrypted(data).namespace("saml", SAML_2);
    Verbatim::parse_within(alone.to_xml(), LIMITS)
}

fn encrypted(data: &Verbatim) -> write::Element {
    element("saml:EncryptedAssertion").verbatim(data.clone())
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(payload: Payload, in_response_to: Option<&str>, expected: Expect) {
        let response = Response {
            id: "_1".to_owned(),
            issuer: "urn:sts".to_owned(),
            issue_instant: Timestamp::from_second(1_767_261_600).unwrap(),
            destination: "https://sp.contoso.com/acs?a&b".to_owned(),
            in_response_to: in_response_to.map(str::to_owned),
            payload,
        };
        let written = response.to_verbatim().unwrap();
        expected.assert_eq(&written.as_str().replace("><", ">\n<"));
    }

    #[test]
    fn an_assertion_goes_in_byte_for_byte() {
        let assertion = Verbatim::parse("<a  b='1'/>").unwrap();
        check(
            Payload::Assertion(assertion.clone()),
            Some("_asked"),
            expect![[r#"
                <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-01-01T10:00:00.000Z" Destination="https://sp.contoso.com/acs?a&amp;b" InResponseTo="_asked">
                <saml:Issuer>urn:sts</saml:Issuer>
                <samlp:Status>
                <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>
                </samlp:Status>
                <a  b='1'/>
                </samlp:Response>"#]],
        );
        check(
            Payload::Encrypted(assertion),
            None,
            expect![[r#"
                <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-01-01T10:00:00.000Z" Destination="https://sp.contoso.com/acs?a&amp;b">
                <saml:Issuer>urn:sts</saml:Issuer>
                <samlp:Status>
                <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/>
                </samlp:Status>
                <saml:EncryptedAssertion>
                <a  b='1'/>
                </saml:EncryptedAssertion>
                </samlp:Response>"#]],
        );
    }

    #[test]
    fn a_reason_is_a_code_inside_another() {
        check(
            Payload::Status(StatusCode::NoPassive),
            Some("_asked"),
            expect![[r#"
                <samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-01-01T10:00:00.000Z" Destination="https://sp.contoso.com/acs?a&amp;b" InResponseTo="_asked">
                <saml:Issuer>urn:sts</saml:Issuer>
                <samlp:Status>
                <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder">
                <samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:NoPassive"/>
                </samlp:StatusCode>
                </samlp:Status>
                </samlp:Response>"#]],
        );
    }
}
