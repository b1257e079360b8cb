//! How a request comes: in the query of a redirect, deflated, its signature beside it; or in a form, its signature in it
//! (saml-bindings 3.4 and 3.5).
//!
//! Verifies nothing: whoever knows the sender's keys does. Start at [`Brought::of_query`] and [`Brought::of_form`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use xml::signature::query::{Kind, Query, QueryError};
use xml::{Document, ParseError};

use crate::form::Form;
use crate::inflate::{InflateError, inflate};

/// Longest message as XML, in bytes.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Longest `RelayState`, in bytes. SPEC: saml-bindings 3.4.3 has 80; INTEROP: service providers put whole addresses there.
pub const MAX_RELAY_STATE: usize = 2048;
/// The field that holds a request, of several lines where a sender writes it so.
pub const MESSAGE: &str = "SAMLRequest";
/// The field that goes back as it came.
pub const RELAY_STATE: &str = "RelayState";

/// A message as a browser brought it.
#[derive(Clone, Debug)]
pub struct Brought {
    /// What goes back as it came.
    pub relay_state: Option<String>,
    /// The query, whose signature stands beside the message; nothing where it came in a form.
    pub query: Option<Query>,
    text: String,
}

/// Why there is no message, or none that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum MessageParseError {
    /// The query is none.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A field is not there exactly once, or too long.
    #[error("`{0}` is not there exactly once, or is too long")]
    Field(&'static str),
    /// The message is not base64.
    #[error("the message is not base64")]
    NotBase64,
    /// It is not deflated, or grows too long.
    #[error(transparent)]
    Inflate(#[from] InflateError),
    /// It is not UTF-8.
    #[error("the message is not UTF-8")]
    NotUtf8,
    /// It is not XML that is taken.
    #[error(transparent)]
    Xml(#[from] ParseError),
    /// It is another message than a request for a sign-on.
    #[error("it is no AuthnRequest of SAML 2.0")]
    NotARequest,
    /// A part is missing, stands twice, is too long, is not what it should be, or is not understood.
    #[error(
        "`{0}` is missing, stands twice, is too long, is not what it should be or is not understood"
    )]
    Part(&'static str),
}

impl Brought {
    /// Reads the query of a redirect, as it came.
    ///
    /// **Trusts** all of it: nothing is verified.
    ///
    /// # Errors
    ///
    /// It brings no message that is taken.
    pub fn of_query(query: &str) -> Result<Self, MessageParseError> {
        let query = Query::parse(query)?;
        let message = query.clone().unverified();
        if message.kind != Kind::Request {
            return Err(MessageParseError::NotARequest);
        }
        // A space is a plus that was not encoded, and stays wrong.
        let packed: String = message.encoded.split(['\t', '\r', '\n']).collect();
        let deflated = unpacked(&packed)?;
        Ok(Self {
            text: text(inflate(&deflated, MAX_MESSAGE)?)?,
            relay_state: relay_state(message.relay_state)?,
            query: Some(query),
        })
    }

    /// Reads the fields of a form.
    ///
    /// **Trusts** all of it: nothing is verified.
    ///
    /// # Errors
    ///
    /// It brings no message that is taken.
    pub fn of_form(form: &Form) -> Result<Self, MessageParseError> {
        let message = form.only(MESSAGE);
        let message = message.ok_or(MessageParseError::Field(MESSAGE))?;
        let is_there = form.all(RELAY_STATE).next().is_some();
        let state = form.only(RELAY_STATE).map(|it| it.expose().clone());
        if is_there && state.is_none() {
            return Err(MessageParseError::Field(RELAY_STATE));
        }
        let packed: String = message.expose().split_ascii_whitespace().collect();
        Ok(Self {
            text: text(unpacked(&packed)?)?,
            relay_state: relay_state(state)?,
            query: None,
        })
    }

    /// The message, as a document.
    ///
    /// # Errors
    ///
    /// It is not XML that is taken.
    pub fn document(&self) -> Result<Document<'_>, MessageParseError> {
        Ok(Document::parse(&self.text)?)
    }
}

fn unpacked(packed: &str) -> Result<Vec<u8>, MessageParseError> {
    let unpacked = STANDARD.decode(packed);
    unpacked.map_err(|_| MessageParseError::NotBase64)
}

fn text(bytes: Vec<u8>) -> Result<String, MessageParseError> {
    match bytes.len() > MAX_MESSAGE {
        true => Err(InflateError::TooLong.into()),
        false => String::from_utf8(bytes).map_err(|_| MessageParseError::NotUtf8),
    }
}

/// SECURITY: it goes into a page and into an address; nobody needs a line end there.
fn relay_state(state: Option<String>) -> Result<Option<String>, MessageParseError> {
    let is_taken = |it: &String| it.len() <= MAX_RELAY_STATE && !it.contains(char::is_control);
    match state.as_ref().is_none_or(is_taken) {
        true => Ok(state),
        false => Err(MessageParseError::Field(RELAY_STATE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFLATED: &str = "fY8xC8IwEIX%2FSrldTTs4HEmg4FLQRcXBRUIJWGgvNXcBf75JXeoivOXee9zH0%2Bymc\
        cY2yZPO%2FpU8S%2FWeRmJcAgMpEgbHAyO5yTNKj5f2dMRmq3COQUIfRqi6g4FHDdXNRx4CGchxdpmT74jFkWRLNfuNq\
        rOutUJVdAerCweXZlyR%2F4Mds4%2BSQWBLjWe9W72x3%2Bt3lf0A";
    const REQUEST: &str = r#"<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" IssueInstant="2026-01-01T10:00:00Z"><saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">urn:sp</saml:Issuer></samlp:AuthnRequest>"#;

    fn of_form(form: &str) -> Result<Brought, MessageParseError> {
        let form = Form::parse_with(form.as_bytes(), MAX_MESSAGE, &[MESSAGE]).unwrap();
        Brought::of_form(&form)
    }

    #[test]
    fn a_request_comes_in_a_query_or_in_a_form() {
        let query = format!("SAMLRequest={DEFLATED}&RelayState=a%26b");
        let brought = Brought::of_query(&query).unwrap();
        assert_eq!(brought.text, REQUEST);
        assert_eq!(brought.relay_state.as_deref(), Some("a&b"));
        assert!(brought.query.is_some_and(|it| !it.is_signed()));
        let packed = STANDARD.encode(REQUEST).replace('+', "%2B");
        let (first, second) = packed.split_at(76);
        let brought = of_form(&format!("SAMLRequest={first}%0D%0A{second}")).unwrap();
        assert_eq!(
            (brought.text.as_str(), brought.relay_state),
            (REQUEST, None)
        );
        assert!(brought.query.is_none());
    }

    #[test]
    fn what_brings_no_request_is_refused() {
        use MessageParseError as Error;
        let of_query = |query: &str| Brought::of_query(query).unwrap_err();
        let long = format!(
            "SAMLRequest={DEFLATED}&RelayState={}",
            "a".repeat(MAX_RELAY_STATE + 1)
        );
        for (query, error) in [
            ("", Error::Query(QueryError::NoMessage)),
            ("SAMLRequest=%25", Error::NotBase64),
            (
                "SAMLRequest=PGEvPg%3D%3D",
                Error::Inflate(InflateError::Malformed),
            ),
            (&query("SAMLResponse"), Error::NotARequest),
            (
                &format!("{}&RelayState=%0A", query("SAMLRequest")),
                Error::Field(RELAY_STATE),
            ),
            (&long, Error::Field(RELAY_STATE)),
        ] {
            assert_eq!(of_query(query), error, "{query}");
        }
        for (form, error) in [
            ("", Error::Field(MESSAGE)),
            (
                "SAMLRequest=PGEvPg%3D%3D&SAMLRequest=PGEvPg%3D%3D",
                Error::Field(MESSAGE),
            ),
            (
                "SAMLRequest=PGEvPg%3D%3D&RelayState=a&RelayState=b",
                Error::Field(RELAY_STATE),
            ),
            ("SAMLRequest=.", Error::NotBase64),
            ("SAMLRequest=%2F%2F79", Error::NotUtf8),
        ] {
            assert_eq!(of_form(form).unwrap_err(), error, "{form}");
        }
    }

    fn query(name: &str) -> String {
        format!("{name}={DEFLATED}")
    }
}
