//! SIP messages from a stream (RFC 3261 7, 18.3, 7.5): requests, keep-alives, and nothing too large.
//!
//! Pure: bytes in, events out. Start at [`Framer`].

use thiserror::Error;

/// Largest head of a message, in bytes.
pub(super) const MAX_HEAD_BYTES: usize = 16 * 1024;
/// Most header lines of a message.
pub(super) const MAX_HEADERS: usize = 64;
/// Largest body of a message, in bytes.
pub(super) const MAX_BODY_BYTES: usize = 64 * 1024;

/// The short forms of header names (RFC 3261 7.3.3).
const COMPACT: [(&str, &str); 8] = [
    ("c", "content-type"),
    ("f", "from"),
    ("i", "call-id"),
    ("k", "supported"),
    ("l", "content-length"),
    ("m", "contact"),
    ("t", "to"),
    ("v", "via"),
];

/// Cuts a stream into messages.
#[derive(Debug, Default)]
pub(super) struct Framer {
    bytes: Vec<u8>,
}

impl Framer {
    /// Takes bytes as they come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next thing that is complete.
    ///
    /// # Errors
    ///
    /// The stream is no SIP; nothing after it can be trusted.
    pub(super) fn next(&mut self) -> Result<Option<Event>, SipParseError> {
        if self.bytes.starts_with(b"\r\n\r\n") {
            self.bytes.drain(..4);
            return Ok(Some(Event::KeepAlive));
        }
        if b"\r\n\r\n".starts_with(&self.bytes) {
            return Ok(None);
        }
        if self.bytes.starts_with(b"\r\n") {
            // RFC 3261 7.5: an empty line before a message is ignored.
            self.bytes.drain(..2);
        }
        let mut windows = self.bytes.windows(4);
        let Some(end) = windows.position(|window| window == b"\r\n\r\n") else {
            return if self.bytes.len() > MAX_HEAD_BYTES {
                Err(SipParseError::HeadTooLarge)
            } else {
                Ok(None)
            };
        };
        if end > MAX_HEAD_BYTES {
            return Err(SipParseError::HeadTooLarge);
        }
        let head = Head::parse(self.bytes.get(..end).unwrap_or_default())?;
        let whole = end.saturating_add(4).saturating_add(head.content_length()?);
        if self.bytes.len() < whole {
            return Ok(None);
        }
        self.bytes.drain(..whole);
        Ok(Some(match head.start {
            Start::Response => Event::Response,
            Start::Request { method, uri } => {
                Event::Request(Request::new(method, uri, head.headers)?)
            }
        }))
    }
}

/// What a stream brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// An empty line twice, which asks for one back (RFC 5626 3.5.1).
    KeepAlive,
    /// A request.
    Request(Request),
    /// An answer to nothing that we asked.
    Response,
}

/// A request, its body left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The method.
    pub(super) method: String,
    /// What it is for.
    pub(super) uri: String,
    headers: Vec<(String, String)>,
}

impl Request {
    fn new(
        method: String,
        uri: String,
        headers: Vec<(String, String)>,
    ) -> Result<Self, SipParseError> {
        let request = Self {
            method,
            uri,
            headers,
        };
        for name in ["via", "from", "to", "call-id", "cseq"] {
            request
                .header(name)
                .ok_or(SipParseError::NoHeader { name })?;
        }
        Ok(request)
    }

    /// The first header of this name, in lower case.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let named = self.headers.iter().find(|(header, _)| header == name);
        named.map(|(_, value)| value.as_str())
    }

    /// All headers of this name, in lower case.
    pub(super) fn headers<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self
            .headers
            .iter()
            .filter(move |(header, _)| header == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// Why a stream is no SIP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum SipParseError {
    /// The head is larger than the limit.
    #[error("the head is larger than {MAX_HEAD_BYTES} bytes")]
    HeadTooLarge,
    /// There are more header lines than the limit.
    #[error("more than {MAX_HEADERS} headers")]
    TooManyHeaders,
    /// The body is larger than the limit.
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    BodyTooLarge,
    /// The head is not UTF-8, or holds control characters.
    #[error("the head holds what is no text")]
    NotText,
    /// The first line is neither a request's nor an answer's.
    #[error("the first line is not of SIP/2.0")]
    StartLine,
    /// A header line has no name.
    #[error("a header line has no name")]
    HeaderLine,
    /// The length of the body is not a number, or is said in two ways.
    #[error("the length of the body is not one number")]
    ContentLength,
    /// A header that every request has is missing.
    #[error("no header `{name}`")]
    NoHeader {
        /// Its name.
        name: &'static str,
    },
}

struct Head {
    start: Start,
    headers: Vec<(String, String)>,
}

enum Start {
    Request { method: String, uri: String },
    Response,
}

impl Head {
    fn parse(bytes: &[u8]) -> Result<Self, SipParseError> {
        let text = std::str::from_utf8(bytes).map_err(|_| SipParseError::NotText)?;
        // A line that begins with white space goes on with the one before (RFC 3261 7.3.1).
        let text = text.replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut lines = text.split("\r\n");
        let start = Start::parse(lines.next().unwrap_or_default())?;
        let mut headers = Vec::new();
        for line in lines {
            if headers.len() == MAX_HEADERS {
                return Err(SipParseError::TooManyHeaders);
            }
            headers.push(header(line)?);
        }
        Ok(Self { start, headers })
    }

    fn content_length(&self) -> Result<usize, SipParseError> {
        let mut lengths = self
            .headers
            .iter()
            .filter(|(name, _)| name == "content-length");
        let length = match (lengths.next(), lengths.next()) {
            (None, _) => return Ok(0),
            (Some((_, length)), None) => length,
            (Some(_), Some(_)) => return Err(SipParseError::ContentLength),
        };
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        match length.parse() {
            Ok(length) if is_number && length <= MAX_BODY_BYTES => Ok(length),
            _ if is_number => Err(SipParseError::BodyTooLarge),
            _ => Err(SipParseError::ContentLength),
        }
    }
}

impl Start {
    fn parse(line: &str) -> Result<Self, SipParseError> {
        if line.starts_with("SIP/2.0 ") {
            return Ok(Self::Response);
        }
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some(method), Some(uri), Some("SIP/2.0"), None)
                if is_token(method) && is_text(uri) && !uri.is_empty() =>
            {
                Ok(Self::Request {
                    method: method.to_owned(),
                    uri: uri.to_owned(),
                })
            }
            _ => Err(SipParseError::StartLine),
        }
    }
}

fn header(line: &str) -> Result<(String, String), SipParseError> {
    let (name, value) = line.split_once(':').ok_or(SipParseError::HeaderLine)?;
    let name = name.trim_end().to_ascii_lowercase();
    if !is_token(&name) {
        return Err(SipParseError::HeaderLine);
    }
    if !is_text(value) {
        return Err(SipParseError::NotText);
    }
    let long = COMPACT.into_iter().find(|(short, _)| *short == name);
    let name = long.map_or(name, |(_, long)| long.to_owned());
    Ok((name, value.trim().to_owned()))
}

fn is_token(text: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token)
}

fn is_text(text: &str) -> bool {
    text.chars()
        .all(|character| !character.is_control() || character == '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTER: &str = "REGISTER sip:contoso.test SIP/2.0\r\n\
        v: SIP/2.0/tls 192.0.2.10:50123;branch=z9hG4bK1\r\n\
        From: <sip:anna@contoso.test>;tag=1\r\nTo: <sip:anna@contoso.test>\r\n\
        Call-ID: 1\r\nCSeq: 1 REGISTER\r\nSupported: a,\r\n b\r\nContent-Length: 3\r\n\r\nabc";

    fn all(text: &str) -> Result<Vec<Event>, SipParseError> {
        let mut framer = Framer::default();
        framer.push(text.as_bytes());
        std::iter::from_fn(|| framer.next().transpose()).collect()
    }

    fn refusal(text: &str) -> SipParseError {
        all(text).unwrap_err()
    }

    #[test]
    fn messages_come_whole_however_they_are_cut() {
        let stream = format!("\r\n{REGISTER}\r\n\r\n{REGISTER}SIP/2.0 200 OK\r\nA: b\r\n\r\n");
        let whole = all(&stream).unwrap();
        let mut framer = Framer::default();
        let mut events = Vec::new();
        for byte in stream.bytes() {
            framer.push(&[byte]);
            events.extend(framer.next().unwrap());
        }
        assert_eq!(events, whole);
        let [
            Event::Request(request),
            Event::KeepAlive,
            Event::Request(_),
            Event::Response,
        ] = whole.as_slice()
        else {
            panic!("{whole:?}");
        };
        assert_eq!(
            (request.method.as_str(), request.uri.as_str()),
            ("REGISTER", "sip:contoso.test")
        );
        assert_eq!(request.header("supported"), Some("a, b"));
        assert!(
            request
                .header("via")
                .is_some_and(|via| via.starts_with("SIP/2.0/tls "))
        );
    }

    #[test]
    fn what_is_no_sip_is_refused() {
        for (text, error) in [
            ("GET / HTTP/1.1\r\n\r\n", SipParseError::StartLine),
            ("REGISTER  SIP/2.0\r\n\r\n", SipParseError::StartLine),
            ("REGISTER sip:a SIP/2.0 x\r\n\r\n", SipParseError::StartLine),
            (
                "A sip:a SIP/2.0\r\nno colon\r\n\r\n",
                SipParseError::HeaderLine,
            ),
            ("A sip:a SIP/2.0\r\n: v\r\n\r\n", SipParseError::HeaderLine),
            (
                "A sip:a SIP/2.0\r\nB: \u{1}\r\n\r\n",
                SipParseError::NotText,
            ),
            (
                "A sip:a SIP/2.0\r\nB: a\nC: d\r\n\r\n",
                SipParseError::NotText,
            ),
            (
                "A sip:a SIP/2.0\r\nl: 1\r\nl: 1\r\n\r\n",
                SipParseError::ContentLength,
            ),
            (
                "A sip:a SIP/2.0\r\nl: +1\r\n\r\n",
                SipParseError::ContentLength,
            ),
            (
                "A sip:a SIP/2.0\r\nl: \r\n\r\n",
                SipParseError::ContentLength,
            ),
            (
                "A sip:a SIP/2.0\r\nl: 65537\r\n\r\n",
                SipParseError::BodyTooLarge,
            ),
            (
                "A sip:a SIP/2.0\r\nl: 99999999999999999999\r\n\r\n",
                SipParseError::BodyTooLarge,
            ),
            (
                "A sip:a SIP/2.0\r\n\r\n",
                SipParseError::NoHeader { name: "via" },
            ),
        ] {
            assert_eq!(refusal(text), error, "{text:?}");
        }
        let many = format!(
            "A sip:a SIP/2.0\r\n{}\r\n",
            "B: c\r\n".repeat(MAX_HEADERS + 1)
        );
        assert_eq!(refusal(&many), SipParseError::TooManyHeaders);
        assert_eq!(
            refusal(&"a".repeat(MAX_HEAD_BYTES + 1)),
            SipParseError::HeadTooLarge
        );
        let mut framer = Framer::default();
        framer.push(b"\xff\xff SIP/2.0\r\n\r\n");
        assert_eq!(framer.next(), Err(SipParseError::NotText));
    }
}
