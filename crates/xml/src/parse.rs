//! What is looked at before the tokenizer (design 13, "XML before the parser"; XML 1.0 2.8).
//!
//! One pass over the bytes counts depth, attributes and namespace declarations and refuses document
//! type declarations and processing instructions; it decides nothing else. Wherever the text is
//! well formed the pass and the tokenizer see the same tags, and the tokenizer stops at the first
//! place where it is not. Start at `check`.

use thiserror::Error;

/// How much a document may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text.
    pub bytes: usize,
    /// Elements inside one another.
    pub depth: usize,
    /// Attributes of one tag, namespace declarations included.
    pub attributes: usize,
    /// Namespace declarations of the whole document.
    pub namespace_declarations: usize,
    /// Namespace declarations on an element and those around it, whether or not one hides another.
    pub namespaces_in_scope: usize,
    /// Elements, texts and comments together.
    pub nodes: u32,
}

impl Limits {
    /// What suits any message of a client.
    pub const DEFAULT: Self = Self {
        bytes: 256 * 1024,
        depth: 64,
        attributes: 128,
        namespace_declarations: 64,
        namespaces_in_scope: 64,
        nodes: 4096,
    };

    /// What suits the metadata of a federation, whose members each declare their own.
    pub const METADATA: Self = Self {
        bytes: 16 * 1024 * 1024,
        namespace_declarations: 65_536,
        nodes: 1_000_000,
        ..Self::DEFAULT
    };
}

/// Why a text is not taken as XML.
///
/// Positions are given and content is not: a message may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ParseError {
    /// The text has more bytes than the limit.
    #[error("the document is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Elements are nested deeper than the limit.
    #[error("elements are nested more than {limit} deep")]
    TooDeep {
        /// The greatest depth.
        limit: usize,
    },
    /// A tag has more attributes than the limit.
    #[error("a tag has more than {limit} attributes")]
    TooManyAttributes {
        /// The greatest number.
        limit: usize,
    },
    /// The document declares more namespaces than the limit.
    #[error("the document has more than {limit} namespace declarations")]
    TooManyNamespaceDeclarations {
        /// The greatest number.
        limit: usize,
    },
    /// An element has more namespaces declared on it and around it than the limit.
    #[error("more than {limit} namespaces are declared around an element")]
    TooManyNamespacesInScope {
        /// The greatest number.
        limit: usize,
    },
    /// The document has more nodes than the limit.
    #[error("the document has more than {limit} nodes")]
    TooManyNodes {
        /// The greatest number.
        limit: u32,
    },
    /// A document type or any other markup declaration.
    #[error("a document type declaration is not taken")]
    DocumentType,
    /// A processing instruction other than the XML declaration at the beginning.
    #[error("a processing instruction is not taken")]
    ProcessingInstruction,
    /// A carriage return stands without a line feed.
    #[error("a carriage return without a line feed is not taken")]
    LoneCarriageReturn,
    /// The XML declaration is not version 1.0, then an encoding, then standalone, and nothing else.
    #[error("the XML declaration is malformed")]
    Declaration,
    /// The bytes begin as UTF-16 or UTF-32, or the declaration names another encoding than UTF-8.
    #[error("only UTF-8 is taken")]
    UnsupportedEncoding,
    /// The bytes are not UTF-8.
    #[error("the bytes are not UTF-8")]
    NotUtf8,
    /// The text is not well-formed XML with namespaces.
    #[error("not well-formed at line {line}, column {column}")]
    NotWellFormed {
        /// Line, from 1.
        line: u32,
        /// Column in characters, from 1.
        column: u32,
    },
}

/// Refuses what the tokenizer must never see.
pub(crate) fn check(text: &str, limits: Limits) -> Result<(), ParseError> {
    if text.len() > limits.bytes {
        return Err(ParseError::TooLarge {
            limit: limits.bytes,
        });
    }
    // SECURITY: XML reads it as a line feed, and the tokenizer leaves it as it is beside a reference, so
    // that another reader would see another text. Whoever means one writes `&#13;`.
    if text.split('\r').skip(1).any(|rest| !rest.starts_with('\n')) {
        return Err(ParseError::LoneCarriageReturn);
    }
    Scan {
        rest: text.strip_prefix('\u{feff}').unwrap_or(text),
        limits,
        open: Vec::new(),
        in_scope: 0,
        declarations: 0,
    }
    .run()
}

/// Reads bytes as UTF-8; a byte order mark of another encoding is named as such.
pub(crate) fn decode(bytes: &[u8], limits: Limits) -> Result<&str, ParseError> {
    if bytes.len() > limits.bytes {
        return Err(ParseError::TooLarge {
            limit: limits.bytes,
        });
    }
    match bytes {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, ..] | [_, 0, ..] => {
            Err(ParseError::UnsupportedEncoding)
        }
        _ => std::str::from_utf8(bytes).map_err(|_| ParseError::NotUtf8),
    }
}

struct Scan<'a> {
    rest: &'a str,
    limits: Limits,
    /// The declarations of each element that is open.
    open: Vec<usize>,
    in_scope: usize,
    declarations: usize,
}

impl Scan<'_> {
    fn run(mut self) -> Result<(), ParseError> {
        if let Some(declaration) = self.rest.strip_prefix("<?xml")
            && declaration.starts_with(|first: char| first.is_ascii_whitespace())
        {
            self.declaration(declaration)?;
        }
        while let Some((_, markup)) = self.rest.split_once('<') {
            self.rest = markup;
            if let Some(comment) = markup.strip_prefix("!--") {
                self.rest = after(comment, "-->");
            } else if let Some(data) = markup.strip_prefix("![CDATA[") {
                self.rest = after(data, "]]>");
            } else if markup.starts_with('!') {
                return Err(ParseError::DocumentType);
            } else if markup.starts_with('?') {
                return Err(ParseError::ProcessingInstruction);
            } else if let Some(end_tag) = markup.strip_prefix('/') {
                self.close();
                self.rest = after(end_tag, ">");
            } else {
                self.start_tag()?;
            }
        }
        Ok(())
    }

    /// SECURITY: a back end that obeyed another declared encoding, or found one where this side saw
    /// none, would read another document than the one we judged; so the declaration is read to its
    /// last character, and declares UTF-8 or nothing.
    fn declaration(&mut self, declaration: &str) -> Result<(), ParseError> {
        let (inside, rest) = declaration
            .split_once("?>")
            .ok_or(ParseError::Declaration)?;
        self.rest = self.rest.get(self.rest.len() - rest.len()..).unwrap_or("");
        let (version, inside) = declared(inside, "version")?;
        let (encoding, inside) = declared(inside, "encoding")?;
        let (standalone, inside) = declared(inside, "standalone")?;
        let is_sound = version == Some("1.0")
            && matches!(standalone, None | Some("yes" | "no"))
            && inside.trim_start_matches(SPACE).is_empty();
        if !is_sound {
            return Err(ParseError::Declaration);
        }
        match encoding {
            Some(name) if !name.eq_ignore_ascii_case("utf-8") => {
                Err(ParseError::UnsupportedEncoding)
            }
            _ => Ok(()),
        }
    }

    fn start_tag(&mut self) -> Result<(), ParseError> {
        let tag = Tag::read(self.rest);
        self.open.push(tag.declarations);
        self.in_scope += tag.declarations;
        self.declarations += tag.declarations;
        if self.open.len() > self.limits.depth {
            return Err(ParseError::TooDeep {
                limit: self.limits.depth,
            });
        }
        if tag.attributes > self.limits.attributes {
            return Err(ParseError::TooManyAttributes {
                limit: self.limits.attributes,
            });
        }
        if self.declarations > self.limits.namespace_declarations {
            let limit = self.limits.namespace_declarations;
            return Err(ParseError::TooManyNamespaceDeclarations { limit });
        }
        if self.in_scope > self.limits.namespaces_in_scope {
            let limit = self.limits.namespaces_in_scope;
            return Err(ParseError::TooManyNamespacesInScope { limit });
        }
        if tag.is_empty {
            self.close();
        }
        self.rest = self.rest.get(tag.length..).unwrap_or("");
        Ok(())
    }

    fn close(&mut self) {
        self.in_scope -= self.open.pop().unwrap_or(0);
    }
}

/// White space as XML has it.
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// One part of the XML declaration, if it stands next, and what follows it.
fn declared<'a>(text: &'a str, name: &str) -> Result<(Option<&'a str>, &'a str), ParseError> {
    let trimmed = text.trim_start_matches(SPACE);
    let Some(after_name) = trimmed
        .strip_prefix(name)
        .filter(|_| trimmed.len() < text.len())
    else {
        return Ok((None, text));
    };
    let value = after_name
        .trim_start_matches(SPACE)
        .strip_prefix('=')
        .map(|value| value.trim_start_matches(SPACE));
    ['"', '\'']
        .iter()
        .find_map(|quote| value?.strip_prefix(*quote)?.split_once(*quote))
        .map(|(value, rest)| (Some(value), rest))
        .ok_or(ParseError::Declaration)
}

/// What one start tag holds.
struct Tag {
    attributes: usize,
    declarations: usize,
    is_empty: bool,
    length: usize,
}

impl Tag {
    /// Reads from behind `<` to behind `>`: every `=` outside quotes is one attribute.
    fn read(text: &str) -> Self {
        let mut tag = Self {
            attributes: 0,
            declarations: 0,
            is_empty: false,
            length: text.len(),
        };
        let mut quote = None;
        let mut word_start = 0;
        let mut previous = b' ';
        for (at, byte) in text.bytes().enumerate() {
            match (quote, byte) {
                (Some(open), _) if open == byte => {
                    quote = None;
                    word_start = at + 1;
                }
                (Some(_), _) => {}
                (None, b'"' | b'\'') => quote = Some(byte),
                (None, b'=') => {
                    tag.attributes += 1;
                    let name = text.get(word_start..at).unwrap_or("").trim_ascii();
                    let name = name.rsplit([' ', '\t', '\r', '\n']).next().unwrap_or("");
                    tag.declarations += usize::from(name == "xmlns" || name.starts_with("xmlns:"));
                    word_start = at + 1;
                }
                (None, b'>') => {
                    tag.is_empty = previous == b'/';
                    tag.length = at + 1;
                    break;
                }
                (None, _) => {}
            }
            previous = byte;
        }
        tag
    }
}

fn after<'a>(text: &'a str, end: &str) -> &'a str {
    text.split_once(end).map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests;
