//! SOAP 1.1 as Lync's services speak it (1.2 is read too), with WS-Security's UsernameToken.
//!
//! Reads envelopes that have exactly one body and writes faults. Never resolves a reference, never
//! processes a signature. Start at [`Envelope::parse`].

pub mod namespace;

mod envelope;
mod fault;
mod username_token;

pub(crate) mod content;
pub(crate) mod value;

pub use content::ContentError;
pub use envelope::{
    ANSWER_LIMITS, Envelope, EnvelopeParseError, REQUEST_LIMITS, Version, document,
};
pub use fault::{Fault, FaultCode};
pub use username_token::{
    MAX_PASSWORD_BYTES, MAX_USERNAME_BYTES, PASSWORD_TEXT, UsernameToken, UsernameTokenParseError,
};
pub use value::{MAX_VALUE_BYTES, ValueError};
