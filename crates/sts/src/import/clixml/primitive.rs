//! The values that hold no others ([MS-PSRP] 2.2.5.1), and the escapes of texts (2.2.5.3.2).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use xml::Element;

use super::{MAX_TEXT, Problem, malformed, unknown};
use crate::import::value::Value;

/// Reads a value of one of the known elements; nothing where the element is another.
pub(super) fn read(element: Element<'_, '_>) -> Option<Result<Value, Problem>> {
    Some(match element.name() {
        "Nil" => Ok(Value::Null),
        "S" | "G" | "URI" | "Version" | "DT" | "TS" | "Sg" | "Db" | "D" => {
            text(element).map(Value::Text)
        }
        "C" => character(element),
        "B" => flag(element),
        "By" => number(element, 0, u8::MAX.into()),
        "SB" => number(element, i8::MIN.into(), i8::MAX.into()),
        "U16" => number(element, 0, u16::MAX.into()),
        "I16" => number(element, i16::MIN.into(), i16::MAX.into()),
        "U32" => number(element, 0, u32::MAX.into()),
        "I32" => number(element, i32::MIN.into(), i32::MAX.into()),
        "I64" => number(element, i64::MIN.into(), i64::MAX.into()),
        "U64" => number(element, 0, u64::MAX.into()),
        "BA" => bytes(element),
        // SECURITY: a secure string is not kept even as it is sealed; scripts, documents and progress say nothing of trusts.
        "SS" | "SBK" | "XD" | "PR" => Ok(Value::Withheld),
        _ => return None,
    })
}

/// The text of an element, which holds no other.
pub(super) fn text(element: Element<'_, '_>) -> Result<String, Problem> {
    if let Some(inside) = element.children().next() {
        return Err(unknown(inside));
    }
    let text = element.text();
    if text.len() > MAX_TEXT {
        return Err(Problem::TextTooLong);
    }
    unescaped(&text).ok_or_else(|| malformed(element, "characters"))
}

/// A text whose `_xHHHH_` are the units of UTF-16 that they say; nothing where a half of a character is left alone.
pub(super) fn unescaped(text: &str) -> Option<String> {
    if !text.contains("_x") {
        return Some(text.to_owned());
    }
    let mut units = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('_') {
        units.extend(before.encode_utf16());
        match escape(after) {
            Some((unit, behind)) => {
                units.push(unit);
                rest = behind;
            }
            None => {
                units.push(u16::from(b'_'));
                rest = after;
            }
        }
    }
    units.extend(rest.encode_utf16());
    String::from_utf16(&units).ok()
}

/// The unit that `xHHHH_` says, and what is behind it.
fn escape(text: &str) -> Option<(u16, &str)> {
    let digits = text.strip_prefix('x')?.get(..4)?;
    let behind = text.get(5..)?.strip_prefix('_')?;
    let is_hexadecimal = digits.bytes().all(|it| it.is_ascii_hexdigit());
    let unit = is_hexadecimal.then(|| u16::from_str_radix(digits, 16).ok());
    Some((unit??, behind))
}

fn character(element: Element<'_, '_>) -> Result<Value, Problem> {
    let unit = text(element)?.trim().parse::<u32>().ok();
    let character = unit.and_then(char::from_u32);
    let character = character.ok_or_else(|| malformed(element, "a character's number"))?;
    Ok(Value::Text(character.to_string()))
}

fn flag(element: Element<'_, '_>) -> Result<Value, Problem> {
    match text(element)?.trim() {
        "true" => Ok(Value::Flag(true)),
        "false" => Ok(Value::Flag(false)),
        _ => Err(malformed(element, "true or false")),
    }
}

fn number(element: Element<'_, '_>, least: i128, most: i128) -> Result<Value, Problem> {
    let text = text(element)?;
    let number = text.trim().parse::<i128>().ok();
    let number = number.filter(|it| (least..=most).contains(it));
    let number = number.ok_or_else(|| malformed(element, "a number of its size"))?;
    Ok(match i64::try_from(number) {
        Ok(number) => Value::Number(number),
        Err(_) => Value::Text(number.to_string()),
    })
}

fn bytes(element: Element<'_, '_>) -> Result<Value, Problem> {
    let text = text(element)?;
    let text: String = text.split_ascii_whitespace().collect();
    let bytes = STANDARD.decode(text);
    bytes
        .map(Value::Bytes)
        .map_err(|_| malformed(element, "base64"))
}
