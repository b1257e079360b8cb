//! GetUserSettings of the SOAP Autodiscover service ([MS-OXWSADISC] 3.1.4.4).

use http::{Method, StatusCode};
use proto::soap::namespace::{ADDRESSING, SOAP_1_1};
use proto::soap::{self, Envelope, EnvelopeParseError, FaultCode};
use xml::write::{Element, element};

use super::{
    ACTIVE_SYNC, DEPLOYMENT, ECP, EWS, Found, MAPI, OAB, OWA, PHOTOS, UNIFIED_MESSAGING, legacy_dn,
};
use crate::exchange::{Exchange, XML, fault};
use crate::people::Person;
use crate::serve::http::Head;
use crate::serve::reply::Reply;

const AUTODISCOVER_2010: &str = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
const ACTION: &str =
    "http://schemas.microsoft.com/exchange/2010/Autodiscover/Autodiscover/GetUserSettingsResponse";
const INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// Most mailboxes and most settings of one message.
const MAX_ASKED: usize = 100;

/// Settings that are addresses.
const URLS: [(&str, &str); 17] = [
    ("InternalEwsUrl", EWS),
    ("ExternalEwsUrl", EWS),
    ("EwsPartnerUrl", EWS),
    ("InternalEcpUrl", ECP),
    ("ExternalEcpUrl", ECP),
    ("InternalOABUrl", OAB),
    ("ExternalOABUrl", OAB),
    ("InternalUMUrl", UNIFIED_MESSAGING),
    ("ExternalUMUrl", UNIFIED_MESSAGING),
    ("InternalPhotosUrl", PHOTOS),
    ("ExternalPhotosUrl", PHOTOS),
    ("InternalWebClientUrls", OWA),
    ("ExternalWebClientUrls", OWA),
    ("MobileMailboxPolicyUrl", ACTIVE_SYNC),
    ("InternalMapiHttpUrl", MAPI),
    ("ExternalMapiHttpUrl", MAPI),
    ("MapiHttpUrl", MAPI),
];

impl Exchange {
    /// Answers a message; a look at the service without one is answered too.
    pub(in crate::exchange) fn autodiscover(&self, head: &Head, body: &[u8]) -> Reply {
        if head.method != Method::POST {
            return Reply::with_body(StatusCode::OK, "text/html", "<html><body/></html>");
        }
        match Asked::read(body) {
            Ok(Some(asked)) => Reply::with_body(
                StatusCode::OK,
                XML,
                self.answered(&asked, head).to_document(),
            ),
            Ok(None) => fault(
                StatusCode::INTERNAL_SERVER_ERROR,
                FaultCode::ActionNotSupported,
                "Only GetUserSettings is served here.",
            ),
            Err(error) => fault(
                StatusCode::BAD_REQUEST,
                FaultCode::Client,
                &error.to_string(),
            ),
        }
    }

    fn answered(&self, asked: &Asked, head: &Head) -> Element {
        let users = asked.mailboxes.iter();
        let users = users.map(|mailbox| self.user_response(mailbox, &asked.settings, head));
        let response = outcome(element("Response").namespace("i", INSTANCE), "NoError")
            .child(element("UserResponses").children(users));
        let message = element("GetUserSettingsResponseMessage")
            .namespace("", AUTODISCOVER_2010)
            .child(response);
        let version = element("h:ServerVersionInfo")
            .namespace("h", AUTODISCOVER_2010)
            .child(element("h:MajorVersion").text("15"))
            .child(element("h:MinorVersion").text("0"))
            .child(element("h:MajorBuildNumber").text("1497"))
            .child(element("h:MinorBuildNumber").text("2"))
            .child(element("h:Version").text("Exchange2013_SP1"));
        let header = element("s:Header")
            .child(
                element("a:Action")
                    .attribute("s:mustUnderstand", "1")
                    .text(ACTION),
            )
            .child(version);
        element("s:Envelope")
            .namespace("s", SOAP_1_1)
            .namespace("a", ADDRESSING)
            .child(header)
            .child(element("s:Body").child(message))
    }

    fn user_response(&self, mailbox: &str, settings: &[String], head: &Head) -> Element {
        let user = element("UserResponse");
        match self.find(mailbox, head) {
            Found::Mailbox(person) => self.user_settings(&person, settings),
            Found::Address(address) => {
                outcome(user, "RedirectAddress").child(element("RedirectTarget").text(address))
            }
            Found::Elsewhere(query) => {
                let url = self.url(&format!("{}{query}", head.path));
                outcome(user, "RedirectUrl").child(element("RedirectTarget").text(url))
            }
            Found::Nobody => outcome(user, "InvalidUser").child(nil("RedirectTarget")),
        }
    }

    fn user_settings(&self, person: &Person, settings: &[String]) -> Element {
        let mut found = element("UserSettings");
        let mut missing = element("UserSettingErrors");
        for name in settings {
            match self.setting(person, name) {
                Some(value) => {
                    found = found.child(
                        element("UserSetting")
                            .attribute("i:type", "StringSetting")
                            .child(element("Name").text(name.clone()))
                            .child(element("Value").text(value)),
                    );
                }
                None => {
                    missing = missing.child(
                        outcome(element("UserSettingError"), "SettingIsNotAvailable")
                            .child(element("SettingName").text(name.clone())),
                    );
                }
            }
        }
        outcome(element("UserResponse"), "NoError")
            .child(nil("RedirectTarget"))
            .child(missing)
            .child(found)
    }

    fn setting(&self, person: &Person, name: &str) -> Option<String> {
        let url = URLS.into_iter().find(|(setting, _)| *setting == name);
        if let Some((_, path)) = url {
            return Some(self.url(path));
        }
        match name {
            "UserDisplayName" => Some(person.sam.clone()),
            "UserDN" => Some(legacy_dn(person)),
            "UserDeploymentId" => Some(DEPLOYMENT.to_owned()),
            "AutoDiscoverSMTPAddress" => Some(person.upn.clone()),
            "InternalMailboxServer" | "ExternalMailboxServer" | "InternalRpcClientServer" => {
                Some(self.reception.host.clone())
            }
            "ExternalMailboxServerRequiresSSL" => Some("True".to_owned()),
            "EwsSupportedSchemas" => Some("Exchange2007, Exchange2010, Exchange2013".to_owned()),
            "CasVersion" | "MailboxVersion" => Some("15.00.1497.002".to_owned()),
            _ => None,
        }
    }
}

/// What is asked for.
struct Asked {
    mailboxes: Vec<String>,
    settings: Vec<String>,
}

impl Asked {
    /// Reads a message; one of another operation gives `None`.
    fn read(body: &[u8]) -> Result<Option<Self>, EnvelopeParseError> {
        let document = soap::document(body)?;
        let content = Envelope::parse(&document)?.content()?;
        if !content.is(AUTODISCOVER_2010, "GetUserSettingsRequestMessage") {
            return Ok(None);
        }
        let texts = |name| -> Vec<String> {
            let elements = content.descendants();
            elements
                .filter(|element| element.is(AUTODISCOVER_2010, name))
                .map(|element| element.text().trim().to_owned())
                .take(MAX_ASKED)
                .collect()
        };
        Ok(Some(Self {
            mailboxes: texts("Mailbox"),
            settings: texts("Setting"),
        }))
    }
}

fn outcome(element_of: Element, code: &'static str) -> Element {
    let message = if code == "NoError" { "No error." } else { code };
    element_of
        .child(element("ErrorCode").text(code))
        .child(element("ErrorMessage").text(message))
}

fn nil(name: &'static str) -> Element {
    element(name).attribute("i:nil", "true")
}
