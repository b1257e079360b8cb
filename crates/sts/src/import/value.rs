//! What an export says, whichever way it was written: one kind of value for JSON and CLIXML.
//!
//! Nothing is understood here; what a field means, the tables of `fields` say.

/// A value of PowerShell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text; a number that is not whole, an address, a time and a span of time are texts, too.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    List(Vec<Self>),
    /// An object, or a dictionary.
    Object(Object),
    /// Something that is never kept: a secure string, a script, a document.
    Withheld,
}

/// An object with its fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// What it calls itself in one line, where that is said.
    pub text: Option<String>,
    /// What it is made from, where it is little more than that: an enumeration's number.
    pub underlying: Option<Box<Value>>,
    /// Its fields, in the order in which they stand; no name is there twice.
    pub fields: Vec<(String, Value)>,
}

impl Object {
    /// The value of a field, in any case of its letters, as PowerShell has it.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&Value> {
        let mut fields = self.fields.iter();
        let found = fields.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

impl Value {
    /// The objects of an export: one that stands alone is a list of one, and a list that PowerShell has wrapped is its
    /// entries.
    #[must_use]
    pub fn entries(&self) -> &[Self] {
        match self {
            Self::Null => &[],
            Self::List(list) => list,
            Self::Object(object) => match wrapped(object) {
                Some(list) => list,
                None => std::slice::from_ref(self),
            },
            _ => std::slice::from_ref(self),
        }
    }
}

/// INTEROP: PowerShell 5 writes some arrays as `{"value": […], "Count": n}`.
fn wrapped(object: &Object) -> Option<&[Value]> {
    match (
        object.fields.len(),
        object.field("value"),
        object.field("Count"),
    ) {
        (2, Some(Value::List(list)), Some(Value::Number(_))) => Some(list),
        _ => None,
    }
}
