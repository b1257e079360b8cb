//! SAML 1.1 (OASIS, sstc-saml-core-1.1) as WS-Federation carries it.
//!
//! Start at [`Assertion::to_verbatim`].

mod assertion;

pub use assertion::{Assertion, Attribute, AuthenticationStatement, NameIdentifier};

/// How somebody proved a password.
pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:1.0:am:password";
/// The format of a name of which nothing is said.
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
