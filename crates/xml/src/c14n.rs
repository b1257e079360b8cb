//! Exclusive XML canonicalisation 1.0 without comments (W3C xml-exc-c14n section 3).
//!
//! Works on whole elements only: no node sets, no XPath. Its size is bounded, because a namespace
//! declared once may have to be written for each of many elements. Start at [`exclusive`].

use std::collections::BTreeSet;

use thiserror::Error;

use crate::tree::XML_NAMESPACE;
use crate::{Element, write};

/// Largest canonical form, in bytes.
pub const MAX_CANONICAL_BYTES: usize = 1024 * 1024;

/// The algorithm's name.
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// The canonical form of an element.
///
/// `inclusive_prefixes` is the InclusiveNamespaces PrefixList; `#default` stands for no prefix.
pub fn exclusive(
    element: Element<'_, '_>,
    inclusive_prefixes: &[&str],
) -> Result<String, CanonicalFormTooLarge> {
    canonicalize(element, None, inclusive_prefixes)
}

/// The canonical form of an element without one of the elements inside: the enveloped-signature
/// transform (XML-DSIG 6.6.4).
pub fn exclusive_without(
    element: Element<'_, '_>,
    without: Element<'_, '_>,
    inclusive_prefixes: &[&str],
) -> Result<String, CanonicalFormTooLarge> {
    canonicalize(element, Some(without), inclusive_prefixes)
}

/// The canonical form has more than [`MAX_CANONICAL_BYTES`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the canonical form is larger than {MAX_CANONICAL_BYTES} bytes")]
pub struct CanonicalFormTooLarge;

fn canonicalize(
    element: Element<'_, '_>,
    without: Option<Element<'_, '_>>,
    inclusive_prefixes: &[&str],
) -> Result<String, CanonicalFormTooLarge> {
    let inclusive = inclusive_prefixes
        .iter()
        .map(|prefix| if *prefix == "#default" { "" } else { prefix })
        .collect();
    let mut canonical = Canonical {
        out: String::new(),
        rendered: Vec::new(),
        without,
        inclusive,
    };
    canonical.element(element)?;
    Ok(canonical.out)
}

/// The form as far as it is written; no prefix is the empty one.
struct Canonical<'a, 'input, 'p> {
    out: String,
    rendered: Vec<(&'input str, &'a str)>,
    without: Option<Element<'p, 'p>>,
    inclusive: BTreeSet<&'p str>,
}

impl<'a, 'input> Canonical<'a, 'input, '_> {
    fn element(&mut self, element: Element<'a, 'input>) -> Result<(), CanonicalFormTooLarge> {
        let rendered_before = self.rendered.len();
        self.out.push('<');
        self.name(element);
        self.namespaces(element);
        self.attributes(element);
        self.out.push('>');
        for child in element.node().children() {
            if child.is_element() {
                let child = Element::of(child);
                if self
                    .without
                    .is_none_or(|without| without.range() != child.range())
                {
                    self.element(child)?;
                }
            } else if child.is_text() {
                write::escape_text(child.text().unwrap_or(""), &mut self.out);
            }
        }
        self.out.push_str("</");
        self.name(element);
        self.out.push('>');
        self.rendered.truncate(rendered_before);
        if self.out.len() > MAX_CANONICAL_BYTES {
            return Err(CanonicalFormTooLarge);
        }
        Ok(())
    }

    fn name(&mut self, element: Element<'a, 'input>) {
        if let Some(prefix) = element.prefix() {
            self.out.push_str(prefix);
            self.out.push(':');
        }
        self.out.push_str(element.name());
    }

    /// Writes what the element uses, and what is to be treated inclusively, where an element around
    /// it has not written the same.
    fn namespaces(&mut self, element: Element<'a, 'input>) {
        let source = element.node().document().input_text();
        let mut prefixes = vec![element.prefix().unwrap_or("")];
        prefixes.extend(
            element
                .attributes()
                .filter_map(|attribute| attribute.prefix(source)),
        );
        let declared = element
            .node()
            .namespaces()
            .map(|namespace| namespace.name().unwrap_or(""));
        prefixes.extend(declared.filter(|prefix| self.inclusive.contains(prefix)));
        prefixes.sort_unstable();
        prefixes.dedup();
        for prefix in prefixes.into_iter().filter(|prefix| *prefix != "xml") {
            let name = Some(prefix).filter(|prefix| !prefix.is_empty());
            let uri = element.namespace_of(name).unwrap_or("");
            let mut around = self.rendered.iter().rev();
            let written = around
                .find(|(written, _)| *written == prefix)
                .map_or("", |(_, uri)| uri);
            if written == uri {
                continue;
            }
            self.rendered.push((prefix, uri));
            self.out.push_str(if prefix.is_empty() {
                " xmlns"
            } else {
                " xmlns:"
            });
            self.out.push_str(prefix);
            self.value(uri);
        }
    }

    fn attributes(&mut self, element: Element<'a, 'input>) {
        let source = element.node().document().input_text();
        let mut attributes: Vec<_> = element.attributes().collect();
        attributes.sort_by_key(|attribute| {
            let is_xml = attribute.prefix(source) == Some("xml");
            let namespace = if is_xml {
                Some(XML_NAMESPACE)
            } else {
                attribute.namespace()
            };
            (namespace.unwrap_or(""), attribute.name())
        });
        for attribute in attributes {
            self.out.push(' ');
            if let Some(prefix) = attribute.prefix(source) {
                self.out.push_str(prefix);
                self.out.push(':');
            }
            self.out.push_str(attribute.name());
            self.value(attribute.value());
        }
    }

    /// SPEC: canonical XML 2.3 leaves `>` and `'` in attribute values as they are.
    fn value(&mut self, value: &str) {
        self.out.push_str("=\"");
        for character in value.chars() {
            match character {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '"' => self.out.push_str("&quot;"),
                '\t' => self.out.push_str("&#x9;"),
                '\n' => self.out.push_str("&#xA;"),
                '\r' => self.out.push_str("&#xD;"),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }
}

#[cfg(test)]
mod tests;
