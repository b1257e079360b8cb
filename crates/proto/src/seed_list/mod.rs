//! Lists of seeds: the CSV that vendors send with their tokens, and `otpauth://` URIs, one a line.
//!
//! Nothing is guessed: what a list does not say, whoever imports it says, or the line is refused at its column.
//! What comes out is the same [`ImportedToken`] that `proto::pskc` makes. Start at [`csv`] and [`uris`].

mod columns;
mod entry;
mod fields;
mod refused;
mod seed;
mod token;
mod uris;

pub use columns::{Column, ColumnsError};
pub use entry::{Kind, Stated};
pub use fields::{MAX_FIELDS, Separator};
pub use refused::{Entry, Place, Refused, Why};
pub use seed::Encoding;
pub use token::{ImportedToken, MAX_COUNTER, MAX_TEXT};

pub(crate) use refused::refuse_twins;
pub(crate) use token::{algorithm, number, text};

use crate::otp::{KeyUriParseError, SeedError};

/// Most bytes of a list.
pub const MAX_BYTES: usize = 128 * 1024 * 1024;
/// Most bytes of a line.
pub const MAX_LINE: usize = 4096;
/// Most tokens of a list.
pub const MAX_TOKENS: usize = 200_000;

/// Why a list is not read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListParseError {
    /// It is larger than [`MAX_BYTES`].
    #[error("it has more than {MAX_BYTES} bytes")]
    TooLarge,
    /// It is not UTF-8.
    #[error("it is not UTF-8: save it as `CSV UTF-8`")]
    NotText,
    /// It has no line that could hold a token.
    #[error("it holds no tokens")]
    Empty,
    /// It has more tokens than may be.
    #[error("it has more than {MAX_TOKENS} tokens: split it")]
    TooManyTokens,
    /// Its columns are not known.
    #[error(transparent)]
    Columns(#[from] ColumnsError),
}

/// Why a line is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LineError {
    /// It is longer than [`MAX_LINE`].
    #[error("the line has more than {MAX_LINE} bytes")]
    TooLong,
    /// It has more or fewer fields than there are columns.
    #[error("the line has {got} fields, and {expected} are expected")]
    Fields {
        /// Those of the line.
        got: usize,
        /// The columns.
        expected: usize,
    },
    /// Quotation marks that do not belong together.
    #[error("a quotation mark stands alone")]
    Quotes,
    /// A field is empty that must not be.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// A field is not what it should be.
    #[error("the {what} is not {expected}")]
    Wrong {
        /// Which field.
        what: &'static str,
        /// What was expected.
        expected: &'static str,
    },
    /// Neither the list nor whoever imports it says something.
    #[error("nothing says the {0}: neither a column nor the command")]
    Unsaid(&'static str),
    /// A spreadsheet has written a long number in short.
    #[error(
        "a spreadsheet has rounded the serial number: export the list again, with that column as text"
    )]
    Rounded,
    /// A line of a YubiKey's log that is not one of OATH.
    #[error("a YubiKey that makes `{got}` is not taken: `OATH-HOTP` is expected")]
    Yubikey {
        /// What it makes.
        got: &'static str,
    },
    /// The seed is none.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The URI is none.
    #[error(transparent)]
    Uri(#[from] KeyUriParseError),
}

/// How a CSV list is read: what it does not say itself.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Its columns; where nothing is given, its first line must say them.
    pub columns: Option<Vec<Column>>,
    /// What stands between fields; where nothing is given, its first line must show it.
    pub separator: Option<Separator>,
    /// What is so for all tokens, where no column says it.
    pub stated: Stated,
}

/// Reads a list in CSV.
///
/// # Errors
///
/// The list as a whole is not taken; what is wrong with one line stands in its place among the entries.
pub fn csv(bytes: &[u8], reading: &Reading) -> Result<Vec<Entry>, ListParseError> {
    let mut lines = lines(text_of(bytes)?).peekable();
    let &(_, first) = lines.peek().ok_or(ListParseError::Empty)?;
    let table = columns::Table::of(first, reading)?;
    if table.is_first_line_header() {
        lines.next();
    }
    entries(lines, |line| entry::token(line, &table, &reading.stated))
}

/// Reads a list of `otpauth://` URIs, one a line.
///
/// # Errors
///
/// The list as a whole is not taken; what is wrong with one line stands in its place among the entries.
pub fn uris(bytes: &[u8]) -> Result<Vec<Entry>, ListParseError> {
    entries(lines(text_of(bytes)?), uris::token)
}

fn text_of(bytes: &[u8]) -> Result<&str, ListParseError> {
    if bytes.len() > MAX_BYTES {
        return Err(ListParseError::TooLarge);
    }
    let text = str::from_utf8(bytes).map_err(|_| ListParseError::NotText)?;
    Ok(text.strip_prefix('\u{feff}').unwrap_or(text))
}

/// The lines that say something, each with its number: empty ones, comments and the marks of a YubiKey's log do not.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = (1..).zip(text.lines());
    numbered.filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#') && !line.starts_with("LOGGING START")
    })
}

/// A fault and the column in characters, from 1, at which it stands.
type Fault = (usize, LineError);

fn entries<'t>(
    lines: impl Iterator<Item = (usize, &'t str)>,
    read: impl Fn(&str) -> Result<ImportedToken, Fault>,
) -> Result<Vec<Entry>, ListParseError> {
    let mut entries = Vec::new();
    for (number, line) in lines {
        if entries.len() >= MAX_TOKENS {
            return Err(ListParseError::TooManyTokens);
        }
        let token = match line.len() {
            0..=MAX_LINE => read(line),
            _ => Err((1, LineError::TooLong)),
        };
        let at = |column| Place::Line {
            line: number,
            column,
        };
        let entry = token.map_err(|(column, why)| Refused {
            place: at(column),
            why: why.into(),
        });
        entries.push((at(1), entry));
    }
    match entries.is_empty() {
        true => Err(ListParseError::Empty),
        false => Ok(refuse_twins(entries)),
    }
}

#[cfg(test)]
mod tests;
