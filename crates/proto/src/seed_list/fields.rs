//! The fields of a line (RFC 4180), each with the column at which it begins.
//!
//! A quoted field ends on its line: a line break inside is refused, because every other reader counts lines.

use std::borrow::Cow;

use super::{Fault, LineError};

/// Most fields of a line.
pub const MAX_FIELDS: usize = 64;

/// What stands between fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// A comma.
    Comma,
    /// A semicolon, as spreadsheets write where a comma is in numbers.
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    /// The character.
    #[must_use]
    pub fn character(self) -> char {
        match self {
            Self::Comma => ',',
            Self::Semicolon => ';',
            Self::Tab => '\t',
        }
    }

    /// The only one that stands in a line.
    pub(super) fn only_one_in(line: &str) -> Option<Self> {
        let mut found = Self::ALL
            .into_iter()
            .filter(|it| line.contains(it.character()));
        found.next().filter(|_| found.next().is_none())
    }
}

/// A field, and the column in characters, from 1, at which it begins.
pub(super) struct Field<'t> {
    pub(super) column: usize,
    pub(super) text: Cow<'t, str>,
}

/// Splits a line.
pub(super) fn split(line: &str, separator: Separator) -> Result<Vec<Field<'_>>, Fault> {
    let mut fields = Vec::new();
    let (mut rest, mut column) = (line, 1);
    loop {
        let (field, after) = field(rest, separator).ok_or((column, LineError::Quotes))?;
        fields.push(Field {
            column,
            text: field,
        });
        let taken = rest.len().saturating_sub(after.map_or(0, str::len));
        let taken = rest.get(..taken).unwrap_or(rest);
        column = column.saturating_add(taken.chars().count());
        match after {
            None => return Ok(fields),
            Some(_) if fields.len() >= MAX_FIELDS => {
                let (got, expected) = (fields.len().saturating_add(1), MAX_FIELDS);
                return Err((column, LineError::Fields { got, expected }));
            }
            Some(after) => rest = after,
        }
    }
}

/// The first field of a text, and what stands behind its separator, if there is one.
fn field(text: &str, separator: Separator) -> Option<(Cow<'_, str>, Option<&str>)> {
    let Some(quoted) = text.trim_start_matches(' ').strip_prefix('"') else {
        let (field, after) = match text.split_once(separator.character()) {
            Some((field, after)) => (field, Some(after)),
            None => (text, None),
        };
        let field = field.trim();
        return (!field.contains('"')).then_some((Cow::Borrowed(field), after));
    };
    let mut content = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('"')?;
        content.push_str(part);
        match after.strip_prefix('"') {
            Some(after) => {
                content.push('"');
                rest = after;
            }
            None => {
                let after = after.trim_start_matches(' ');
                let content = Cow::Owned(content.trim().to_owned());
                return match after.strip_prefix(separator.character()) {
                    Some(after) => Some((content, Some(after))),
                    None => after.trim_end().is_empty().then_some((content, None)),
                };
            }
        }
    }
}
