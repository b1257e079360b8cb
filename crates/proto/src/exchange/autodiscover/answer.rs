//! What both forms of answer have in common: values with their places, and how they are edited.
//!
//! Every value of the document is looked at, whatever its element is called, so that an address in
//! an element that nobody has heard of is mapped or reported like any other. Start at [`Edit`].

use std::ops::Range;

use thiserror::Error;
use xml::{Element, Limits, ParseError};

use crate::soap::EnvelopeParseError;
use crate::soap::namespace::ADDRESSING;
use crate::soap::value::MAX_VALUE_BYTES;
use crate::splice::{Place, splice};

/// What an answer may ask for: 256 KiB (design 6).
///
/// WCF may declare the namespace of types anew at every setting.
pub const LIMITS: Limits = Limits {
    namespace_declarations: 256,
    nodes: 16_384,
    ..Limits::DEFAULT
};

/// The namespace of attributes that name the type of an element.
pub(super) const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// What is to be changed in an answer.
#[derive(Clone, Copy)]
pub struct Edit<'f> {
    /// Gives the URL that takes another's place, or nothing where it stays.
    pub map_url: &'f dyn Fn(&str) -> Option<String>,
    /// Gives the value that takes the place of one that is no URL (empty to blank it), or nothing
    /// where it stays.
    pub map_setting: &'f dyn Fn(&Setting<'_>) -> Option<String>,
}

/// A value that is no URL: the name of a server, of a user, a port, a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting<'a> {
    /// The type of the `Protocol` around it (`EXCH`, `EXPR`), or the `Name` of the `UserSetting`;
    /// nothing outside them.
    pub group: Option<&'a str>,
    /// The local name of its element.
    pub element: &'a str,
    /// The value, trimmed.
    pub value: &'a str,
}

/// An answer after an edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// The text; where the edit changed nothing, the very same text.
    pub text: String,
    /// Every absolute URL that no one mapped, and every mapped value that holds more than one. Names
    /// of namespaces, types and actions are no links.
    pub remaining: Vec<Link>,
}

/// The host that a certificate's principal names, behind `msstd:`; it may begin with `*.`.
pub(super) fn principal(value: &str) -> Option<&str> {
    let (kind, host) = value.split_once(':')?;
    kind.eq_ignore_ascii_case("msstd").then_some(host)
}

/// The host at the beginning of what a setting calls an address (`EwsUrl`), where it has no scheme and is no path.
pub(super) fn host_without_scheme<'s>(name: &str, value: &'s str) -> Option<&'s str> {
    let is_scheme = ["http:", "https:"].iter().any(|it| {
        let begins = value.get(..it.len());
        begins.is_some_and(|begins| begins.eq_ignore_ascii_case(it))
    });
    let ending = name.get(name.len().saturating_sub(3)..).unwrap_or_default();
    let is_address = ending.eq_ignore_ascii_case("url") && !value.starts_with('/');
    let host = value.split(['/', '?', '#']).next().unwrap_or_default();
    // What a path follows is a host, and so is what is spelled like one; a word alone is neither.
    let is_spelled = host.contains(['.', ':', '[']) || value.get(host.len()..)?.starts_with('/');
    let is_host = is_address && is_spelled && !is_scheme && !value.contains("://");
    Some(host).filter(|_| is_host)
}

/// A value that is, or holds, an absolute URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The local name of the element or attribute that it stands in; `comment` for a comment.
    pub place: String,
    /// The whole value.
    pub url: String,
}

/// Where an answer sends the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// To another place, with the same address.
    Url(String),
    /// To ask again with another address.
    Address(String),
}

/// A setting of a type that we do not know; it is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSetting {
    /// Its name.
    pub name: String,
    /// The local name of its type; empty where there is none.
    pub setting_type: String,
}

/// Why a text is not taken as an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AnswerParseError {
    /// The text is not XML that we take.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// The message is not SOAP that we take.
    #[error(transparent)]
    Envelope(#[from] EnvelopeParseError),
    /// It is not an answer of Autodiscover.
    #[error("not an answer of Autodiscover")]
    NotAnAnswer,
    /// An element holds text beside elements, which no schema of Autodiscover has.
    #[error("text stands beside elements")]
    MixedContent,
    /// A URL, a setting's name or a redirect is longer than the limit.
    #[error("a value is longer than {MAX_VALUE_BYTES} bytes")]
    TooLong,
}

/// The values of an answer, over the text that it was read from.
#[derive(Debug)]
pub(super) struct Answer<'input> {
    text: &'input str,
    groups: Vec<Group>,
    values: Vec<Value<'input>>,
}

impl<'input> Answer<'input> {
    /// Collects every value of a document.
    pub(super) fn read(
        document: &xml::Document<'input>,
        group_of: fn(Element<'_, '_>) -> Option<Group>,
    ) -> Result<Self, AnswerParseError> {
        let answer = Self {
            text: document.source(),
            groups: Vec::new(),
            values: Vec::new(),
        };
        let mut reader = Reader { answer, group_of };
        reader.element(document.root(), None)?;
        Ok(reader.answer)
    }

    pub(super) fn edited(&self, edit: Edit<'_>) -> Edited {
        let mut changes = Vec::new();
        let mut remaining = Vec::new();
        for value in &self.values {
            let replacement = self.replacement(value, edit);
            let is_left = match &replacement {
                Some(text) => {
                    let holds_more = text.matches("://").count() > 1 || holds_bare_scheme(text);
                    holds_more || begins_with_slashes(text)
                }
                None => holds_url(&value.text),
            };
            if is_left {
                remaining.push(Link {
                    place: value.name.to_owned(),
                    url: replacement.clone().unwrap_or_else(|| value.text.clone()),
                });
            }
            if let Some(text) = replacement.filter(|text| *text != value.text) {
                changes.push((value.range.clone(), value.place.escaped(&text)));
            }
        }
        let text = splice(self.text, changes);
        remaining.extend(comments(&text).filter(|link| holds_url(&link.url)));
        Edited { text, remaining }
    }

    /// The values that are or hold an absolute URL, in document order.
    pub(super) fn links(&self) -> impl Iterator<Item = Link> {
        let links = self.values.iter().filter(|value| holds_url(&value.text));
        links.map(|value| Link {
            place: value.name.to_owned(),
            url: value.text.clone(),
        })
    }

    /// What the elements of these names send the client to.
    pub(super) fn redirects<'s>(&'s self, names: &'s [&str]) -> impl Iterator<Item = Redirect> {
        let found = self.values.iter().filter(|value| {
            value.place == Place::Text && value.group.is_none() && names.contains(&value.name)
        });
        found.map(|value| {
            let target = value.text.clone();
            if is_url(&target) {
                Redirect::Url(target)
            } else {
                Redirect::Address(target)
            }
        })
    }

    pub(super) fn unknown_settings(&self) -> impl Iterator<Item = &UnknownSetting> {
        self.groups
            .iter()
            .filter_map(|group| group.unknown.as_ref())
    }

    fn replacement(&self, value: &Value<'_>, edit: Edit<'_>) -> Option<String> {
        let group = value.group.and_then(|index| self.groups.get(index));
        if value.is_key || group.is_some_and(|group| group.unknown.is_some()) {
            return None;
        }
        let setting = Setting {
            group: group.map(|group| group.name.as_str()),
            element: value.name,
            value: &value.text,
        };
        let is_spoken = value.place == Place::Text && is_display_name(&setting);
        if is_url(&value.text) && !is_spoken {
            return (edit.map_url)(&value.text);
        }
        match value.place {
            Place::Attribute => None,
            Place::Text => (edit.map_setting)(&setting),
        }
    }
}

/// The element around values that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    /// The child that holds the group's name or type and is never edited.
    pub(super) key: &'static str,
    pub(super) unknown: Option<UnknownSetting>,
}

#[derive(Debug)]
struct Value<'input> {
    name: &'input str,
    text: String,
    range: Range<usize>,
    place: Place,
    group: Option<usize>,
    is_key: bool,
}

struct Reader<'input> {
    answer: Answer<'input>,
    group_of: fn(Element<'_, '_>) -> Option<Group>,
}

impl<'input> Reader<'input> {
    /// Descends into an element; the parser has bounded the depth.
    fn element(
        &mut self,
        element: Element<'_, 'input>,
        outer: Option<usize>,
    ) -> Result<(), AnswerParseError> {
        // The action of a SOAP message names what it is, not where anything is.
        if element.is(ADDRESSING, "Action") {
            return Ok(());
        }
        let group = self.group(element)?.or(outer);
        for attribute in element.attributes() {
            if attribute.namespace() != Some(XSI) {
                self.value(Value {
                    name: attribute.name(),
                    text: attribute.value().trim_ascii().to_owned(),
                    range: attribute.value_range(),
                    place: Place::Attribute,
                    group,
                    is_key: false,
                })?;
            }
        }
        if element.children().next().is_none() {
            return self.leaf(element, group);
        }
        if element.holds_text() {
            return Err(AnswerParseError::MixedContent);
        }
        for child in element.children() {
            self.element(child, group)?;
        }
        Ok(())
    }

    fn group(&mut self, element: Element<'_, '_>) -> Result<Option<usize>, AnswerParseError> {
        let Some(group) = (self.group_of)(element) else {
            return Ok(None);
        };
        if group.name.len() > MAX_VALUE_BYTES {
            return Err(AnswerParseError::TooLong);
        }
        self.answer.groups.push(group);
        Ok(self.answer.groups.len().checked_sub(1))
    }

    fn leaf(
        &mut self,
        element: Element<'_, 'input>,
        group: Option<usize>,
    ) -> Result<(), AnswerParseError> {
        let Some(range) = element.inner_range() else {
            return Ok(());
        };
        let key = group.and_then(|index| Some(self.answer.groups.get(index)?.key));
        let opens_its_group = |parent| (self.group_of)(parent).is_some();
        let is_key = key == Some(element.name()) && element.parent().is_some_and(opens_its_group);
        self.value(Value {
            name: element.name(),
            text: element.text().trim_ascii().to_owned(),
            range,
            place: Place::Text,
            group,
            is_key,
        })
    }

    fn value(&mut self, value: Value<'input>) -> Result<(), AnswerParseError> {
        if value.text.is_empty() || value.text == ANONYMOUS {
            return Ok(());
        }
        if value.text.len() > MAX_VALUE_BYTES && holds_url(&value.text) {
            return Err(AnswerParseError::TooLong);
        }
        self.answer.values.push(value);
        Ok(())
    }
}

/// The address of whoever asked, which WCF writes into headers.
const ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";

/// Whether a value is an absolute URL, in the wide sense that a lenient client might have: with a
/// slash or a backslash after its scheme, or two of them at its beginning.
fn is_url(value: &str) -> bool {
    let is_slash = |c: char| c == '/' || c == '\\';
    let after_scheme = value.split_once(':').filter(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    match after_scheme {
        Some((_, rest)) => rest.starts_with(is_slash),
        None => value.chars().take(2).filter(|c| is_slash(*c)).count() == 2,
    }
}

/// Whether a value begins with two slashes, as readers see it that take a backslash for one and pass over blanks and tabs: what
/// follows is a host.
pub fn begins_with_slashes(value: &str) -> bool {
    let mut seen = value
        .chars()
        .filter(|it| !it.is_whitespace() && !it.is_control());
    let mut is_slash = || matches!(seen.next(), Some('/' | '\\'));
    is_slash() && is_slash()
}

/// Whether a value is an address, or holds one, in whatever spelling a lenient client takes.
#[must_use]
pub fn holds_url(value: &str) -> bool {
    let is_one = is_url(value) || begins_with_slashes(value);
    is_one || value.contains("://") || holds_bare_scheme(value)
}

/// Whether a setting is what somebody, or a mailbox, is called for people to read.
#[must_use]
pub fn is_display_name(setting: &Setting<'_>) -> bool {
    setting.element == "DisplayName" || setting.group == Some("UserDisplayName")
}

/// Whether a scheme of HTTP stands before something else than two slashes, which browsers put in.
fn holds_bare_scheme(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let mut behind = ["http:", "https:"]
        .into_iter()
        .flat_map(|scheme| lower.split(scheme).skip(1));
    behind.any(|rest| !rest.starts_with("//"))
}

/// The comments of a well-formed text; one that CDATA only shows is taken for one too.
fn comments(text: &str) -> impl Iterator<Item = Link> {
    let inside = text.split("<!--").skip(1);
    inside.map(|rest| Link {
        place: "comment".to_owned(),
        url: rest.split("-->").next().unwrap_or(rest).trim().to_owned(),
    })
}

#[cfg(test)]
pub(super) mod tests;
