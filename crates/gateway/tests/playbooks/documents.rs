//! Documents that clients and back ends send.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proto::soap::namespace::{AUTHORIZATION, SAML_1, SIGNATURE, SOAP_1_1, TRUST_1_3, UTILITY};

/// The path of the web ticket service.
pub(crate) const WEB_TICKET: &str = "/WebTicket/WebTicketService.svc";
/// The path of the user link.
pub(crate) const USER: &str = "/Autodiscover/AutodiscoverService.svc/root/user";
/// The path where clients begin.
pub(crate) const ROOT: &str = "/Autodiscover/AutodiscoverService.svc/root";
/// The path of the web ticket service's metadata.
pub(crate) const MEX: &str = "/WebTicket/WebTicketService.svc/mex";
/// When the tickets of [`answer_with_assertion`] end.
pub(crate) const END: &str = "2026-11-24T16:00:00.000Z";

/// An answer of the back end.
pub(crate) fn answered<'b>(
    status: u16,
    headers: &[(&str, &str)],
    body: &'b str,
) -> http::Response<&'b str> {
    let mut answer = http::Response::builder().status(status);
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(body).unwrap()
}

/// A request for a web ticket in somebody's name.
pub(crate) fn rst(sip_uri: &str) -> String {
    rst_with(&format!(
        "<t:Claims><a:ClaimType Uri='{}'><a:Value>{sip_uri}</a:Value></a:ClaimType></t:Claims>",
        proto::lync::webticket::CLAIM_TYPE_URI
    ))
}

/// A request for a web ticket with this inside.
pub(crate) fn rst_with(inside: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}' xmlns:a='{AUTHORIZATION}' xmlns:t='{TRUST_1_3}'><s:Body>\
         <t:RequestSecurityToken><t:RequestType>http://schemas.xmlsoap.org/ws/2005/02/trust/Issue\
         </t:RequestType>{inside}</t:RequestSecurityToken></s:Body></s:Envelope>"
    )
}

/// An assertion by this id.
pub(crate) fn assertion(id: &str) -> String {
    format!(
        "<m:Assertion AssertionID=\"{id}\" xmlns:m=\"{SAML_1}\"><m:Conditions NotOnOrAfter=\"{END}\"/>\
         <Signature xmlns=\"{SIGNATURE}\"><SignedInfo/><SignatureValue>q83v3s0=</SignatureValue>\
         </Signature></m:Assertion>"
    )
}

/// The back end's answer with an assertion.
pub(crate) fn answer_with_assertion(id: &str) -> String {
    answer(&assertion(id))
}

/// The back end's answer with a compact ticket.
pub(crate) fn answer_with_cwt(value: &str) -> String {
    answer(&format!("<UserToken>cwt={value}</UserToken>"))
}

/// An answer that has no ticket in it.
pub(crate) fn answer_without_ticket() -> String {
    format!("<s:Envelope xmlns:s='{SOAP_1_1}'><s:Body><c/></s:Body></s:Envelope>")
}

/// The header by which an assertion is presented.
pub(crate) fn presented(id: &str) -> String {
    format!("opaque={}", BASE64_STANDARD.encode(assertion(id)))
}

fn answer(token: &str) -> String {
    format!(
        "<s:Envelope xmlns:s='{SOAP_1_1}' xmlns:u='{UTILITY}'><s:Body><c>\
         <RequestSecurityTokenResponse xmlns='{TRUST_1_3}'><RequestedSecurityToken>{token}\
         </RequestedSecurityToken></RequestSecurityTokenResponse></c></s:Body></s:Envelope>"
    )
}
