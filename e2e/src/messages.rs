//! What Lync's clients write, and what they read out of the answers: requests for tickets, messages that
//! bear one, forms. Start at [`asks_with_token`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::demo::Person;

/// WS-Security's namespace.
const SECURITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// WS-Security's utility namespace.
const UTILITY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// WS-Security's profile of certificates.
const X509_PROFILE: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0";
/// WS-Trust 1.3's namespace.
const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
/// SOAP 1.1's.
const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// What is asked for where a compact ticket is to come.
const COMPACT: &str = "urn:component:Microsoft.Rtc.WebAuthentication.2010:user-cwt-1";
/// What the demo's request asks for.
const SAML: &str = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1";

/// A request for a ticket for somebody at a pool, as the demo writes it.
#[must_use]
pub fn request_for(sip: &str, pool: &str) -> String {
    const REQUEST: &str = include_str!("../../crates/server/src/demo/rst.xml.in");
    REQUEST.replace("{sip}", sip).replace("{applies_to}", pool)
}

/// A request for a ticket with a UsernameToken of plain text in base64, as Lync takes it at `/Auth`.
#[must_use]
pub fn asks_with_token(request: &str, account: &str, password: &str) -> String {
    let (name, password) = (STANDARD.encode(account), STANDARD.encode(password));
    let header = format!(
        "<soap:Header><o:Security xmlns:o=\"{SECURITY}\" soap:mustUnderstand=\"1\">\
         <o:UsernameToken><o:Username>{name}</o:Username><o:Password>{password}</o:Password>\
         </o:UsernameToken></o:Security></soap:Header><soap:Body>"
    );
    request.replacen("<soap:Body>", &header, 1)
}

/// A request that asks for a compact ticket in the place of an assertion.
#[must_use]
pub fn asks_for_compact(request: &str) -> String {
    request.replacen(SAML, COMPACT, 1)
}

/// A message that bears an assertion in its security header.
#[must_use]
pub fn bears(assertion: &str, content: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\"><s:Header><o:Security xmlns:o=\"{SECURITY}\">{assertion}\
         </o:Security></s:Header><s:Body>{content}</s:Body></s:Envelope>"
    )
}

/// The form of the grant by user name and password.
#[must_use]
pub fn password_form(account: &str, password: &str) -> String {
    let account = account.replace('\\', "%5C").replace('@', "%40");
    format!("grant_type=password&username={account}&password={password}")
}

/// A question to Autodiscover by SOAP.
#[must_use]
pub fn user_settings(anna: &Person) -> String {
    let schema = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
    format!(
        "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:a=\"{schema}\">\
         <soap:Header><a:RequestedServerVersion>Exchange2013</a:RequestedServerVersion></soap:Header>\
         <soap:Body><a:GetUserSettingsRequestMessage><a:Request><a:Users><a:User><a:Mailbox>{}\
         </a:Mailbox></a:User></a:Users><a:RequestedSettings><a:Setting>ExternalEwsUrl</a:Setting>\
         </a:RequestedSettings></a:Request></a:GetUserSettingsRequestMessage></soap:Body>\
         </soap:Envelope>",
        anna.upn
    )
}

/// A request for a Lync client certificate.
#[must_use]
pub fn certificate_of(anna: &Person) -> String {
    format!(
        "<GetAndPublishCert xmlns=\"http://schemas.microsoft.com/OCS/AuthWebServices/\" \
         DeviceId=\"{{f1f8c1de-0a8f-5b5e-8d0f-2f7e6c1b9a33}}\" Entity=\"{}\"/>",
        anna.upn
    )
}

/// A request for a ticket in somebody's name, signed by the key of a certificate as WCF writes it (derived):
/// with a signature that is one in form only.
#[must_use]
pub fn signed_by(certificate: &str, sip: &str) -> String {
    let x509 = format!("{X509_PROFILE}#X509v3");
    format!(
        "<s:Envelope xmlns:s=\"{SOAP}\"><s:Header><o:Security xmlns:o=\"{SECURITY}\" \
         s:mustUnderstand=\"1\"><o:BinarySecurityToken xmlns:u=\"{UTILITY}\" u:Id=\"X509-1\" \
         ValueType=\"{x509}\">{certificate}</o:BinarySecurityToken>\
         <d:Signature xmlns:d=\"http://www.w3.org/2000/09/xmldsig#\"><d:SignedInfo/>\
         <d:SignatureValue>AA==</d:SignatureValue><d:KeyInfo><o:SecurityTokenReference>\
         <o:Reference ValueType=\"{x509}\" URI=\"#X509-1\"/></o:SecurityTokenReference></d:KeyInfo>\
         </d:Signature></o:Security></s:Header><s:Body>\
         <t:RequestSecurityToken xmlns:t=\"{TRUST}\"><t:TokenType>{SAML}</t:TokenType>\
         <t:RequestType>{TRUST}/Issue</t:RequestType><t:Claims>\
         <c:ClaimType xmlns:c=\"http://schemas.xmlsoap.org/ws/2006/12/authorization\" \
         Uri=\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri\"><c:Value>{sip}</c:Value>\
         </c:ClaimType></t:Claims></t:RequestSecurityToken></s:Body></s:Envelope>"
    )
}

/// The certificate in a message, in base64.
#[must_use]
pub fn certificate_in(message: &str) -> Option<&str> {
    let (_, token) = message.split_once("BinarySecurityToken")?;
    let (_, text) = token.split_once('>')?;
    text.split('<').next()
}

/// A question to Autodiscover by plain XML.
#[must_use]
pub fn pox(person: &Person) -> String {
    let schema = "http://schemas.microsoft.com/exchange/autodiscover/outlook";
    format!(
        "<Autodiscover xmlns=\"{schema}/requestschema/2006\"><Request><EMailAddress>{}\
         </EMailAddress><AcceptableResponseSchema>{schema}/responseschema/2006a\
         </AcceptableResponseSchema></Request></Autodiscover>",
        person.upn
    )
}

/// The assertion in an answer, as SIPE cuts it out.
#[must_use]
pub fn assertion_in(answer: &str) -> Option<&str> {
    between(answer, "<saml:Assertion", "</saml:Assertion>")
}

/// The compact ticket in an answer, `cwt=` included.
#[must_use]
pub fn compact_in(answer: &str) -> Option<&str> {
    let start = answer.find("cwt=")?;
    let rest = answer.get(start..)?;
    rest.split(['<', '"']).next()
}

/// The header line that presents an assertion.
#[must_use]
pub fn opaque(assertion: &str) -> String {
    format!("X-MS-WebTicket: opaque={}", STANDARD.encode(assertion))
}

/// The first text from one mark to the end of the other.
fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let start = text.find(from)?;
    let rest = text.get(start..)?;
    let end = rest.find(to)?.checked_add(to.len())?;
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tickets_are_found_where_they_are() {
        let answer = "<a><saml:Assertion x=\"1\">y</saml:Assertion></a>";
        let found = assertion_in(answer).expect("an assertion");
        assert_eq!(found, "<saml:Assertion x=\"1\">y</saml:Assertion>");
        assert_eq!(compact_in("<UserToken>cwt=AB</UserToken>"), Some("cwt=AB"));
        assert_eq!(compact_in("{\"access_token\":\"cwt=AB\"}"), Some("cwt=AB"));
        assert_eq!((assertion_in(""), compact_in("")), (None, None));
    }

    #[test]
    fn a_certificate_is_found_where_it_is() {
        let signed = signed_by("MAMCAQE=", "sip:anna@contoso.com");
        assert_eq!(certificate_in(&signed), Some("MAMCAQE="));
        assert_eq!(certificate_in("<a/>"), None);
    }

    #[test]
    fn a_token_stands_before_the_body() {
        let with = asks_with_token("<soap:Envelope><soap:Body>x", "CONTOSO\\anna", "p");
        let header = with.find("UsernameToken").expect("a token");
        assert!(header < with.find("<soap:Body>").expect("the body"));
        assert!(with.contains(&STANDARD.encode("CONTOSO\\anna")));
    }
}
