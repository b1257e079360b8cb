//! A minimal document of the web ticket service, for the lab and for tests.
//!
//! UNCONFIRMED: the policies' content; real servers write what WCF does for them. SIPE reads the
//! nesting of definitions, service, port and address, and the policies' ids.

use xml::write::{Element, element};

use crate::soap::namespace::{ADDRESSING, POLICY, UTILITY};

const SECURITY_POLICY: &str = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy";

/// The web ticket service of one host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebTicketService {
    /// Address of the service, to which each port adds its own ending.
    pub address: String,
    /// The ports, in their order.
    pub logons: Vec<Logon>,
}

impl WebTicketService {
    /// Writes the document.
    pub fn to_xml(&self) -> String {
        let ports = self.logons.iter().map(|logon| self.port(*logon));
        element("wsdl:definitions")
            .attribute("name", "WebTicketService")
            .attribute("targetNamespace", "http://tempuri.org/")
            .namespace("wsdl", "http://schemas.xmlsoap.org/wsdl/")
            .namespace("soap", "http://schemas.xmlsoap.org/wsdl/soap/")
            .namespace("wsp", POLICY)
            .namespace("wsu", UTILITY)
            .namespace("sp", SECURITY_POLICY)
            .namespace(
                "http",
                "http://schemas.microsoft.com/ws/06/2004/policy/http",
            )
            .namespace("wsaw", "http://www.w3.org/2006/05/addressing/wsdl")
            .namespace("wsa", ADDRESSING)
            .namespace("tns", "http://tempuri.org/")
            .children(self.logons.iter().map(|logon| logon.policy()))
            .children(messages())
            .child(port_type())
            .children(self.logons.iter().map(|logon| logon.binding()))
            .child(
                element("wsdl:service")
                    .attribute("name", "WebTicketService")
                    .children(ports),
            )
            .to_document()
    }

    /// The page where a passive sign-in begins, on the host of the service.
    fn passive_page(&self) -> String {
        let origin: Vec<&str> = self.address.split('/').take(3).collect();
        format!("{}{}", origin.join("/"), crate::lync::passive::PAGE)
    }

    fn port(&self, logon: Logon) -> Element {
        let location = match logon {
            Logon::WsFedPassive => self.passive_page(),
            logon => format!("{}{}", self.address, logon.ending()),
        };
        element("wsdl:port")
            .attribute("name", logon.port())
            .attribute("binding", format!("tns:{}", logon.port()))
            .child(element("soap:address").attribute("location", location))
    }
}

/// The name of the port for the session of a passive sign-in; UNCONFIRMED: that this logon's name is the port's, too.
pub const WS_FED_PASSIVE: &str = "WsFedPassive";

/// Ways to sign in for a web ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logon {
    /// HTTP Negotiate: Kerberos or NTLM.
    WinNegotiate,
    /// HTTP NTLM; UNCONFIRMED: that it has the same address.
    WinNtlm,
    /// A user name and password in SOAP.
    Auth,
    /// None: a guest of a meeting.
    Anon,
    /// Lync's own client certificate.
    Cert,
    /// A desk phone's extension and PIN; UNCONFIRMED: its address and its policy.
    Pin,
    /// The session of a passive sign-in; UNCONFIRMED: that its address is the page's, and its policy.
    WsFedPassive,
}

impl Logon {
    /// The name of the port.
    pub fn port(self) -> &'static str {
        match self {
            Self::WinNegotiate => "WebTicketServiceWinNegotiate",
            Self::WinNtlm => "WebTicketServiceWinNtlm",
            Self::Auth => "WebTicketServiceAuth",
            Self::Anon => "WebTicketServiceAnon",
            Self::Cert => "WebTicketServiceCert",
            Self::Pin => "WebTicketServicePin",
            Self::WsFedPassive => WS_FED_PASSIVE,
        }
    }

    /// What the port adds to the service's address.
    pub fn ending(self) -> &'static str {
        match self {
            Self::WinNegotiate | Self::WinNtlm | Self::WsFedPassive => "",
            Self::Auth => "/Auth",
            Self::Anon => "/Anon",
            Self::Cert => "/cert",
            Self::Pin => "/pin",
        }
    }

    fn policy(self) -> Element {
        let token = |name| {
            let include = "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy/IncludeToken/AlwaysToRecipient";
            nested(element(name).attribute("sp:IncludeToken", include))
        };
        let transport = element("sp:TransportToken").child(nested(
            element("sp:HttpsToken").attribute("RequireClientCertificate", "false"),
        ));
        let assertion = match self {
            Self::WinNegotiate => Some(element("http:NegotiateAuthentication")),
            Self::WinNtlm => Some(element("http:NtlmAuthentication")),
            Self::Auth | Self::Pin => {
                Some(element("sp:SignedSupportingTokens").child(token("sp:UsernameToken")))
            }
            Self::Cert => {
                Some(element("sp:EndorsingSupportingTokens").child(token("sp:X509Token")))
            }
            Self::Anon | Self::WsFedPassive => None,
        };
        let all = element("wsp:All")
            .children(assertion)
            .child(element("sp:TransportBinding").child(nested(transport)));
        element("wsp:Policy")
            .attribute("wsu:Id", format!("{}_policy", self.port()))
            .child(element("wsp:ExactlyOne").child(all))
    }

    fn binding(self) -> Element {
        let body = || element("soap:body").attribute("use", "literal");
        let operation = element("wsdl:operation")
            .attribute("name", "IssueToken")
            .child(
                element("soap:operation")
                    .attribute("soapAction", crate::wstrust::v13::ACTION_ISSUE)
                    .attribute("style", "document"),
            )
            .child(element("wsdl:input").child(body()))
            .child(element("wsdl:output").child(body()));
        element("wsdl:binding")
            .attribute("name", self.port())
            .attribute("type", "tns:IWebTicketService")
            .child(
                element("wsp:PolicyReference").attribute("URI", format!("#{}_policy", self.port())),
            )
            .child(
                element("soap:binding")
                    .attribute("transport", "http://schemas.xmlsoap.org/soap/http"),
            )
            .child(operation)
    }
}

fn nested(inside: Element) -> Element {
    element("wsp:Policy").child(inside)
}

fn messages() -> [Element; 2] {
    [
        "IWebTicketService_IssueToken_InputMessage",
        "IWebTicketService_IssueToken_OutputMessage",
    ]
    .map(|name| element("wsdl:message").attribute("name", name))
}

fn port_type() -> Element {
    let end = |name, action: &str, message| {
        element(name)
            .attribute("wsaw:Action", action)
            .attribute("message", message)
    };
    let response = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal";
    let operation = element("wsdl:operation")
        .attribute("name", "IssueToken")
        .child(end(
            "wsdl:input",
            crate::wstrust::v13::ACTION_ISSUE,
            "tns:IWebTicketService_IssueToken_InputMessage",
        ))
        .child(end(
            "wsdl:output",
            response,
            "tns:IWebTicketService_IssueToken_OutputMessage",
        ));
    element("wsdl:portType")
        .attribute("name", "IWebTicketService")
        .child(operation)
}
