//! One message of syslog (RFC 5424), and its frame on a TLS connection (RFC 5425 4.3).
//!
//! Whatever a value holds, it ends neither its field nor its message: the header is cut to what its grammar allows, values
//! are escaped (RFC 5424 6.3.3), and the frame counts octets. Start at [`Message::framed`].

use jiff::Timestamp;

/// The longest HOSTNAME.
const MAX_HOST: usize = 255;
/// The longest APP-NAME.
const MAX_APP: usize = 48;
/// The longest MSGID.
const MAX_ID: usize = 32;
/// The longest SD-NAME.
const MAX_NAME: usize = 32;

/// What kind of program a message is of (RFC 5424 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facility(u8);

/// How much a message matters (RFC 5424 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Action must be taken at once.
    Alert,
    /// Something to look at.
    Warning,
    /// Normal, and worth a note.
    Notice,
    /// As it should be.
    Informational,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'m> {
    /// What kind of program it is of.
    pub facility: Facility,
    /// How much it matters.
    pub severity: Severity,
    /// When.
    pub at: Timestamp,
    /// HOSTNAME.
    pub host: &'m str,
    /// APP-NAME.
    pub app: &'m str,
    /// MSGID.
    pub id: &'m str,
    /// The SD-ID of the one element, a name of ours behind its enterprise number.
    pub element: &'m str,
    /// Its parameters, each a name and a value.
    pub parameters: &'m [(String, String)],
    /// What it says, which is UTF-8.
    pub text: &'m str,
}

/// The facilities by the words that syslog daemons know them by.
const FACILITIES: [(&str, u8); 14] = [
    ("auth", 4),
    ("daemon", 3),
    ("user", 1),
    ("authpriv", 10),
    ("audit", 13),
    ("alert", 14),
    ("local0", 16),
    ("local1", 17),
    ("local2", 18),
    ("local3", 19),
    ("local4", 20),
    ("local5", 21),
    ("local6", 22),
    ("local7", 23),
];

impl Facility {
    /// Security and authorization messages (10).
    pub const AUTHPRIV: Self = Self(10);

    /// The one that a word names.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        let found = FACILITIES.iter().find(|(known, _)| *known == word);
        found.map(|(_, number)| Self(*number))
    }

    /// The words that there are.
    pub fn words() -> impl Iterator<Item = &'static str> {
        FACILITIES.iter().map(|(word, _)| *word)
    }
}

impl Severity {
    fn number(self) -> u8 {
        match self {
            Self::Alert => 1,
            Self::Warning => 4,
            Self::Notice => 5,
            Self::Informational => 6,
        }
    }
}

impl Message<'_> {
    /// The message as it is written on a TLS connection: its length in octets, a space, and itself.
    #[must_use]
    pub fn framed(&self) -> Vec<u8> {
        let text = self.to_text();
        let mut framed = format!("{} ", text.len()).into_bytes();
        framed.extend_from_slice(text.as_bytes());
        framed
    }

    /// The message itself.
    #[must_use]
    pub fn to_text(&self) -> String {
        let priority = u16::from(self.facility.0) * 8 + u16::from(self.severity.number());
        let (at, host, app) = (
            self.at,
            field(self.host, MAX_HOST),
            field(self.app, MAX_APP),
        );
        let (id, data, text) = (field(self.id, MAX_ID), self.data(), self.text);
        // The byte order mark says that the text is UTF-8 (RFC 5424 6.4).
        format!("<{priority}>1 {at:.6} {host} {app} - {id} {data} \u{feff}{text}")
    }

    fn data(&self) -> String {
        let mut data = format!("[{}", name(self.element));
        for (parameter, value) in self.parameters {
            data.push_str(&format!(" {}=\"{}\"", name(parameter), escaped(value)));
        }
        data.push(']');
        data
    }
}

/// A field of the header: printable ASCII without a space, or the sign for nothing.
fn field(text: &str, most: usize) -> String {
    let shown = |it: char| match it.is_ascii_graphic() {
        true => it,
        false => '_',
    };
    let field: String = text.chars().take(most).map(shown).collect();
    match field.is_empty() {
        true => "-".to_owned(),
        false => field,
    }
}

/// An SD-NAME: a field without what ends one.
fn name(text: &str) -> String {
    field(text, MAX_NAME).replace(['=', ']', '"'], "_")
}

/// A value: what would end it stands behind a backslash.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        if matches!(letter, '"' | '\\' | ']') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests;
