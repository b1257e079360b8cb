//! From the tree to the engine's syntax, in two forms: one for plain texts, and one that is exact for every text.
//!
//! Nothing of the rule's own text goes through: each character is written so that it stands for itself. Start at
//! [`write`].

use std::fmt::Write;

use super::class::{BOUNDARY_WORD, Form, other_cases, write_character};
use super::node::{Anchor, Groups, Node};

/// Writes a tree in the engine's syntax.
pub(super) fn write(node: &Node, groups: &Groups, form: Form) -> String {
    let mut emitter = Emitter {
        groups,
        form,
        out: String::new(),
    };
    emitter.node(node);
    emitter.out
}

struct Emitter<'a> {
    groups: &'a Groups,
    form: Form,
    out: String,
}

impl Emitter<'_> {
    fn node(&mut self, node: &Node) {
        match node {
            Node::Empty => {}
            Node::Literal {
                character,
                ignores_case,
            } => self.literal(*character, *ignores_case),
            Node::Any { with_line_feed } => {
                let any = if *with_line_feed { "(?s:.)" } else { "." };
                self.out.push_str(any);
            }
            Node::Class(class) => class.write(self.form, &mut self.out),
            Node::Anchor(anchor) => self.anchor(*anchor),
            Node::Reference(reference) => {
                // The parser has looked it up already.
                let capture = self.groups.resolve(reference).unwrap_or_default();
                // The group keeps digits after it apart.
                let _ = write!(self.out, "(?:\\{capture})");
            }
            Node::Group { capture, body } => {
                let open = if capture.is_some() { "(" } else { "(?:" };
                self.enclosed(open, body);
            }
            Node::Look {
                is_behind,
                is_negative,
                body,
            } => {
                let open = match (is_behind, is_negative) {
                    (false, false) => "(?=",
                    (false, true) => "(?!",
                    (true, false) => "(?<=",
                    (true, true) => "(?<!",
                };
                self.enclosed(open, body);
            }
            Node::Atomic(body) => self.enclosed("(?>", body),
            Node::Sequence(parts) => parts.iter().for_each(|part| self.node(part)),
            Node::Either(parts) => {
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        self.out.push('|');
                    }
                    self.node(part);
                }
            }
            Node::Repeat {
                body,
                least,
                most,
                is_lazy,
            } => self.repeat(body, *least, *most, *is_lazy),
        }
    }

    fn enclosed(&mut self, open: &str, body: &Node) {
        self.out.push_str(open);
        self.node(body);
        self.out.push(')');
    }

    fn literal(&mut self, character: char, ignores_case: bool) {
        let is_plain = self.form == Form::Plain;
        let mut others = other_cases(character)
            .filter(|other| ignores_case && (!is_plain || other.is_ascii()))
            .peekable();
        if others.peek().is_none() {
            write_character(character, &mut self.out);
            return;
        }
        self.out.push('[');
        write_character(character, &mut self.out);
        others.for_each(|other| write_character(other, &mut self.out));
        self.out.push(']');
    }

    fn anchor(&mut self, anchor: Anchor) {
        let is_plain = self.form == Form::Plain;
        let text = match anchor {
            Anchor::Start => r"\A",
            Anchor::VeryEnd => r"\z",
            Anchor::End if is_plain => r"\z",
            Anchor::End => r"(?=\n?\z)",
            Anchor::LineStart => "(?m:^)",
            Anchor::LineEnd => "(?m:$)",
            Anchor::Boundary if is_plain => r"\b",
            Anchor::NoBoundary if is_plain => r"\B",
            Anchor::Boundary => return self.boundary('!', '='),
            Anchor::NoBoundary => return self.boundary('=', '!'),
        };
        self.out.push_str(text);
    }

    /// After a part of a word what `after_word` says, elsewhere what `elsewhere` says.
    fn boundary(&mut self, after_word: char, elsewhere: char) {
        let word = BOUNDARY_WORD;
        let _ = write!(
            self.out,
            "(?:(?<={word})(?{after_word}{word})|(?<!{word})(?{elsewhere}{word}))"
        );
    }

    fn repeat(&mut self, body: &Node, least: u32, most: Option<u32>, is_lazy: bool) {
        self.enclosed("(?:", body);
        let _ = match (least, most) {
            (0, None) => write!(self.out, "*"),
            (1, None) => write!(self.out, "+"),
            (0, Some(1)) => write!(self.out, "?"),
            (least, None) => write!(self.out, "{{{least},}}"),
            (least, Some(most)) => write!(self.out, "{{{least},{most}}}"),
        };
        if is_lazy {
            self.out.push('?');
        }
    }
}
