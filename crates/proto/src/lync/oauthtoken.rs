//! `/WebTicket/oauthtoken`: the form that UCWA clients ask for a ticket with, and how it is refused
//! (UCWA "Authentication in UCWA"; RFC 6749 4.3.2, 5.2).
//!
//! What goes on is always written anew from what was read, so that nothing unread goes with it.
//! Start at [`Request::parse`].

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use crate::percent::{decode, encode};
use crate::secret::Secret;

/// Longest form, in bytes.
pub const MAX_FORM_BYTES: usize = 16 * 1024;
/// Most fields in a form.
pub const MAX_FIELDS: usize = 16;

/// The grant by Windows authentication on the same request.
pub const WINDOWS: &str = "urn:microsoft.rtc:windows";
/// The grant of a meeting's guests.
pub const ANONYMOUS_MEETING: &str = "urn:microsoft.rtc:anonmeeting";
/// The grant by a passive session.
pub const PASSIVE: &str = "urn:microsoft.rtc:passive";
/// The grant by name and password.
pub const PASSWORD: &str = "password";

/// What a client asks for a ticket with.
#[derive(Debug)]
pub enum Grant {
    /// By name and password.
    Password {
        /// The name as typed.
        username: String,
        /// The password as typed.
        password: Secret<String>,
    },
    /// By Windows authentication on this same request.
    Windows,
    /// As a guest of a meeting.
    AnonymousMeeting {
        /// The meeting.
        conference_uri: String,
        /// The key of the meeting, where there is one.
        key: Option<Secret<String>>,
    },
    /// By the session of a passive sign-in.
    Passive,
}

/// A request for a ticket.
#[derive(Debug)]
pub struct Request {
    /// By what.
    pub grant: Grant,
}

/// Why a form is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OauthRequestParseError {
    /// It is longer than may be.
    #[error("the form is longer than {MAX_FORM_BYTES} bytes")]
    TooLong,
    /// It has more fields than may be.
    #[error("the form has more than {MAX_FIELDS} fields")]
    TooManyFields,
    /// It is not `application/x-www-form-urlencoded`.
    #[error("the form is not encoded as one")]
    NotAForm,
    /// A field stands there twice.
    #[error("the field `{0}` stands there twice")]
    Twice(String),
    /// A field is missing.
    #[error("the field `{0}` is missing")]
    Missing(&'static str),
    /// A grant that is not known.
    #[error("the grant is not known")]
    UnknownGrant,
}

/// Why a ticket is refused, as the client is told (RFC 6749 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthError {
    /// The secret is not right; the same for every reason.
    InvalidGrant,
    /// The form cannot be read.
    InvalidRequest,
    /// The grant is not offered.
    UnsupportedGrantType,
    /// It cannot be checked now.
    ServerError,
}

impl Request {
    /// Reads a form.
    ///
    /// # Errors
    ///
    /// It is malformed, doubtful or too long, or its grant is unknown.
    pub fn parse(bytes: &[u8]) -> Result<Self, OauthRequestParseError> {
        let mut fields = Fields::parse(bytes)?;
        let grant = fields.needs("grant_type")?;
        let grant = match grant.expose().as_str() {
            PASSWORD => Grant::Password {
                username: fields.needs("username")?.expose().clone(),
                password: fields.needs("password")?,
            },
            WINDOWS => Grant::Windows,
            ANONYMOUS_MEETING => Grant::AnonymousMeeting {
                conference_uri: fields.needs("ms_rtc_conferenceuri")?.expose().clone(),
                key: fields.take("password"),
            },
            PASSIVE => Grant::Passive,
            _ => return Err(OauthRequestParseError::UnknownGrant),
        };
        Ok(Self { grant })
    }

    /// The form that goes on: a name and a password become the grant [`WINDOWS`], whose identity the
    /// gate vouches for.
    ///
    /// SECURITY: `ms_rtc_renew` stays behind. It names a ticket that nobody here checked, of anybody;
    /// whoever proves a grant gets a new ticket without it.
    #[must_use]
    pub fn onward(&self) -> Secret<String> {
        let mut form = String::new();
        let mut add = |name: &str, value: &str| {
            if !form.is_empty() {
                form.push('&');
            }
            form.push_str(name);
            form.push('=');
            encode(value, &mut form);
        };
        match &self.grant {
            Grant::Password { .. } | Grant::Windows => add("grant_type", WINDOWS),
            Grant::Passive => add("grant_type", PASSIVE),
            Grant::AnonymousMeeting {
                conference_uri,
                key,
            } => {
                add("grant_type", ANONYMOUS_MEETING);
                if let Some(key) = key {
                    add("password", key.expose());
                }
                add("ms_rtc_conferenceuri", conference_uri);
            }
        }
        Secret::new(form)
    }
}

impl OauthError {
    /// The JSON that a client gets.
    #[must_use]
    pub fn to_json(self) -> String {
        format!("{{\"error\":\"{self}\"}}")
    }
}

/// The refusal of the grant [`PASSIVE`] without a session: it says on which page one begins (UCWA "Authentication in
/// UCWA").
#[must_use]
pub fn begins_at(page: &str) -> String {
    let error = OauthError::InvalidGrant.to_string();
    serde_json::json!({ "error": error, "ms_rtc_passiveauthuri": page }).to_string()
}

impl fmt::Display for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::ServerError => "server_error",
        })
    }
}

/// The fields of a form, each once.
struct Fields(Vec<(String, Secret<String>)>);

impl Fields {
    fn parse(bytes: &[u8]) -> Result<Self, OauthRequestParseError> {
        if bytes.len() > MAX_FORM_BYTES {
            return Err(OauthRequestParseError::TooLong);
        }
        let text = str::from_utf8(bytes).map_err(|_| OauthRequestParseError::NotAForm)?;
        let mut fields = Vec::new();
        let mut names = BTreeSet::new();
        for pair in text.trim_end_matches(['\r', '\n']).split('&') {
            if fields.len() >= MAX_FIELDS {
                return Err(OauthRequestParseError::TooManyFields);
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decode(name).ok_or(OauthRequestParseError::NotAForm)?;
            let value = decode(value).ok_or(OauthRequestParseError::NotAForm)?;
            // SECURITY: whoever reads it next may not tell the cases apart.
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(OauthRequestParseError::Twice(name));
            }
            fields.push((name, Secret::new(value)));
        }
        Ok(Self(fields))
    }

    fn take(&mut self, name: &str) -> Option<Secret<String>> {
        let place = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(place).1)
    }

    fn needs(&mut self, name: &'static str) -> Result<Secret<String>, OauthRequestParseError> {
        self.take(name).ok_or(OauthRequestParseError::Missing(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(form: &str) -> OauthRequestParseError {
        Request::parse(form.as_bytes()).map(drop).unwrap_err()
    }

    #[test]
    fn a_password_is_read_and_does_not_go_on() {
        let form = b"grant_type=password&username=CONTOSO%5Canna&password=a%2Bb+c%26%C3%A4";
        let request = Request::parse(form).unwrap();
        let Grant::Password { username, password } = &request.grant else {
            unreachable!("a password was sent");
        };
        assert_eq!(username, "CONTOSO\\anna");
        assert_eq!(password.expose(), "a+b c&\u{e4}");
        let onward = request.onward();
        assert_eq!(onward.expose(), "grant_type=urn%3Amicrosoft.rtc%3Awindows");
        assert!(!format!("{request:?}").contains("a+b"));
    }

    #[test]
    fn what_goes_on_is_what_was_read_and_nothing_else() {
        for (form, onward) in [
            (
                "grant_type=urn:microsoft.rtc:windows&username=ben&scope=x&ms_rtc_renew=cwt%3Dab",
                "grant_type=urn%3Amicrosoft.rtc%3Awindows",
            ),
            (
                "grant_type=urn%3amicrosoft.rtc%3aanonmeeting&password=KEY&\
                 ms_rtc_conferenceuri=sip:anna@contoso.com;gruu;opaque=app:conf:focus:id:1\r\n",
                "grant_type=urn%3Amicrosoft.rtc%3Aanonmeeting&password=KEY&ms_rtc_conferenceuri=\
                 sip%3Aanna%40contoso.com%3Bgruu%3Bopaque%3Dapp%3Aconf%3Afocus%3Aid%3A1",
            ),
            (
                "grant_type=urn:microsoft.rtc:passive",
                "grant_type=urn%3Amicrosoft.rtc%3Apassive",
            ),
        ] {
            let request = Request::parse(form.as_bytes()).unwrap();
            assert_eq!(request.onward().expose(), onward);
            let again = Request::parse(onward.as_bytes()).unwrap();
            assert_eq!(again.onward().expose(), onward, "written and read again");
        }
    }

    #[test]
    fn doubtful_forms_are_refused() {
        use OauthRequestParseError as Error;
        let twice = |name: &str| Error::Twice(name.to_owned());
        for (form, error) in [
            ("", Error::Missing("grant_type")),
            ("grant_type=", Error::UnknownGrant),
            ("grant_type=client_credentials", Error::UnknownGrant),
            ("GRANT_TYPE=password", Error::Missing("grant_type")),
            ("grant_type=password&username=a", Error::Missing("password")),
            ("grant_type=password&password=a", Error::Missing("username")),
            (
                "grant_type=urn:microsoft.rtc:anonmeeting",
                Error::Missing("ms_rtc_conferenceuri"),
            ),
            ("grant_type=password&grant_type=x", twice("grant_type")),
            ("grant_type=password&grant%5Ftype=x", twice("grant_type")),
            ("grant_type=password&Grant_Type=x", twice("Grant_Type")),
            ("grant_type=%", Error::NotAForm),
            ("grant_type=%4", Error::NotAForm),
            ("grant_type=%zz", Error::NotAForm),
            ("grant_type=%ff", Error::NotAForm),
            ("grant_type=a b", Error::NotAForm),
            ("grant_type=password&username=a%00", Error::NotAForm),
            ("grant_type=password&username=\u{e4}", Error::NotAForm),
        ] {
            assert_eq!(refused(form), error, "{form}");
        }
        let many: Vec<String> = (0..=MAX_FIELDS)
            .map(|number| format!("f{number}="))
            .collect();
        assert_eq!(refused(&many.join("&")), Error::TooManyFields);
        assert_eq!(refused(&"a".repeat(MAX_FORM_BYTES + 1)), Error::TooLong);
    }

    #[test]
    fn a_refusal_is_the_json_of_rfc_6749() {
        assert_eq!(
            OauthError::InvalidGrant.to_json(),
            "{\"error\":\"invalid_grant\"}"
        );
        assert_eq!(
            begins_at("https://lync/\"x"),
            "{\"error\":\"invalid_grant\",\"ms_rtc_passiveauthuri\":\"https://lync/\\\"x\"}"
        );
    }
}
