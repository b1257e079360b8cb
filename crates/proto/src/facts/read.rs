//! JSON as `ConvertTo-Json` writes it: each value in every dress that PowerShell gives it, with its place.

use serde_json::{Map, Value};

use super::{FactsError, MAX_ENTRIES, MAX_MISSING, MAX_TEXT};

/// An object, where it stands, and the fields that were looked for in vain.
pub(super) struct Reader<'v, 'm> {
    object: &'v Map<String, Value>,
    at: String,
    missing: &'m mut Vec<String>,
}

impl<'v, 'm> Reader<'v, 'm> {
    /// The outermost object.
    pub(super) fn new(object: &'v Map<String, Value>, missing: &'m mut Vec<String>) -> Self {
        Self {
            object,
            at: String::new(),
            missing,
        }
    }

    /// A text; nothing where it is null, empty or not there.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, FactsError> {
        let at = self.place(key);
        let value = self.value(key);
        value.map_or(Ok(None), |value| one_text(value, &at))
    }

    /// Texts.
    pub(super) fn texts(&mut self, key: &str) -> Result<Vec<String>, FactsError> {
        let at = self.place(key);
        let mut texts = Vec::new();
        for (number, value) in self.entries(key)?.into_iter().enumerate() {
            texts.extend(one_text(value, &format!("{at}[{number}]"))?);
        }
        Ok(texts)
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, FactsError> {
        let at = self.place(key);
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(word) if word.eq_ignore_ascii_case("true") => Some(true),
            Value::String(word) if word.eq_ignore_ascii_case("false") => Some(false),
            Value::Number(number) => match number.as_i64() {
                Some(0) => Some(false),
                Some(1) => Some(true),
                _ => None,
            },
            _ => None,
        };
        let expected = "true or false";
        flag.map(Some).ok_or(FactsError::WrongKind { at, expected })
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str) -> Result<Option<i64>, FactsError> {
        let at = self.place(key);
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let number = match value {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => digits.parse().ok(),
            _ => None,
        };
        let expected = "a whole number";
        number
            .map(Some)
            .ok_or(FactsError::WrongKind { at, expected })
    }

    /// A part of the facts; a machine that has no cmdlets for it leaves it out, which is no gap.
    pub(super) fn part<'r>(&'r mut self, key: &str) -> Result<Option<Reader<'v, 'r>>, FactsError> {
        let at = self.place(key);
        match self.object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => self.inside(value, at).map(Some),
        }
    }

    /// Reads each object of a list.
    pub(super) fn each<T>(
        &mut self,
        key: &str,
        read: impl Fn(&mut Reader<'v, '_>) -> Result<T, FactsError>,
    ) -> Result<Vec<T>, FactsError> {
        let at = self.place(key);
        let mut found = Vec::new();
        for (number, value) in self.entries(key)?.into_iter().enumerate() {
            let mut entry = self.inside(value, format!("{at}[{number}]"))?;
            found.push(read(&mut entry)?);
        }
        Ok(found)
    }

    /// What is wrong with the value of a key.
    pub(super) fn wrong(&self, key: &str, expected: &'static str) -> FactsError {
        FactsError::WrongKind {
            at: self.place(key),
            expected,
        }
    }

    fn inside<'r>(
        &'r mut self,
        value: &'v Value,
        at: String,
    ) -> Result<Reader<'v, 'r>, FactsError> {
        match value {
            Value::Object(object) => Ok(Reader {
                object,
                at,
                missing: self.missing,
            }),
            _ => Err(FactsError::WrongKind {
                at,
                expected: "an object",
            }),
        }
    }

    /// The entries of a list: one alone stands for itself, null for none, and an array that PowerShell
    /// has wrapped has its entries in `value`.
    fn entries(&mut self, key: &str) -> Result<Vec<&'v Value>, FactsError> {
        let entries: Vec<&Value> = match self.value(key) {
            None => Vec::new(),
            Some(Value::Array(entries)) => entries.iter().collect(),
            Some(Value::Object(wrapped)) if wrapped.contains_key("Count") => {
                match wrapped.get("value") {
                    Some(Value::Array(entries)) => entries.iter().collect(),
                    Some(Value::Null) | None => Vec::new(),
                    Some(one) => vec![one],
                }
            }
            Some(one) => vec![one],
        };
        if entries.len() > MAX_ENTRIES {
            return Err(FactsError::TooLong {
                at: self.place(key),
            });
        }
        let is_there = |entry: &&Value| !entry.is_null();
        Ok(entries.into_iter().filter(is_there).collect())
    }

    /// A value that is not null; one that is not there is written down.
    fn value(&mut self, key: &str) -> Option<&'v Value> {
        match self.object.get(key) {
            Some(Value::Null) => None,
            Some(value) => Some(value),
            None => {
                if self.missing.len() < MAX_MISSING {
                    let place = self.place(key);
                    self.missing.push(place);
                }
                None
            }
        }
    }

    fn place(&self, key: &str) -> String {
        match self.at.as_str() {
            "" => key.to_owned(),
            at => format!("{at}.{key}"),
        }
    }
}

fn one_text(value: &Value, at: &str) -> Result<Option<String>, FactsError> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => {
            return Err(FactsError::WrongKind {
                at: at.to_owned(),
                expected: "a text",
            });
        }
    };
    if text.chars().count() > MAX_TEXT {
        return Err(FactsError::TooLong { at: at.to_owned() });
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}
