//! Autodiscover in plain XML, as Outlook, SIPE and phones ask for it ([MS-OXDSCLI] 2.2.3, 2.2.4;
//! [MS-ASCMD] 2.2.1.1).
//!
//! Never makes a document. Start at [`Request::parse`] and [`Response::parse`].

use thiserror::Error;
use xml::{Document, Element, ParseError};

use super::answer::{
    Answer, AnswerParseError, Edit, Edited, Group, LIMITS, Link, Redirect, Setting,
};

use crate::soap::REQUEST_LIMITS;
use crate::soap::value::{ValueError, child_text, only_child};

/// The namespace of Outlook's requests.
pub const OUTLOOK_REQUEST: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006";
/// The namespace of phones' requests.
pub const MOBILE_SYNC_REQUEST: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006";
/// The namespace of every answer's root, and of errors.
pub const RESPONSE: &str = "http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006";
/// The namespace of what Outlook is answered.
pub const OUTLOOK_RESPONSE: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a";
/// The namespace of what phones are answered.
pub const MOBILE_SYNC_RESPONSE: &str =
    "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006";

/// Whose settings a client asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    email_address: Option<String>,
    legacy_dn: Option<String>,
    /// In which schema it wants them.
    pub response_schema: RequestedSchema,
}

impl Request {
    /// Reads a request.
    ///
    /// **Proves** at least one name of a mailbox, each name at most once.
    /// **Trusts** the names: whether the mailbox is the asker's has not been looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestParseError> {
        let document = Document::parse_bytes_within(bytes, REQUEST_LIMITS)?;
        let root = document.root();
        let namespace = [OUTLOOK_REQUEST, MOBILE_SYNC_REQUEST]
            .into_iter()
            .find(|namespace| root.is(namespace, "Autodiscover"))
            .ok_or(RequestParseError::NotARequest)?;
        let request =
            only_child(root, namespace, "Request")?.ok_or(RequestParseError::NotARequest)?;
        let value = |name| {
            let value = child_text(request, namespace, name)?;
            Ok::<_, ValueError>(value.filter(|value| !value.is_empty()))
        };
        let email_address = value("EMailAddress")?;
        let legacy_dn = value("LegacyDN")?;
        if email_address.is_none() && legacy_dn.is_none() {
            return Err(RequestParseError::NoMailbox);
        }
        let schema = value("AcceptableResponseSchema")?.ok_or(RequestParseError::NoSchema)?;
        Ok(Self {
            email_address,
            legacy_dn,
            response_schema: RequestedSchema::of(schema),
        })
    }

    /// The mailbox by its address.
    pub fn email_address(&self) -> Option<&str> {
        self.email_address.as_deref()
    }

    /// The mailbox by its distinguished name.
    pub fn legacy_dn(&self) -> Option<&str> {
        self.legacy_dn.as_deref()
    }
}

/// The schema that a client wants to be answered in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedSchema {
    /// [`OUTLOOK_RESPONSE`].
    Outlook,
    /// [`MOBILE_SYNC_RESPONSE`].
    MobileSync,
    /// Another; Exchange answers it with an error.
    Other(String),
}

impl RequestedSchema {
    fn of(name: String) -> Self {
        match name.as_str() {
            OUTLOOK_RESPONSE => Self::Outlook,
            MOBILE_SYNC_RESPONSE => Self::MobileSync,
            _ => Self::Other(name),
        }
    }
}

/// Why a text is not taken as a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// A value is not one.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The root is not `Autodiscover` of a known schema with a `Request`.
    #[error("not a request to Autodiscover")]
    NotARequest,
    /// No mailbox is named.
    #[error("neither `EMailAddress` nor `LegacyDN`")]
    NoMailbox,
    /// No schema for the answer is named.
    #[error("no `AcceptableResponseSchema`")]
    NoSchema,
}

/// An answer, over the text that it was read from.
#[derive(Debug)]
pub struct Response<'input> {
    schema: ResponseSchema,
    answer: Answer<'input>,
}

impl<'input> Response<'input> {
    /// Reads an answer.
    ///
    /// **Trusts** the document: it is the server's own.
    pub fn parse(text: &'input str) -> Result<Self, AnswerParseError> {
        Self::of(&Document::parse_within(text, LIMITS)?)
    }

    /// Reads UTF-8 bytes.
    pub fn parse_bytes(bytes: &'input [u8]) -> Result<Self, AnswerParseError> {
        Self::of(&Document::parse_bytes_within(bytes, LIMITS)?)
    }

    /// The schema that it is written in.
    pub fn schema(&self) -> ResponseSchema {
        self.schema
    }

    /// Where it sends the client: `RedirectAddr`, `RedirectUrl`, a phone's `Redirect`.
    pub fn redirects(&self) -> impl Iterator<Item = Redirect> {
        self.answer
            .redirects(&["RedirectAddr", "RedirectUrl", "Redirect"])
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
        let root = document.root();
        if !root.is(RESPONSE, "Autodiscover") {
            return Err(AnswerParseError::NotAnAnswer);
        }
        let mut children = root.children();
        let (Some(response), None) = (children.next(), children.next()) else {
            return Err(AnswerParseError::NotAnAnswer);
        };
        Ok(Self {
            schema: ResponseSchema::of(response).ok_or(AnswerParseError::NotAnAnswer)?,
            answer: Answer::read(document, group_of)?,
        })
    }
}

/// The schema of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseSchema {
    /// Settings for Outlook.
    Outlook,
    /// Settings for phones.
    MobileSync,
    /// An error, in the schema that all share.
    Error,
}

impl ResponseSchema {
    fn of(response: Element<'_, '_>) -> Option<Self> {
        [
            (OUTLOOK_RESPONSE, Self::Outlook),
            (MOBILE_SYNC_RESPONSE, Self::MobileSync),
            (RESPONSE, Self::Error),
        ]
        .into_iter()
        .find(|(namespace, _)| response.is(namespace, "Response"))
        .map(|(_, schema)| schema)
    }
}

/// Whether a setting names a server or directory object inside, which is of use only to a client
/// that reaches it by RPC ([MS-OXDSCLI] 2.2.4).
///
/// The `Server` of `EXPR`, `EXHTTP` and the protocols of mail is a published name and not one of them.
pub fn names_inner_server(setting: &Setting<'_>) -> bool {
    match setting.element {
        "ServerDN" | "MdbDN" | "PublicFolderServer" | "AD" => true,
        "Server" => !setting.group.is_some_and(|it| OUTER.contains(&it)),
        _ => false,
    }
}

/// The protocols whose `Server` is one that clients outside come to.
const OUTER: [&str; 5] = ["EXPR", "EXHTTP", "IMAP", "POP3", "SMTP"];

/// The host that a setting has clients come to from outside, in a value that is no URL ([MS-OXDSCLI] 2.2.4.1.1.2).
pub fn outer_host<'s>(setting: &Setting<'s>) -> Option<&'s str> {
    match (setting.element, setting.group) {
        ("Server", Some(group)) if OUTER.contains(&group) => Some(setting.value),
        ("CertPrincipalName", _) => super::answer::principal(setting.value),
        (name, _) => super::answer::host_without_scheme(name, setting.value),
    }
}

fn group_of(element: Element<'_, '_>) -> Option<Group> {
    let name = match element.name() {
        "Protocol" => match element.attribute("Type") {
            Some(name) => name.trim_ascii().to_owned(),
            None => {
                let named = element.children().find(|child| child.name() == "Type");
                named.map_or_else(String::new, |child| child.text().trim_ascii().to_owned())
            }
        },
        "AlternativeMailbox" => "AlternativeMailbox".to_owned(),
        _ => return None,
    };
    Some(Group {
        name,
        key: "Type",
        unknown: None,
    })
}

#[cfg(test)]
mod tests;
