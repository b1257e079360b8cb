//! CLIXML as `Export-Clixml` writes it ([MS-PSRP] 2.2.5).
//!
//! References are followed to what stands before them and is closed, and what they bring counts as if it stood there; so
//! no cycle and no small file with a large meaning gets by. Start at [`read`].

mod primitive;

use std::collections::{BTreeMap, BTreeSet};

use xml::{Document, Element, Limits};

use super::error::{MAX_BYTES, MAX_DEPTH, MAX_TEXT, MAX_VALUES, Problem, ReadError};
use super::value::{Object, Value};

const NAMESPACE: &str = "http://schemas.microsoft.com/powershell/2004/04";

/// What is looked at before the tokenizer: an object takes four elements at most, and its text is indented.
const LIMITS: Limits = Limits {
    bytes: 2 * MAX_BYTES,
    depth: 4 * MAX_DEPTH,
    attributes: 8,
    namespace_declarations: 16,
    namespaces_in_scope: 16,
    nodes: 3_000_000,
};

/// Reads CLIXML; bytes of UTF-8 or UTF-16. The objects of the pipeline are a list.
///
/// # Errors
///
/// It is none, or more than is taken.
pub fn read(bytes: &[u8]) -> Result<Value, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(Problem::TooLarge.whole());
    }
    let text = proto::byte_order_mark::text(bytes).ok_or(Problem::NotText.whole())?;
    let text = without_wide_declaration(&text);
    let document = Document::parse_within(text, LIMITS).map_err(|error| match error {
        xml::ParseError::NotWellFormed { line, column } => ReadError {
            place: Some(super::Place {
                line: usize::try_from(line).unwrap_or(usize::MAX),
                column: usize::try_from(column).unwrap_or(usize::MAX),
            }),
            problem: Problem::Xml(error),
        },
        other => Problem::Xml(other).whole(),
    })?;
    let root = document.root();
    let is_version_1 = root
        .attribute("Version")
        .is_some_and(|it| it.starts_with("1."));
    if !root.is(NAMESPACE, "Objs") || !is_version_1 {
        return Err(Problem::NotClixml.whole());
    }
    let referred = root.descendants().filter(|it| it.is(NAMESPACE, "Ref"));
    let mut reader = Reader {
        referred: referred.filter_map(|it| it.attribute("RefId")).collect(),
        open: BTreeSet::new(),
        types: BTreeSet::new(),
        closed: BTreeMap::new(),
        values: 0,
    };
    let mut objects = Vec::new();
    for child in root.children() {
        let read = reader.value(child, 1);
        objects.push(
            read.map_err(|(problem, at)| located(problem, text, at))?
                .value,
        );
    }
    Ok(Value::List(objects))
}

/// A declaration that says UTF-16 was right before the text was decoded, and would be wrong of what is parsed.
fn without_wide_declaration(text: &str) -> &str {
    let declaration = text
        .strip_prefix("<?xml")
        .and_then(|it| it.split_once("?>"));
    match declaration {
        Some((inside, rest)) if inside.to_ascii_lowercase().contains("utf-16") => rest,
        _ => text,
    }
}

/// A problem with its place: the line and column of a byte.
fn located(problem: Problem, text: &str, at: usize) -> ReadError {
    let before = text.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |it| it + 1);
    let column = before.get(start..).unwrap_or_default().chars().count() + 1;
    problem.at(line, column)
}

/// What is wrong, and at which byte.
type Failure = (Problem, usize);

struct Reader<'a> {
    /// What some reference leads to.
    referred: BTreeSet<&'a str>,
    /// The objects that are being read.
    open: BTreeSet<&'a str>,
    /// The lists of type names that were read.
    types: BTreeSet<&'a str>,
    /// The objects that were read and are referred to.
    closed: BTreeMap<&'a str, Sized>,
    values: usize,
}

/// A value, how many values it is, and how deep they are inside one another.
#[derive(Clone)]
struct Sized {
    value: Value,
    values: usize,
    height: usize,
}

impl Sized {
    fn leaf(value: Value) -> Self {
        Self {
            value,
            values: 1,
            height: 1,
        }
    }
}

/// What was read of an object so far.
#[derive(Default)]
struct Parts {
    object: Object,
    /// The names of its fields in small letters.
    names: BTreeSet<String>,
    list: Option<Vec<Value>>,
    height: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, element: Element<'a, 'a>, depth: usize) -> Result<Sized, Failure> {
        let at = element.range().start;
        self.spend(1).map_err(|it| (it, at))?;
        if depth > MAX_DEPTH {
            return Err((Problem::TooDeep, at));
        }
        if element.namespace() != Some(NAMESPACE) {
            return Err((unknown(element), at));
        }
        match element.name() {
            "Obj" => self.object(element, depth),
            "Ref" => self.reference(element, depth).map_err(|it| (it, at)),
            _ => match primitive::read(element) {
                Some(read) => Ok(Sized::leaf(read.map_err(|it| (it, at))?)),
                None => Err((unknown(element), at)),
            },
        }
    }

    fn spend(&mut self, values: usize) -> Result<(), Problem> {
        self.values = self.values.saturating_add(values);
        match self.values > MAX_VALUES {
            true => Err(Problem::TooMany),
            false => Ok(()),
        }
    }

    fn reference(&mut self, element: Element<'a, 'a>, depth: usize) -> Result<Sized, Problem> {
        let id = element.attribute("RefId").unwrap_or_default();
        if self.open.contains(id) {
            return Err(Problem::Cycle { id: id.to_owned() });
        }
        let Some(found) = self.closed.get(id) else {
            return Err(Problem::NoReference { id: id.to_owned() });
        };
        let (values, height) = (found.values, found.height);
        if depth + height > MAX_DEPTH + 1 {
            return Err(Problem::TooDeep);
        }
        self.spend(values)?;
        let found = self.closed.get(id).cloned();
        found.ok_or_else(|| Problem::NoReference { id: id.to_owned() })
    }

    fn object(&mut self, element: Element<'a, 'a>, depth: usize) -> Result<Sized, Failure> {
        let at = element.range().start;
        let id = element.attribute("RefId");
        if let Some(id) = id
            && (self.closed.contains_key(id) || !self.open.insert(id))
        {
            return Err((Problem::SameReference { id: id.to_owned() }, at));
        }
        let before = self.values;
        let mut parts = Parts::default();
        for child in element.children() {
            self.part(child, depth, &mut parts)?;
        }
        let read = Sized {
            value: parts.value(),
            values: self.values - before + 1,
            height: parts.height + 1,
        };
        if let Some(id) = id {
            self.open.remove(id);
            if self.referred.contains(id) {
                self.spend(read.values).map_err(|it| (it, at))?;
                self.closed.insert(id, read.clone());
            }
        }
        Ok(read)
    }

    fn part(
        &mut self,
        element: Element<'a, 'a>,
        depth: usize,
        parts: &mut Parts,
    ) -> Result<(), Failure> {
        let at = element.range().start;
        if element.namespace() != Some(NAMESPACE) {
            return Err((unknown(element), at));
        }
        match element.name() {
            "TN" => {
                self.types.extend(element.attribute("RefId"));
                let mut names = element.children();
                match names.find(|it| !it.is(NAMESPACE, "T")) {
                    Some(other) => Err((unknown(other), other.range().start)),
                    None => Ok(()),
                }
            }
            "TNRef" => {
                let id = element.attribute("RefId").unwrap_or_default();
                match self.types.contains(id) {
                    true => Ok(()),
                    false => Err((Problem::NoReference { id: id.to_owned() }, at)),
                }
            }
            "ToString" => {
                let text = primitive::text(element).map_err(|it| (it, at))?;
                parts.object.text = Some(text);
                Ok(())
            }
            "Props" | "MS" => self.fields(element, depth, parts),
            "LST" | "QUE" | "STK" | "IE" => self.list(element, depth, parts),
            "DCT" => self.dictionary(element, depth, parts),
            _ => {
                let read = self.value(element, depth + 1)?;
                parts.height = parts.height.max(read.height);
                parts.object.underlying = Some(Box::new(read.value));
                Ok(())
            }
        }
    }

    fn fields(
        &mut self,
        element: Element<'a, 'a>,
        depth: usize,
        parts: &mut Parts,
    ) -> Result<(), Failure> {
        for child in element.children() {
            let at = child.range().start;
            let name = child.attribute("N").unwrap_or_default();
            let name = primitive::unescaped(name).ok_or((malformed(child, "a name"), at))?;
            let read = self.value(child, depth + 1)?;
            parts.put(name, read).map_err(|it| (it, at))?;
        }
        Ok(())
    }

    fn list(
        &mut self,
        element: Element<'a, 'a>,
        depth: usize,
        parts: &mut Parts,
    ) -> Result<(), Failure> {
        let mut list = Vec::new();
        for child in element.children() {
            let read = self.value(child, depth + 1)?;
            parts.height = parts.height.max(read.height);
            list.push(read.value);
        }
        parts.list = Some(list);
        Ok(())
    }

    fn dictionary(
        &mut self,
        element: Element<'a, 'a>,
        depth: usize,
        parts: &mut Parts,
    ) -> Result<(), Failure> {
        for entry in element.children() {
            let at = entry.range().start;
            let mut inside = entry.children();
            let (key, value) = (inside.next(), inside.next());
            let (Some(key), Some(value), None) = (key, value, inside.next()) else {
                return Err((malformed(entry, "a key and its value"), at));
            };
            let is_entry = entry.is(NAMESPACE, "En")
                && key.attribute("N") == Some("Key")
                && value.attribute("N") == Some("Value");
            if !is_entry {
                return Err((malformed(entry, "a key and its value"), at));
            }
            let Value::Text(name) = self.value(key, depth + 1)?.value else {
                return Err((malformed(key, "a text"), key.range().start));
            };
            let read = self.value(value, depth + 1)?;
            parts.put(name, read).map_err(|it| (it, at))?;
        }
        Ok(())
    }
}

impl Parts {
    fn put(&mut self, name: String, read: Sized) -> Result<(), Problem> {
        if !self.names.insert(name.to_ascii_lowercase()) {
            return Err(Problem::Twice { name });
        }
        self.height = self.height.max(read.height);
        self.object.fields.push((name, read.value));
        Ok(())
    }

    /// A list, a value that was only wrapped, or an object.
    fn value(&mut self) -> Value {
        let object = std::mem::take(&mut self.object);
        if let Some(list) = self.list.take() {
            return Value::List(list);
        }
        match object {
            Object {
                text: None,
                underlying: Some(value),
                fields,
            } if fields.is_empty() => *value,
            object => Value::Object(object),
        }
    }
}

fn unknown(element: Element<'_, '_>) -> Problem {
    Problem::Element {
        name: element.name().chars().take(MAX_NAME).collect(),
    }
}

fn malformed(element: Element<'_, '_>, expected: &'static str) -> Problem {
    Problem::Malformed {
        name: element.name().chars().take(MAX_NAME).collect(),
        expected,
    }
}

/// Most characters of a name that are told.
const MAX_NAME: usize = 64;

#[cfg(test)]
mod tests;
