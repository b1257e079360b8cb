//! An AuthnRequest (saml-core 3.4.1): who asks, where the answer shall go, and what is wanted of the sign-in.
//!
//! Whatever it says that is not understood is refused, as the answer would be another than was asked for; `Extensions` alone
//! are of no account (3.2.1). Judges no time, address or sender. Start at [`AuthnRequest::read`].

use jiff::Timestamp;
use xml::Element;

use super::{
    AssertionConsumerService, Comparison, MAX_CLASS, MAX_CLASSES, MAX_ID, MAX_TEXT,
    MessageParseError, POST, PROTOCOL, RequestedAuthnContext, SsoRequest,
};
use crate::soap::namespace::{SAML_2, SIGNATURE};

/// The attributes that are understood, or whose words change no answer.
const ATTRIBUTES: [&str; 12] = [
    "ID",
    "Version",
    "IssueInstant",
    "Destination",
    "Consent",
    "ForceAuthn",
    "IsPassive",
    "AssertionConsumerServiceIndex",
    "AssertionConsumerServiceURL",
    "ProtocolBinding",
    "AttributeConsumingServiceIndex",
    "ProviderName",
];
/// Namespace of hints where a schema is.
const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The format of a name that is the identifier of a provider.
const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";

/// A request for a sign-on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthnRequest {
    /// When it was made.
    pub issue_instant: Timestamp,
    /// Where it shall be brought, where it says so.
    pub destination: Option<String>,
    /// What it wants; without what came beside it.
    pub wanted: SsoRequest,
}

impl AuthnRequest {
    /// Who asks, by a request that nobody has verified yet: whose keys may have signed it.
    ///
    /// # Errors
    ///
    /// It is no such request, or names nobody.
    pub fn issuer_of(root: Element<'_, '_>) -> Result<String, MessageParseError> {
        if !root.is(PROTOCOL, "AuthnRequest") || root.attribute("Version") != Some("2.0") {
            return Err(MessageParseError::NotARequest);
        }
        let issuer = one(root, SAML_2, "Issuer")?;
        let issuer = issuer.ok_or(MessageParseError::Part("Issuer"))?;
        let has_format = issuer.attribute("Format").is_none_or(|it| it == ENTITY);
        match has_format && issuer.attributes().all(|it| it.name() == "Format") {
            true => text(issuer, "Issuer"),
            false => Err(MessageParseError::Part("Issuer")),
        }
    }

    /// Whether it bears a signature.
    #[must_use]
    pub fn is_signed(root: Element<'_, '_>) -> bool {
        root.descendants().any(|it| it.is(SIGNATURE, "Signature"))
    }

    /// Reads a request.
    ///
    /// # Errors
    ///
    /// It is none, or says what is not understood.
    pub fn read(root: Element<'_, '_>) -> Result<Self, MessageParseError> {
        let issuer = Self::issuer_of(root)?;
        for attribute in root.attributes() {
            let is_known =
                attribute.namespace().is_none() && ATTRIBUTES.contains(&attribute.name());
            if !is_known && attribute.namespace() != Some(SCHEMA_INSTANCE) {
                return Err(MessageParseError::Part("AuthnRequest"));
            }
        }
        for child in root.children() {
            let is_known = child.is(SAML_2, "Issuer")
                || child.is(PROTOCOL, "NameIDPolicy")
                || child.is(PROTOCOL, "RequestedAuthnContext")
                || child.is(PROTOCOL, "Extensions");
            if !is_known {
                return Err(MessageParseError::Part("AuthnRequest"));
            }
        }
        let id = attribute(root, "ID")?.filter(|it| !it.is_empty() && it.len() <= MAX_ID);
        let instant = root
            .attribute("IssueInstant")
            .and_then(|it| it.parse().ok());
        let name_id_format = match one(root, PROTOCOL, "NameIDPolicy")? {
            Some(policy) => name_id_format(policy, &issuer)?,
            None => None,
        };
        let context = one(root, PROTOCOL, "RequestedAuthnContext")?;
        Ok(Self {
            issue_instant: instant.ok_or(MessageParseError::Part("IssueInstant"))?,
            destination: attribute(root, "Destination")?,
            wanted: SsoRequest {
                id: Some(id.ok_or(MessageParseError::Part("ID"))?),
                assertion_consumer_service: assertion_consumer_service(root)?,
                relay_state: None,
                name_id_format,
                force_authn: flag(root, "ForceAuthn")?,
                is_passive: flag(root, "IsPassive")?,
                context: context.map(requested).transpose()?,
                issuer,
            },
        })
    }
}

/// SPEC: saml-core 3.4.1: the index, or the address and its binding, and not both.
fn assertion_consumer_service(
    root: Element<'_, '_>,
) -> Result<AssertionConsumerService, MessageParseError> {
    let wrong = MessageParseError::Part;
    let binding = attribute(root, "ProtocolBinding")?;
    if binding.as_ref().is_some_and(|it| it != POST) {
        return Err(wrong("ProtocolBinding"));
    }
    let index = attribute(root, "AssertionConsumerServiceIndex")?;
    let url = attribute(root, "AssertionConsumerServiceURL")?;
    match (index, url) {
        (None, None) => Ok(AssertionConsumerService::Default),
        (None, Some(url)) => Ok(AssertionConsumerService::Url(url)),
        (Some(index), None) if binding.is_none() => {
            let index = index.trim().parse();
            let index = index.map_err(|_| wrong("AssertionConsumerServiceIndex"))?;
            Ok(AssertionConsumerService::Index(index))
        }
        (Some(_), _) => Err(wrong("AssertionConsumerServiceIndex")),
    }
}

/// Which kind of name is wanted. A name that others know somebody by, too, is not made.
fn name_id_format(
    policy: Element<'_, '_>,
    issuer: &str,
) -> Result<Option<String>, MessageParseError> {
    let name = "NameIDPolicy";
    let known = ["Format", "SPNameQualifier", "AllowCreate"];
    let is_known = policy.attributes().all(|it| known.contains(&it.name()));
    let qualifier = policy.attribute("SPNameQualifier");
    let is_its_own = qualifier.is_none_or(|it| it == issuer);
    // A name is made of what the rules say, and nothing is created.
    flag(policy, "AllowCreate")?;
    match is_known && is_its_own && policy.children().next().is_none() {
        true => attribute(policy, "Format"),
        false => Err(MessageParseError::Part(name)),
    }
}

fn requested(context: Element<'_, '_>) -> Result<RequestedAuthnContext, MessageParseError> {
    let name = "RequestedAuthnContext";
    let wrong = || MessageParseError::Part(name);
    let word = context.attribute("Comparison").unwrap_or("exact");
    let mut classes = Vec::new();
    for class in context.children() {
        if !class.is(SAML_2, "AuthnContextClassRef") || classes.len() >= MAX_CLASSES {
            return Err(wrong());
        }
        let class = text(class, "AuthnContextClassRef")?;
        if class.len() > MAX_CLASS {
            return Err(wrong());
        }
        classes.push(class);
    }
    let is_known = context.attributes().all(|it| it.name() == "Comparison");
    match is_known && !classes.is_empty() {
        true => Ok(RequestedAuthnContext {
            comparison: Comparison::of(word).ok_or_else(wrong)?,
            classes,
        }),
        false => Err(wrong()),
    }
}

/// The one child of a name, or none.
fn one<'a, 'input>(
    element: Element<'a, 'input>,
    namespace: &str,
    name: &'static str,
) -> Result<Option<Element<'a, 'input>>, MessageParseError> {
    let mut found = element.children().filter(|it| it.is(namespace, name));
    let first = found.next();
    match found.next() {
        None => Ok(first),
        Some(_) => Err(MessageParseError::Part(name)),
    }
}

/// The text of an element that holds nothing else, without the white space around it.
///
/// SECURITY: a comment in it would be read in two ways (T-SIG-4).
fn text(element: Element<'_, '_>, name: &'static str) -> Result<String, MessageParseError> {
    let text = element.text();
    let text = text.trim();
    let is_plain = element.children().next().is_none() && !element.holds_text_with_comment();
    match is_plain && !text.is_empty() && text.len() <= MAX_TEXT {
        true => Ok(text.to_owned()),
        false => Err(MessageParseError::Part(name)),
    }
}

fn attribute(
    element: Element<'_, '_>,
    name: &'static str,
) -> Result<Option<String>, MessageParseError> {
    let value = element.attribute(name);
    let is_taken = |it: &str| it.len() <= MAX_TEXT && !it.contains(char::is_control);
    match value.is_none_or(is_taken) {
        true => Ok(value.map(str::to_owned)),
        false => Err(MessageParseError::Part(name)),
    }
}

/// SECURITY: a word that is none is refused: whoever left it out would forget that a new sign-in was wanted.
fn flag(element: Element<'_, '_>, name: &'static str) -> Result<bool, MessageParseError> {
    match element.attribute(name).map(str::trim) {
        None | Some("false" | "0") => Ok(false),
        Some("true" | "1") => Ok(true),
        Some(_) => Err(MessageParseError::Part(name)),
    }
}

#[cfg(test)]
mod tests;
