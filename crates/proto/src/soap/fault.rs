//! Faults as Lync's web services send them ([MS-OCAUTHWS] 3.2.4.1; SOAP 1.1 section 4.4).
//!
//! Start at [`Fault::to_xml`].

use xml::write::{Element, element};

use super::namespace::{SECURITY, SOAP_1_1, WEB_AUTHENTICATION};

/// A fault to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it is.
    pub code: FaultCode,
    /// What a person may read.
    pub reason: String,
    /// Lync's error id with its own reason, in an `OCSDiagnosticsFault`.
    pub diagnostics: Option<(u32, String)>,
}

impl Fault {
    /// The fault of a failed sign-in: code, reason and diagnostics as Lync words them.
    ///
    /// UNCONFIRMED for wrong credentials at `/Auth`: the id and its words were seen for a missing
    /// or bad token.
    pub fn no_valid_security_token() -> Self {
        let reason = String::from("No valid security token.");
        Self {
            code: FaultCode::FailedAuthentication,
            reason: reason.clone(),
            diagnostics: Some((28020, reason)),
        }
    }

    /// The fault of a web ticket that is unknown, damaged or another pool's.
    pub fn invalid_web_ticket() -> Self {
        let reason = String::from("The web ticket is invalid.");
        Self {
            code: FaultCode::FailedAuthentication,
            reason: reason.clone(),
            diagnostics: Some((28032, reason)),
        }
    }

    /// Writes the whole envelope; its media type is `text/xml; charset=utf-8`, its status 500.
    pub fn to_xml(&self) -> String {
        let fault = element("s:Fault")
            .child(self.code.to_element())
            .child(
                element("faultstring")
                    .attribute("xml:lang", "en-US")
                    .text(self.reason.clone()),
            )
            .children(self.detail());
        element("s:Envelope")
            .namespace("s", SOAP_1_1)
            .child(element("s:Body").child(fault))
            .to_xml()
    }

    fn detail(&self) -> Option<Element> {
        let (id, reason) = self.diagnostics.as_ref()?;
        let diagnostics = element("OCSDiagnosticsFault")
            .namespace("", WEB_AUTHENTICATION)
            .namespace("i", "http://www.w3.org/2001/XMLSchema-instance")
            .child(
                element("Ms-Diagnostics-Fault")
                    .child(element("ErrorId").text(id.to_string()))
                    .child(element("Reason").text(reason.clone())),
            )
            .child(element("NameValuePairs").namespace(
                "a",
                "http://schemas.microsoft.com/2003/10/Serialization/Arrays",
            ));
        Some(element("detail").child(diagnostics))
    }
}

/// Kinds of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultCode {
    /// WS-Security: the credentials or the ticket are not good.
    FailedAuthentication,
    /// WS-Security: the security header is not what it should be.
    InvalidSecurity,
    /// WS-Trust: the request is not one that we understand.
    InvalidRequest,
    /// WS-Addressing as WCF does it: no operation of that name.
    ActionNotSupported,
    /// SOAP: the message is wrong.
    Client,
    /// SOAP: the service failed.
    Server,
}

impl FaultCode {
    fn to_element(self) -> Element {
        let (namespace, code) = match self {
            Self::FailedAuthentication => (SECURITY, "a:FailedAuthentication"),
            Self::InvalidSecurity => (SECURITY, "a:InvalidSecurity"),
            Self::InvalidRequest => (super::namespace::TRUST_1_3, "a:InvalidRequest"),
            Self::ActionNotSupported => (
                "http://schemas.microsoft.com/ws/2005/05/addressing/none",
                "a:ActionNotSupported",
            ),
            Self::Client => return element("faultcode").text("s:Client"),
            Self::Server => return element("faultcode").text("s:Server"),
        };
        element("faultcode").namespace("a", namespace).text(code)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::soap::{Envelope, document};

    #[test]
    fn a_failed_sign_in_looks_as_lync_writes_it() {
        expect![[r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode xmlns:a="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">a:FailedAuthentication</faultcode><faultstring xml:lang="en-US">No valid security token.</faultstring><detail><OCSDiagnosticsFault xmlns="urn:component:Microsoft.Rtc.WebAuthentication.2010" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Ms-Diagnostics-Fault><ErrorId>28020</ErrorId><Reason>No valid security token.</Reason></Ms-Diagnostics-Fault><NameValuePairs xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"/></OCSDiagnosticsFault></detail></s:Fault></s:Body></s:Envelope>"#]]
            .assert_eq(&Fault::no_valid_security_token().to_xml());
    }

    #[test]
    fn every_code_is_written_with_its_own_prefix() {
        for code in [
            FaultCode::FailedAuthentication,
            FaultCode::InvalidSecurity,
            FaultCode::InvalidRequest,
            FaultCode::ActionNotSupported,
            FaultCode::Client,
            FaultCode::Server,
        ] {
            let fault = Fault {
                code,
                reason: "<&>".to_owned(),
                diagnostics: None,
            };
            let text = fault.to_xml();
            let document = document(text.as_bytes()).unwrap();
            let fault = Envelope::parse(&document).unwrap().content().unwrap();
            let code = fault.children().next().unwrap();
            let text = code.text();
            let (prefix, _) = text.split_once(':').unwrap();
            assert!(code.namespace_of(Some(prefix)).is_some(), "{text}");
            assert_eq!(fault.children().nth(1).unwrap().text(), "<&>");
            assert_eq!(fault.children().count(), 2);
        }
    }
}
