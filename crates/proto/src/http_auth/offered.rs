//! `WWW-Authenticate` as a server wrote it: one line may hold several challenges, which are told apart here.
//!
//! Whoever edits or withholds one must not be wrong about where it ends, so that a line is read whole or not at all
//! (RFC 9110 11.3, 11.6.1). Start at [`OfferedChallenge::all`].

use std::ops::Range;

use super::HttpAuthParseError;
use crate::splice::splice;

/// One challenge of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferedChallenge<'l> {
    line: &'l str,
    range: Range<usize>,
    /// Its scheme, as it was written.
    pub scheme: &'l str,
    parameters: Vec<Parameter<'l>>,
}

/// A parameter of a challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter<'l> {
    /// Its name, as it was written.
    pub name: &'l str,
    /// Its value, without quotes; a backslash stands as it was written, and readers take what follows it in two ways.
    pub value: &'l str,
    /// Where the value stands, with its quotes.
    range: Range<usize>,
}

impl<'l> OfferedChallenge<'l> {
    /// Reads all challenges of a line. A value without quotes may hold more than the grammar says, as addresses do that
    /// servers forgot to quote; a token behind a scheme, as handshakes have it, is not read.
    ///
    /// # Errors
    ///
    /// The line is no list of challenges.
    pub fn all(line: &'l str) -> Result<Vec<Self>, HttpAuthParseError> {
        let mut all: Vec<Self> = Vec::new();
        let mut at = 0;
        for element in elements(line) {
            let begin = at + (element.len() - element.trim_start_matches(BLANKS).len());
            at += element.len() + 1;
            let element = element.trim_matches(BLANKS);
            if element.is_empty() {
                continue;
            }
            let end = begin + element.len();
            if let Some(parameter) = parameter(line, begin..end) {
                let open = all.last_mut().ok_or(HttpAuthParseError::NoScheme)?;
                open.parameters.push(parameter);
                open.range.end = end;
                continue;
            }
            let (scheme, rest) = element.split_once(' ').unwrap_or((element, ""));
            if !is_token(scheme) {
                return Err(HttpAuthParseError::NoScheme);
            }
            let rest = rest.trim_start_matches(' ');
            let first = match rest.is_empty() {
                true => None,
                false => Some(
                    parameter(line, end - rest.len()..end).ok_or(HttpAuthParseError::NoScheme)?,
                ),
            };
            all.push(Self {
                line,
                range: begin..end,
                scheme,
                parameters: Vec::from_iter(first),
            });
        }
        Ok(all)
    }

    /// Its parameters, in their order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter<'l>] {
        &self.parameters
    }

    /// The challenge alone, with each value that is given another in that one's place, quoted; everything else as it was
    /// written.
    #[must_use]
    pub fn written(&self, another: impl Fn(&Parameter<'l>) -> Option<String>) -> String {
        let base = self.range.start;
        let changes = self.parameters.iter().filter_map(|parameter| {
            let value = another(parameter)?.replace(['"', '\\'], "");
            let range = parameter.range.start - base..parameter.range.end - base;
            Some((range, format!("\"{value}\"")))
        });
        let text = self.line.get(self.range.clone()).unwrap_or_default();
        splice(text, changes.collect())
    }
}

/// What may stand around an element of a list.
const BLANKS: [char; 2] = [' ', '\t'];

/// What stands between the commas of a line that are not quoted (RFC 9110 5.6.1).
fn elements(line: &str) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    line.split(move |c: char| {
        let was_escaped = std::mem::replace(&mut is_escaped, false);
        match c {
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        c == ',' && !is_quoted
    })
}

/// The parameter that a part of a line is (RFC 9110 11.2).
fn parameter(line: &str, range: Range<usize>) -> Option<Parameter<'_>> {
    let text = line.get(range.clone())?;
    let (name, written) = text.split_once('=')?;
    let (name, written) = (
        name.trim_end_matches(BLANKS),
        written.trim_start_matches(BLANKS),
    );
    let quoted = written.strip_prefix('"').map(|it| it.strip_suffix('"'));
    let value = match quoted {
        Some(inner) => inner?,
        None => Some(written).filter(|it| !it.is_empty() && !it.contains(char::is_whitespace))?,
    };
    let is_sound = match quoted {
        Some(_) => is_whole(value),
        None => !value.contains(['"', '\\']),
    };
    let is_sound = is_sound && is_token(name);
    is_sound.then_some(Parameter {
        name,
        value,
        range: range.end - written.len()..range.end,
    })
}

/// Whether a quoted text ends where it is said to: no quote in it but behind a backslash (RFC 9110 5.6.4).
fn is_whole(inner: &str) -> bool {
    let mut is_escaped = false;
    for c in inner.chars() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return false,
            _ => {}
        }
    }
    !is_escaped
}

fn is_token(text: &str) -> bool {
    let is_of_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_of_token)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each challenge as scheme and parameters, `name:value`.
    fn read(line: &str) -> Option<Vec<String>> {
        let all = OfferedChallenge::all(line).ok()?;
        let told = all.iter().map(|it| {
            let parameters = it.parameters().iter();
            let parameters: Vec<_> = parameters
                .map(|it| format!("{}:{}", it.name, it.value))
                .collect();
            format!("{} {}", it.scheme, parameters.join(" "))
        });
        Some(told.collect())
    }

    #[test]
    fn the_challenges_of_a_line_are_told_apart() {
        for (line, told) in [
            ("Bearer", &["Bearer "][..]),
            ("Bearer, basic", &["Bearer ", "basic "]),
            (", ,Basic realm=x", &["Basic realm:x"]),
            (
                "MsRtcOAuth href=\"https://a/\",grant_type=\"x,y\" , Bearer error =\t\"z\"",
                &[
                    "MsRtcOAuth href:https://a/ grant_type:x,y",
                    "Bearer error:z",
                ],
            ),
            (
                "MsRtcOAuth HREF = https://a/?b=c",
                &["MsRtcOAuth HREF:https://a/?b=c"],
            ),
            ("Bearer  a=\"\"", &["Bearer a:"]),
            (
                "Bearer realm=\"a \\\"b, c\\\"\", Basic realm=x",
                &["Bearer realm:a \\\"b, c\\\"", "Basic realm:x"],
            ),
        ] {
            assert_eq!(read(line).unwrap(), told, "{line}");
        }
    }

    #[test]
    fn a_line_that_is_no_list_of_challenges_is_not_read() {
        for line in [
            "realm=\"x\"",
            "realm=\"x\", Basic",
            "Negotiate oYG2",
            "Bearer\tbasic",
            "Bearer realm=\"x\" NTLM",
            "Bearer realm=\"x\"Basic realm=y",
            "Bearer realm=\"x\";NTLM",
            "Bearer realm=\"\\\", Basic realm=\"y",
            "Bearer realm=\"x\\\"",
            "Bearer realm=\"x, NTLM",
            "Bearer realm=",
            "Bearer =x",
            "Bearer a b=c",
            "B\u{e9}arer a=b",
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn only_the_values_that_are_given_others_are_written_anew() {
        let line = "X a=b, MsRtcOAuth href = http://a/ ,grant_type=\"x\", Bearer";
        let all = OfferedChallenge::all(line).unwrap();
        let written: Vec<_> = all
            .iter()
            .map(|it| it.written(|it| (it.name == "href").then(|| "https://b/\"".to_owned())))
            .collect();
        let changed = "MsRtcOAuth href = \"https://b/\" ,grant_type=\"x\"";
        assert_eq!(written, ["X a=b", changed, "Bearer"]);
    }
}
