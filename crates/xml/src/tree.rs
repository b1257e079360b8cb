//! Reading: documents and elements over the one tokenizer (XML 1.0, Namespaces in XML 1.0).
//!
//! Names are always asked for with their namespace, texts are never cut short by a comment, and
//! every element knows its bytes in the source. Start at [`Document::parse`].

use std::ops::Range;

use crate::parse::{self, Limits, ParseError};

/// A parsed document.
#[derive(Debug)]
pub struct Document<'input> {
    tree: roxmltree::Document<'input>,
}

impl<'input> Document<'input> {
    /// Parses a text within [`Limits::DEFAULT`].
    ///
    /// **Trusts** nothing; **proves** well-formedness, no document type, no processing instruction.
    pub fn parse(text: &'input str) -> Result<Self, ParseError> {
        Self::parse_within(text, Limits::DEFAULT)
    }

    /// Parses UTF-8 bytes within [`Limits::DEFAULT`].
    pub fn parse_bytes(bytes: &'input [u8]) -> Result<Self, ParseError> {
        Self::parse_bytes_within(bytes, Limits::DEFAULT)
    }

    /// Parses UTF-8 bytes within the caller's limits.
    pub fn parse_bytes_within(bytes: &'input [u8], limits: Limits) -> Result<Self, ParseError> {
        Self::parse_within(parse::decode(bytes, limits)?, limits)
    }

    /// Parses a text within the caller's limits.
    pub fn parse_within(text: &'input str, limits: Limits) -> Result<Self, ParseError> {
        parse::check(text, limits)?;
        let options = roxmltree::ParsingOptions {
            allow_dtd: false,
            nodes_limit: limits.nodes,
            ..Default::default()
        };
        let tree =
            roxmltree::Document::parse_with_options(text, options).map_err(
                |error| match error {
                    roxmltree::Error::DtdDetected => ParseError::DocumentType,
                    roxmltree::Error::NodesLimitReached => ParseError::TooManyNodes {
                        limit: limits.nodes,
                    },
                    other => {
                        let at = other.pos();
                        ParseError::NotWellFormed {
                            line: at.row,
                            column: at.col,
                        }
                    }
                },
            )?;
        Ok(Self { tree })
    }

    /// The outermost element.
    pub fn root(&self) -> Element<'_, 'input> {
        Element {
            node: self.tree.root_element(),
        }
    }

    /// The text that was parsed; ranges count its bytes.
    pub fn source(&self) -> &'input str {
        self.tree.input_text()
    }
}

/// One element of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element<'a, 'input> {
    node: roxmltree::Node<'a, 'input>,
}

impl<'a, 'input> Element<'a, 'input> {
    /// The local name.
    pub fn name(&self) -> &'input str {
        self.node.tag_name().name()
    }

    /// The namespace, if the element is in one.
    pub fn namespace(&self) -> Option<&'a str> {
        self.node
            .tag_name()
            .namespace()
            .filter(|namespace| !namespace.is_empty())
    }

    /// Whether the element has this namespace and local name.
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.name() == name && self.namespace() == Some(namespace)
    }

    /// The value of an attribute that is in no namespace.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.attributes()
            .find(|attribute| attribute.name() == name && attribute.namespace().is_none())
            .map(|attribute| attribute.value())
    }

    /// The value of an attribute in a namespace.
    pub fn attribute_ns(&self, namespace: &str, name: &str) -> Option<&'a str> {
        self.attributes()
            .find(|attribute| attribute.name() == name && attribute.namespace() == Some(namespace))
            .map(|attribute| attribute.value())
    }

    /// All attributes in document order, without namespace declarations.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a, 'input>> + use<'a, 'input> {
        self.node
            .attributes()
            .map(|attribute| Attribute { attribute })
    }

    /// The elements directly inside.
    pub fn children(&self) -> impl Iterator<Item = Self> + use<'a, 'input> {
        self.node
            .children()
            .filter(roxmltree::Node::is_element)
            .map(|node| Self { node })
    }

    /// The first element directly inside that has this namespace and local name.
    pub fn child(&self, namespace: &str, name: &str) -> Option<Self> {
        self.children().find(|child| child.is(namespace, name))
    }

    /// The element itself and all elements inside, in document order.
    pub fn descendants(&self) -> impl Iterator<Item = Self> + use<'a, 'input> {
        self.node
            .descendants()
            .filter(roxmltree::Node::is_element)
            .map(|node| Self { node })
    }

    /// The element around this one.
    pub fn parent(&self) -> Option<Self> {
        self.node.parent_element().map(|node| Self { node })
    }

    /// All character data directly inside, joined; comments leave no trace.
    pub fn text(&self) -> String {
        self.node
            .children()
            .filter(|node| node.is_text())
            .filter_map(|node| node.text())
            .collect()
    }

    /// Whether a comment stands anywhere inside.
    pub fn holds_comment(&self) -> bool {
        self.node.descendants().any(|node| node.is_comment())
    }

    /// Whether a comment stands beside character data other than white space, in one element anywhere
    /// inside: a careless reader takes such a text for what stands before the comment.
    pub fn holds_text_with_comment(&self) -> bool {
        let holds_comment = |it: &Self| it.node.children().any(|node| node.is_comment());
        self.descendants()
            .any(|it| holds_comment(&it) && it.holds_text())
    }

    /// Whether character data other than white space stands directly inside.
    pub fn holds_text(&self) -> bool {
        self.node
            .children()
            .filter_map(|node| if node.is_text() { node.text() } else { None })
            .any(|text| !text.trim_ascii().is_empty())
    }

    /// The bytes of the element in [`Document::source`], tags included.
    pub fn range(&self) -> Range<usize> {
        self.node.range()
    }

    /// The bytes between the tags; `None` for an element without content.
    pub fn inner_range(&self) -> Option<Range<usize>> {
        let first = self.node.first_child()?;
        // The range of a text ends with its first part, where CDATA stands in it. No end tag has another inside.
        let end_tag = self.source().rfind("</")?;
        Some(first.range().start..self.range().start + end_tag)
    }

    /// The element as it stands in the source, byte for byte.
    pub fn source(&self) -> &'input str {
        self.node
            .document()
            .input_text()
            .get(self.range())
            .unwrap_or("")
    }

    /// The prefix with which the element was written.
    pub fn prefix(&self) -> Option<&'input str> {
        let tag = self.source().strip_prefix('<')?;
        let end = tag.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')?;
        prefix_of(tag.get(..end)?)
    }

    /// The namespace that a prefix (or none) stands for here; an undeclared one is `None`.
    pub fn namespace_of(&self, prefix: Option<&str>) -> Option<&'a str> {
        if prefix == Some("xml") {
            return Some(XML_NAMESPACE);
        }
        self.node
            .lookup_namespace_uri(prefix)
            .filter(|namespace| !namespace.is_empty())
    }

    pub(crate) fn outermost(&self) -> Self {
        Self {
            node: self.node.document().root_element(),
        }
    }

    pub(crate) fn node(&self) -> roxmltree::Node<'a, 'input> {
        self.node
    }

    pub(crate) fn of(node: roxmltree::Node<'a, 'input>) -> Self {
        Self { node }
    }
}

/// One attribute of an element.
#[derive(Clone, Copy, Debug)]
pub struct Attribute<'a, 'input> {
    attribute: roxmltree::Attribute<'a, 'input>,
}

impl<'a, 'input> Attribute<'a, 'input> {
    /// The local name.
    pub fn name(&self) -> &'input str {
        self.attribute.name()
    }

    /// The namespace; an attribute without prefix is in none.
    pub fn namespace(&self) -> Option<&'a str> {
        self.attribute.namespace()
    }

    /// The value, normalised as the standard says.
    pub fn value(&self) -> &'a str {
        self.attribute.value()
    }

    /// The bytes of the value in the source, without its quotes.
    pub fn value_range(&self) -> Range<usize> {
        self.attribute.range_value()
    }

    pub(crate) fn prefix(&self, source: &'input str) -> Option<&'input str> {
        prefix_of(source.get(self.attribute.range_qname())?)
    }
}

/// What `xml:` always stands for.
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

fn prefix_of(qualified: &str) -> Option<&str> {
    qualified.split_once(':').map(|(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(text: &str) -> String {
        Document::parse(text).unwrap().root().text()
    }

    #[test]
    fn a_comment_does_not_cut_a_text_short() {
        assert_eq!(text_of("<a>ad<!---->min</a>"), "admin");
        assert_eq!(text_of("<a>ad<![CDATA[m]]>in<!-- x --></a>"), "admin");
        assert_eq!(text_of("<a>x<b>inner</b>y</a>"), "xy");
        assert_eq!(text_of("<a>&lt;&#x41;\r\n&amp;</a>"), "<A\n&");
    }

    #[test]
    fn everything_between_the_tags_is_inside() {
        for inside in [
            "x",
            "<![CDATA[x]]>y",
            "x<![CDATA[y]]>z",
            "<![CDATA[</a>]]> and <![CDATA[x]]>",
            "&lt;<![CDATA[x]]>&amp;",
            "<b/>x<![CDATA[y]]>z<!-- </a> -->",
            "<b>é</b>",
        ] {
            for tags in [("<a>", "</a>"), ("<n:a xmlns:n='urn:n' b='>'>", "</n:a\n>")] {
                let text = format!("{}{inside}{}", tags.0, tags.1);
                let document = Document::parse(&text).unwrap();
                let range = document.root().inner_range().unwrap();
                assert_eq!(text.get(range), Some(inside), "{text}");
            }
        }
    }

    #[test]
    fn attributes_are_found_by_their_namespace() {
        let text = r#"<e xmlns:n="urn:n" n:a="other" a="own"/>"#;
        let document = Document::parse(text).unwrap();
        assert_eq!(document.root().attribute("a"), Some("own"));
        assert_eq!(document.root().attribute_ns("urn:n", "a"), Some("other"));
        assert_eq!(document.root().attribute_ns("urn:m", "a"), None);
        let only_foreign = r#"<e xmlns:n="urn:n" n:a="other"/>"#;
        assert_eq!(
            Document::parse(only_foreign).unwrap().root().attribute("a"),
            None
        );
    }

    #[test]
    fn an_undeclared_default_namespace_is_none() {
        let text = r#"<a xmlns="urn:a"><b xmlns=""/></a>"#;
        let document = Document::parse(text).unwrap();
        let b = document.root().children().next().unwrap();
        assert_eq!(
            (b.name(), b.namespace(), b.namespace_of(None)),
            ("b", None, None)
        );
        assert!(document.root().is("urn:a", "a") && !b.is("urn:a", "b"));
    }

    #[test]
    fn ranges_cut_the_source_verbatim() {
        let text = "\u{feff}<?xml version='1.0'?><x:a xmlns:x='urn:x' k='v&amp;w'><b>é</b></x:a>";
        let document = Document::parse(text).unwrap();
        let root = document.root();
        assert_eq!(root.prefix(), Some("x"));
        assert_eq!(root.children().next().unwrap().source(), "<b>é</b>");
        assert_eq!(text.get(root.inner_range().unwrap()), Some("<b>é</b>"));
        let k = root.attributes().next().unwrap();
        assert_eq!(
            (k.value(), text.get(k.value_range())),
            ("v&w", Some("v&amp;w"))
        );
        assert_eq!(k.prefix(text), None);
    }

    #[test]
    fn comments_and_stray_text_are_seen() {
        let document = Document::parse("<a><b><!-- c --></b>  <d>x</d></a>").unwrap();
        assert!(document.root().holds_comment() && !document.root().holds_text());
        assert!(!document.root().holds_text_with_comment());
        for split in [
            "<a>ad<!-- -->min</a>",
            "<a><b><!-- -->x</b></a>",
            "<a><b>x</b>y<!-- --></a>",
        ] {
            let document = Document::parse(split).unwrap();
            assert!(document.root().holds_text_with_comment(), "{split}");
        }
        assert!(document.root().children().last().unwrap().holds_text());
    }
}
