//! What is not taken of a file, where it stands, and why.

use std::collections::BTreeMap;
use std::fmt;

use super::{ImportedToken, LineError};
use crate::pskc::KeyError;

/// A token of a file, or why it is none.
pub type Entry = Result<ImportedToken, Refused>;

/// An entry that is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct Refused {
    /// Where it stands.
    pub place: Place,
    /// Why.
    pub why: Why,
}

/// Where an entry of a file stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a PSKC file.
    Key {
        /// Which key it is, from 1.
        number: usize,
        /// Its serial number, or its id where it has none.
        name: Option<String>,
    },
    /// In a list.
    Line {
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
}

/// Why an entry is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The key of a PSKC file is not.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The line of a list is not.
    #[error(transparent)]
    Line(#[from] LineError),
    /// There is another of the same serial number.
    #[error("the serial number `{serial}` stands there already, at {first}")]
    Twice {
        /// Which.
        serial: String,
        /// Where it stands first.
        first: Place,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { number, name: None } => write!(f, "key {number}"),
            Self::Key {
                number,
                name: Some(name),
            } => write!(f, "key {number} (`{name}`)"),
            Self::Line { line, column } => write!(f, "line {line}, column {column}"),
        }
    }
}

/// Refuses each token whose serial number stands there before: nobody could say which of them is meant.
pub(crate) fn refuse_twins(entries: Vec<(Place, Entry)>) -> Vec<Entry> {
    let mut seen: BTreeMap<String, Place> = BTreeMap::new();
    let mut checked = Vec::with_capacity(entries.len());
    for (place, entry) in entries {
        let twin = entry.as_ref().ok().and_then(|token| {
            let first = seen.get(&token.serial)?.clone();
            let serial = token.serial.clone();
            Some(Why::Twice { serial, first })
        });
        if let Some(why) = twin {
            checked.push(Err(Refused { place, why }));
            continue;
        }
        if let Ok(token) = &entry {
            seen.insert(token.serial.clone(), place);
        }
        checked.push(entry);
    }
    checked
}
