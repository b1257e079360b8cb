//! What an element may hold: a list of names, and nothing beside them.
//!
//! SECURITY: what is forwarded as it came must have been read as a whole; what stands beside the
//! list might mean something to the next reader. Start at [`holds_each_once`].

use thiserror::Error;
use xml::Element;

use super::value::{ValueError, only_child};

/// Longest name that an error repeats, in characters.
const MAX_SHOWN_NAME: usize = 64;

/// Something that stands where it may not.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ContentError {
    /// An element or an attribute that is not on the list.
    #[error("`{name}` may not stand in `{inside}`")]
    Unexpected {
        /// Its local name, cut off where it is long.
        name: String,
        /// The local name of the element around it.
        inside: &'static str,
    },
    /// Characters where only elements may stand.
    #[error("`{inside}` holds characters")]
    Characters {
        /// The local name of the element that holds them.
        inside: &'static str,
    },
    /// A value is repeated or holds elements.
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl ContentError {
    pub(crate) fn unexpected(name: &str, inside: &'static str) -> Self {
        Self::Unexpected {
            name: name.chars().take(MAX_SHOWN_NAME).collect(),
            inside,
        }
    }
}

/// Demands that nothing but these elements (namespace, local name) stands directly inside.
pub(crate) fn holds_only(
    element: Element<'_, '_>,
    inside: &'static str,
    allowed: &[(&str, &'static str)],
) -> Result<(), ContentError> {
    let is_allowed = |child: &Element<'_, '_>| {
        allowed
            .iter()
            .any(|(namespace, name)| child.is(namespace, name))
    };
    if let Some(other) = element.children().find(|child| !is_allowed(child)) {
        return Err(ContentError::unexpected(other.name(), inside));
    }
    if element.holds_text() {
        return Err(ContentError::Characters { inside });
    }
    Ok(())
}

/// Demands that nothing but these elements stands directly inside, and none of them twice.
pub(crate) fn holds_each_once(
    element: Element<'_, '_>,
    inside: &'static str,
    allowed: &[(&str, &'static str)],
) -> Result<(), ContentError> {
    holds_only(element, inside, allowed)?;
    for (namespace, name) in allowed {
        only_child(element, namespace, name)?;
    }
    Ok(())
}

/// Demands that an element has no attributes but these, which are in no namespace.
pub(crate) fn bears_only(
    element: Element<'_, '_>,
    inside: &'static str,
    allowed: &[&str],
) -> Result<(), ContentError> {
    let mut attributes = element.attributes();
    let other = attributes
        .find(|attribute| attribute.namespace().is_some() || !allowed.contains(&attribute.name()));
    match other {
        Some(other) => Err(ContentError::unexpected(other.name(), inside)),
        None => Ok(()),
    }
}

/// Demands that an element holds characters only.
pub(crate) fn holds_no_elements(
    element: Element<'_, '_>,
    name: &'static str,
) -> Result<(), ContentError> {
    match element.children().next() {
        Some(_) => Err(ValueError::HoldsElements { name }.into()),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use xml::Document;

    fn refusal(text: &str) -> ContentError {
        let document = Document::parse(text).unwrap();
        holds_each_once(document.root(), "a", &[("urn:x", "b")]).unwrap_err()
    }

    #[test]
    fn what_is_not_on_the_list_is_named() {
        let unexpected = |name| ContentError::unexpected(name, "a");
        assert_eq!(refusal("<a xmlns='urn:x'><b/><c/></a>"), unexpected("c"));
        assert_eq!(refusal("<a><b/></a>"), unexpected("b"));
        assert_eq!(
            refusal("<a xmlns='urn:x'><b/>x</a>"),
            ContentError::Characters { inside: "a" }
        );
        assert_eq!(
            refusal("<a xmlns='urn:x'><b/><b/></a>"),
            ValueError::Repeated { name: "b" }.into()
        );
        assert_eq!(
            refusal("<a><c/></a>").to_string(),
            "`c` may not stand in `a`"
        );
    }

    #[test]
    fn a_long_name_is_cut_off() {
        let error = refusal(&format!("<a><{}/></a>", "é".repeat(1000)));
        assert_eq!(error, unexpected_of(&"é".repeat(64)));
    }

    fn unexpected_of(name: &str) -> ContentError {
        ContentError::Unexpected {
            name: name.to_owned(),
            inside: "a",
        }
    }
}
