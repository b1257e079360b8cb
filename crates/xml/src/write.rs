//! Writing: elements built as values, so that what comes out is well formed by construction.
//!
//! Names and prefixes are constants of the program, values are escaped, and ready-made XML enters
//! only as [`Verbatim`], which was parsed first. Start at [`element`].

use std::borrow::Cow;

use crate::{Document, Limits, ParseError};

/// Begins an element; the name may bear a prefix that this element or one around it declares.
pub fn element(name: &'static str) -> Element {
    Element {
        name,
        namespaces: Vec::new(),
        attributes: Vec::new(),
        content: Vec::new(),
    }
}

/// An element to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    name: &'static str,
    namespaces: Vec<(&'static str, Cow<'static, str>)>,
    attributes: Vec<(&'static str, String)>,
    content: Vec<Content>,
}

impl Element {
    /// Declares a prefix, or with an empty one the default namespace.
    #[must_use]
    pub fn namespace(mut self, prefix: &'static str, uri: impl Into<Cow<'static, str>>) -> Self {
        self.namespaces.push((prefix, uri.into()));
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Adds an attribute if there is a value.
    #[must_use]
    pub fn attribute_if(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.attribute(name, value),
            None => self,
        }
    }

    /// Adds character data.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.content.push(Content::Text(text.into()));
        self
    }

    /// Adds an element inside.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.content.push(Content::Element(child));
        self
    }

    /// Adds several elements inside.
    #[must_use]
    pub fn children(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.content
            .extend(children.into_iter().map(Content::Element));
        self
    }

    /// Adds ready-made XML inside, byte for byte.
    #[must_use]
    pub fn verbatim(mut self, verbatim: Verbatim) -> Self {
        self.content.push(Content::Verbatim(verbatim));
        self
    }

    /// Writes the element without an XML declaration.
    pub fn to_xml(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    /// Writes the element behind an XML declaration.
    pub fn to_document(&self) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>");
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        out.push('<');
        out.push_str(self.name);
        for (prefix, uri) in &self.namespaces {
            out.push_str(if prefix.is_empty() {
                " xmlns"
            } else {
                " xmlns:"
            });
            out.push_str(prefix);
            write_value(uri, out);
        }
        for (name, value) in &self.attributes {
            out.push(' ');
            out.push_str(name);
            write_value(value, out);
        }
        if self.content.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for content in &self.content {
            match content {
                Content::Element(element) => element.write(out),
                Content::Text(text) => escape_text(text, out),
                Content::Verbatim(verbatim) => out.push_str(&verbatim.0),
            }
        }
        out.push_str("</");
        out.push_str(self.name);
        out.push('>');
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    Element(Element),
    Text(String),
    Verbatim(Verbatim),
}

/// One element as text, known to parse by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verbatim(String);

impl Verbatim {
    /// Takes a text that is one element with every prefix declared on it.
    pub fn parse(text: impl Into<String>) -> Result<Self, ParseError> {
        Self::parse_within(text, Limits::DEFAULT)
    }

    /// Takes a text within the caller's limits; an XML declaration before the element is left out.
    pub fn parse_within(text: impl Into<String>, limits: Limits) -> Result<Self, ParseError> {
        let text = text.into();
        let root = Document::parse_within(&text, limits)?
            .root()
            .source()
            .to_owned();
        Ok(Self(root))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn known(text: String) -> Self {
        Self(text)
    }

    /// Whatever the limits were within which it was taken.
    pub(crate) fn document(&self) -> Result<Document<'_>, ParseError> {
        let limits = Limits {
            bytes: self.0.len(),
            namespace_declarations: usize::MAX,
            nodes: u32::MAX,
            ..Limits::DEFAULT
        };
        Document::parse_within(&self.0, limits)
    }
}

/// Escapes character data; what XML cannot carry becomes U+FFFD.
pub fn escape_text(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(carried(other)),
        }
    }
}

/// Escapes an attribute value for either kind of quote; what XML cannot carry becomes U+FFFD.
pub fn escape_attribute(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(carried(other)),
        }
    }
}

fn write_value(value: &str, out: &mut String) {
    out.push_str("=\"");
    escape_attribute(value, out);
    out.push('"');
}

/// SPEC: XML 1.0 2.2, `Char`.
fn carried(character: char) -> char {
    match character {
        '\t' | '\n' | ' '..='\u{fffd}' | '\u{10000}'.. => character,
        _ => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(element: &Element, expected: Expect) {
        expected.assert_eq(&element.to_xml());
        Document::parse(&element.to_document()).expect("what is written parses");
    }

    #[test]
    fn elements_attributes_and_texts_are_written() {
        check(
            &element("s:a")
                .namespace("s", "urn:s")
                .namespace("", "urn:d")
                .attribute("k", "v")
                .attribute_if("absent", None::<String>)
                .child(element("b").text("x"))
                .child(element("c")),
            expect![[r#"<s:a xmlns:s="urn:s" xmlns="urn:d" k="v"><b>x</b><c/></s:a>"#]],
        );
    }

    #[test]
    fn values_cannot_leave_their_place() {
        let hostile = "\"'><evil a=\"&lt;\r\n\t]]>\u{0}\u{fffe}";
        let written = element("a").attribute("k", hostile).text(hostile);
        check(
            &written,
            expect![[r#"
                <a k="&quot;&#39;>&lt;evil a=&quot;&amp;lt;&#xD;&#xA;&#x9;]]>��">"'&gt;&lt;evil a="&amp;lt;&#xD;
                	]]&gt;��</a>"#]],
        );
        let text = written.to_xml();
        let document = Document::parse(&text).unwrap();
        let expected = hostile.replace(['\u{0}', '\u{fffe}'], "\u{fffd}");
        assert_eq!(document.root().attribute("k"), Some(expected.as_str()));
        assert_eq!(document.root().text(), expected);
        assert_eq!(document.root().descendants().count(), 1);
    }

    #[test]
    fn verbatim_keeps_bytes_and_must_parse_by_itself() {
        let verbatim =
            Verbatim::parse("<?xml version='1.0'?><x:a xmlns:x='urn:x'  k = '1'/>").unwrap();
        check(
            &element("b").verbatim(verbatim),
            expect!["<b><x:a xmlns:x='urn:x'  k = '1'/></b>"],
        );
        assert!(Verbatim::parse("<x:a/>").is_err());
        assert!(Verbatim::parse("<a/><b/>").is_err());
        assert!(Verbatim::parse("</b>").is_err());
    }
}
