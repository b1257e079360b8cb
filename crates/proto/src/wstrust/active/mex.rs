//! The description of the active endpoints: WSDL 1.1 with a policy for each, as AD FS publishes it at
//! `/adfs/services/trust/mex`.
//!
//! INTEROP: MSAL looks for a policy with a TransportBinding and WssUsernameToken10 under the supporting tokens of its dialect,
//! for a binding over SOAP 1.2 that names it, and for a port with an https address. Start at [`document`].

use xml::write::{Element, element};

use super::Dialect;
use crate::soap::namespace::{ADDRESSING, POLICY, UTILITY};

/// Where the description is, in lower case.
pub const PATH: &str = "/adfs/services/trust/mex";
const TARGET: &str = "http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice";
const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const WSDL_SOAP_1_2: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const HTTP: &str = "http://schemas.xmlsoap.org/soap/http";

/// The names that one dialect has in the document.
struct Names {
    policy_namespace: &'static str,
    supporting: &'static str,
    port_type: &'static str,
    operation: &'static str,
    binding: &'static str,
    policy: &'static str,
    input: &'static str,
    output: &'static str,
}

impl Names {
    fn of(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Feb2005 => Self {
                policy_namespace: "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
                supporting: "p:SignedSupportingTokens",
                port_type: "IWSTrustFeb2005Async",
                operation: "TrustFeb2005IssueAsync",
                binding: "UserNameWSTrustBinding_IWSTrustFeb2005Async",
                policy: "UserNameWSTrustBinding_IWSTrustFeb2005Async_policy",
                input: "IWSTrustFeb2005Async_TrustFeb2005IssueAsync_InputMessage",
                output: "IWSTrustFeb2005Async_TrustFeb2005IssueAsync_OutputMessage",
            },
            Dialect::V13 => Self {
                policy_namespace: "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
                supporting: "p:SignedEncryptedSupportingTokens",
                port_type: "IWSTrust13Async",
                operation: "Trust13IssueAsync",
                binding: "UserNameWSTrustBinding_IWSTrust13Async",
                policy: "UserNameWSTrustBinding_IWSTrust13Async_policy",
                input: "IWSTrust13Async_Trust13IssueAsync_InputMessage",
                output: "IWSTrust13Async_Trust13IssueAsync_OutputMessage",
            },
        }
    }
}

/// Writes the description of the endpoints at an origin (`https://sts.contoso.com`).
#[must_use]
pub fn document(origin: &str) -> String {
    let all = || Dialect::ALL.into_iter();
    let service = element("wsdl:service")
        .attribute("name", "SecurityTokenService")
        .children(all().map(|dialect| port(dialect, origin)));
    element("wsdl:definitions")
        .namespace("wsdl", WSDL)
        .namespace("soap12", WSDL_SOAP_1_2)
        .namespace("wsp", POLICY)
        .namespace("wsu", UTILITY)
        .namespace("wsa10", ADDRESSING)
        .namespace("tns", TARGET)
        .attribute("name", "SecurityTokenService")
        .attribute("targetNamespace", TARGET)
        .children(all().map(policy))
        .child(types())
        .children(all().flat_map(messages))
        .children(all().map(port_type))
        .children(all().map(binding))
        .child(service)
        .to_document()
}

/// What must hold of a message: TLS, its time, and a user name with its secret.
fn policy(dialect: Dialect) -> Element {
    let names = Names::of(dialect);
    let policy = || element("wsp:Policy");
    let suite = element("p:AlgorithmSuite").child(policy().child(element("p:Basic256")));
    let layout = element("p:Layout").child(policy().child(element("p:Strict")));
    let https = element("p:HttpsToken").children(match dialect {
        Dialect::Feb2005 => None,
        Dialect::V13 => Some(policy()),
    });
    let https = match dialect {
        Dialect::Feb2005 => https.attribute("RequireClientCertificate", "false"),
        Dialect::V13 => https,
    };
    let transport = element("p:TransportBinding").child(
        policy()
            .child(element("p:TransportToken").child(policy().child(https)))
            .child(suite)
            .child(layout)
            .child(element("p:IncludeTimestamp")),
    );
    let include = format!("{}/IncludeToken/AlwaysToRecipient", names.policy_namespace);
    let token = element("p:UsernameToken")
        .attribute("p:IncludeToken", include)
        .child(policy().child(element("p:WssUsernameToken10")));
    let supporting = element(names.supporting).child(policy().child(token));
    let addressing = element("wsaw:UsingAddressing")
        .namespace("wsaw", "http://www.w3.org/2006/05/addressing/wsdl");
    let all = element("wsp:All")
        .child(transport.namespace("p", names.policy_namespace))
        .child(supporting.namespace("p", names.policy_namespace))
        .child(addressing);
    element("wsp:Policy")
        .attribute("wsu:Id", names.policy)
        .child(element("wsp:ExactlyOne").child(all))
}

/// The schema by which both messages are anything: what they hold is WS-Trust's.
fn types() -> Element {
    let anything = element("xsd:any")
        .attribute("minOccurs", "0")
        .attribute("maxOccurs", "unbounded")
        .attribute("namespace", "##any")
        .attribute("processContents", "lax");
    let message = element("xsd:complexType")
        .attribute("name", "MessageBody")
        .child(element("xsd:sequence").child(anything));
    let schema = element("xsd:schema")
        .namespace("xsd", "http://www.w3.org/2001/XMLSchema")
        .attribute("targetNamespace", "http://schemas.microsoft.com/Message")
        .child(message);
    element("wsdl:types").child(schema)
}

fn messages(dialect: Dialect) -> [Element; 2] {
    let names = Names::of(dialect);
    let message = |name: &str, part: &str| {
        let part = element("wsdl:part")
            .namespace("m", "http://schemas.microsoft.com/Message")
            .attribute("name", part)
            .attribute("type", "m:MessageBody");
        element("wsdl:message").attribute("name", name).child(part)
    };
    [
        message(names.input, "request"),
        message(names.output, &format!("{}Result", names.operation)),
    ]
}

fn port_type(dialect: Dialect) -> Element {
    let names = Names::of(dialect);
    let addressed = |name: &'static str, action: &str, message: &str| {
        element(name)
            .namespace("wsaw", "http://www.w3.org/2006/05/addressing/wsdl")
            .attribute("wsaw:Action", action)
            .attribute("message", format!("tns:{message}"))
    };
    let operation = element("wsdl:operation")
        .attribute("name", names.operation)
        .child(addressed("wsdl:input", dialect.action(), names.input))
        .child(addressed("wsdl:output", dialect.answered(), names.output));
    element("wsdl:portType")
        .attribute("name", names.port_type)
        .child(operation)
}

fn binding(dialect: Dialect) -> Element {
    let names = Names::of(dialect);
    let literal = |name: &'static str| {
        element(name).child(element("soap12:body").attribute("use", "literal"))
    };
    let action = element("soap12:operation")
        .attribute("soapAction", dialect.action())
        .attribute("style", "document");
    let operation = element("wsdl:operation")
        .attribute("name", names.operation)
        .child(action)
        .child(literal("wsdl:input"))
        .child(literal("wsdl:output"));
    let reference = element("wsp:PolicyReference").attribute("URI", format!("#{}", names.policy));
    element("wsdl:binding")
        .attribute("name", names.binding)
        .attribute("type", format!("tns:{}", names.port_type))
        .child(reference)
        .child(element("soap12:binding").attribute("transport", HTTP))
        .child(operation)
}

fn port(dialect: Dialect, origin: &str) -> Element {
    let names = Names::of(dialect);
    let location = format!("{origin}{}", dialect.path());
    let reference =
        element("wsa10:EndpointReference").child(element("wsa10:Address").text(location.clone()));
    element("wsdl:port")
        .attribute("name", names.binding)
        .attribute("binding", format!("tns:{}", names.binding))
        .child(element("soap12:address").attribute("location", location))
        .child(reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_has_its_binding_its_port_type_its_messages_and_its_policy() {
        let text = document("https://sts.contoso.com:8443");
        let document = xml::Document::parse(&text).unwrap();
        let root = document.root();
        let named = |name: &str, value: &str| {
            let mut all = root.children().filter(|it| it.name() == name);
            all.any(|it| it.attribute("name") == Some(value))
        };
        for dialect in Dialect::ALL {
            let names = Names::of(dialect);
            assert!(named("binding", names.binding) && named("portType", names.port_type));
            assert!(named("message", names.input) && named("message", names.output));
            let address = format!("https://sts.contoso.com:8443{}", dialect.path());
            assert_eq!(text.matches(&address).count(), 2);
            let policy = format!("wsu:Id=\"{}\"", names.policy);
            let reference = format!("URI=\"#{}\"", names.policy);
            assert!(text.contains(&policy) && text.contains(&reference));
        }
        // Neither a certificate nor Windows signs in here.
        assert!(!text.contains("windowstransport") && !text.contains("certificatemixed"));
    }
}
