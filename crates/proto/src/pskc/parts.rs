//! The parts of an element: each known, each there once, the rest refused.

use xml::Element;

use super::key::KeyError;
use super::{NAMESPACE, shortened};

/// The parts that were found.
pub(super) struct Parts<'a, 'i> {
    of: &'static str,
    found: Vec<(&'static str, Element<'a, 'i>)>,
}

/// What is done with a part of a foreign namespace.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// It is passed over: the schema lets anything stand there.
    PassedOver,
    /// It is refused.
    Refused,
}

impl<'a, 'i> Parts<'a, 'i> {
    /// Reads the parts of an element; `Extensions` may stand anywhere and say nothing here.
    pub(super) fn of(
        element: Element<'a, 'i>,
        name: &'static str,
        known: &[&'static str],
        foreign: Foreign,
    ) -> Result<Self, KeyError> {
        let mut parts = Self {
            of: name,
            found: Vec::with_capacity(known.len()),
        };
        for part in element.children() {
            let is_ours = part.namespace() == Some(NAMESPACE);
            if !is_ours && foreign == Foreign::PassedOver {
                continue;
            }
            let name = known.iter().find(|known| is_ours && part.name() == **known);
            let Some(name) = name else {
                if is_ours && part.name() == "Extensions" && foreign == Foreign::PassedOver {
                    continue;
                }
                return Err(KeyError::Unknown {
                    inside: parts.of,
                    got: shortened(part.name()),
                });
            };
            if parts.get(name).is_some() {
                return Err(KeyError::Repeated { element: name });
            }
            parts.found.push((name, part));
        }
        Ok(parts)
    }

    /// A part, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<Element<'a, 'i>> {
        let mut found = self.found.iter();
        found
            .find(|(known, _)| *known == name)
            .map(|(_, part)| *part)
    }

    /// A part that must be there.
    pub(super) fn need(&self, name: &'static str) -> Result<Element<'a, 'i>, KeyError> {
        self.get(name).ok_or(KeyError::Missing {
            inside: self.of,
            element: name,
        })
    }

    /// A part that is a text; one that is empty says as little as none.
    pub(super) fn text(&self, name: &'static str) -> Result<Option<String>, KeyError> {
        let Some(part) = self.get(name) else {
            return Ok(None);
        };
        let text = part.text();
        let is_text = part.children().next().is_none();
        if is_text && text.trim().is_empty() {
            return Ok(None);
        }
        let text = crate::seed_list::text(&text);
        text.filter(|_| is_text).map(Some).ok_or(KeyError::Wrong {
            element: name,
            expected: "a text of at most 100 characters",
        })
    }
}
