//! WS-Trust: asking a security token service for a token, and its answer.
//!
//! One module per version. Lync's web ticket speaks [`v13`] with one value of the version before.

pub mod active;
pub mod v13;
