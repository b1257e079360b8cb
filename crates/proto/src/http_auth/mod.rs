//! HTTP authentication headers: what a client offers and what we offer it.
//!
//! RFC 9110 11 (the framework), RFC 7617 (Basic), RFC 4559 and [MS-NTHT] (Negotiate and NTLM).
//! Start at [`Credentials::parse`]; what a server behind offers is read by [`OfferedChallenge::all`].

mod challenge;
mod credentials;
mod offered;

pub use challenge::Challenge;
pub use credentials::{Credentials, HttpAuthParseError};
pub use offered::{OfferedChallenge, Parameter};
