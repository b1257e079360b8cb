//! The written form of trusts in files and on the screen: TOML, or JSON where that is asked for.

use std::io::Read;
use std::path::Path;

use sts::trust::written::Written;

use crate::cli::CliError;

/// Most bytes of a file: a thousand trusts with twenty rules each have fewer.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

/// The text of a file that is no larger than is read.
///
/// # Errors
///
/// It cannot be read, is too large, or is no text.
pub(crate) fn text(file: &Path) -> Result<String, CliError> {
    let wrong = |what: String| CliError::usage(format!("`{}`: {what}", file.display()));
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file);
    // One byte more than is taken says that there are too many, whatever the file grows to.
    let read = opened.and_then(|it| it.take(MAX_BYTES + 1).read_to_end(&mut bytes));
    let length = read.map_err(|error| wrong(error.to_string()))?;
    match u64::try_from(length).is_ok_and(|length| length <= MAX_BYTES) {
        true => {
            let text = proto::byte_order_mark::text(&bytes).map(std::borrow::Cow::into_owned);
            text.ok_or_else(|| {
                wrong("it is neither UTF-8 nor UTF-16 with its byte order mark".to_owned())
            })
        }
        false => Err(wrong(format!("it has more than {MAX_BYTES} bytes"))),
    }
}

/// Reads a file of the written form: JSON where its name says so, TOML otherwise.
///
/// # Errors
///
/// It cannot be read, or is none.
pub(super) fn read(file: &Path) -> Result<Written, CliError> {
    let text = text(file)?;
    let is_json = file.extension().is_some_and(|it| it == "json");
    let read = match is_json {
        true => Written::of_json(&text).map_err(|error| error.to_string()),
        false => toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| line_of(&text, span.start));
            let line = line.map_or(String::new(), |line| format!("line {line}: "));
            format!("{line}{}", error.message())
        }),
    };
    read.map_err(|what| CliError::refused(format!("`{}`: {what}", file.display())))
}

/// The form as TOML.
///
/// # Errors
///
/// None that is known.
pub(super) fn toml(written: &Written) -> Result<String, CliError> {
    let text = toml::to_string_pretty(written);
    let text = text.map(|text| text.trim_end().to_owned());
    text.map_err(|error| CliError::unavailable(format!("TOML cannot be made: {error}")))
}

fn line_of(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    before.iter().filter(|it| **it == b'\n').count() + 1
}
