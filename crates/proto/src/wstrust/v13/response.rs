//! RequestSecurityTokenResponse (WS-Trust 1.3 section 3.2), written so that SIPE can cut it.
//!
//! INTEROP: SIPE 1.25 reads the answer with string searches: the first `Lifetime`'s inner text is
//! pasted into a timestamp and hashed as it stands, so that it has the prefix `wsu`, no white space
//! and no declarations; the first `BinarySecret` is taken for the server's entropy; the assertion is
//! copied verbatim. Start at [`RequestSecurityTokenResponse::to_xml`] and [`tokens`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use thiserror::Error;
use xml::write::{self, element};
use xml::{Element, Verbatim};

use super::request::{Lifetime, RequestParseError};
use super::{COMPUTED_KEY_PSHA1, KEY_TYPE_SYMMETRIC, TOKEN_TYPE_COMPACT, TOKEN_TYPE_SAML_1_1};
use crate::secret::Secret;
use crate::soap::namespace::{SAML_1, SOAP_1_1, TRUST_1_3, UTILITY};
use crate::soap::value::{self, only_child};
use crate::soap::{Envelope, ValueError};

/// Longest compact ticket, in bytes.
pub const MAX_CWT_BYTES: usize = 8192;
/// Most tokens in one answer.
pub const MAX_TOKENS: usize = 4;

/// An answer that issues one token.
#[derive(Debug)]
pub struct RequestSecurityTokenResponse {
    /// The context of the request.
    pub context: Option<String>,
    /// The token.
    pub token: IssuedToken<Verbatim>,
    /// The server's part of the proof key, where there is one.
    pub entropy: Option<Secret<Vec<u8>>>,
    /// From when to when the token is good.
    pub lifetime: Lifetime,
}

impl RequestSecurityTokenResponse {
    /// Writes the whole envelope.
    pub fn to_xml(&self) -> String {
        let collection = element("RequestSecurityTokenResponseCollection")
            .namespace("", TRUST_1_3)
            .namespace("wsu", UTILITY)
            .child(self.response());
        element("s:Envelope")
            .namespace("s", SOAP_1_1)
            .child(element("s:Body").child(collection))
            .to_xml()
    }

    fn response(&self) -> write::Element {
        let requested = element("RequestedSecurityToken");
        let (token_type, requested) = match &self.token {
            IssuedToken::Assertion(assertion) => {
                (TOKEN_TYPE_SAML_1_1, requested.verbatim(assertion.clone()))
            }
            // UNCONFIRMED: the namespace of UserToken; clients look for the characters.
            IssuedToken::UserToken(cwt) => (
                TOKEN_TYPE_COMPACT,
                requested.child(element("UserToken").text(cwt.expose().clone())),
            ),
        };
        element("RequestSecurityTokenResponse")
            .attribute_if("Context", self.context.clone())
            .child(element("TokenType").text(token_type))
            .child(requested)
            .children(self.proof())
            .child(
                element("Lifetime")
                    .child(element("wsu:Created").text(seconds(self.lifetime.created)))
                    .child(element("wsu:Expires").text(seconds(self.lifetime.expires))),
            )
            .children(self.key())
    }

    fn proof(&self) -> Vec<write::Element> {
        let Some(entropy) = &self.entropy else {
            return Vec::new();
        };
        let computed = element("ComputedKey").text(COMPUTED_KEY_PSHA1);
        let secret = element("BinarySecret").text(STANDARD.encode(entropy.expose()));
        vec![
            element("RequestedProofToken").child(computed),
            element("Entropy").child(secret),
        ]
    }

    fn key(&self) -> Vec<write::Element> {
        let Some(entropy) = &self.entropy else {
            return Vec::new();
        };
        let bits = entropy.expose().len().saturating_mul(8);
        vec![
            element("KeyType").text(KEY_TYPE_SYMMETRIC),
            element("KeySize").text(bits.to_string()),
        ]
    }
}

/// A token as issued: an assertion, or Lync's compact ticket with its `cwt=`.
#[derive(Debug)]
pub enum IssuedToken<Assertion> {
    /// A SAML assertion.
    Assertion(Assertion),
    /// A compact ticket.
    UserToken(Secret<String>),
}

/// One token found in an answer.
#[derive(Debug)]
pub struct Issued<'a, 'input> {
    /// The context that the answer repeats.
    pub context: Option<&'a str>,
    /// The token.
    pub token: IssuedToken<Element<'a, 'input>>,
    /// From when to when it is said to be good.
    pub lifetime: Option<Lifetime>,
}

/// Finds every token in an answer; one that holds none gives an empty list.
///
/// **Trusts** the answer: no signature is checked.
pub fn tokens<'a, 'input>(
    envelope: &Envelope<'a, 'input>,
) -> Result<Vec<Issued<'a, 'input>>, ResponseParseError> {
    let mut issued = Vec::new();
    let responses = envelope
        .body()
        .descendants()
        .filter(|element| element.is(TRUST_1_3, "RequestSecurityTokenResponse"));
    for response in responses {
        let Some(requested) = only_child(response, TRUST_1_3, "RequestedSecurityToken")? else {
            continue;
        };
        let lifetime = only_child(response, TRUST_1_3, "Lifetime")?;
        let lifetime = lifetime.map(Lifetime::parse).transpose()?;
        for token in requested.descendants().skip(1).filter(is_token) {
            if issued.len() == MAX_TOKENS {
                return Err(ResponseParseError::TooManyTokens);
            }
            let context = response.attribute("Context");
            issued.push(Issued {
                context,
                token: token_of(token)?,
                lifetime,
            });
        }
    }
    Ok(issued)
}

/// Why an answer's tokens cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ResponseParseError {
    /// A value is repeated, nested or too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The lifetime cannot be read.
    #[error(transparent)]
    Lifetime(#[from] RequestParseError),
    /// There are more tokens than the limit.
    #[error("more than {MAX_TOKENS} tokens")]
    TooManyTokens,
}

/// UNCONFIRMED: the namespace of UserToken; any is taken.
fn is_token(element: &Element<'_, '_>) -> bool {
    element.is(SAML_1, "Assertion") || element.name() == "UserToken"
}

fn token_of<'a, 'input>(
    element: Element<'a, 'input>,
) -> Result<IssuedToken<Element<'a, 'input>>, ResponseParseError> {
    if element.name() == "UserToken" {
        let cwt = value::text(element, "UserToken", MAX_CWT_BYTES)?;
        Ok(IssuedToken::UserToken(Secret::new(cwt)))
    } else {
        Ok(IssuedToken::Assertion(element))
    }
}

/// Whole seconds in UTC, the form that real answers have.
fn seconds(time: Timestamp) -> String {
    Timestamp::from_second(time.as_second())
        .unwrap_or(time)
        .to_string()
}

#[cfg(test)]
mod tests;
