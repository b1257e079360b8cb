//! SAML 2.0 (saml-core, saml-bindings and saml-profiles-2.0-os): single sign-on for service providers, whose identity
//! provider we are.
//!
//! Start at [`Brought`], what a browser brings; [`AuthnRequest`], what a service provider asks in it; and [`Response`], what
//! it is answered.

mod assertion;
mod bindings;
mod request;
mod response;
mod sso;

pub use assertion::{Assertion, Attribute, AuthnStatement, Confirmation, NameId};
pub use bindings::{
    Brought, MAX_MESSAGE, MAX_RELAY_STATE, MESSAGE, MessageParseError, RELAY_STATE,
};
pub use request::AuthnRequest;
pub use response::{Payload, Response, StatusCode, encrypted_assertion};
pub use sso::{
    AssertionConsumerService, Comparison, MAX_CLASS, MAX_CLASSES, MAX_ID, MAX_TEXT,
    RequestedAuthnContext, SsoRequest,
};

/// Messages of SAML 2.0.
pub const PROTOCOL: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// The binding of a message in the query of a redirect.
pub const REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
/// The binding of a message in a form.
pub const POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";

/// A name of no kind that is said.
pub const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
/// A name that is a mail address.
pub const EMAIL_ADDRESS: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
/// A name by which one party knows somebody again.
pub const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
/// A name that is good once.
pub const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// Signed in by a password.
pub const PASSWORD: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
/// Signed in by a password that went over TLS.
pub const PASSWORD_PROTECTED_TRANSPORT: &str =
    "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
/// Signed in in a way that is not said.
pub const UNSPECIFIED_CLASS: &str = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified";
