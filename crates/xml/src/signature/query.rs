//! A message in the query of an address, with its signature beside it (SAML 2.0 bindings 3.4.4.1).
//!
//! SECURITY: the query is parsed once, as it came: what was signed is made of the very bytes from which
//! the message is read, a name stands once, and no name is written in another way. Start at
//! [`Query::parse`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

use super::method::Algorithm;
use super::policy::Partner;
use super::{KeyFailure, SignatureError, SigningKey};

/// Longest query, in bytes.
pub const MAX_QUERY_BYTES: usize = 64 * 1024;
/// Most parameters of a query, whosever they are.
pub const MAX_PARAMETERS: usize = 32;

/// Which message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request.
    Request,
    /// A response.
    Response,
}

impl Kind {
    /// The name of its parameter.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }
}

/// A message of a query: base64 of what a deflating compressor made, which is not looked into here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Which message it is.
    pub kind: Kind,
    /// The parameter's value.
    pub encoded: String,
    /// What the sender wants back with the answer.
    pub relay_state: Option<String>,
}

/// A query that was read.
#[derive(Clone, Debug)]
pub struct Query {
    message: Message,
    signature: Option<Signature>,
}

#[derive(Clone, Debug)]
struct Signature {
    algorithm: String,
    value: String,
    octets: String,
}

/// Why a query is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QueryError {
    /// Too long, or of too many parameters.
    #[error("the query is longer than is taken")]
    TooLong,
    /// A name is written in another way, by percent signs, spaces or letters of another case.
    #[error("a parameter's name is not written as it is")]
    Name,
    /// A parameter stands twice, or a request and a response at once.
    #[error("a parameter stands twice")]
    Repeated,
    /// There is no message.
    #[error("there is no message")]
    NoMessage,
    /// A value is not percent-encoded UTF-8.
    #[error("a value is not percent-encoded")]
    Value,
    /// Of the signature and its algorithm only one is there.
    #[error("a signature and its algorithm come together")]
    HalfSigned,
}

/// The parameters that mean something here.
const NAMES: [&str; 6] = [
    "SAMLRequest",
    "SAMLResponse",
    "RelayState",
    "SigAlg",
    "Signature",
    "SAMLEncoding",
];

impl Query {
    /// Reads a query as it came, without its question mark.
    pub fn parse(query: &str) -> Result<Self, QueryError> {
        if query.len() > MAX_QUERY_BYTES || query.split('&').count() > MAX_PARAMETERS {
            return Err(QueryError::TooLong);
        }
        let mut found: [Option<&str>; NAMES.len()] = [None; NAMES.len()];
        for parameter in query.split('&').filter(|it| !it.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.contains(['%', '+', ' ']) {
                return Err(QueryError::Name);
            }
            for (known, place) in NAMES.iter().zip(&mut found) {
                if name != *known && name.eq_ignore_ascii_case(known) {
                    return Err(QueryError::Name);
                }
                if name == *known && place.replace(value).is_some() {
                    return Err(QueryError::Repeated);
                }
            }
        }
        let [request, response, relay_state, algorithm, value, encoding] = found;
        let (kind, encoded) = match (request, response) {
            (Some(request), None) => (Kind::Request, request),
            (None, Some(response)) => (Kind::Response, response),
            (Some(_), Some(_)) => return Err(QueryError::Repeated),
            (None, None) => return Err(QueryError::NoMessage),
        };
        // SPEC: 3.4.4.1: another encoding than the one of that section is not ours to read.
        if encoding.is_some_and(|encoding| decoded(encoding).as_deref() != Ok(DEFLATE)) {
            return Err(QueryError::Value);
        }
        let signature = match (algorithm, value) {
            (Some(algorithm), Some(value)) => Some(Signature {
                octets: octets(kind, encoded, relay_state, algorithm),
                algorithm: decoded(algorithm)?,
                value: decoded(value)?,
            }),
            (None, None) => None,
            _ => return Err(QueryError::HalfSigned),
        };
        let message = Message {
            kind,
            encoded: decoded(encoded)?,
            relay_state: relay_state.map(decoded).transpose()?,
        };
        Ok(Self { message, signature })
    }

    /// Whether the sender signed; that is not yet to say that the signature holds.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Verifies the partner's signature.
    ///
    /// **Proves** that one of the partner's keys signed the message and its relay state.
    pub fn verify(self, partner: &Partner<'_>) -> Result<Message, SignatureError> {
        let signature = self.signature.ok_or(SignatureError::NotOneSignature)?;
        let part = "SigAlg";
        let algorithm = Algorithm::parse(&signature.algorithm);
        let algorithm = algorithm.ok_or(SignatureError::Algorithm { part })?;
        partner.takes(algorithm)?;
        let written: String = signature.value.split_ascii_whitespace().collect();
        let value = STANDARD.decode(written);
        let part = "Signature";
        let value = value.map_err(|_| SignatureError::NotBase64 { part })?;
        let octets = signature.octets.as_bytes();
        match partner.keys.verifies(algorithm, octets, &value) {
            true => Ok(self.message),
            false => Err(SignatureError::Signature),
        }
    }

    /// The message without a look at its signature.
    ///
    /// **Trusts** all of it: nobody knows who wrote it.
    pub fn unverified(self) -> Message {
        self.message
    }
}

/// A query that is ready to be signed, in two steps.
#[derive(Clone, Debug)]
pub struct Unsigned {
    octets: String,
}

impl Unsigned {
    /// Prepares a signature over a message.
    pub fn new(message: &Message, algorithm: Algorithm) -> Self {
        let relay_state = message.relay_state.as_deref().map(encoded);
        Self {
            octets: octets(
                message.kind,
                &encoded(&message.encoded),
                relay_state.as_deref(),
                &encoded(algorithm.uri()),
            ),
        }
    }

    /// The octets to be signed.
    pub fn octets(&self) -> &[u8] {
        self.octets.as_bytes()
    }

    /// The query with the value of the signature.
    pub fn attach(self, signature_value: &[u8]) -> String {
        let value = encoded(&STANDARD.encode(signature_value));
        format!("{}&Signature={value}", self.octets)
    }

    /// Does both steps with a key that is at hand.
    pub fn sign(self, key: &dyn SigningKey) -> Result<String, KeyFailure> {
        let value = key.sign(self.octets())?;
        Ok(self.attach(&value))
    }
}

const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// SPEC: 3.4.4.1: these three, in this order, as they are encoded in the query.
fn octets(kind: Kind, encoded: &str, relay_state: Option<&str>, algorithm: &str) -> String {
    let relay_state = relay_state.map_or(String::new(), |state| format!("&RelayState={state}"));
    format!("{}={encoded}{relay_state}&SigAlg={algorithm}", kind.name())
}

/// SECURITY: a zero byte or half a character would be read otherwise elsewhere.
fn decoded(value: &str) -> Result<String, QueryError> {
    let mut out = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = behind;
        match first {
            b'+' => out.push(b' '),
            b'%' => {
                let (digits, behind) = rest.split_at_checked(2).ok_or(QueryError::Value)?;
                let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
                let digits = std::str::from_utf8(digits).map_err(|_| QueryError::Value)?;
                let byte = u8::from_str_radix(digits, 16).map_err(|_| QueryError::Value)?;
                if !is_hex || byte == 0 {
                    return Err(QueryError::Value);
                }
                out.push(byte);
                rest = behind;
            }
            other => out.push(*other),
        }
    }
    String::from_utf8(out).map_err(|_| QueryError::Value)
}

fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests;
