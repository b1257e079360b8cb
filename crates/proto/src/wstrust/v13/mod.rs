//! WS-Trust 1.3 as far as Lync's web ticket needs it ([MS-OCAUTHWS] 3.1.4, 3.2.4).
//!
//! Start at [`RequestSecurityToken::parse`] and [`RequestSecurityTokenResponse::to_xml`].

mod request;
mod response;

pub use request::{
    Claim, Claims, Lifetime, MAX_CLAIMS, MAX_ENTROPY_BYTES, RequestParseError, RequestSecurityToken,
};
pub use response::{
    Issued, IssuedToken, MAX_CWT_BYTES, MAX_TOKENS, RequestSecurityTokenResponse,
    ResponseParseError, tokens,
};

/// Token type of a SAML 1.1 assertion.
pub const TOKEN_TYPE_SAML_1_1: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1";
/// Token type of Lync's compact web ticket.
pub const TOKEN_TYPE_COMPACT: &str =
    "urn:component:Microsoft.Rtc.WebAuthentication.2010:user-cwt-1";
/// Request type of issuing a token.
pub const ISSUE: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue";
/// Request type of issuing a token, as WS-Trust of February 2005 has it.
pub const ISSUE_2005: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue";
/// Key type of a proof key that both sides know.
pub const KEY_TYPE_SYMMETRIC: &str =
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512/SymmetricKey";
/// How the proof key is computed from both sides' entropy.
pub const COMPUTED_KEY_PSHA1: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/CK/PSHA1";
/// SOAP action of the request.
pub const ACTION_ISSUE: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue";
