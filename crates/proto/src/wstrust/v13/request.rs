//! RequestSecurityToken (WS-Trust 1.3 section 3.1).
//!
//! SECURITY: takes only what a web ticket request may hold, because it is forwarded as it came: an
//! element that asks in another's name (`OnBehalfOf`, `ActAs`, `DelegateTo`) is refused like any other
//! that is not on the list. Never decides whether the claims are true. Start at
//! [`RequestSecurityToken::parse`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use thiserror::Error;
use xml::Element;

use super::{ISSUE, ISSUE_2005};
use crate::secret::Secret;
use crate::soap::content::{bears_only, holds_each_once, holds_no_elements, holds_only};
use crate::soap::namespace::{
    ADDRESSING, ADDRESSING_2004, AUTHORIZATION, POLICY, TRUST_1_3, UTILITY,
};
use crate::soap::value::{self, MAX_VALUE_BYTES, child_text, only_child};
use crate::soap::{ContentError, ValueError};

/// Most claims in one request.
pub const MAX_CLAIMS: usize = 16;
/// Longest entropy of a client, in bytes.
pub const MAX_ENTROPY_BYTES: usize = 256;

/// A request for a security token.
#[derive(Debug)]
pub struct RequestSecurityToken {
    /// What the answer must repeat.
    pub context: Option<String>,
    /// The kind of token that is wanted.
    pub token_type: Option<String>,
    /// Where the token is to be used.
    pub applies_to: Option<String>,
    /// What the token is to say.
    pub claims: Option<Claims>,
    /// The client's part of the proof key.
    pub entropy: Option<Secret<Vec<u8>>>,
    /// The kind of proof key that is wanted.
    pub key_type: Option<String>,
    /// From when to when the token is wanted.
    pub lifetime: Option<Lifetime>,
}

impl RequestSecurityToken {
    /// Reads the element.
    ///
    /// **Proves** that the request is to issue, that no value stands twice, and that nothing stands in
    /// it but what a web ticket request may hold.
    /// **Trusts** every value, the claims above all.
    pub fn parse(element: Element<'_, '_>) -> Result<Self, RequestParseError> {
        if !element.is(TRUST_1_3, "RequestSecurityToken") {
            return Err(RequestParseError::NotARequest);
        }
        check_content(element)?;
        // INTEROP: SIPE 1.25 and the Microsoft web client name the request type of 2005/02 in a
        // request of WS-Trust 1.3.
        match child_text(element, TRUST_1_3, "RequestType")?.as_deref() {
            Some(ISSUE | ISSUE_2005) => {}
            _ => return Err(RequestParseError::NotIssue),
        }
        Ok(Self {
            context: context(element)?,
            token_type: child_text(element, TRUST_1_3, "TokenType")?,
            applies_to: applies_to(element)?,
            claims: only_child(element, TRUST_1_3, "Claims")?
                .map(Claims::parse)
                .transpose()?,
            entropy: only_child(element, TRUST_1_3, "Entropy")?
                .map(entropy)
                .transpose()?,
            key_type: child_text(element, TRUST_1_3, "KeyType")?,
            lifetime: only_child(element, TRUST_1_3, "Lifetime")?
                .map(Lifetime::parse)
                .transpose()?,
        })
    }
}

/// The claims of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The language of the claims.
    pub dialect: Option<String>,
    /// The claims, in their order.
    pub claims: Vec<Claim>,
}

impl Claims {
    fn parse(element: Element<'_, '_>) -> Result<Self, RequestParseError> {
        let types = element
            .children()
            .filter(|child| child.is(AUTHORIZATION, "ClaimType"));
        let claims = types
            .take(MAX_CLAIMS + 1)
            .map(Claim::parse)
            .collect::<Result<Vec<_>, _>>()?;
        if claims.len() > MAX_CLAIMS {
            return Err(RequestParseError::TooManyClaims);
        }
        Ok(Self {
            dialect: attribute(element, "Dialect")?,
            claims,
        })
    }
}

/// One claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The type of the claim.
    pub claim_type: String,
    /// Whether the token may do without it.
    pub is_optional: bool,
    /// The value that is wanted.
    pub value: Option<String>,
}

impl Claim {
    fn parse(element: Element<'_, '_>) -> Result<Self, RequestParseError> {
        Ok(Self {
            claim_type: attribute(element, "Uri")?.ok_or(RequestParseError::ClaimWithoutType)?,
            is_optional: matches!(element.attribute("Optional"), Some("true" | "1")),
            value: child_text(element, AUTHORIZATION, "Value")?,
        })
    }
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetime {
    /// The beginning.
    pub created: Timestamp,
    /// The end.
    pub expires: Timestamp,
}

impl Lifetime {
    pub(crate) fn parse(element: Element<'_, '_>) -> Result<Self, RequestParseError> {
        let time = |name| {
            child_text(element, UTILITY, name)?
                .and_then(|text| text.parse().ok())
                .ok_or(RequestParseError::NotATime { name })
        };
        Ok(Self {
            created: time("Created")?,
            expires: time("Expires")?,
        })
    }
}

/// Why a request for a token is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestParseError {
    /// Something stands in the request that may not.
    #[error(transparent)]
    Content(#[from] ContentError),
    /// A value is repeated, nested or too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The element is no RequestSecurityToken of WS-Trust 1.3.
    #[error("not a RequestSecurityToken of WS-Trust 1.3")]
    NotARequest,
    /// The request is to do something else than to issue a token.
    #[error("the request type is not to issue")]
    NotIssue,
    /// A claim has no type.
    #[error("a claim has no type")]
    ClaimWithoutType,
    /// There are more claims than the limit.
    #[error("more than {MAX_CLAIMS} claims")]
    TooManyClaims,
    /// The entropy is not base64 of a bounded length.
    #[error("the entropy is not base64 of at most {MAX_ENTROPY_BYTES} bytes")]
    Entropy,
    /// A time of the lifetime is missing or not in UTC.
    #[error("`{name}` is not a time")]
    NotATime {
        /// The element's local name.
        name: &'static str,
    },
}

/// What may stand in a request: first what holds elements, then what holds characters at most.
fn check_content(request: Element<'_, '_>) -> Result<(), ContentError> {
    let inside = "RequestSecurityToken";
    let structured = [
        (POLICY, "AppliesTo"),
        (TRUST_1_3, "Claims"),
        (TRUST_1_3, "Entropy"),
        (TRUST_1_3, "Lifetime"),
    ];
    let plain = PLAIN.map(|name| (TRUST_1_3, name));
    bears_only(request, inside, &["Context"])?;
    holds_each_once(request, inside, &[&structured[..], &plain].concat())?;
    for (namespace, name) in plain {
        if let Some(child) = request.child(namespace, name) {
            holds_no_elements(child, name)?;
        }
    }
    if let Some(applies_to) = request.child(POLICY, "AppliesTo") {
        check_applies_to(applies_to)?;
    }
    if let Some(claims) = request.child(TRUST_1_3, "Claims") {
        holds_only(claims, "Claims", &[(AUTHORIZATION, "ClaimType")])?;
        for claim in claims.children() {
            holds_each_once(claim, "ClaimType", &[(AUTHORIZATION, "Value")])?;
        }
    }
    if let Some(entropy) = request.child(TRUST_1_3, "Entropy") {
        holds_each_once(entropy, "Entropy", &[(TRUST_1_3, "BinarySecret")])?;
    }
    if let Some(lifetime) = request.child(TRUST_1_3, "Lifetime") {
        let times = [(UTILITY, "Created"), (UTILITY, "Expires")];
        holds_each_once(lifetime, "Lifetime", &times)?;
    }
    Ok(())
}

/// Elements of a request that hold characters or nothing.
const PLAIN: [&str; 12] = [
    "TokenType",
    "RequestType",
    "KeyType",
    "KeySize",
    "ComputedKeyAlgorithm",
    "CanonicalizationAlgorithm",
    "EncryptionAlgorithm",
    "EncryptWith",
    "SignWith",
    "SignatureAlgorithm",
    "Renewing",
    "AllowPostdating",
];

fn check_applies_to(applies_to: Element<'_, '_>) -> Result<(), ContentError> {
    let references = [ADDRESSING, ADDRESSING_2004].map(|addressing| (addressing, ENDPOINT));
    holds_each_once(applies_to, "AppliesTo", &references)?;
    let mut found = applies_to.children();
    let (reference, second) = (found.next(), found.next());
    if second.is_some() {
        return Err(ValueError::Repeated { name: ENDPOINT }.into());
    }
    if let Some(reference) = reference {
        let addressing = reference.namespace().unwrap_or_default();
        holds_each_once(reference, ENDPOINT, &[(addressing, "Address")])?;
    }
    Ok(())
}

const ENDPOINT: &str = "EndpointReference";

fn context(element: Element<'_, '_>) -> Result<Option<String>, ValueError> {
    attribute(element, "Context")
}

fn attribute(element: Element<'_, '_>, name: &'static str) -> Result<Option<String>, ValueError> {
    match element.attribute(name) {
        Some(value) if value.len() > MAX_VALUE_BYTES => Err(ValueError::TooLong {
            name,
            limit: MAX_VALUE_BYTES,
        }),
        value => Ok(value.map(str::to_owned)),
    }
}

fn applies_to(element: Element<'_, '_>) -> Result<Option<String>, ValueError> {
    let Some(applies_to) = only_child(element, POLICY, "AppliesTo")? else {
        return Ok(None);
    };
    for addressing in [ADDRESSING, ADDRESSING_2004] {
        if let Some(reference) = only_child(applies_to, addressing, ENDPOINT)? {
            return child_text(reference, addressing, "Address");
        }
    }
    Ok(None)
}

fn entropy(element: Element<'_, '_>) -> Result<Secret<Vec<u8>>, RequestParseError> {
    let secret =
        only_child(element, TRUST_1_3, "BinarySecret")?.ok_or(RequestParseError::Entropy)?;
    let text = value::text(secret, "BinarySecret", MAX_VALUE_BYTES)?;
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() <= MAX_ENTROPY_BYTES => Ok(Secret::new(bytes)),
        _ => Err(RequestParseError::Entropy),
    }
}

#[cfg(test)]
mod tests;
