//! Flows: from a request of a party to a token, one module per protocol.

pub mod active;
pub mod saml;
pub mod supposed;
pub mod wsfed;

mod freshness;
mod sha1;
