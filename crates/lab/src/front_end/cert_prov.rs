//! What is served for a ticket in a message: a client's certificate ([MS-OCAUTHWS] 3.3) and the
//! address book's search.
//!
//! UNCONFIRMED: the attributes of the response's elements.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use proto::lync::certificate::X509_V3;
use proto::soap::namespace::{SECURITY, SOAP_1_1, TRUST_1_3};
use proto::soap::{Envelope, Fault, FaultCode};
use xml::write::{Element, element};

use super::{FrontEnd, XML, fault};
use crate::people::{Person, is_same_sip};
use crate::serve::reply::Reply;

const PROVISIONING: &str = "http://schemas.microsoft.com/OCS/AuthWebServices/";
const ENROLLMENT: &str = "http://schemas.microsoft.com/windows/pki/2009/01/enrollment";
const BASE64_BINARY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd#Base64Binary";

impl FrontEnd {
    /// Answers GetAndPublishCert of somebody for themselves.
    pub(super) fn certificate(&self, envelope: &Envelope<'_, '_>, person: &Person) -> Reply {
        let request = envelope.content().ok();
        let request = request.filter(|request| request.is(PROVISIONING, "GetAndPublishCert"));
        let Some(request) = request else {
            return refusal(
                FaultCode::ActionNotSupported,
                "Only GetAndPublishCert is served here.",
            );
        };
        let entity = request.attribute("Entity").unwrap_or_default();
        if !is_same_sip(entity, &person.sip) {
            let reason = "The entity is not the owner of the web ticket.";
            return refusal(FaultCode::FailedAuthentication, reason);
        }
        let Ok(certificate) = self.mint.certificates.issue(entity, &person.sip) else {
            return refusal(FaultCode::Server, "No certificate could be issued.");
        };
        let response = element("GetAndPublishCertResponse")
            .namespace("", PROVISIONING)
            .attribute_if("DeviceId", request.attribute("DeviceId"))
            .attribute("Entity", entity)
            .child(issued(&certificate));
        Reply::with_body(StatusCode::OK, XML, message(response))
    }

    /// Answers every search of the address book with nobody.
    pub(super) fn group(&self, _: &Person) -> Reply {
        let response = element("SearchAbEntryResponse").namespace("", "DistributionListExpander");
        Reply::with_body(StatusCode::OK, XML, message(response))
    }
}

fn issued(certificate: &[u8]) -> Element {
    let token = element("BinarySecurityToken")
        .namespace("", SECURITY)
        .attribute("ValueType", X509_V3)
        .attribute("EncodingType", BASE64_BINARY)
        .text(STANDARD.encode(certificate));
    element("RequestSecurityTokenResponse")
        .namespace("", TRUST_1_3)
        .child(element("TokenType").text(X509_V3))
        .child(element("RequestedSecurityToken").child(token))
        .child(element("RequestID").namespace("", ENROLLMENT).text("0"))
}

fn message(content: Element) -> String {
    element("s:Envelope")
        .namespace("s", SOAP_1_1)
        .child(element("s:Body").child(content))
        .to_document()
}

fn refusal(code: FaultCode, reason: &str) -> Reply {
    fault(&Fault {
        code,
        reason: reason.to_owned(),
        diagnostics: None,
    })
}
