//! SAML: assertions about somebody and messages around them, one module per version, and what is read of a partner's.
//!
//! Never signs: what is written here is signed as it stands, and only then put into a message. Never verifies: an assertion
//! that is read here was verified before, and whoever takes a request looks at its signature.

pub mod received;
pub mod v1;
pub mod v2;
