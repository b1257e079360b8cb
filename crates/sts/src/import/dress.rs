//! A value in every dress that PowerShell gives it: one alone for a list, a number for an enumeration, an object for an
//! address, a description where the depth of the export was used up.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::value::{Object, Value};
use crate::trust::{Certificate, Choice, Identifier, Url};

/// Why a value is not what its field holds.
pub(super) type Wrong = String;

/// What is said where the export's depth was used up.
const CUT_OFF: &str = "the export cut it off: make it again with the depth that `--help` names";

/// A text; nothing where it is null or empty.
pub(super) fn text(value: &Value) -> Result<Option<&str>, Wrong> {
    let text = match value {
        Value::Null => return Ok(None),
        Value::Text(text) => text.as_str(),
        Value::Object(object) => object_text(object).ok_or("it is no text")?,
        _ => return Err("it is no text".to_owned()),
    };
    Ok(Some(text).filter(|it| !it.is_empty()))
}

/// The text of an object that stands for one, as an address does.
fn object_text(object: &Object) -> Option<&str> {
    match object.field("OriginalString") {
        Some(Value::Text(text)) => Some(text),
        _ => match object.underlying.as_deref() {
            Some(Value::Text(text)) => Some(text),
            _ => object.text.as_deref(),
        },
    }
}

/// Yes or no.
pub(super) fn flag(value: &Value) -> Result<bool, Wrong> {
    match value {
        Value::Flag(flag) => Ok(*flag),
        Value::Number(0) => Ok(false),
        Value::Number(1) => Ok(true),
        Value::Text(word) if word.eq_ignore_ascii_case("true") => Ok(true),
        Value::Text(word) if word.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err("it is neither true nor false".to_owned()),
    }
}

/// A whole number that is not below zero.
pub(super) fn number(value: &Value) -> Result<u32, Wrong> {
    let wrong = || "it is no whole number from 0 on".to_owned();
    match value {
        Value::Number(number) => u32::try_from(*number).map_err(|_| wrong()),
        Value::Text(digits) => digits.parse().map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}

/// One of a few words, as its word or its number.
pub(super) fn choice<C: Choice>(value: &Value) -> Result<C, Wrong> {
    let numbered = |number: i64| {
        C::numbered(number).ok_or_else(|| {
            format!("`{number}` has no word that is known here: export it as CLIXML")
        })
    };
    let (word, underlying) = match value {
        Value::Number(number) => return numbered(*number),
        Value::Object(object) => (object.text.as_deref(), object.underlying.as_deref()),
        other => (text(other)?, None),
    };
    match (word.and_then(C::of), underlying) {
        (Some(found), _) => Ok(found),
        (None, Some(Value::Number(number))) => numbered(*number),
        (None, _) => Err(format!("`{}` is not known here", word.unwrap_or_default())),
    }
}

/// Texts, without those that are empty.
pub(super) fn texts(value: &Value) -> Result<Vec<&str>, Wrong> {
    let mut texts = Vec::new();
    for entry in value.entries() {
        match entry {
            Value::Text(text) if is_cut_off(text) => return Err(CUT_OFF.to_owned()),
            entry => texts.extend(text(entry)?),
        }
    }
    Ok(texts)
}

/// Identifiers.
pub(super) fn identifiers(value: &Value) -> Result<Vec<Identifier>, Wrong> {
    let read = |it: &str| Identifier::parse(it).map_err(|error| error.to_string());
    texts(value)?.into_iter().map(read).collect()
}

/// An identifier, where there is one.
pub(super) fn identifier(value: &Value) -> Result<Option<Identifier>, Wrong> {
    let read = |it: &str| Identifier::parse(it).map_err(|error| error.to_string());
    text(value)?.map(read).transpose()
}

/// An address, where there is one.
pub(super) fn url(value: &Value) -> Result<Option<Url>, Wrong> {
    let read = |it: &str| Url::parse(it).map_err(|error| error.to_string());
    text(value)?.map(read).transpose()
}

/// Addresses.
pub(super) fn urls(value: &Value) -> Result<Vec<Url>, Wrong> {
    let read = |it: &str| Url::parse(it).map_err(|error| error.to_string());
    texts(value)?.into_iter().map(read).collect()
}

/// Certificates.
pub(super) fn certificates(value: &Value) -> Result<Vec<Certificate>, Wrong> {
    // Bytes alone are one certificate as numbers, and no list of them.
    let is_bytes =
        matches!(value, Value::List(list) if matches!(list.first(), Some(Value::Number(_))));
    match is_bytes {
        true => Ok(vec![certificate_of(value)?]),
        false => value.entries().iter().map(certificate_of).collect(),
    }
}

/// A certificate, where there is one.
pub(super) fn certificate(value: &Value) -> Result<Option<Certificate>, Wrong> {
    let mut all = certificates(value)?;
    let one = all.pop();
    match all.is_empty() {
        true => Ok(one),
        false => Err("there is more than one certificate".to_owned()),
    }
}

fn certificate_of(value: &Value) -> Result<Certificate, Wrong> {
    let raw = match value {
        Value::Object(object) => match object.field("RawData") {
            Some(raw) => raw,
            None => return Err(CUT_OFF.to_owned()),
        },
        Value::Text(text) if is_cut_off(text) => return Err(CUT_OFF.to_owned()),
        other => other,
    };
    let der = bytes(raw).ok_or(CUT_OFF)?;
    Certificate::parse(&der).map_err(|error| error.to_string())
}

/// Bytes: as they are, as base64, as a list of numbers, or as numbers in a text, which is how PowerShell cuts them off.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.clone()),
        Value::List(numbers) => numbers
            .iter()
            .map(|it| match it {
                Value::Number(number) => u8::try_from(*number).ok(),
                _ => None,
            })
            .collect(),
        Value::Text(text) if text.contains(' ') => {
            text.split(' ').map(|it| it.parse().ok()).collect()
        }
        Value::Text(text) => STANDARD.decode(text).ok(),
        _ => None,
    }
}

/// Whether a text is what is left of an object whose depth was used up: its type, or a certificate's description.
pub(super) fn is_cut_off(text: &str) -> bool {
    let begins = ["Microsoft.IdentityServer.", "System.", "@{", "[Subject]"];
    begins.iter().any(|it| text.starts_with(it))
}

/// An object; its fields are looked at one by one.
pub(super) fn object(value: &Value) -> Result<&Object, Wrong> {
    match value {
        Value::Object(object) if !object.fields.is_empty() => Ok(object),
        Value::Object(_) | Value::Text(_) => Err(CUT_OFF.to_owned()),
        _ => Err("it is no object".to_owned()),
    }
}

/// A time; nothing where it is AD FS's `never`, the first year of the calendar.
pub(super) fn time(value: &Value) -> Result<Option<Timestamp>, Wrong> {
    let inside = match value {
        Value::Object(object) => object.field("value").unwrap_or(value),
        other => other,
    };
    let Some(text) = text(inside)? else {
        return Ok(None);
    };
    let wrong = || "it is no time".to_owned();
    let time = match text
        .strip_prefix("/Date(")
        .and_then(|it| it.strip_suffix(")/"))
    {
        Some(milliseconds) => {
            // INTEROP: the offset behind the number is for showing; the number counts from 1970 in UTC.
            let end = milliseconds.get(1..).and_then(|it| it.find(['+', '-']));
            let end = end.map_or(milliseconds.len(), |it| it + 1);
            let number = milliseconds.get(..end).and_then(|it| it.parse().ok());
            Timestamp::from_millisecond(number.ok_or_else(wrong)?).map_err(|_| wrong())?
        }
        None => dated(text).ok_or_else(wrong)?,
    };
    Ok(Some(time).filter(|it| it.as_second() > NEVER))
}

/// The second day of the first year: what is before it is .NET's `DateTime.MinValue`, in any zone.
const NEVER: i64 = -62_135_510_400;

/// A time with or without its zone; without, it is UTC's.
fn dated(text: &str) -> Option<Timestamp> {
    let zoned = text.parse::<Timestamp>().ok();
    zoned.or_else(|| {
        let civil: jiff::civil::DateTime = text.parse().ok()?;
        civil
            .to_zoned(jiff::tz::TimeZone::UTC)
            .ok()
            .map(|it| it.timestamp())
    })
}

#[cfg(test)]
mod tests;
