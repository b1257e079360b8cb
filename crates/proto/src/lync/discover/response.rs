//! The answer itself, apart from its form.

use thiserror::Error;
use xml::ParseError;

use super::MediaType;
use super::{json, xml_form};
use crate::soap::ValueError;

/// Most links, and most SIP services, in one answer.
pub const MAX_LINKS: usize = 128;
/// Largest answer that is read, in bytes.
pub const MAX_BYTES: usize = 256 * 1024;

/// What Lync discover answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// Through which web site the question came, if the answer says so.
    pub access_location: Option<AccessLocation>,
    /// What was asked for.
    pub resource: Resource,
    /// The links, in their order; JSON of the `_links` form has their tokens in lower case.
    pub links: Vec<Link>,
    /// Where SIP is spoken; the `_links` form does not carry these.
    pub sip: Vec<SipAccess>,
}

impl Response {
    /// An answer that sends the client elsewhere, with status 200: SIPE follows no 301 or 302.
    pub fn redirect_to(href: impl Into<String>) -> Self {
        let link = Link {
            token: "Redirect".to_owned(),
            href: href.into(),
        };
        Self {
            access_location: None,
            resource: Resource::Root,
            links: vec![link],
            sip: Vec::new(),
        }
    }

    /// Reads an answer of the media type that its header names.
    ///
    /// **Trusts** every address in it.
    pub fn parse(bytes: &[u8], media_type: MediaType) -> Result<Self, DiscoverParseError> {
        if bytes.len() > MAX_BYTES {
            return Err(DiscoverParseError::TooLarge);
        }
        match media_type {
            MediaType::Xml => xml_form::parse(bytes),
            MediaType::JsonV1 | MediaType::JsonLinks => json::parse(bytes),
        }
    }

    /// Writes the answer in a form that the client takes.
    pub fn write(&self, media_type: MediaType) -> String {
        match media_type {
            MediaType::Xml => xml_form::write(self),
            MediaType::JsonV1 => json::write_v1(self),
            MediaType::JsonLinks => json::write_links(self),
        }
    }

    /// Puts other addresses in the place of those that the function knows.
    pub fn map_links(&mut self, map: impl Fn(&str) -> Option<String>) {
        for link in &mut self.links {
            if let Some(href) = map(&link.href) {
                link.href = href;
            }
        }
    }

    /// Keeps only the links whose token the function wants.
    pub fn retain_links(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.links.retain(|link| is_wanted(&link.token));
    }

    /// The address of the first link with this token, in whatever case.
    pub fn link(&self, token: &str) -> Option<&str> {
        self.links
            .iter()
            .find(|link| link.token.eq_ignore_ascii_case(token))
            .map(|link| link.href.as_str())
    }

    /// Where the answer sends the client.
    pub fn redirect(&self) -> Option<&str> {
        self.link("Redirect")
    }
}

/// Which of Lync's two web sites answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLocation {
    /// The site for the inside.
    Internal,
    /// The site for the outside.
    External,
}

impl AccessLocation {
    /// The word in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "Internal",
            Self::External => "External",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, DiscoverParseError> {
        [Self::Internal, Self::External]
            .into_iter()
            .find(|location| location.as_str() == text)
            .ok_or(DiscoverParseError::UnknownAccessLocation)
    }
}

/// What the answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Links for anyone.
    Root,
    /// Links of one user.
    User,
}

impl Resource {
    /// The word in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "Root",
            Self::User => "User",
        }
    }
}

/// An address with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What the address is for.
    pub token: String,
    /// The address.
    pub href: String,
}

/// A host and port that speaks SIP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipAccess {
    /// For whom it speaks.
    pub service: SipService,
    /// The host's name.
    pub fqdn: String,
    /// The port.
    pub port: u16,
}

/// For whom SIP is spoken at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipService {
    /// Reserved.
    ServerInternal,
    /// Clients inside.
    ClientInternal,
    /// Reserved.
    ServerExternal,
    /// Clients outside.
    ClientExternal,
}

impl SipService {
    /// All of them, in the order in which Lync names them.
    pub const ALL: [Self; 4] = [
        Self::ServerInternal,
        Self::ClientInternal,
        Self::ServerExternal,
        Self::ClientExternal,
    ];

    /// The word in the answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServerInternal => "SipServerInternalAccess",
            Self::ClientInternal => "SipClientInternalAccess",
            Self::ServerExternal => "SipServerExternalAccess",
            Self::ClientExternal => "SipClientExternalAccess",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.as_str() == text)
    }
}

/// Why an answer is not taken as Lync discover's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DiscoverParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// A value is too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The bytes are not JSON.
    #[error("not JSON")]
    Json,
    /// The answer is larger than the limit.
    #[error("larger than {MAX_BYTES} bytes")]
    TooLarge,
    /// The answer has neither `Root` nor `User`, or both.
    #[error("not one Root or User")]
    NotOneResource,
    /// The access location is a word that we do not know.
    #[error("unknown access location")]
    UnknownAccessLocation,
    /// A link has no token or no address.
    #[error("a link lacks its token or address")]
    IncompleteLink,
    /// A SIP service has no host or no port.
    #[error("a SIP service lacks its host or port")]
    IncompleteSipAccess,
    /// There are more links or SIP services than the limit.
    #[error("more than {MAX_LINKS} links")]
    TooManyLinks,
}

impl Link {
    pub(super) fn read(
        token: Option<&str>,
        href: Option<&str>,
    ) -> Result<Self, DiscoverParseError> {
        let token = value(token, "token")?.ok_or(DiscoverParseError::IncompleteLink)?;
        let href = value(href, "href")?.ok_or(DiscoverParseError::IncompleteLink)?;
        Ok(Self { token, href })
    }
}

impl SipAccess {
    pub(super) fn read(
        service: SipService,
        fqdn: Option<&str>,
        port: Option<&str>,
    ) -> Result<Self, DiscoverParseError> {
        let fqdn = value(fqdn, "fqdn")?.ok_or(DiscoverParseError::IncompleteSipAccess)?;
        let port = port.and_then(|port| port.parse().ok());
        Ok(Self {
            service,
            fqdn,
            port: port.ok_or(DiscoverParseError::IncompleteSipAccess)?,
        })
    }
}

fn value(text: Option<&str>, name: &'static str) -> Result<Option<String>, ValueError> {
    let limit = crate::soap::value::MAX_VALUE_BYTES;
    match text.filter(|text| !text.is_empty()) {
        Some(text) if text.len() > limit => Err(ValueError::TooLong { name, limit }),
        text => Ok(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests;
