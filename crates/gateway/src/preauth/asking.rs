//! What the bodies of Lync's ticket requests say: who asks, by what, and what goes on in their place.
//!
//! Pure reading; what is right is `authn`'s to say. Start at [`Asking::of_soap`] and
//! [`Asking::of_form`].

use authn::Proof;
use bytes::Bytes;
use proto::lync::oauthtoken::{self, Grant, OauthRequestParseError};
use proto::lync::webticket;
use proto::secret::Secret;
use proto::soap::{self, Envelope, UsernameToken};

/// A request for a ticket, read.
pub(crate) struct Asking {
    /// Who asks.
    pub(crate) by: By,
    /// The SIP URI that the ticket is to bear, where one is named.
    pub(crate) sip_uri: Option<String>,
    /// What goes on.
    pub(crate) onward: Bytes,
}

/// By what somebody asks.
pub(crate) enum By {
    /// By something outside the body.
    Connection,
    /// By a name and a password in the body.
    Password(Proof),
    /// As a guest of a meeting.
    Guest,
    /// By the session of a passive sign-in.
    Passive,
}

/// The body is not one that may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It cannot be read.
    Malformed,
    /// It names a grant that nobody here knows.
    UnknownGrant,
}

impl Asking {
    /// Reads an RST whose sender is known by other means.
    pub(crate) fn of_soap(body: &Bytes, by: By) -> Result<Self, Unreadable> {
        let request = webticket::Request::parse_bytes(body).map_err(|_| Unreadable::Malformed)?;
        Ok(Self {
            by,
            sip_uri: request.sip_uri().map(str::to_owned),
            onward: body.clone(),
        })
    }

    /// Reads an RST with a UsernameToken; it goes on without it.
    pub(crate) fn of_username_token(body: &[u8]) -> Result<Self, Unreadable> {
        let document = soap::document(body).map_err(|_| Unreadable::Malformed)?;
        let envelope = Envelope::parse(&document).map_err(|_| Unreadable::Malformed)?;
        let request = webticket::Request::parse_with_username_token(&envelope);
        let request = request.map_err(|_| Unreadable::Malformed)?;
        let token = UsernameToken::read(&envelope).map_err(|_| Unreadable::Malformed)?;
        let token = token
            .ok_or(Unreadable::Malformed)?
            .as_sent()
            .map_err(|_| Unreadable::Malformed)?;
        Ok(Self {
            by: By::Password(Proof::Password {
                username: token.username,
                password: token.password,
            }),
            sip_uri: request.sip_uri().map(str::to_owned),
            onward: Bytes::from(envelope.without_header()),
        })
    }

    /// Reads the form of `/WebTicket/oauthtoken`; an empty one stands for the grant by Windows
    /// authentication, where that is what the request carries.
    pub(crate) fn of_form(body: &[u8], is_by_windows: bool) -> Result<Self, Unreadable> {
        let request = if body.is_empty() && is_by_windows {
            oauthtoken::Request::parse(WINDOWS_FORM)
        } else {
            oauthtoken::Request::parse(body)
        };
        let request = request.map_err(|error| match error {
            OauthRequestParseError::UnknownGrant => Unreadable::UnknownGrant,
            _ => Unreadable::Malformed,
        })?;
        let onward = Bytes::from(request.onward().expose().clone());
        let by = match request.grant {
            Grant::Password { username, password } => By::Password(Proof::Password {
                username,
                password: Secret::new(password.expose().clone()),
            }),
            Grant::Windows => By::Connection,
            Grant::AnonymousMeeting { .. } => By::Guest,
            Grant::Passive => By::Passive,
        };
        Ok(Self {
            by,
            sip_uri: None,
            onward,
        })
    }
}

/// The form of the grant by Windows authentication.
const WINDOWS_FORM: &[u8] = b"grant_type=urn%3Amicrosoft.rtc%3Awindows";
