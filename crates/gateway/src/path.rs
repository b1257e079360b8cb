//! Paths: one normaliser, and exactly what it saw is forwarded (T-HTTP-9).
//!
//! A path that two programs could read differently is refused instead of repaired: then what the
//! policy decides about is what the back end sees, whoever decodes it and however often.

/// The longest path that is read.
const MAX_PATH: usize = 4 * 1024;

/// A path that means the same to everybody, in lower case for comparison (IIS ignores case).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CleanPath(String);

/// Why a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Longer than any published path.
    #[error("the path is too long")]
    TooLong,
    /// It does not begin with a slash.
    #[error("the path does not begin with a slash")]
    NotAbsolute,
    /// An escape that is not two hexadecimal digits.
    #[error("an escape in the path is malformed")]
    MalformedEscape,
    /// A character that is not ASCII, plain or escaped: Windows makes some of them ASCII ones.
    #[error("the path has a character that is not ASCII")]
    NotAscii,
    /// A character, plain or escaped, that programs read differently.
    #[error("the path has a character that programs read differently")]
    Ambiguous,
    /// An empty segment, a dot segment, one that ends with a dot or a space, or a name that Windows
    /// or ASP.NET takes for another.
    #[error("the path has a segment that programs read differently")]
    AmbiguousSegment,
}

impl CleanPath {
    /// Judges a path as it was sent.
    ///
    /// # Errors
    ///
    /// It could be read in more than one way.
    pub fn parse(sent: &str) -> Result<Self, PathError> {
        if sent.len() > MAX_PATH {
            return Err(PathError::TooLong);
        }
        let rest = sent.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        let decoded = decoded(rest)?;
        let mut segments = decoded.split('/').peekable();
        while let Some(segment) = segments.next() {
            // Only the last may be empty: a path that ends with a slash.
            let is_end = segment.is_empty() && segments.peek().is_none();
            if !is_end && !is_sound(segment) {
                return Err(PathError::AmbiguousSegment);
            }
        }
        Ok(Self(format!("/{}", decoded.to_ascii_lowercase())))
    }

    /// The path in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is exactly this published path.
    #[must_use]
    pub fn is(&self, published: &str) -> bool {
        self.0 == published.to_ascii_lowercase()
    }

    /// Whether one of its segments is this.
    #[must_use]
    pub fn has_segment(&self, segment: &str) -> bool {
        self.0
            .split('/')
            .any(|known| known == segment.to_ascii_lowercase())
    }

    /// Whether it is this published path or below it.
    #[must_use]
    pub fn is_below(&self, published: &str) -> bool {
        let published = published.to_ascii_lowercase();
        let published = published.trim_end_matches('/');
        self.0
            .strip_prefix(published)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Whether a segment is what its characters say, on Windows and in ASP.NET too.
fn is_sound(segment: &str) -> bool {
    let is_trimmed =
        segment.is_empty() || segment.ends_with(['.', ' ']) || segment.starts_with(' ');
    // `(S(x))` is a session that ASP.NET cuts out of the path.
    let is_cut_out = segment.starts_with('(');
    // `MRSPRO~1.SVC` is the short name of a longer one.
    let is_short_name = segment
        .split('~')
        .skip(1)
        .any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    !is_trimmed && !is_cut_out && !is_short_name && !names_stream(segment)
}

/// Whether a colon names a stream of a file (`x.svc::$DATA` is `x.svc`); a SIP URI has one, too.
fn names_stream(segment: &str) -> bool {
    match segment.split_once(':') {
        None => false,
        Some((scheme, rest)) => {
            let is_sip = ["sip", "sips"]
                .iter()
                .any(|it| scheme.eq_ignore_ascii_case(it));
            !is_sip || rest.contains([':', '$'])
        }
    }
}

/// Decodes escapes once, and refuses what a second decoding, or none, would read differently.
fn decoded(path: &str) -> Result<String, PathError> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let is_escaped = byte == b'%';
        let byte = if is_escaped {
            let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b'%')).to_digit(16);
            let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                return Err(PathError::MalformedEscape);
            };
            u8::try_from(high * 16 + low).map_err(|_| PathError::MalformedEscape)?
        } else {
            byte
        };
        if is_ambiguous(byte) || (is_escaped && matches!(byte, b'/' | b'.')) {
            return Err(PathError::Ambiguous);
        }
        if !byte.is_ascii() {
            return Err(PathError::NotAscii);
        }
        decoded.push(char::from(byte));
    }
    Ok(decoded)
}

/// Bytes that stand for something in some reader of paths.
fn is_ambiguous(byte: u8) -> bool {
    byte.is_ascii_control()
        || matches!(
            byte,
            b'%' | b'\\' | b';' | b'?' | b'#' | b'*' | b'|' | b'"' | b'<' | b'>'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn t_http_9_what_can_be_read_in_two_ways_is_refused() {
        use PathError as Error;
        for (path, error) in [
            ("EWS", Error::NotAbsolute),
            ("", Error::NotAbsolute),
            ("/../EWS", Error::AmbiguousSegment),
            ("/a/./b", Error::AmbiguousSegment),
            ("/a//b", Error::AmbiguousSegment),
            ("//", Error::AmbiguousSegment),
            ("/EWS./x", Error::AmbiguousSegment),
            ("/EWS%20/x", Error::AmbiguousSegment),
            ("/%2e%2e/EWS", Error::Ambiguous),
            ("/a%2fb", Error::Ambiguous),
            ("/a%5cb", Error::Ambiguous),
            ("/a\\b", Error::Ambiguous),
            ("/a%00", Error::Ambiguous),
            ("/a%0d%0a", Error::Ambiguous),
            ("/a;b", Error::Ambiguous),
            ("/a%3bb", Error::Ambiguous),
            ("/%252e", Error::Ambiguous),
            ("/a%3f", Error::Ambiguous),
            ("/a%2", Error::MalformedEscape),
            ("/a%zz", Error::MalformedEscape),
            ("/a%", Error::MalformedEscape),
            ("/%c0%af", Error::NotAscii),
            ("/%ff", Error::NotAscii),
            ("/EWS%c2%a0", Error::NotAscii),
            ("/EWS%e2%80%8b", Error::NotAscii),
            ("/mrs\u{212a}", Error::NotAscii),
            ("/b%C3%BCro", Error::NotAscii),
            ("/EWS/x.svc::$DATA", Error::AmbiguousSegment),
            ("/EWS/x.svc%3a$DATA", Error::AmbiguousSegment),
            ("/EWS:$i30:$INDEX_ALLOCATION/x.svc", Error::AmbiguousSegment),
            ("/x.svc:y", Error::AmbiguousSegment),
            ("/sip:x:$DATA", Error::AmbiguousSegment),
            ("/EWS/MRSPRO~1.SVC", Error::AmbiguousSegment),
            ("/EWS/a~b%7E9", Error::AmbiguousSegment),
            ("/(S(abc))/EWS", Error::AmbiguousSegment),
            ("/EWS/(A(x)F(y))/x.svc", Error::AmbiguousSegment),
            ("/EWS/%28S(x))/x.svc", Error::AmbiguousSegment),
        ] {
            assert_eq!(CleanPath::parse(path), Err(error), "{path}");
        }
        assert_eq!(CleanPath::parse(&"/a".repeat(4_000)), Err(Error::TooLong));
    }

    #[test]
    fn published_paths_are_found_in_any_case_and_only_at_their_slashes() {
        let path = CleanPath::parse("/ews/Exchange.asmx").unwrap();
        assert!(path.is("/EWS/exchange.ASMX") && path.is_below("/EWS") && path.is_below("/EWS/"));
        assert!(!path.is_below("/EW") && !path.is("/EWS"));
        assert!(CleanPath::parse("/").unwrap().is_below("/"));
        assert!(CleanPath::parse("/EWS/").unwrap().is_below("/ews"));
        // The Kelvin sign is no `k`, and is folded into none.
        assert!(!CleanPath::parse("/k").unwrap().is("/\u{212a}"));
    }

    #[test]
    fn what_real_clients_write_passes() {
        for path in [
            "/meet/anna/ABC123",
            "/meet/~anna/ABC123",
            "/meet/anna-b_c@contoso.com/ABC123",
            "/ucwa/v1/people/sip:anna@contoso.com/photo",
            "/x/SIPS:anna@contoso.com",
            "/EWS/Exchange.asmx/s/GetUserPhoto",
            "/odata/People('anna')",
            "/a$b,c=d&e+f!g'h(i)",
        ] {
            let clean = CleanPath::parse(path).unwrap();
            assert_eq!(clean.as_str(), path.to_ascii_lowercase());
        }
    }

    /// What a careless back end makes of a path: decodes twice, drops dots, merges slashes, makes
    /// odd characters plain ones, and finds files by streams, by short names and behind a session.
    fn careless(path: &str) -> String {
        let once = |text: &str| {
            let mut out = Vec::new();
            let mut bytes = text.bytes().peekable();
            while let Some(byte) = bytes.next() {
                let ahead: Vec<u8> = bytes.clone().take(2).collect();
                let text = std::str::from_utf8(&ahead).ok();
                let value = text
                    .filter(|text| text.len() == 2)
                    .and_then(|text| u8::from_str_radix(text, 16).ok());
                match (byte, value) {
                    (b'%', Some(value)) => {
                        out.push(value);
                        bytes.next();
                        bytes.next();
                    }
                    _ => out.push(byte),
                }
            }
            String::from_utf8_lossy(&out).into_owned()
        };
        let decoded = once(&once(path)).replace('\\', "/");
        let decoded = decoded.replace(['\u{a0}', '\u{200b}'], "");
        let decoded = decoded.replace('\u{212a}', "k");
        let decoded = decoded
            .split([';', '?', '\0'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let mut segments: Vec<&str> = Vec::new();
        let parts: Vec<&str> = decoded.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            let part = match part.split_once('~') {
                Some((_, rest)) if rest.starts_with(char::is_numeric) => &"ews",
                _ => part,
            };
            let file = part.split(':').next().unwrap_or_default();
            match file.trim_end_matches(['.', ' ']) {
                session if session.starts_with("(S(") => {}
                "" if *part == ".." => drop(segments.pop()),
                "" if at + 1 == parts.len() && at > 0 => segments.push(""),
                "" => {}
                part => segments.push(part),
            }
        }
        format!("/{}", segments.join("/")).to_lowercase()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]
        #[test]
        fn the_policy_sees_what_the_most_careless_back_end_sees(
            path in "/([a-cEk1./\\\\;%~: -]|%2[efEF05]|%5[cC]|%[0-9a-f]{2}|\\.\\.|EWS|~1|::\\$DATA|\\(S\\(x\\)\\)|/\\(S\\(x\\)\\)/|%c2%a0|%e2%80%8b|\u{212a}|\u{a0}){0,12}"
        ) {
            if let Ok(clean) = CleanPath::parse(&path) {
                prop_assert_eq!(clean.as_str(), careless(&path));
            }
        }
    }
}
