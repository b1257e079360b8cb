//! Values of messages: one element each, characters only, of bounded length.
//!
//! A repeated element is refused, because two readers might each take another one of the two.

use thiserror::Error;
use xml::Element;

/// Longest value of any element or attribute that is a name, an address or an id, in bytes.
pub const MAX_VALUE_BYTES: usize = 2048;

/// Why the value of an element is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ValueError {
    /// The element stands more than once where it may stand once.
    #[error("`{name}` is repeated")]
    Repeated {
        /// The element's local name.
        name: &'static str,
    },
    /// The element holds other elements where it may hold characters only.
    #[error("`{name}` holds elements")]
    HoldsElements {
        /// The element's local name.
        name: &'static str,
    },
    /// The element holds more characters than the limit.
    #[error("`{name}` is longer than {limit} bytes")]
    TooLong {
        /// The element's local name.
        name: &'static str,
        /// The limit in bytes.
        limit: usize,
    },
}

/// The one child of this name, if there is one.
pub(crate) fn only_child<'a, 'input>(
    parent: Element<'a, 'input>,
    namespace: &str,
    name: &'static str,
) -> Result<Option<Element<'a, 'input>>, ValueError> {
    let mut found = parent.children().filter(|child| child.is(namespace, name));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(ValueError::Repeated { name }),
        (child, None) => Ok(child),
    }
}

/// The characters of an element, trimmed.
pub(crate) fn text(
    element: Element<'_, '_>,
    name: &'static str,
    limit: usize,
) -> Result<String, ValueError> {
    if element.children().next().is_some() {
        return Err(ValueError::HoldsElements { name });
    }
    let text = element.text();
    let trimmed = text.trim_ascii();
    if trimmed.len() > limit {
        return Err(ValueError::TooLong { name, limit });
    }
    Ok(trimmed.to_owned())
}

/// The trimmed characters of the one child of this name, if there is one.
pub(crate) fn child_text(
    parent: Element<'_, '_>,
    namespace: &str,
    name: &'static str,
) -> Result<Option<String>, ValueError> {
    only_child(parent, namespace, name)?
        .map(|child| text(child, name, MAX_VALUE_BYTES))
        .transpose()
}
