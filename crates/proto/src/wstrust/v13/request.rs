//! RequestSecurityToken (WS-Trust 1.3 section 3.1).
//!
//! Reads what a web ticket request holds and leaves out what it does not know. Never decides whether
//! the claims are true. Start at [`RequestSecurityToken::parse`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use thiserror::Error;
use xml::Element;

use super::{ISSUE, ISSUE_2005};
use crate::secret::Secret;
use crate::soap::ValueError;
use crate::soap::namespace::{
    ADDRESSING, ADDRESSING_2004, AUTHORIZATION, POLICY, TRUST_1_3, UTILITY,
};
use crate::soap::value::{self, MAX_VALUE_BYTES, child_text, only_child};

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
    /// **Proves** that the request is to issue, and that no value stands twice.
    /// **Trusts** every value, the claims above all.
    pub fn parse(element: Element<'_, '_>) -> Result<Self, RequestParseError> {
        if !element.is(TRUST_1_3, "RequestSecurityToken") {
            return Err(RequestParseError::NotARequest);
        }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RequestParseError {
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
        if let Some(reference) = only_child(applies_to, addressing, "EndpointReference")? {
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
