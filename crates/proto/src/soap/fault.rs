//! Faults as Lync's web services send them ([MS-OCAUTHWS] 3.2.4.1; SOAP 1.1 section 4.4; SOAP 1.2 part 1, 5.4).
//!
//! Start at [`Fault::to_xml`].

use xml::write::{Element, element};

use super::Version;
use super::namespace::{SECURITY, WEB_AUTHENTICATION};

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

    /// Writes the whole envelope as the version has it that asked; its media type is
    /// [`Version::content_type`], its status 500.
    pub fn to_xml(&self, version: Version) -> String {
        let fault = match version {
            Version::V1_1 => self.in_1_1(),
            Version::V1_2 => self.in_1_2(),
        };
        element("s:Envelope")
            .namespace("s", version.namespace())
            .child(element("s:Body").child(fault))
            .to_xml()
    }

    fn in_1_1(&self) -> Element {
        element("s:Fault")
            .child(self.code.to_element("faultcode", Version::V1_1))
            .child(self.readable("faultstring"))
            .children(self.detail("detail"))
    }

    /// What a code of another specification is to SOAP 1.2 stands before it (SOAP 1.2 part 1, 5.4.1): all of ours
    /// blame the message, but for a failure of the service itself.
    fn in_1_2(&self) -> Element {
        let code = element("s:Code");
        let code = match self.code {
            FaultCode::Client | FaultCode::Server => {
                code.child(self.code.to_element("s:Value", Version::V1_2))
            }
            FaultCode::FailedAuthentication
            | FaultCode::InvalidSecurity
            | FaultCode::InvalidRequest
            | FaultCode::ActionNotSupported => {
                let own = self.code.to_element("s:Value", Version::V1_2);
                code.child(element("s:Value").text("s:Sender"))
                    .child(element("s:Subcode").child(own))
            }
        };
        element("s:Fault")
            .child(code)
            .child(element("s:Reason").child(self.readable("s:Text")))
            .children(self.detail("s:Detail"))
    }

    fn readable(&self, name: &'static str) -> Element {
        element(name)
            .attribute("xml:lang", "en-US")
            .text(self.reason.clone())
    }

    fn detail(&self, name: &'static str) -> Option<Element> {
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
        Some(element(name).child(diagnostics))
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
    fn to_element(self, name: &'static str, version: Version) -> Element {
        let (namespace, code) = match self {
            Self::FailedAuthentication => (SECURITY, "a:FailedAuthentication"),
            Self::InvalidSecurity => (SECURITY, "a:InvalidSecurity"),
            Self::InvalidRequest => (super::namespace::TRUST_1_3, "a:InvalidRequest"),
            Self::ActionNotSupported => (
                "http://schemas.microsoft.com/ws/2005/05/addressing/none",
                "a:ActionNotSupported",
            ),
            Self::Client | Self::Server => {
                let blamed = match (self, version) {
                    (Self::Client, Version::V1_1) => "s:Client",
                    (Self::Client, Version::V1_2) => "s:Sender",
                    (_, Version::V1_1) => "s:Server",
                    (_, Version::V1_2) => "s:Receiver",
                };
                return element(name).text(blamed);
            }
        };
        element(name).namespace("a", namespace).text(code)
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
            .assert_eq(&Fault::no_valid_security_token().to_xml(Version::V1_1));
    }

    #[test]
    fn the_same_in_soap_1_2() {
        let text = Fault::no_valid_security_token().to_xml(Version::V1_2);
        expect![[r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">a:FailedAuthentication</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">No valid security token.</s:Text></s:Reason><s:Detail><OCSDiagnosticsFault xmlns="urn:component:Microsoft.Rtc.WebAuthentication.2010" xmlns:i="http://www.w3.org/2001/XMLSchema-instance"><Ms-Diagnostics-Fault><ErrorId>28020</ErrorId><Reason>No valid security token.</Reason></Ms-Diagnostics-Fault><NameValuePairs xmlns:a="http://schemas.microsoft.com/2003/10/Serialization/Arrays"/></OCSDiagnosticsFault></s:Detail></s:Fault></s:Body></s:Envelope>"#]].assert_eq(&text);
    }

    #[test]
    fn every_code_is_written_with_its_own_prefix() {
        for kind in [
            FaultCode::FailedAuthentication,
            FaultCode::InvalidSecurity,
            FaultCode::InvalidRequest,
            FaultCode::ActionNotSupported,
            FaultCode::Client,
            FaultCode::Server,
        ] {
            let fault = Fault {
                code: kind,
                reason: "<&>".to_owned(),
                diagnostics: None,
            };
            let text = fault.to_xml(Version::V1_1);
            let document = document(text.as_bytes()).unwrap();
            let fault = Envelope::parse(&document).unwrap().content().unwrap();
            let code = fault.children().next().unwrap();
            let text = code.text();
            let (prefix, _) = text.split_once(':').unwrap();
            assert!(code.namespace_of(Some(prefix)).is_some(), "{text}");
            assert_eq!(fault.children().nth(1).unwrap().text(), "<&>");
            assert_eq!(fault.children().count(), 2);
            let new = Fault {
                code: kind,
                reason: "<&>".to_owned(),
                diagnostics: None,
            };
            let text = new.to_xml(Version::V1_2);
            let document = crate::soap::document(text.as_bytes()).unwrap();
            let fault = Envelope::parse(&document).unwrap().content().unwrap();
            let code = fault.children().next().unwrap();
            let names: Vec<_> = code.children().map(|child| child.name()).collect();
            assert!(matches!(names.as_slice(), ["Value"] | ["Value", "Subcode"]));
            let blamed = code.children().next().unwrap().text();
            let is_ours = kind == FaultCode::Server;
            assert_eq!(blamed, if is_ours { "s:Receiver" } else { "s:Sender" });
        }
    }
}
