//! JSON as `ConvertTo-Json` writes it.
//!
//! Depth, number of values and length of texts are counted while it is read. Start at [`read`].

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::error::{MAX_BYTES, MAX_DEPTH, MAX_TEXT, MAX_VALUES, Problem, ReadError};
use super::value::{Object, Value};

/// Reads JSON; bytes of UTF-8 or UTF-16.
///
/// # Errors
///
/// It is none, or more than is taken.
pub fn read(bytes: &[u8]) -> Result<Value, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::TooLarge.whole());
    }
    let text = proto::byte_order_mark::text(bytes).ok_or(Problem::NotText.whole())?;
    let budget = Budget::default();
    let seed = Seed {
        budget: &budget,
        depth: 0,
    };
    let mut reader = serde_json::Deserializer::from_str(&text);
    let read = seed.deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| {
        let problem = budget.problem.take().unwrap_or(Problem::NotJson);
        problem.at(error.line(), error.column())
    })
}

/// What was read so far, and what was wrong with it.
#[derive(Default)]
struct Budget {
    values: Cell<usize>,
    problem: Cell<Option<Problem>>,
}

impl Budget {
    fn fail<E: Error>(&self, problem: Problem) -> E {
        let error = E::custom(&problem);
        self.problem.set(Some(problem));
        error
    }

    fn text<E: Error>(&self, text: &str) -> Result<String, E> {
        match text.len() > MAX_TEXT {
            true => Err(self.fail(Problem::TextTooLong)),
            false => Ok(text.to_owned()),
        }
    }
}

#[derive(Clone, Copy)]
struct Seed<'b> {
    budget: &'b Budget,
    depth: usize,
}

impl Seed<'_> {
    fn inside(self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self
        }
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        let values = self.budget.values.get() + 1;
        self.budget.values.set(values);
        if values > MAX_VALUES {
            return Err(self.budget.fail(Problem::TooMany));
        }
        if self.depth > MAX_DEPTH {
            return Err(self.budget.fail(Problem::TooDeep));
        }
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(number.to_string()),
        })
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.budget.text(text).map(Value::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element_seed(self.inside())? {
            list.push(entry);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Object::default();
        let mut names = std::collections::BTreeSet::new();
        while let Some(name) = entries.next_key::<String>()? {
            let name = self.budget.text(&name)?;
            if !names.insert(name.to_ascii_lowercase()) {
                return Err(self.budget.fail(Problem::Twice { name }));
            }
            let value = entries.next_value_seed(self.inside())?;
            object.fields.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests;
