//! Canonical XML 1.0 and exclusive XML canonicalisation 1.0, each with and without comments (W3C
//! REC-xml-c14n-20010315 and xml-exc-c14n).
//!
//! Works on whole elements only: no node sets, no XPath. Its size is bounded, because a namespace
//! declared once may have to be written for each of many elements. Start at [`canonical`], or at
//! [`exclusive`], which is what this house signs with.

use std::collections::BTreeSet;

use thiserror::Error;

use crate::tree::XML_NAMESPACE;
use crate::{Attribute, Element, write};

/// Largest canonical form, in bytes, of an element of a document that is not larger itself.
pub const MAX_CANONICAL_BYTES: usize = 1024 * 1024;
/// How many times a larger document its canonical form may be.
pub const MAX_CANONICAL_GROWTH: usize = 2;

/// The name of exclusive canonicalisation without comments.
pub const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// Which canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// An element takes along only the namespaces that it uses; comments are left out.
    Exclusive,
    /// The same with comments.
    ExclusiveWithComments,
    /// An element takes along every namespace and `xml:` attribute around it; comments are left out.
    Inclusive,
    /// The same with comments.
    InclusiveWithComments,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 4] = [
        Self::Exclusive,
        Self::ExclusiveWithComments,
        Self::Inclusive,
        Self::InclusiveWithComments,
    ];

    /// The method's name in a message.
    pub fn uri(self) -> &'static str {
        match self {
            Self::Exclusive => EXCLUSIVE,
            Self::ExclusiveWithComments => "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
            Self::Inclusive => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            Self::InclusiveWithComments => {
                "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
            }
        }
    }

    /// The method of a name.
    pub fn parse(uri: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.uri() == uri)
    }

    /// The same method, without comments.
    ///
    /// SPEC: XML-DSIG 4.3.3.3: a reference by id or to the whole document leaves comments out.
    #[must_use]
    pub fn without_comments(self) -> Self {
        match self {
            Self::Exclusive | Self::ExclusiveWithComments => Self::Exclusive,
            Self::Inclusive | Self::InclusiveWithComments => Self::Inclusive,
        }
    }

    /// Whether it is one of the exclusive ones.
    pub fn is_exclusive(self) -> bool {
        matches!(self, Self::Exclusive | Self::ExclusiveWithComments)
    }

    fn keeps_comments(self) -> bool {
        matches!(
            self,
            Self::ExclusiveWithComments | Self::InclusiveWithComments
        )
    }
}

/// The exclusive canonical form of an element, without comments.
///
/// `inclusive_prefixes` is the InclusiveNamespaces PrefixList; `#default` stands for no prefix.
pub fn exclusive(
    element: Element<'_, '_>,
    inclusive_prefixes: &[&str],
) -> Result<String, CanonicalFormTooLarge> {
    canonical(element, None, Method::Exclusive, inclusive_prefixes)
}

/// The exclusive canonical form of an element without one of the elements inside: the
/// enveloped-signature transform (XML-DSIG 6.6.4).
pub fn exclusive_without(
    element: Element<'_, '_>,
    without: Element<'_, '_>,
    inclusive_prefixes: &[&str],
) -> Result<String, CanonicalFormTooLarge> {
    let without = Some(without);
    canonical(element, without, Method::Exclusive, inclusive_prefixes)
}

/// The canonical form of an element by any method, with or without one of the elements inside.
///
/// The list of prefixes means something to the exclusive methods only.
pub fn canonical(
    element: Element<'_, '_>,
    without: Option<Element<'_, '_>>,
    method: Method,
    inclusive_prefixes: &[&str],
) -> Result<String, CanonicalFormTooLarge> {
    let inclusive = inclusive_prefixes
        .iter()
        .map(|prefix| if *prefix == "#default" { "" } else { prefix })
        .collect();
    let source = element.node().document().input_text();
    let grown = source.len().saturating_mul(MAX_CANONICAL_GROWTH);
    let mut canonical = Canonical {
        out: String::new(),
        rendered: Vec::new(),
        without,
        method,
        inclusive,
        at_most: grown.max(MAX_CANONICAL_BYTES),
    };
    let inherited = match method.is_exclusive() {
        true => Vec::new(),
        false => inherited(element),
    };
    canonical.element(element, inherited)?;
    Ok(canonical.out)
}

/// The `xml:` attributes of the elements around, the nearest of each name, which the element itself
/// does not bear.
///
/// SPEC: canonical XML 2.4, document subsets: what the ancestors that are left out say in `xml:`.
fn inherited<'a, 'input>(element: Element<'a, 'input>) -> Vec<Attribute<'a, 'input>> {
    let is_xml = |attribute: &Attribute<'_, '_>| attribute.namespace() == Some(XML_NAMESPACE);
    let own: Vec<&str> = element
        .attributes()
        .filter(is_xml)
        .map(|attribute| attribute.name())
        .collect();
    let mut inherited: Vec<Attribute<'a, 'input>> = Vec::new();
    let mut around = element.parent();
    while let Some(ancestor) = around {
        for attribute in ancestor.attributes().filter(is_xml) {
            let name = attribute.name();
            if !own.contains(&name) && !inherited.iter().any(|nearer| nearer.name() == name) {
                inherited.push(attribute);
            }
        }
        around = ancestor.parent();
    }
    inherited
}

/// The canonical form has more than [`MAX_CANONICAL_BYTES`] bytes, and more than
/// [`MAX_CANONICAL_GROWTH`] times those of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the canonical form is larger than {MAX_CANONICAL_BYTES} bytes")]
pub struct CanonicalFormTooLarge;

/// The form as far as it is written; no prefix is the empty one.
struct Canonical<'a, 'input, 'p> {
    out: String,
    rendered: Vec<(&'input str, &'a str)>,
    without: Option<Element<'p, 'p>>,
    method: Method,
    inclusive: BTreeSet<&'p str>,
    at_most: usize,
}

impl<'a, 'input> Canonical<'a, 'input, '_> {
    fn element(
        &mut self,
        element: Element<'a, 'input>,
        inherited: Vec<Attribute<'a, 'input>>,
    ) -> Result<(), CanonicalFormTooLarge> {
        let rendered_before = self.rendered.len();
        self.out.push('<');
        self.name(element);
        self.namespaces(element);
        self.attributes(element, inherited);
        self.out.push('>');
        for child in element.node().children() {
            if child.is_element() {
                let child = Element::of(child);
                if self
                    .without
                    .is_none_or(|without| without.range() != child.range())
                {
                    self.element(child, Vec::new())?;
                }
            } else if child.is_text() {
                write::escape_text(child.text().unwrap_or(""), &mut self.out);
            } else if child.is_comment() && self.method.keeps_comments() {
                self.comment(child.text().unwrap_or(""));
            }
        }
        self.out.push_str("</");
        self.name(element);
        self.out.push('>');
        self.rendered.truncate(rendered_before);
        if self.out.len() > self.at_most {
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

    /// SPEC: XML 1.0 2.11: what is read has no carriage return, in comments too.
    fn comment(&mut self, text: &str) {
        self.out.push_str("<!--");
        self.out
            .push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
        self.out.push_str("-->");
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
        let is_inclusive = !self.method.is_exclusive();
        if is_inclusive || !self.inclusive.is_empty() {
            let in_scope = element.node().namespaces();
            let in_scope = in_scope.map(|namespace| namespace.name().unwrap_or(""));
            prefixes
                .extend(in_scope.filter(|prefix| is_inclusive || self.inclusive.contains(prefix)));
            // Where the default namespace was undeclared nothing of that name is in scope.
            if is_inclusive || self.inclusive.contains("") {
                prefixes.push("");
            }
        }
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

    fn attributes(&mut self, element: Element<'a, 'input>, inherited: Vec<Attribute<'a, 'input>>) {
        let source = element.node().document().input_text();
        let mut attributes = inherited;
        attributes.extend(element.attributes());
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
