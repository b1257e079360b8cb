//! The metadata of the front end's services: how each of them wants its caller to sign in.
//!
//! INTEROP: SIPE 1.25 walks `Policy/ExactlyOne/All/EndorsingSupportingTokens` (a proof) or
//! `SignedSupportingTokens` (a bearer) down to the issuer's address, and then takes the port's.

use http::StatusCode;
use hyper::body::Incoming;
use proto::lync::mex::{Logon, WebTicketService};
use proto::soap::namespace::{ADDRESSING, POLICY, UTILITY};
use proto::soap::{self, Envelope};
use xml::Limits;
use xml::write::{Element, element};

use super::{FrontEnd, SERVICE, XML};
use crate::serve::body;
use crate::serve::reply::Reply;
use crate::settings::MetadataHost;

const SECURITY_POLICY: &str = "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702";

/// Whose metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Metadata {
    WebTicket,
    CertProv,
    GroupExpansion,
}

impl FrontEnd {
    pub(super) fn mex(&self, metadata: Metadata) -> Reply {
        Reply::with_body(StatusCode::OK, XML, self.document(metadata))
    }

    /// The same by WS-Transfer: inside an envelope of the version that asked.
    pub(super) async fn mex_by_message(&self, body: Incoming, metadata: Metadata) -> Reply {
        let Ok(body) = body::read(body, Limits::DEFAULT.bytes).await else {
            return Reply::new(StatusCode::BAD_REQUEST);
        };
        let document = soap::document(&body).ok();
        let asked = document.as_ref().and_then(|it| Envelope::parse(it).ok());
        let Some(asked) = asked else {
            return Reply::new(StatusCode::BAD_REQUEST);
        };
        let document = self.document(metadata);
        let definitions = document
            .split_once("?>")
            .map_or(&*document, |(_, rest)| rest);
        let envelope = format!(
            "<s:Envelope xmlns:s=\"{}\" xmlns:a=\"{ADDRESSING}\"><s:Header><a:Action>\
             http://schemas.xmlsoap.org/ws/2004/09/transfer/GetResponse</a:Action></s:Header><s:Body>\
             <wsx:Metadata xmlns:wsx=\"http://schemas.xmlsoap.org/ws/2004/09/mex\"><wsx:MetadataSection \
             Dialect=\"http://schemas.xmlsoap.org/wsdl/\">{definitions}</wsx:MetadataSection>\
             </wsx:Metadata></s:Body></s:Envelope>",
            asked.version().namespace()
        );
        Reply::with_body(StatusCode::OK, asked.version().content_type(), envelope)
    }

    fn document(&self, metadata: Metadata) -> String {
        let origin = match self.addresses.metadata {
            MetadataHost::Internal => &self.addresses.internal,
            MetadataHost::External => &self.addresses.external,
        };
        match metadata {
            Metadata::WebTicket => WebTicketService {
                address: format!("{origin}{SERVICE}"),
                logons: match self.passive {
                    Some(_) => PASSIVE.to_vec(),
                    None => ACTIVE.to_vec(),
                },
            }
            .to_xml(),
            Metadata::CertProv => CERT_PROV.to_xml(origin),
            Metadata::GroupExpansion => GROUP_EXPANSION.to_xml(origin),
        }
    }
}

/// What a pool offers as it is installed.
const ACTIVE: [Logon; 5] = [
    Logon::WinNegotiate,
    Logon::Auth,
    Logon::Anon,
    Logon::Cert,
    Logon::Pin,
];
/// What it offers with passive on, Windows none and certificates on.
const PASSIVE: [Logon; 3] = [Logon::Anon, Logon::Cert, Logon::WsFedPassive];

const CERT_PROV: TicketedService = TicketedService {
    name: "CertProvisioningService",
    port: "CertProvisioningServiceWebTicketProof_SHA1",
    path: "/CertProv/CertProvisioningService.svc/WebTicket_Proof_SHA1",
    tokens: "sp:EndorsingSupportingTokens",
};
const GROUP_EXPANSION: TicketedService = TicketedService {
    name: "DistributionListExpander",
    port: "AddressBookWebTicketBearer",
    path: "/groupexpansion/service.svc/WebTicket_Bearer",
    tokens: "sp:SignedSupportingTokens",
};

/// A service with one port that takes a ticket.
struct TicketedService {
    name: &'static str,
    port: &'static str,
    path: &'static str,
    tokens: &'static str,
}

impl TicketedService {
    fn to_xml(&self, origin: &str) -> String {
        let port = element("wsdl:port")
            .attribute("name", self.port)
            .attribute("binding", format!("tns:{}", self.port))
            .child(element("soap:address").attribute("location", format!("{origin}{}", self.path)));
        element("wsdl:definitions")
            .attribute("name", self.name)
            .attribute("targetNamespace", "http://tempuri.org/")
            .namespace("wsdl", "http://schemas.xmlsoap.org/wsdl/")
            .namespace("soap", "http://schemas.xmlsoap.org/wsdl/soap/")
            .namespace("wsp", POLICY)
            .namespace("wsu", UTILITY)
            .namespace("sp", SECURITY_POLICY)
            .namespace("wsa", ADDRESSING)
            .namespace("tns", "http://tempuri.org/")
            .child(self.policy(origin))
            .child(
                element("wsdl:service")
                    .attribute("name", self.name)
                    .child(port),
            )
            .to_document()
    }

    fn policy(&self, origin: &str) -> Element {
        let issuer =
            element("sp:Issuer").child(element("wsa:Address").text(format!("{origin}{SERVICE}")));
        let tokens = element(self.tokens)
            .child(element("wsp:Policy").child(element("sp:IssuedToken").child(issuer)));
        let all = element("wsp:All")
            .child(element("sp:TransportBinding").child(element("wsp:Policy")))
            .child(tokens);
        element("wsp:Policy")
            .attribute("wsu:Id", format!("{}_policy", self.port))
            .child(element("wsp:ExactlyOne").child(all))
    }
}
