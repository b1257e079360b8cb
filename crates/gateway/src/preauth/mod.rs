//! Pre-authentication: what a client offers, turned into something that can be verified.
//!
//! Nothing here knows whether a secret is right; that is `authn`'s. Start at [`handshake`].

pub(crate) mod asking;
pub(crate) mod handshake;
