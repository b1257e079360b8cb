//! Autodiscover in SOAP, as EWS clients ask for it ([MS-OXWSADISC] 3.1.4.1, 3.1.4.4).
//!
//! Never makes a message. Start at [`Request::parse`] and [`Response::parse`].

use thiserror::Error;
use xml::{Document, Element};

use super::answer::{
    Answer, AnswerParseError, Edit, Edited, Group, LIMITS, Link, Redirect, Setting, UnknownSetting,
    XSI,
};
use crate::soap::value::{MAX_VALUE_BYTES, ValueError, only_child, text};
use crate::soap::{Envelope, EnvelopeParseError};

/// The namespace of requests and answers.
pub const AUTODISCOVER: &str = "http://schemas.microsoft.com/exchange/2010/Autodiscover";
/// Most mailboxes or domains of one request.
pub const MAX_NAMES: usize = 100;
/// Most settings of one request; Exchange knows fewer.
pub const MAX_SETTINGS: usize = 256;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// By which operation.
    pub operation: Operation,
    /// The mailboxes or the domains.
    names: Vec<String>,
    settings: Vec<String>,
}

impl Request {
    /// Reads a request.
    ///
    /// **Proves** at least one mailbox or domain.
    /// **Trusts** the names: whether a mailbox is the asker's has not been looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestParseError> {
        let document = crate::soap::document(bytes)?;
        let message = Envelope::parse(&document)?.content()?;
        let operation =
            Operation::of(message, "RequestMessage").ok_or(RequestParseError::UnknownOperation)?;
        let request = needs(message, "Request")?;
        let names = match operation {
            Operation::GetUserSettings => mailboxes(needs(request, "Users")?)?,
            Operation::GetDomainSettings => texts(needs(request, "Domains")?, "Domain", MAX_NAMES)?,
        };
        if names.is_empty() {
            return Err(RequestParseError::Missing("Mailbox or Domain"));
        }
        let settings = needs(request, "RequestedSettings")?;
        Ok(Self {
            operation,
            names,
            settings: texts(settings, "Setting", MAX_SETTINGS)?,
        })
    }

    /// The mailboxes whose settings are asked for; none where it asks for those of domains.
    pub fn mailboxes(&self) -> &[String] {
        match self.operation {
            Operation::GetUserSettings => &self.names,
            Operation::GetDomainSettings => &[],
        }
    }

    /// The domains whose settings are asked for; none where it asks for those of mailboxes.
    pub fn domains(&self) -> &[String] {
        match self.operation {
            Operation::GetUserSettings => &[],
            Operation::GetDomainSettings => &self.names,
        }
    }

    /// The names of the settings that are asked for.
    pub fn settings(&self) -> &[String] {
        &self.settings
    }
}

/// What can be asked for. Federation's operations are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Settings of mailboxes.
    GetUserSettings,
    /// Settings of domains.
    GetDomainSettings,
}

impl Operation {
    fn of(message: Element<'_, '_>, ending: &str) -> Option<Self> {
        if message.namespace() != Some(AUTODISCOVER) {
            return None;
        }
        match message.name().strip_suffix(ending)? {
            "GetUserSettings" => Some(Self::GetUserSettings),
            "GetDomainSettings" => Some(Self::GetDomainSettings),
            _ => None,
        }
    }
}

/// Why a message is not taken as a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestParseError {
    /// The message is not SOAP that we take.
    #[error(transparent)]
    Envelope(#[from] EnvelopeParseError),
    /// A value is not one.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// It asks for something else.
    #[error("neither `GetUserSettings` nor `GetDomainSettings`")]
    UnknownOperation,
    /// A part is missing.
    #[error("no `{0}`")]
    Missing(&'static str),
    /// More values are named than may be.
    #[error("more than {limit} times `{name}`")]
    TooMany {
        /// The element.
        name: &'static str,
        /// The greatest number.
        limit: usize,
    },
}

/// An answer, over the text that it was read from.
#[derive(Debug)]
pub struct Response<'input> {
    operation: Option<Operation>,
    answer: Answer<'input>,
}

impl<'input> Response<'input> {
    /// Reads an answer, or a fault.
    ///
    /// **Trusts** the document: it is the server's own.
    pub fn parse(text: &'input str) -> Result<Self, AnswerParseError> {
        Self::of(&Document::parse_within(text, LIMITS)?)
    }

    /// Reads UTF-8 bytes.
    pub fn parse_bytes(bytes: &'input [u8]) -> Result<Self, AnswerParseError> {
        Self::of(&Document::parse_bytes_within(bytes, LIMITS)?)
    }

    /// What was asked for; nothing for a fault.
    pub fn operation(&self) -> Option<Operation> {
        self.operation
    }

    /// Where it sends the client: `RedirectTarget`, once for each mailbox or domain.
    pub fn redirects(&self) -> impl Iterator<Item = Redirect> {
        self.answer.redirects(&["RedirectTarget"])
    }

    /// The settings of types that we do not know, which no edit changes.
    pub fn unknown_settings(&self) -> impl Iterator<Item = &UnknownSetting> {
        self.answer.unknown_settings()
    }

    /// Every absolute URL, in document order.
    pub fn links(&self) -> impl Iterator<Item = Link> {
        self.answer.links()
    }

    /// The answer after an edit.
    pub fn edited(&self, edit: Edit<'_>) -> Edited {
        self.answer.edited(edit)
    }

    fn of(document: &Document<'input>) -> Result<Self, AnswerParseError> {
        let envelope = Envelope::parse(document)?;
        let content = envelope.content()?;
        let operation = Operation::of(content, "ResponseMessage");
        if operation.is_none() && !content.is(envelope.version().namespace(), "Fault") {
            return Err(AnswerParseError::NotAnAnswer);
        }
        Ok(Self {
            operation,
            answer: Answer::read(document, group_of)?,
        })
    }
}

/// Whether a setting names a server or directory object inside ([MS-OXWSADISC] 3.1.4.4).
pub fn names_inner_server(setting: &Setting<'_>) -> bool {
    let Some(group) = setting.group else {
        return false;
    };
    match setting.element {
        "Value" => INNER_SERVERS.contains(&group),
        "Hostname" => group.starts_with("Internal"),
        "Server" => true,
        _ => false,
    }
}

/// The host that a setting has clients come to from outside, in a value that is no URL ([MS-OXWSADISC] 3.1.4.4).
pub fn outer_host<'s>(setting: &Setting<'s>) -> Option<&'s str> {
    let group = setting.group?;
    match setting.element {
        "Value" if group.starts_with("External") && group.ends_with("Server") => {
            Some(setting.value)
        }
        "Value" if group.contains("CertPrincipalName") => super::answer::principal(setting.value),
        "Value" => super::answer::host_without_scheme(group, setting.value),
        "Hostname" => Some(setting.value),
        name => super::answer::host_without_scheme(name, setting.value),
    }
}

const INNER_SERVERS: [&str; 7] = [
    "ActiveDirectoryServer",
    "InternalMailboxServer",
    "InternalMailboxServerDN",
    "InternalRpcClientServer",
    "InternalRpcHttpServer",
    "MailboxDN",
    "PublicFolderServer",
];

const KNOWN_TYPES: [&str; 6] = [
    "StringSetting",
    "WebClientUrlCollectionSetting",
    "ProtocolConnectionCollectionSetting",
    "AlternateMailboxCollectionSetting",
    "DocumentSharingLocationCollectionSetting",
    "DomainStringSetting",
];

fn group_of(element: Element<'_, '_>) -> Option<Group> {
    if !["UserSetting", "DomainSetting"].contains(&element.name()) {
        return None;
    }
    let named = element.children().find(|child| child.name() == "Name");
    let name = named.map_or_else(String::new, |child| child.text().trim_ascii().to_owned());
    let qualified = element.attribute_ns(XSI, "type").unwrap_or("");
    let setting_type = qualified.rsplit(':').next().unwrap_or("").trim_ascii();
    let unknown = (!KNOWN_TYPES.contains(&setting_type)).then(|| UnknownSetting {
        name: name.clone(),
        setting_type: setting_type.to_owned(),
    });
    Some(Group {
        name,
        key: "Name",
        unknown,
    })
}

fn needs<'a, 'input>(
    parent: Element<'a, 'input>,
    name: &'static str,
) -> Result<Element<'a, 'input>, RequestParseError> {
    only_child(parent, AUTODISCOVER, name)?.ok_or(RequestParseError::Missing(name))
}

fn mailboxes(users: Element<'_, '_>) -> Result<Vec<String>, RequestParseError> {
    let mut found = Vec::new();
    for user in users
        .children()
        .filter(|child| child.is(AUTODISCOVER, "User"))
    {
        if found.len() == MAX_NAMES {
            return Err(RequestParseError::TooMany {
                name: "User",
                limit: MAX_NAMES,
            });
        }
        found.push(value(needs(user, "Mailbox")?, "Mailbox")?);
    }
    Ok(found)
}

fn texts(
    parent: Element<'_, '_>,
    name: &'static str,
    limit: usize,
) -> Result<Vec<String>, RequestParseError> {
    let mut found = Vec::new();
    for child in parent
        .children()
        .filter(|child| child.is(AUTODISCOVER, name))
    {
        if found.len() == limit {
            return Err(RequestParseError::TooMany { name, limit });
        }
        found.push(value(child, name)?);
    }
    Ok(found)
}

fn value(element: Element<'_, '_>, name: &'static str) -> Result<String, RequestParseError> {
    let value = text(element, name, MAX_VALUE_BYTES)?;
    if value.is_empty() {
        return Err(RequestParseError::Missing(name));
    }
    Ok(value)
}

#[cfg(test)]
mod tests;
