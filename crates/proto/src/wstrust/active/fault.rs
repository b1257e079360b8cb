//! Faults of the active endpoints (SOAP 1.2 part 1, 5.4; WS-Trust 1.3 section 11).
//!
//! SECURITY: whoever was refused learns one thing, whatever it was: no name, secret, code, lock or rule is told apart.
//! Start at [`Fault::to_xml`].

use jiff::Timestamp;
use xml::write::element;

use super::Dialect;
use super::response::{envelope, header};
use crate::soap::namespace::SECURITY;

const ACTION: &str = "http://www.w3.org/2005/08/addressing/soap/fault";

/// What went wrong, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The message is no request that is taken.
    InvalidRequest,
    /// It asks for a key or a token of a kind that is not issued.
    BadRequest,
    /// Its time is over, or has not come.
    MessageExpired,
    /// There is no such relying party, or none for this endpoint.
    InvalidScope,
    /// Whoever asks is not who they say, or there is no token for them.
    FailedAuthentication,
    /// It could not be checked or made.
    RequestFailed,
}

impl Fault {
    fn code(self) -> &'static str {
        match self {
            Self::InvalidRequest => "InvalidRequest",
            Self::BadRequest => "BadRequest",
            Self::MessageExpired => "MessageExpired",
            Self::InvalidScope => "InvalidScope",
            Self::FailedAuthentication => "FailedAuthentication",
            Self::RequestFailed => "RequestFailed",
        }
    }

    fn namespace(self, dialect: Dialect) -> &'static str {
        match self {
            Self::FailedAuthentication | Self::MessageExpired => SECURITY,
            _ => dialect.namespace(),
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The message is not a request that this endpoint takes.",
            Self::BadRequest => "This endpoint issues bearer tokens of SAML 1.1 alone.",
            Self::MessageExpired => "The message's time is over, or the clock is wrong.",
            Self::InvalidScope => "There is no such relying party here.",
            Self::FailedAuthentication => {
                "The security token could not be authenticated or authorized."
            }
            Self::RequestFailed => "The specified request failed.",
        }
    }

    /// Writes the whole message; its status is 500, as clients expect of any fault.
    #[must_use]
    pub fn to_xml(
        self,
        dialect: Dialect,
        (relates_to, activity): (Option<&str>, &str),
        now: Timestamp,
    ) -> String {
        let own = element("s:Value")
            .namespace("e", self.namespace(dialect))
            .text(format!("e:{}", self.code()));
        let blamed = match self {
            Self::RequestFailed => "s:Receiver",
            _ => "s:Sender",
        };
        let code = element("s:Code")
            .child(element("s:Value").text(blamed))
            .child(element("s:Subcode").child(own));
        let reason = element("s:Text")
            .attribute("xml:lang", "en-US")
            .text(format!("{} Activity ID: {activity}", self.reason()));
        let fault = element("s:Fault")
            .child(code)
            .child(element("s:Reason").child(reason));
        envelope(header(ACTION, relates_to, now), fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_says_its_code_in_its_own_namespace_and_by_which_id_the_log_knows_more() {
        for dialect in Dialect::ALL {
            for fault in [
                Fault::InvalidRequest,
                Fault::BadRequest,
                Fault::MessageExpired,
                Fault::InvalidScope,
                Fault::FailedAuthentication,
                Fault::RequestFailed,
            ] {
                let text = fault.to_xml(dialect, (Some("urn:1"), "abc"), Timestamp::UNIX_EPOCH);
                let document = xml::Document::parse(&text).unwrap();
                let envelope = crate::soap::Envelope::parse(&document).unwrap();
                let code = envelope.content().unwrap().children().next().unwrap();
                let own = code.children().nth(1).unwrap().children().next().unwrap();
                assert_eq!(own.text(), format!("e:{}", fault.code()));
                let namespace = own.namespace_of(Some("e"));
                assert_eq!(namespace, Some(fault.namespace(dialect)));
                assert!(text.contains("Activity ID: abc"), "{text}");
            }
        }
    }
}
