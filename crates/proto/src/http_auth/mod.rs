//! HTTP authentication headers: what a client offers and what we offer it.
//!
//! RFC 9110 11 (the framework), RFC 7617 (Basic), RFC 4559 and [MS-NTHT] (Negotiate and NTLM).
//! Start at [`Credentials::parse`].

mod challenge;
mod credentials;

pub use challenge::Challenge;
pub use credentials::{Credentials, HttpAuthParseError};
