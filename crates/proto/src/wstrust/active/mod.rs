//! WS-Trust as AD FS's active endpoints speak it: a program sends a name and a secret in the message, over TLS, and gets a
//! bearer token (`usernamemixed`).
//!
//! Both dialects are one conversation with other names. Start at [`Request::parse`] and [`Response::to_xml`].

mod fault;
pub mod mex;
mod request;
mod response;

pub use fault::Fault;
pub use request::{LONGEST_TIMESTAMP, Request, RequestError, SKEW};
pub use response::Response;

use crate::soap::namespace::{TRUST_1_3, TRUST_2005};

/// Token type of a SAML 1.1 assertion, as the WS-Security profile calls it.
const SAML_1_1_OF_PROFILE: &str = super::v13::TOKEN_TYPE_SAML_1_1;

/// A version of WS-Trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// WS-Trust of February 2005.
    Feb2005,
    /// WS-Trust 1.3.
    V13,
}

impl Dialect {
    /// Both, the newer first, which clients prefer.
    pub const ALL: [Self; 2] = [Self::V13, Self::Feb2005];

    /// The namespace of its elements.
    #[must_use]
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Feb2005 => TRUST_2005,
            Self::V13 => TRUST_1_3,
        }
    }

    /// The action of a request to issue.
    #[must_use]
    pub fn action(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
            Self::V13 => super::v13::ACTION_ISSUE,
        }
    }

    /// The action of the answer.
    fn answered(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/02/trust/RSTR/Issue",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RSTRC/IssueFinal",
        }
    }

    /// The request type of issuing a token.
    fn issue(self) -> &'static str {
        match self {
            Self::Feb2005 => super::v13::ISSUE_2005,
            Self::V13 => super::v13::ISSUE,
        }
    }

    /// The key type of a token that proves nothing about who holds it.
    fn bearer(self) -> &'static str {
        match self {
            Self::Feb2005 => "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            Self::V13 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
        }
    }

    /// The path of its endpoint, as AD FS has it, in lower case.
    #[must_use]
    pub fn path(self) -> &'static str {
        match self {
            Self::Feb2005 => "/adfs/services/trust/2005/usernamemixed",
            Self::V13 => "/adfs/services/trust/13/usernamemixed",
        }
    }
}
