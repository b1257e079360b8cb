//! What an assertion of a partner says, of SAML 1.1 or 2.0: read of what was verified, and of nothing else.
//!
//! Judges no time, audience or issuer: whoever asked for it does. What it does not understand of the conditions, or of
//! how its subject is confirmed, it refuses, as an assertion is good under all of its conditions or not at all (SAML 1.1
//! core 2.3.2.1, SAML 2.0 core 2.5.1.1). Start at [`Received::read`].

mod v1;
mod v2;

use jiff::Timestamp;
use thiserror::Error;
use xml::{Element, ParseError, VerifiedElement};

use crate::soap::namespace::{SAML_1, SAML_2};

/// Most values of all attributes together.
pub const MAX_VALUES: usize = 4096;
/// Longest id of an assertion, in bytes.
pub const MAX_ID: usize = 256;
/// Longest text of a value, a name or an audience, in bytes.
pub const MAX_TEXT: usize = 8 * 1024;

/// What an assertion says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// What it calls itself.
    pub id: String,
    /// Whose word it says it is.
    pub issuer: String,
    /// When it was made.
    pub issue_instant: Timestamp,
    /// From when it is good, where it says so.
    pub not_before: Option<Timestamp>,
    /// From when it is good no more, by whichever of its parts is the first to end.
    pub not_on_or_after: Timestamp,
    /// Whom it is for: somebody of each of these lists.
    pub audiences: Vec<Vec<String>>,
    /// To which addresses it may be brought, where it says so.
    pub recipients: Vec<String>,
    /// What somebody is called.
    pub subject: Option<Name>,
    /// What is said of somebody, in order.
    pub statements: Vec<Said>,
    /// How somebody signed in there, and when.
    pub authentication: Option<SignedIn>,
}

/// A name of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: String,
    /// What kind of name it is.
    pub format: Option<String>,
    /// Where it is a name.
    pub qualifier: Option<String>,
    /// For whom it is a name.
    pub sp_qualifier: Option<String>,
}

/// One thing that is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The claim type.
    pub claim_type: String,
    /// What it is.
    pub value: String,
    /// The `NameFormat` of SAML 2.0.
    pub name_format: Option<String>,
}

/// How and when somebody signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// By which method, as a URI.
    pub method: String,
    /// When.
    pub instant: Timestamp,
}

/// Why an assertion is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ReceivedParseError {
    /// What was verified does not parse.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// It is no assertion of SAML 1.1 or 2.0.
    #[error("it is no assertion of SAML 1.1 or 2.0")]
    Version,
    /// A part is missing, stands twice, is too long or is not what it should be.
    #[error("`{0}` is missing, stands twice, is too long or is not what it should be")]
    Part(&'static str),
    /// It is good under a condition that is not understood.
    #[error("it has a condition that is not understood")]
    Condition,
    /// Its subject is not confirmed by whoever bears it.
    #[error("it is not for whoever bears it")]
    Confirmation,
    /// It says more than the limit.
    #[error("it has more than {MAX_VALUES} values")]
    TooManyValues,
}

impl Received {
    /// Reads an assertion that was verified.
    ///
    /// **Proves** nothing of its own: that a partner signed it is what [`VerifiedElement`] proves, and that it is for us
    /// and in time is still to be looked at.
    ///
    /// # Errors
    ///
    /// It is none that is taken.
    pub fn read(verified: &VerifiedElement) -> Result<Self, ReceivedParseError> {
        let document = verified.document()?;
        let root = document.root();
        if root.is(SAML_1, "Assertion") {
            return v1::read(root);
        }
        match root.is(SAML_2, "Assertion") {
            true => v2::read(root),
            false => Err(ReceivedParseError::Version),
        }
    }
}

/// The text of an element that holds nothing else.
fn text(element: Element<'_, '_>, name: &'static str) -> Result<String, ReceivedParseError> {
    let text = element.text();
    match element.children().next().is_none() && text.len() <= MAX_TEXT {
        true => Ok(text),
        false => Err(ReceivedParseError::Part(name)),
    }
}

/// An attribute that must be there, and has something in it.
fn attribute<'a>(
    element: Element<'a, '_>,
    name: &'static str,
) -> Result<&'a str, ReceivedParseError> {
    let value = element.attribute(name);
    let value = value.filter(|it| !it.is_empty() && it.len() <= MAX_TEXT);
    value.ok_or(ReceivedParseError::Part(name))
}

/// A time that may be missing; one that is no time is an error.
fn optional_time(
    element: Element<'_, '_>,
    name: &'static str,
) -> Result<Option<Timestamp>, ReceivedParseError> {
    let time = element.attribute(name).map(str::parse);
    time.transpose().map_err(|_| ReceivedParseError::Part(name))
}

fn time(element: Element<'_, '_>, name: &'static str) -> Result<Timestamp, ReceivedParseError> {
    optional_time(element, name)?.ok_or(ReceivedParseError::Part(name))
}

/// The one child of a name, or none.
fn at_most_one<'a, 'input>(
    element: Element<'a, 'input>,
    namespace: &str,
    name: &'static str,
) -> Result<Option<Element<'a, 'input>>, ReceivedParseError> {
    let mut found = element.children().filter(|it| it.is(namespace, name));
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(ReceivedParseError::Part(name)),
    }
}

fn id(element: Element<'_, '_>, name: &'static str) -> Result<String, ReceivedParseError> {
    let id = attribute(element, name)?;
    match id.len() <= MAX_ID {
        true => Ok(id.to_owned()),
        false => Err(ReceivedParseError::Part(name)),
    }
}

/// Adds the values of an attribute, none of which is an element.
fn add_values(
    element: Element<'_, '_>,
    namespace: &str,
    (claim_type, name_format): (&str, Option<&str>),
    statements: &mut Vec<Said>,
) -> Result<(), ReceivedParseError> {
    let values = element
        .children()
        .filter(|it| it.is(namespace, "AttributeValue"));
    for value in values {
        if statements.len() >= MAX_VALUES {
            return Err(ReceivedParseError::TooManyValues);
        }
        statements.push(Said {
            claim_type: claim_type.to_owned(),
            value: text(value, "AttributeValue")?,
            name_format: name_format.map(str::to_owned),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
