//! The request for a web ticket, read strictly: it names the identity that the ticket will bear.
//!
//! SECURITY: what we read must be what the pool reads, for it gets the message as it came. A request
//! in which a second reader could find another SIP address or other credentials is refused as a
//! whole. Start at [`Request::parse`].

use thiserror::Error;
use xml::Element;

use crate::soap::{self, ContentError, Envelope, EnvelopeParseError};
use crate::wstrust::v13::{RequestParseError, RequestSecurityToken};

pub(super) mod header;

use header::Names;

/// Type of the claim that names the SIP address.
pub const CLAIM_TYPE_URI: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/uri";

/// A request for a web ticket.
#[derive(Debug)]
pub struct Request {
    request: RequestSecurityToken,
    sip_uri: Option<String>,
    names: Names,
}

impl Request {
    /// Reads the request of a message whose sender is known by other means than the message.
    ///
    /// **Proves** one request in the body, at most one SIP address in the whole message, and nothing
    /// in its header but addressing and a time: no user name, no token, no signature.
    /// **Trusts** the address: whose it is must be checked.
    pub fn parse(envelope: &Envelope<'_, '_>) -> Result<Self, WebTicketRequestParseError> {
        let request = Self::parse_with_username_token(envelope)?;
        match request.names {
            Names::Nobody => Ok(request),
            Names::User => Err(ContentError::unexpected("UsernameToken", "Security").into()),
        }
    }

    /// Reads the request of a message that may name its sender in its header, as `/Auth` has it.
    ///
    /// **Proves** what [`Self::parse`] does, but for one UsernameToken of one name and one password.
    /// **Trusts** both, if they are there; [`soap::UsernameToken::read`] reads them.
    pub fn parse_with_username_token(
        envelope: &Envelope<'_, '_>,
    ) -> Result<Self, WebTicketRequestParseError> {
        let names = match envelope.header() {
            Some(header) => header::check(header)?,
            None => Names::Nobody,
        };
        Self::with_header_read(envelope, names)
    }

    /// Reads the request of a message whose header was read by somebody else, who knows its sender.
    pub(super) fn of_sender_elsewhere(
        envelope: &Envelope<'_, '_>,
    ) -> Result<Self, WebTicketRequestParseError> {
        Self::with_header_read(envelope, Names::Nobody)
    }

    fn with_header_read(
        envelope: &Envelope<'_, '_>,
        names: Names,
    ) -> Result<Self, WebTicketRequestParseError> {
        let element = envelope.content()?;
        let request = RequestSecurityToken::parse(element)?;
        let sip_uri = sip_uri(&request)?;
        let everywhere = envelope.header().into_iter().chain([envelope.body()]);
        let count: usize = everywhere.map(sip_claims).sum();
        if count != usize::from(sip_uri.is_some()) {
            return Err(WebTicketRequestParseError::MoreThanOneSipClaim);
        }
        Ok(Self {
            request,
            sip_uri,
            names,
        })
    }

    /// Reads a message's bytes; [`Self::parse`] is for callers who read its header too.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, WebTicketRequestParseError> {
        let document = soap::document(bytes)?;
        Self::parse(&Envelope::parse(&document)?)
    }

    /// The SIP address that the ticket is to bear, as the client wrote it (`sip:` included).
    pub fn sip_uri(&self) -> Option<&str> {
        self.sip_uri.as_deref()
    }

    /// Where the ticket is to be used.
    pub fn applies_to(&self) -> Option<&str> {
        self.request.applies_to.as_deref()
    }

    /// The kind of ticket that is wanted.
    pub fn token_type(&self) -> Option<&str> {
        self.request.token_type.as_deref()
    }

    /// Whether the header holds a UsernameToken.
    pub fn holds_username_token(&self) -> bool {
        self.names == Names::User
    }

    /// The request itself.
    pub fn security_token(&self) -> &RequestSecurityToken {
        &self.request
    }
}

/// Why a request for a web ticket is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WebTicketRequestParseError {
    /// The message is not SOAP, or its body does not hold exactly one element.
    #[error(transparent)]
    Envelope(#[from] EnvelopeParseError),
    /// Something stands in the header that may not.
    #[error(transparent)]
    Header(#[from] ContentError),
    /// The element in the body is not a request for a token that we take.
    #[error(transparent)]
    Request(#[from] RequestParseError),
    /// The claim of a SIP address has no value.
    #[error("the SIP address is empty")]
    EmptySipClaim,
    /// A SIP address is named twice, or in a place where only some readers find it.
    #[error("more than one SIP address")]
    MoreThanOneSipClaim,
}

fn sip_uri(request: &RequestSecurityToken) -> Result<Option<String>, WebTicketRequestParseError> {
    let claims = request.claims.iter().flat_map(|claims| &claims.claims);
    let mut sip = claims.filter(|claim| claim.claim_type == CLAIM_TYPE_URI);
    match (sip.next(), sip.next()) {
        (_, Some(_)) => Err(WebTicketRequestParseError::MoreThanOneSipClaim),
        (None, None) => Ok(None),
        (Some(claim), None) => match claim.value.as_deref() {
            None | Some("") => Err(WebTicketRequestParseError::EmptySipClaim),
            Some(value) => Ok(Some(value.to_owned())),
        },
    }
}

/// Counts claims of a SIP address under any namespace, spelling of the type, or parent.
fn sip_claims(part: Element<'_, '_>) -> usize {
    let is_sip_claim = |element: &Element<'_, '_>| {
        element.name().eq_ignore_ascii_case("ClaimType")
            && element.attributes().any(|attribute| {
                attribute
                    .value()
                    .trim()
                    .eq_ignore_ascii_case(CLAIM_TYPE_URI)
            })
    };
    part.descendants().filter(is_sip_claim).count()
}

#[cfg(test)]
mod tests;
