//! The answer with one token, as AD FS writes it (WS-Trust 1.3 section 3.2).
//!
//! INTEROP: MSAL cuts the token out between the tags around it and takes its bytes as they stand, and wants a TokenType.
//! Start at [`Response::to_xml`].

use jiff::{SignedDuration, Timestamp};
use xml::Verbatim;
use xml::write::{self, element};

use super::Dialect;
use crate::soap::namespace::{ADDRESSING, SECURITY, SOAP_1_2, UTILITY};
use crate::wsfed::{TOKEN_TYPE_SAML_1_1, applies_to, lifetime, milliseconds};

/// How long the message says that it is good for.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(5);
const SECURITY_1_1: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
const ASSERTION_ID: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID";

/// An answer that issues one bearer token.
#[derive(Clone, Debug)]
pub struct Response {
    /// The message that it answers.
    pub relates_to: Option<String>,
    /// What the request wants repeated.
    pub context: Option<String>,
    /// From when the token is good; now.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// Whom it is for.
    pub applies_to: String,
    /// The token, signed or encrypted.
    pub token: Verbatim,
    /// The id of the assertion.
    pub assertion_id: String,
}

impl Response {
    /// Writes the whole message.
    #[must_use]
    pub fn to_xml(&self, dialect: Dialect) -> String {
        let response = self.response(dialect);
        let body = match dialect {
            Dialect::Feb2005 => response.namespace("t", dialect.namespace()),
            Dialect::V13 => element("t:RequestSecurityTokenResponseCollection")
                .namespace("t", dialect.namespace())
                .child(response),
        };
        let header = header(dialect.answered(), self.relates_to.as_deref(), self.created);
        envelope(header, body)
    }

    fn response(&self, dialect: Dialect) -> write::Element {
        element("t:RequestSecurityTokenResponse")
            .attribute_if("Context", self.context.clone())
            .child(lifetime(self.created, self.expires))
            .child(applies_to(&self.applies_to))
            .child(element("t:RequestedSecurityToken").verbatim(self.token.clone()))
            .child(self.reference("t:RequestedAttachedReference"))
            .child(self.reference("t:RequestedUnattachedReference"))
            .child(element("t:TokenType").text(TOKEN_TYPE_SAML_1_1))
            .child(element("t:RequestType").text(dialect.issue()))
            .child(element("t:KeyType").text(dialect.bearer()))
    }

    /// How a message that bears the token points to it.
    fn reference(&self, name: &'static str) -> write::Element {
        let id = element("KeyIdentifier")
            .attribute("ValueType", ASSERTION_ID)
            .text(self.assertion_id.clone());
        let reference = element("SecurityTokenReference")
            .namespace("", SECURITY)
            .namespace("k", SECURITY_1_1)
            .attribute("k:TokenType", super::SAML_1_1_OF_PROFILE);
        element(name).child(reference.child(id))
    }
}

/// The header of an answer: what it is, what it answers, and how long it is good.
pub(super) fn header(action: &str, relates_to: Option<&str>, now: Timestamp) -> write::Element {
    let until = now.checked_add(GOOD_FOR).unwrap_or(Timestamp::MAX);
    let timestamp = element("u:Timestamp")
        .attribute("u:Id", "_0")
        .child(element("u:Created").text(milliseconds(now)))
        .child(element("u:Expires").text(milliseconds(until)));
    let security = element("o:Security")
        .namespace("o", SECURITY)
        .attribute("s:mustUnderstand", "1")
        .child(timestamp);
    let action = element("a:Action")
        .attribute("s:mustUnderstand", "1")
        .text(action);
    let relates_to = relates_to.map(|it| element("a:RelatesTo").text(it));
    element("s:Header")
        .child(action)
        .children(relates_to)
        .child(security)
}

/// A message of SOAP 1.2.
pub(super) fn envelope(header: write::Element, body: write::Element) -> String {
    element("s:Envelope")
        .namespace("s", SOAP_1_2)
        .namespace("a", ADDRESSING)
        .namespace("u", UTILITY)
        .child(header)
        .child(element("s:Body").child(body))
        .to_xml()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_stands_in_it_byte_for_byte_and_every_part_in_its_place() {
        let now: Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
        let response = Response {
            relates_to: Some("urn:uuid:1".to_owned()),
            context: None,
            created: now,
            expires: now + SignedDuration::from_hours(1),
            applies_to: "urn:party?a&b".to_owned(),
            token: Verbatim::parse("<saml:Assertion xmlns:saml='urn:x'  AssertionID='_1'/>")
                .unwrap(),
            assertion_id: "_1".to_owned(),
        };
        for dialect in Dialect::ALL {
            let written = response.to_xml(dialect);
            let document = xml::Document::parse(&written).unwrap();
            let envelope = crate::soap::Envelope::parse(&document).unwrap();
            let trust = dialect.namespace();
            let mut answer = envelope.content().unwrap();
            if dialect == Dialect::V13 {
                assert!(answer.is(trust, "RequestSecurityTokenResponseCollection"));
                answer = answer.children().next().unwrap();
            }
            assert!(answer.is(trust, "RequestSecurityTokenResponse"));
            let names: Vec<&str> = answer.children().map(|it| it.name()).collect();
            assert_eq!(
                names,
                [
                    "Lifetime",
                    "AppliesTo",
                    "RequestedSecurityToken",
                    "RequestedAttachedReference",
                    "RequestedUnattachedReference",
                    "TokenType",
                    "RequestType",
                    "KeyType"
                ]
            );
            let token = "<t:RequestedSecurityToken><saml:Assertion xmlns:saml='urn:x'  AssertionID='_1'/></t:RequestedSecurityToken>";
            assert!(written.contains(token), "{written}");
            let header = envelope.header().unwrap();
            let action = header.children().next().unwrap();
            assert_eq!(action.text(), dialect.answered());
            assert!(written.contains("<a:RelatesTo>urn:uuid:1</a:RelatesTo>"));
            assert!(written.contains("urn:party?a&amp;b"));
        }
    }
}
