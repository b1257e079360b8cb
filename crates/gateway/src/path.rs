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
    /// An escape that is not two hexadecimal digits, or not UTF-8 after decoding.
    #[error("an escape in the path is malformed")]
    MalformedEscape,
    /// A character, plain or escaped, that programs read differently.
    #[error("the path has a character that programs read differently")]
    Ambiguous,
    /// An empty segment, a dot segment, or one that ends with a dot or a space.
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
        let is_sound = |segment: &str| {
            !segment.is_empty() && !segment.ends_with(['.', ' ']) && !segment.starts_with(' ')
        };
        let mut segments = decoded.split('/').peekable();
        while let Some(segment) = segments.next() {
            // Only the last may be empty: a path that ends with a slash.
            let is_end = segment.is_empty() && segments.peek().is_none();
            if !is_end && !is_sound(segment) {
                return Err(PathError::AmbiguousSegment);
            }
        }
        Ok(Self(format!("/{}", decoded.to_lowercase())))
    }

    /// The path in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is exactly this published path.
    #[must_use]
    pub fn is(&self, published: &str) -> bool {
        self.0 == published.to_lowercase()
    }

    /// Whether one of its segments is this.
    #[must_use]
    pub fn has_segment(&self, segment: &str) -> bool {
        self.0
            .split('/')
            .any(|known| known == segment.to_lowercase())
    }

    /// Whether it is this published path or below it.
    #[must_use]
    pub fn is_below(&self, published: &str) -> bool {
        let published = published.to_lowercase();
        let published = published.trim_end_matches('/');
        self.0
            .strip_prefix(published)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Decodes escapes once, and refuses what a second decoding, or none, would read differently.
fn decoded(path: &str) -> Result<String, PathError> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(byte) = rest.next() {
        let escaped = match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte.unwrap_or(b'%')).to_digit(16);
                let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
                    return Err(PathError::MalformedEscape);
                };
                u8::try_from(high * 16 + low).map_err(|_| PathError::MalformedEscape)?
            }
            plain => {
                if is_ambiguous(plain) {
                    return Err(PathError::Ambiguous);
                }
                bytes.push(plain);
                continue;
            }
        };
        if escaped == b'/' || escaped == b'.' || is_ambiguous(escaped) {
            return Err(PathError::Ambiguous);
        }
        bytes.push(escaped);
    }
    String::from_utf8(bytes).map_err(|_| PathError::MalformedEscape)
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
            ("/%c0%af", Error::MalformedEscape),
            ("/%ff", Error::MalformedEscape),
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
        assert!(CleanPath::parse("/b%C3%BCro").unwrap().is("/BÜRO"));
    }

    /// What a careless back end makes of a path: decodes twice, drops dots, merges slashes.
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
        let decoded = decoded
            .split([';', '?', '\0'])
            .next()
            .unwrap_or_default()
            .to_owned();
        let mut segments: Vec<&str> = Vec::new();
        let parts: Vec<&str> = decoded.split('/').collect();
        for (at, part) in parts.iter().enumerate() {
            match part.trim_end_matches(['.', ' ']) {
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
            path in "/([a-cE./\\\\;%~ -]|%2[efEF05]|%5[cC]|%[0-9a-f]{2}|\\.\\.|EWS){0,12}"
        ) {
            if let Ok(clean) = CleanPath::parse(&path) {
                prop_assert_eq!(clean.as_str(), careless(&path));
            }
        }
    }
}
