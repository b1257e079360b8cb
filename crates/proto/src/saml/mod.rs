//! SAML: assertions about somebody, one module per version.
//!
//! Never signs: what is written here is signed as it stands, and only then put into a message.

pub mod v1;
