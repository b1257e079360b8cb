//! Mail addresses as codes are sent to: one mailbox, no name, no list, nothing that a header or a command could be made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The longest address (RFC 5321 4.5.3.1.3).
pub const MAX_MAILBOX: usize = 254;
/// The longest part before the `@` (RFC 5321 4.5.3.1.1).
const MAX_LOCAL: usize = 64;

/// One mail address.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Mailbox(String);

/// A text is no mail address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("that is no mail address of one mailbox, as anna@example.com")]
pub struct MailboxParseError;

impl Mailbox {
    /// Reads an address.
    ///
    /// # Errors
    ///
    /// It is none, or quoted, which nobody's is.
    pub fn parse(text: &str) -> Result<Self, MailboxParseError> {
        let text = text.trim();
        let (local, domain) = text.split_once('@').ok_or(MailboxParseError)?;
        // RFC 5321 4.1.2: Dot-string.
        let is_atom =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        let is_label = |label: &str| {
            let mut bytes = label.bytes();
            !label.starts_with('-')
                && !label.ends_with('-')
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        let are_good = |text: &str, is_good: &dyn Fn(&str) -> bool| {
            text.split('.')
                .all(|part| !part.is_empty() && is_good(part))
        };
        let is_local = local.len() <= MAX_LOCAL
            && are_good(local, &|part: &str| part.bytes().all(is_atom))
            && !local.starts_with('-');
        let is_domain = domain.contains('.') && are_good(domain, &is_label);
        match is_local && is_domain && text.len() <= MAX_MAILBOX {
            true => Ok(Self(text.to_owned())),
            false => Err(MailboxParseError),
        }
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part behind the `@`, in lower case.
    #[must_use]
    pub fn domain(&self) -> String {
        let (_, domain) = self.0.split_once('@').unwrap_or_default();
        domain.to_ascii_lowercase()
    }

    /// How it is shown where it need not be known.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        format!("{}***@{domain}", local.get(..1).unwrap_or_default())
    }
}

impl FromStr for Mailbox {
    type Err = MailboxParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Mailbox {
    type Error = MailboxParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Mailbox> for String {
    fn from(mailbox: Mailbox) -> Self {
        mailbox.0
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_mailbox_and_nothing_else() {
        for typed in [
            "anna@example.com",
            " a.b+c_d@mail.example.com ",
            "o'neill@ex-ample.se",
        ] {
            assert_eq!(Mailbox::parse(typed).unwrap().as_str(), typed.trim());
        }
        let long = format!("{}@example.com", "a".repeat(65));
        for typed in [
            "",
            "anna",
            "@example.com",
            "anna@",
            "anna@example",
            "anna@@example.com",
            "anna@example.com, ben@example.com",
            "Anna <anna@example.com>",
            "\"anna b\"@example.com",
            "anna@example.com\r\nBcc: ben@example.com",
            "anna b@example.com",
            ".anna@example.com",
            "anna..b@example.com",
            "-oQ/tmp@example.com",
            "anna@-example.com",
            "anna@example..com",
            "anna@[127.0.0.1]",
            "ann\u{e4}@example.com",
            &long,
        ] {
            assert_eq!(Mailbox::parse(typed), Err(MailboxParseError), "{typed}");
        }
    }

    #[test]
    fn an_address_is_shown_masked() {
        let address = Mailbox::parse("anna@Example.com").unwrap();
        assert_eq!(address.masked(), "a***@Example.com");
        assert_eq!(format!("{address:?}"), "Mailbox(a***@Example.com)");
        assert_eq!(address.domain(), "example.com");
        assert!(serde_json::from_str::<Mailbox>("\"anna\"").is_err());
    }
}
