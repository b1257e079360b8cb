//! The answer to a sign-in: a RequestSecurityTokenResponse of WS-Trust of February 2005, as AD FS writes it
//! ([MS-MWBF] 2.2.4.1).
//!
//! INTEROP: the order of the elements and their prefixes are AD FS's. The token goes in byte for byte, so that its
//! signature holds. Start at [`SignInResponse::to_xml`].

use jiff::Timestamp;
use xml::Verbatim;
use xml::write::{self, element};

use crate::soap::namespace::{ADDRESSING, POLICY, TRUST_2005, UTILITY};
use crate::wstrust::v13::ISSUE_2005;

/// Token type of a SAML 1.1 assertion, as WS-Federation calls it.
pub const TOKEN_TYPE_SAML_1_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
/// Token type of a SAML 2.0 assertion, as WS-Federation calls it.
pub const TOKEN_TYPE_SAML_2_0: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Key type of a token that proves nothing about who holds it.
const NO_PROOF_KEY: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey";

/// An answer that issues one token.
#[derive(Clone, Debug)]
pub struct SignInResponse {
    /// From when the token is good.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// Whom it is for: the realm of the request.
    pub applies_to: String,
    /// The token, signed or encrypted.
    pub token: Verbatim,
    /// What kind of token it is.
    pub token_type: &'static str,
}

impl SignInResponse {
    /// Writes what `wresult` holds.
    #[must_use]
    pub fn to_xml(&self) -> String {
        element("t:RequestSecurityTokenResponse")
            .namespace("t", TRUST_2005)
            .child(lifetime(self.created, self.expires))
            .child(applies_to(&self.applies_to))
            .child(element("t:RequestedSecurityToken").verbatim(self.token.clone()))
            .child(element("t:TokenType").text(self.token_type))
            .child(element("t:RequestType").text(ISSUE_2005))
            .child(element("t:KeyType").text(NO_PROOF_KEY))
            .to_xml()
    }
}

/// From when to when a token is good, as a child of an answer whose prefix is `t`.
pub(crate) fn lifetime(created: Timestamp, expires: Timestamp) -> write::Element {
    let time = |name, time| {
        element(name)
            .namespace("wsu", UTILITY)
            .text(milliseconds(time))
    };
    element("t:Lifetime")
        .child(time("wsu:Created", created))
        .child(time("wsu:Expires", expires))
}

/// Whom a token is for.
pub(crate) fn applies_to(party: &str) -> write::Element {
    let address = element("wsa:Address").text(party);
    let reference = element("wsa:EndpointReference").namespace("wsa", ADDRESSING);
    element("wsp:AppliesTo")
        .namespace("wsp", POLICY)
        .child(reference.child(address))
}

/// A time as AD FS writes it: UTC, to the millisecond.
pub(crate) fn milliseconds(time: Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_elements_stand_in_the_order_of_ad_fs() {
        let created = Timestamp::from_second(1_767_261_600).unwrap();
        let response = SignInResponse {
            created,
            expires: created + jiff::SignedDuration::from_hours(1),
            applies_to: "https://lync.contoso.com/passiveauth?a=1&b=<2>".to_owned(),
            token: Verbatim::parse("<a  b='1'/>").unwrap(),
            token_type: TOKEN_TYPE_SAML_1_1,
        };
        let written = response.to_xml();
        let lines = written.replace("><", ">\n<");
        expect![[r#"
            <t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust">
            <t:Lifetime>
            <wsu:Created xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">2026-01-01T10:00:00.000Z</wsu:Created>
            <wsu:Expires xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">2026-01-01T11:00:00.000Z</wsu:Expires>
            </t:Lifetime>
            <wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy">
            <wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing">
            <wsa:Address>https://lync.contoso.com/passiveauth?a=1&amp;b=&lt;2&gt;</wsa:Address>
            </wsa:EndpointReference>
            </wsp:AppliesTo>
            <t:RequestedSecurityToken>
            <a  b='1'/>
            </t:RequestedSecurityToken>
            <t:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</t:TokenType>
            <t:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue</t:RequestType>
            <t:KeyType>http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey</t:KeyType>
            </t:RequestSecurityTokenResponse>"#]].assert_eq(&lines);
    }
}
