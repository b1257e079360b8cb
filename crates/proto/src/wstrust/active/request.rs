//! A request for a token with a name and a secret in its header (WS-Trust 1.3 section 3.1; WS-Security UsernameToken profile
//! 1.0).
//!
//! SECURITY: nothing is forwarded, so that what is not understood may be passed over where the message does not demand that it
//! is understood; what would ask in another's name, or for a key, is refused. Start at [`Request::parse`].

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use xml::Element;

use super::{Dialect, SAML_1_1_OF_PROFILE};
use crate::soap::namespace::{ADDRESSING, ADDRESSING_2004, POLICY, SECURITY, SOAP_1_2, UTILITY};
use crate::soap::value::{MAX_VALUE_BYTES, child_text, only_child};
use crate::soap::{
    self, Envelope, EnvelopeParseError, UsernameToken, UsernameTokenParseError, ValueError, Version,
};
use crate::wsfed::TOKEN_TYPE_SAML_1_1;

/// How far a client's clock may be off.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);
/// How long a message may say that it is good for.
pub const LONGEST_TIMESTAMP: SignedDuration = SignedDuration::from_mins(30);

/// Elements of a request that ask for something else than a bearer token for whoever signs in.
const IN_ANOTHERS_NAME: [&str; 8] = [
    "OnBehalfOf",
    "ActAs",
    "DelegateTo",
    "UseKey",
    "Participants",
    "Forwardable",
    "Delegatable",
    // What it asks to be proved is the policy's and the party's to say.
    "AuthenticationType",
];

/// A request.
#[derive(Debug)]
pub struct Request {
    /// Who asks, with the secret that was typed.
    pub token: UsernameToken,
    /// The relying party that the token is for, as it is asked for.
    pub applies_to: String,
    /// What the answer relates to.
    pub message_id: Option<String>,
    /// What the answer repeats.
    pub context: Option<String>,
    /// From when the message is good.
    pub created: Timestamp,
    /// Until when it is.
    pub expires: Timestamp,
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// It is no message of SOAP 1.2.
    #[error("{0}")]
    Envelope(#[from] EnvelopeParseError),
    /// It is one of SOAP 1.1.
    #[error("the message is not of SOAP 1.2")]
    OldSoap,
    /// A value is repeated, nested or too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// Its action is another one.
    #[error("the action is not to issue")]
    Action,
    /// Its answer is to go elsewhere.
    #[error("`ReplyTo` is not who asks")]
    ReplyTo,
    /// A header that must be understood is not.
    #[error("a header that must be understood is not known")]
    NotUnderstood,
    /// It has no security header, or something is in it beside a time and a user name.
    #[error("the security header does not hold a Timestamp and a UsernameToken, and nothing else")]
    Security,
    /// The user name or the secret is not what it should be.
    #[error(transparent)]
    Token(#[from] UsernameTokenParseError),
    /// When the message is good is not told, or for too long.
    #[error("the Timestamp is missing, wrong, or of more than {LONGEST_TIMESTAMP:#}")]
    Timestamp,
    /// The body is no request to issue a token.
    #[error("the body is no request to issue a token")]
    NotARequest,
    /// It asks for a token in another's name, or bound to a key.
    #[error("`{0}` is not taken")]
    InAnothersName(&'static str),
    /// It does not say for whom the token is.
    #[error("the request says no relying party")]
    NoParty,
    /// It wants a key that the token proves.
    #[error("only bearer tokens are issued")]
    KeyType,
    /// It wants a token of another kind.
    #[error("only SAML 1.1 tokens are issued")]
    TokenType,
}

impl Request {
    /// Reads a message.
    ///
    /// **Proves** one security header with one time and one user name, one request to issue a bearer token of SAML 1.1 for one
    /// party, in nobody else's name.
    /// **Trusts** name, secret, party and time: none was checked.
    ///
    /// # Errors
    ///
    /// It is no such message.
    pub fn parse(bytes: &[u8], dialect: Dialect) -> Result<Self, RequestError> {
        let document = soap::document(bytes)?;
        let envelope = Envelope::parse(&document)?;
        if envelope.version() != Version::V1_2 {
            return Err(RequestError::OldSoap);
        }
        let header = envelope.header().ok_or(RequestError::Security)?;
        let message_id = addressed(header, dialect)?;
        let (created, expires) = security(header)?;
        let token = UsernameToken::read(&envelope)?.ok_or(RequestError::Security)?;
        let request = envelope.content()?;
        let (applies_to, context) = asked(request, dialect)?;
        Ok(Self {
            token,
            applies_to,
            message_id,
            context,
            created,
            expires,
        })
    }

    /// Whether it is good now.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        let from = self.created.checked_sub(SKEW).unwrap_or(Timestamp::MIN);
        let until = self.expires.checked_add(SKEW).unwrap_or(Timestamp::MAX);
        from <= now && now < until
    }
}

/// Reads what WS-Addressing says, and whether all is known that must be.
fn addressed(header: Element<'_, '_>, dialect: Dialect) -> Result<Option<String>, RequestError> {
    let known = |child: &Element<'_, '_>| {
        let of_addressing = ["Action", "MessageID", "ReplyTo", "To", "FaultTo", "From"];
        child.is(SECURITY, "Security") || of_addressing.iter().any(|it| child.is(ADDRESSING, it))
    };
    let must_be = |child: &Element<'_, '_>| {
        let mut attributes = child.attributes();
        attributes.any(|it| {
            it.namespace() == Some(SOAP_1_2)
                && it.name() == "mustUnderstand"
                && !matches!(it.value(), "0" | "false")
        })
    };
    if header.children().any(|it| must_be(&it) && !known(&it)) {
        return Err(RequestError::NotUnderstood);
    }
    let action = child_text(header, ADDRESSING, "Action")?;
    if action.as_deref() != Some(dialect.action()) {
        return Err(RequestError::Action);
    }
    if let Some(reply_to) = only_child(header, ADDRESSING, "ReplyTo")? {
        let address = child_text(reply_to, ADDRESSING, "Address")?;
        if address.as_deref() != Some("http://www.w3.org/2005/08/addressing/anonymous") {
            return Err(RequestError::ReplyTo);
        }
    }
    Ok(child_text(header, ADDRESSING, "MessageID")?)
}

/// Reads from when to when the message is good, and that nothing but a user name stands beside it.
fn security(header: Element<'_, '_>) -> Result<(Timestamp, Timestamp), RequestError> {
    let security = only_child(header, SECURITY, "Security")?.ok_or(RequestError::Security)?;
    let is_known = |child: &Element<'_, '_>| {
        child.is(UTILITY, "Timestamp") || child.is(SECURITY, "UsernameToken")
    };
    if !security.children().all(|it| is_known(&it)) {
        return Err(RequestError::Security);
    }
    let timestamp = only_child(security, UTILITY, "Timestamp")?.ok_or(RequestError::Timestamp)?;
    let time = |name| {
        let text = child_text(timestamp, UTILITY, name)?;
        let time = text.and_then(|text| text.parse::<Timestamp>().ok());
        time.ok_or(RequestError::Timestamp)
    };
    let (created, expires) = (time("Created")?, time("Expires")?);
    let lasts = expires.duration_since(created);
    let is_sound = lasts.is_positive() && lasts <= LONGEST_TIMESTAMP;
    is_sound
        .then_some((created, expires))
        .ok_or(RequestError::Timestamp)
}

/// Reads for whom the token is, and what the answer repeats.
fn asked(
    request: Element<'_, '_>,
    dialect: Dialect,
) -> Result<(String, Option<String>), RequestError> {
    let trust = dialect.namespace();
    if !request.is(trust, "RequestSecurityToken") {
        return Err(RequestError::NotARequest);
    }
    let in_anothers_name = |name: &&&str| request.children().any(|it| it.name() == **name);
    if let Some(name) = IN_ANOTHERS_NAME.iter().find(in_anothers_name) {
        return Err(RequestError::InAnothersName(name));
    }
    let request_type = child_text(request, trust, "RequestType")?;
    if request_type.as_deref() != Some(dialect.issue()) {
        return Err(RequestError::NotARequest);
    }
    let key_type = child_text(request, trust, "KeyType")?;
    if key_type.is_some_and(|it| it != dialect.bearer()) {
        return Err(RequestError::KeyType);
    }
    let token_type = child_text(request, trust, "TokenType")?;
    let is_ours = |it: &str| [TOKEN_TYPE_SAML_1_1, SAML_1_1_OF_PROFILE].contains(&it);
    if token_type.is_some_and(|it| !it.is_empty() && !is_ours(&it)) {
        return Err(RequestError::TokenType);
    }
    let context = request.attribute("Context");
    if context.is_some_and(|it| it.len() > MAX_VALUE_BYTES) {
        let (name, limit) = ("Context", MAX_VALUE_BYTES);
        return Err(ValueError::TooLong { name, limit }.into());
    }
    let applies_to = applies_to(request)?.filter(|it| !it.is_empty());
    let applies_to = applies_to.ok_or(RequestError::NoParty)?;
    Ok((applies_to, context.map(str::to_owned)))
}

fn applies_to(request: Element<'_, '_>) -> Result<Option<String>, RequestError> {
    let Some(applies_to) = only_child(request, POLICY, "AppliesTo")? else {
        return Ok(None);
    };
    let mut found = None;
    for addressing in [ADDRESSING, ADDRESSING_2004] {
        let Some(reference) = only_child(applies_to, addressing, "EndpointReference")? else {
            continue;
        };
        let address = child_text(reference, addressing, "Address")?;
        if found.replace(address).is_some() {
            let name = "EndpointReference";
            return Err(ValueError::Repeated { name }.into());
        }
    }
    Ok(found.flatten())
}

#[cfg(test)]
mod tests;
