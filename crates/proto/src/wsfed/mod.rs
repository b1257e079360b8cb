//! WS-Federation, the passive way ([MS-MWBF], WS-Federation 1.2 section 13): what a browser carries between a relying
//! party and us.
//!
//! A request is a query or a form; an answer is a form with a response of WS-Trust of February 2005 in it. Start at
//! [`Request::parse`] and [`SignInResponse::to_xml`], and where we are the relying party at [`ProviderAnswer::parse`].

mod answer;
mod request;
mod response;

pub use answer::{AnswerParseError, MAX_ANSWER, MESSAGE, ProviderAnswer, assertion_in};
pub use request::{
    CONTEXT, MAX_CONTEXT, MAX_NAME, Request, RequestParseError, SignInRequest, SignOutRequest,
};
pub use response::{SignInResponse, TOKEN_TYPE_SAML_1_1, TOKEN_TYPE_SAML_2_0};
pub(crate) use response::{applies_to, lifetime, milliseconds};

/// What a sign-in, and the answer to one, have in `wa`.
pub const SIGN_IN: &str = "wsignin1.0";
/// What a sign-out has in `wa`.
pub const SIGN_OUT: &str = "wsignout1.0";
/// What the message has in `wa` by which a party hears that somebody signed out.
pub const SIGN_OUT_CLEANUP: &str = "wsignoutcleanup1.0";
