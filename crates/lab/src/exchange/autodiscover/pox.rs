//! Autodiscover in plain old XML ([MS-OXDSCLI]): for Outlook and Lync, and for phones.

use http::StatusCode;
use xml::Document;
use xml::write::{Element, element};

use super::{
    ACTIVE_SYNC, DEPLOYMENT, ECP, EWS, Found, MAPI, MAPI_ADDRESS_BOOK, OAB, OWA, UNIFIED_MESSAGING,
    legacy_dn,
};
use crate::exchange::{Exchange, XML};
use crate::people::Person;
use crate::serve::http::Head;
use crate::serve::reply::Reply;

const ENVELOPE: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
const OUTLOOK: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
const MOBILE: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006";

impl Exchange {
    /// Answers a request.
    pub(in crate::exchange) fn pox(&self, head: &Head, body: &[u8]) -> Reply {
        let document = Document::parse_bytes(body).ok();
        let request = document.as_ref().and_then(Request::read);
        let response = match request {
            None => error("600", "Invalid Request"),
            Some(request) => self.response(&request, head),
        };
        let answer = element("Autodiscover")
            .namespace("", ENVELOPE)
            .child(response);
        Reply::with_body(StatusCode::OK, XML, answer.to_document())
    }

    fn response(&self, request: &Request, head: &Head) -> Element {
        let schema = if request.is_mobile { MOBILE } else { OUTLOOK };
        let response = element("Response").namespace("", schema);
        match (self.find(&request.address, head), request.is_mobile) {
            (Found::Mailbox(person), false) => {
                response.child(user(&person)).child(self.account(&person))
            }
            (Found::Mailbox(person), true) => response
                .child(element("Culture").text("en:us"))
                .child(mobile_user(&person))
                .child(self.mobile_settings()),
            (Found::Address(address), false) => {
                response.child(redirection("redirectAddr", "RedirectAddr", address))
            }
            (Found::Elsewhere(query), false) => {
                let url = self.url(&format!("{}{query}", head.path));
                response.child(redirection("redirectUrl", "RedirectUrl", url))
            }
            (Found::Address(address), true) => {
                response.child(element("Action").child(element("Redirect").text(address)))
            }
            (Found::Elsewhere(_) | Found::Nobody, _) => {
                error("500", "The email address can't be found.")
            }
        }
    }

    fn account(&self, person: &Person) -> Element {
        element("Account")
            .child(element("AccountType").text("email"))
            .child(element("Action").text("settings"))
            .child(self.inside(person))
            .child(self.outside())
            .child(self.browser())
            .child(self.mapi())
    }

    /// EXCH: how the mailbox is reached inside.
    fn inside(&self, person: &Person) -> Element {
        let protocol = element("Protocol")
            .child(element("Type").text("EXCH"))
            .child(element("Server").text(self.reception.host.clone()))
            .child(element("ServerDN").text(format!(
                "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration\
                 /cn=Servers/cn={}",
                self.reception.host
            )))
            .child(element("ServerVersion").text("73C18000"))
            .child(element("MdbDN").text(legacy_dn(person)));
        protocol
            .children(self.urls())
            .child(element("PublicFolderServer").text(self.reception.host.clone()))
    }

    /// EXPR: how it is reached outside; a gate's own name is not known here.
    fn outside(&self) -> Element {
        element("Protocol")
            .child(element("Type").text("EXPR"))
            .child(element("Server").text(self.reception.host.clone()))
            .child(element("SSL").text("On"))
            .child(element("AuthPackage").text("Ntlm"))
            .children(self.urls())
            .child(element("CertPrincipalName").text(format!("msstd:{}", self.reception.host)))
    }

    fn browser(&self) -> Element {
        let access = element("OWAUrl")
            .attribute("AuthenticationMethod", "Basic, Fba")
            .text(self.url(OWA));
        let services = element("Protocol")
            .child(element("Type").text("EXCH"))
            .child(element("ASUrl").text(self.url(EWS)));
        element("Protocol")
            .child(element("Type").text("WEB"))
            .child(element("Internal").child(access).child(services))
    }

    fn mapi(&self) -> Element {
        let store = |name, path| {
            element(name)
                .child(element("InternalUrl").text(self.url(path)))
                .child(element("ExternalUrl").text(self.url(path)))
        };
        element("Protocol")
            .attribute("Type", "mapiHttp")
            .attribute("Version", "1")
            .child(store("MailStore", MAPI))
            .child(store("AddressBook", MAPI_ADDRESS_BOOK))
    }

    fn urls(&self) -> impl Iterator<Item = Element> {
        let urls = [
            ("ASUrl", EWS),
            ("EwsUrl", EWS),
            ("EmwsUrl", EWS),
            ("EcpUrl", ECP),
            ("OOFUrl", EWS),
            ("UMUrl", UNIFIED_MESSAGING),
            ("OABUrl", OAB),
        ];
        urls.into_iter()
            .map(|(name, path)| element(name).text(self.url(path)))
    }

    fn mobile_settings(&self) -> Element {
        let server = element("Server")
            .child(element("Type").text("MobileSync"))
            .child(element("Url").text(self.url(ACTIVE_SYNC)))
            .child(element("Name").text(self.url(ACTIVE_SYNC)));
        element("Action").child(element("Settings").child(server))
    }
}

/// What is asked for.
struct Request {
    address: String,
    is_mobile: bool,
}

impl Request {
    fn read(document: &Document<'_>) -> Option<Self> {
        let named = |name| {
            let mut elements = document.root().descendants();
            elements
                .find(|element| element.name() == name)
                .map(|element| element.text())
        };
        let schema = named("AcceptableResponseSchema").unwrap_or_default();
        Some(Self {
            address: named("EMailAddress")?,
            is_mobile: schema.trim() == MOBILE,
        })
    }
}

fn user(person: &Person) -> Element {
    element("User")
        .child(element("DisplayName").text(person.sam.clone()))
        .child(element("LegacyDN").text(legacy_dn(person)))
        .child(element("AutoDiscoverSMTPAddress").text(person.upn.clone()))
        .child(element("DeploymentId").text(DEPLOYMENT))
}

fn mobile_user(person: &Person) -> Element {
    element("User")
        .child(element("DisplayName").text(person.sam.clone()))
        .child(element("EMailAddress").text(person.upn.clone()))
}

fn redirection(action: &'static str, name: &'static str, to: String) -> Element {
    element("Account")
        .child(element("AccountType").text("email"))
        .child(element("Action").text(action))
        .child(element(name).text(to))
}

fn error(code: &'static str, message: &'static str) -> Element {
    let error = element("Error")
        .attribute("Time", "08:00:00.0000000")
        .attribute("Id", "1234567890")
        .child(element("ErrorCode").text(code))
        .child(element("Message").text(message))
        .child(element("DebugData"));
    element("Response").namespace("", ENVELOPE).child(error)
}
