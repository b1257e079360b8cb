//! The header `X-Ms-diagnostics` ([MS-OCAUTHWS] 3.2.4.1): an id, its source and its reason.
//!
//! No value can end the header or one of its parameters early. Start at [`MsDiagnostics`].

use std::fmt;

use thiserror::Error;

/// Name of the header.
pub const HEADER: &str = "X-Ms-diagnostics";
/// Longest header value that is read.
pub const MAX_HEADER_BYTES: usize = 1024;

/// A header's value with another host for the one that says so; `None` where it says none. Everything else stays as it was.
#[must_use]
pub fn said_by(value: &str, host: &str) -> Option<String> {
    const SOURCE: &str = "source=\"";
    let lower = value.to_ascii_lowercase();
    let begins = lower.match_indices(SOURCE).map(|(at, _)| at);
    let is_parameter = |at: &usize| {
        let before = value.get(..*at).unwrap_or_default().trim_end();
        before.is_empty() || before.ends_with(';')
    };
    let at = begins.into_iter().find(is_parameter)? + SOURCE.len();
    let (before, rest) = value.split_at_checked(at)?;
    let (_, behind) = rest.split_once('"')?;
    Some(format!("{before}{host}\"{behind}"))
}

/// What went wrong, for a client's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MsDiagnostics {
    /// Lync's error id.
    pub id: u32,
    /// The host that says so.
    pub source: String,
    /// The reason for a person.
    pub reason: String,
    /// A fault code with its prefix, as in SOAP.
    pub fault: Option<String>,
}

impl MsDiagnostics {
    /// The header's value.
    ///
    /// UNCONFIRMED: the name of the last parameter; the grammar has only its value.
    pub fn to_header_value(&self) -> String {
        self.to_string()
    }

    /// Reads a header's value; parameters that are not known are left out.
    pub fn parse(value: &str) -> Result<Self, DiagnosticsParseError> {
        if value.len() > MAX_HEADER_BYTES {
            return Err(DiagnosticsParseError::TooLong);
        }
        let (id, mut rest) = value.split_once(';').unwrap_or((value, ""));
        let id = id.trim().parse().map_err(|_| DiagnosticsParseError::NoId)?;
        let mut diagnostics = Self {
            id,
            source: String::new(),
            reason: String::new(),
            fault: None,
        };
        while !rest.trim().is_empty() {
            let (name, after_name) = rest
                .split_once('=')
                .ok_or(DiagnosticsParseError::BadParameter)?;
            let (text, after_value) = quoted(after_name)?;
            match name.trim().to_ascii_lowercase().as_str() {
                "source" => diagnostics.source = text,
                "reason" => diagnostics.reason = text,
                "faultcode" => diagnostics.fault = Some(text),
                _ => {}
            }
            rest = after_value;
        }
        Ok(diagnostics)
    }
}

impl fmt::Display for MsDiagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (source, reason) = (Quoted(&self.source), Quoted(&self.reason));
        write!(f, "{};source={source};reason={reason}", self.id)?;
        match &self.fault {
            Some(fault) => write!(f, ";faultcode={}", Quoted(fault)),
            None => Ok(()),
        }
    }
}

/// Why a header's value is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DiagnosticsParseError {
    /// The value is longer than the limit.
    #[error("longer than {MAX_HEADER_BYTES} bytes")]
    TooLong,
    /// The value does not begin with an id.
    #[error("no error id")]
    NoId,
    /// A parameter is not `name="value"`.
    #[error("a parameter is not a name and a quoted value")]
    BadParameter,
}

/// SPEC: RFC 9110 5.6.4, quoted-string; what it cannot hold becomes `?`.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' | '\\' => write!(f, "\\{character}")?,
                ' '..='~' => write!(f, "{character}")?,
                _ => f.write_str("?")?,
            }
        }
        f.write_str("\"")
    }
}

fn quoted(text: &str) -> Result<(String, &str), DiagnosticsParseError> {
    let inside = text
        .trim_start()
        .strip_prefix('"')
        .ok_or(DiagnosticsParseError::BadParameter)?;
    let mut value = String::new();
    let mut characters = inside.chars();
    loop {
        match characters.next() {
            Some('\\') => value.extend(characters.next()),
            Some('"') => break,
            Some(character) => value.push(character),
            None => return Err(DiagnosticsParseError::BadParameter),
        }
    }
    let rest = characters.as_str().trim_start();
    match rest.strip_prefix(';') {
        Some(rest) => Ok((value, rest)),
        None if rest.is_empty() => Ok((value, rest)),
        None => Err(DiagnosticsParseError::BadParameter),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    fn diagnostics(reason: &str, fault: Option<&str>) -> MsDiagnostics {
        MsDiagnostics {
            id: 28000,
            source: "fe01.contoso.local".to_owned(),
            reason: reason.to_owned(),
            fault: fault.map(str::to_owned),
        }
    }

    #[test]
    fn the_header_looks_as_lync_writes_it() {
        expect![[r#"28000;source="fe01.contoso.local";reason="User is not SIP enabled.";faultcode="wsse:FailedAuthentication""#]]
            .assert_eq(&diagnostics("User is not SIP enabled.", Some("wsse:FailedAuthentication")).to_header_value());
        expect![[r#"28000;source="fe01.contoso.local";reason="""#]]
            .assert_eq(&diagnostics("", None).to_header_value());
    }

    #[test]
    fn no_value_leaves_its_quotes_or_the_header() {
        let hostile = "a\";evil=\"b\\\r\nSet-Cookie: x\u{0}é";
        let value = diagnostics(hostile, None).to_header_value();
        assert!(
            value.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{value}"
        );
        let read = MsDiagnostics::parse(&value).unwrap();
        assert_eq!(read.reason, "a\";evil=\"b\\??Set-Cookie: x??");
    }

    #[test]
    fn the_header_goes_round() {
        let written = diagnostics("a \"quoted\" \\ reason; with=signs", Some("a:b"));
        assert_eq!(
            MsDiagnostics::parse(&written.to_header_value()).unwrap(),
            written
        );
        let spaced = r#" 7 ; Reason = "r" ; unknown="x" ;source="s" "#;
        let read = MsDiagnostics::parse(spaced).unwrap();
        assert_eq!(
            (read.id, read.reason.as_str(), read.source.as_str()),
            (7, "r", "s")
        );
        assert_eq!(MsDiagnostics::parse("28020").unwrap().id, 28020);
    }

    #[test]
    fn other_values_are_refused() {
        use DiagnosticsParseError::{BadParameter, NoId, TooLong};
        for (value, error) in [
            ("", NoId),
            ("x;reason=\"r\"", NoId),
            ("-1", NoId),
            ("4294967296", NoId),
            ("1;reason", BadParameter),
            ("1;reason=r", BadParameter),
            ("1;reason=\"r", BadParameter),
            ("1;reason=\"r\\", BadParameter),
            ("1;reason=\"r\"x", BadParameter),
        ] {
            assert_eq!(MsDiagnostics::parse(value), Err(error), "{value}");
        }
        assert_eq!(MsDiagnostics::parse(&"1".repeat(1025)), Err(TooLong));
    }
}
