//! SAML: assertions about somebody, one module per version, and what is read of a partner's.
//!
//! Never signs: what is written here is signed as it stands, and only then put into a message. Never verifies: what is read
//! here was verified before.

pub mod received;
pub mod v1;
