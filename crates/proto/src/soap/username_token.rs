//! User name and password in a SOAP header (WS-Security UsernameToken profile 1.0 section 3).
//!
//! Lync's `/Auth` wraps both values in base64 beneath the ordinary password type, so that decoding is
//! a step of its own. A digest instead of a password is refused. Start at [`UsernameToken::read`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;
use zeroize::Zeroizing;

use super::Envelope;
use super::namespace::SECURITY;
use super::value::{self, ValueError, only_child};
use crate::secret::Secret;

/// Longest user name as it stands in the message, in bytes.
pub const MAX_USERNAME_BYTES: usize = 512;
/// Longest password as it stands in the message, in bytes.
pub const MAX_PASSWORD_BYTES: usize = 1024;

/// The password type that means the password itself; so does no type at all.
pub const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// A user name with its password.
#[derive(Debug)]
pub struct UsernameToken {
    /// The name, as it stands in the message.
    pub username: String,
    /// The password, as it stands in the message.
    pub password: Secret<String>,
}

impl UsernameToken {
    /// Reads the token of a message's header; a message without one is no error.
    ///
    /// **Proves** one security header with one token, one name and one password in it.
    /// **Trusts** name and password: they were not checked.
    pub fn read(envelope: &Envelope<'_, '_>) -> Result<Option<Self>, UsernameTokenParseError> {
        let Some(header) = envelope.header() else {
            return Ok(None);
        };
        let Some(security) = only_child(header, SECURITY, "Security")? else {
            return Ok(None);
        };
        let Some(token) = only_child(security, SECURITY, "UsernameToken")? else {
            return Ok(None);
        };
        let name =
            only_child(token, SECURITY, "Username")?.ok_or(UsernameTokenParseError::NoUsername)?;
        let password =
            only_child(token, SECURITY, "Password")?.ok_or(UsernameTokenParseError::NoPassword)?;
        if password
            .attribute("Type")
            .is_some_and(|password_type| password_type != PASSWORD_TEXT)
        {
            return Err(UsernameTokenParseError::NotPasswordText);
        }
        let username = value::text(name, "Username", MAX_USERNAME_BYTES)?;
        if username.is_empty() {
            return Err(UsernameTokenParseError::NoUsername);
        }
        Ok(Some(Self {
            username,
            password: password_text(password)?,
        }))
    }

    /// Takes both values as they are meant: plain, or both in base64 as Lync Web App sends them.
    ///
    /// INTEROP: a name in either form has a `\` or an `@` in it once it is plain, and base64 has
    /// neither, so that a name tells which form it is in; the password follows it.
    pub fn as_sent(self) -> Result<Self, UsernameTokenParseError> {
        let is_name = |text: &str| text.contains(['\\', '@']);
        if is_name(&self.username) || !decode(&self.username).is_ok_and(|name| is_name(&name)) {
            return Ok(self);
        }
        self.decode_base64()
    }

    /// Takes both values out of base64 and reads them as UTF-8, as Lync's `/Auth` has them.
    ///
    /// UNCONFIRMED: whether clients encode names outside ASCII as UTF-8 or UTF-16.
    pub fn decode_base64(self) -> Result<Self, UsernameTokenParseError> {
        let password = Zeroizing::new(self.password.expose().clone());
        Ok(Self {
            username: decode(&self.username)?,
            password: Secret::new(decode(password.trim_ascii())?),
        })
    }
}

/// Why a header's user name and password are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum UsernameTokenParseError {
    /// An element is repeated, nested or too long.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// There is no user name, or an empty one.
    #[error("the token has no user name")]
    NoUsername,
    /// There is no password.
    #[error("the token has no password")]
    NoPassword,
    /// The password is a digest or of an unknown type.
    #[error("the password type is not PasswordText")]
    NotPasswordText,
    /// A value is not base64 of UTF-8.
    #[error("a value is not base64 of UTF-8")]
    NotBase64,
}

/// White space belongs to a password and stays.
fn password_text(element: xml::Element<'_, '_>) -> Result<Secret<String>, ValueError> {
    let name = "Password";
    if element.children().next().is_some() {
        return Err(ValueError::HoldsElements { name });
    }
    let text = Zeroizing::new(element.text());
    if text.len() > MAX_PASSWORD_BYTES {
        return Err(ValueError::TooLong {
            name,
            limit: MAX_PASSWORD_BYTES,
        });
    }
    Ok(Secret::new(text.as_str().to_owned()))
}

fn decode(value: &str) -> Result<String, UsernameTokenParseError> {
    let bytes = STANDARD
        .decode(value)
        .map_err(|_| UsernameTokenParseError::NotBase64)?;
    String::from_utf8(bytes).map_err(|error| {
        drop(Zeroizing::new(error.into_bytes()));
        UsernameTokenParseError::NotBase64
    })
}

#[cfg(test)]
mod tests;
