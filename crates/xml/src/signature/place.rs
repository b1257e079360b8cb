//! Where things belong: the id that a signature names, and the one place of a signature in its element.
//!
//! SECURITY: other verifiers take other attributes for ids and look for signatures elsewhere; what any
//! of them could take for an id counts, and a signature out of its place is none. Start at [`id_of`].

use super::{NAMESPACE, SignatureError};
use crate::Element;

const METADATA: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";
const SAML_1_PROTOCOL: &str = "urn:oasis:names:tc:SAML:1.0:protocol";
const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const SAML_2_PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// Attributes that some reader takes for an id, in any namespace and in lower case.
const IDS: [&str; 4] = ["id", "assertionid", "responseid", "requestid"];

/// The id that a signature over this element names.
pub(super) fn id_of<'a>(element: Element<'a, '_>) -> Result<&'a str, SignatureError> {
    let name = match (element.namespace(), element.name()) {
        (Some(SAML_1), "Assertion") => "AssertionID",
        (Some(SAML_1_PROTOCOL), "Response") => "ResponseID",
        (Some(SAML_1_PROTOCOL), "Request") => "RequestID",
        _ => "ID",
    };
    element
        .attribute(name)
        .filter(|id| !id.is_empty())
        .ok_or(SignatureError::NoId)
}

/// The one element of a document that bears this id, by whatever attribute.
pub(super) fn the_one_of<'a, 'input>(
    id: &str,
    root: Element<'a, 'input>,
) -> Result<Element<'a, 'input>, SignatureError> {
    let bears_id = |element: &Element<'_, '_>| {
        element.attributes().any(|attribute| {
            let is_id = || {
                IDS.iter()
                    .any(|name| attribute.name().eq_ignore_ascii_case(name))
            };
            attribute.value() == id && is_id()
        })
    };
    let mut bearers = root.descendants().filter(bears_id);
    match (bearers.next(), bearers.next()) {
        (Some(element), None) => Ok(element),
        (Some(_), Some(_)) => Err(SignatureError::DuplicateId),
        (None, _) => Err(SignatureError::Reference),
    }
}

/// Where the signature stands among what is directly inside an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Before all else.
    First,
    /// Behind the issuer, which is the first, or first where there is none.
    BehindIssuer,
    /// Behind all else.
    Last,
    /// No schema says.
    Anywhere,
}

impl Place {
    /// SPEC: the schemas of SAML 1.1 and 2.0, assertion, protocol and metadata.
    pub(super) fn within(element: Element<'_, '_>) -> Self {
        match (element.namespace(), element.name()) {
            (Some(METADATA), _) | (Some(SAML_1_PROTOCOL), "Response") => Self::First,
            (Some(SAML_2 | SAML_2_PROTOCOL), _) => Self::BehindIssuer,
            (Some(SAML_1 | SAML_1_PROTOCOL), _) => Self::Last,
            _ => Self::Anywhere,
        }
    }

    /// Whether the signature stands there.
    pub(super) fn is_that_of(self, signature: Element<'_, '_>, inside: Element<'_, '_>) -> bool {
        let mut children = inside.children();
        match self {
            Self::First => children.next() == Some(signature),
            Self::BehindIssuer => {
                let issuers = inside.children().filter(|it| it.is(SAML_2, "Issuer"));
                let (first, second) = (children.next(), children.next());
                match issuers.count() {
                    0 => first == Some(signature),
                    1 => {
                        let is_behind = second == Some(signature);
                        is_behind && first.is_some_and(|first| first.is(SAML_2, "Issuer"))
                    }
                    _ => false,
                }
            }
            Self::Last => children.last() == Some(signature),
            Self::Anywhere => true,
        }
    }

    /// The byte of the source at which the signature is to be put.
    pub(super) fn offset(self, inside: Element<'_, '_>) -> Option<usize> {
        let content = inside.inner_range()?;
        let issuer = || {
            let first = inside.children().next();
            let issuer = first.filter(|first| first.is(SAML_2, "Issuer"));
            issuer.map_or(content.start, |issuer| issuer.range().end)
        };
        Some(match self {
            Self::First => content.start,
            Self::BehindIssuer => issuer(),
            Self::Last | Self::Anywhere => content.end,
        })
    }
}

/// The one signature directly inside an element.
pub(super) fn signature_in<'a, 'input>(
    element: Element<'a, 'input>,
) -> Result<Element<'a, 'input>, SignatureError> {
    let mut signatures = element
        .children()
        .filter(|child| child.is(NAMESPACE, "Signature"));
    match (signatures.next(), signatures.next()) {
        (Some(signature), None) => Ok(signature),
        _ => Err(SignatureError::NotOneSignature),
    }
}
