//! What stands after a backslash.

use super::super::Reason;
use super::super::class::{Item, category};
use super::super::node::{Anchor, Node, Reference};
use super::{Parser, Refused};

/// An escape that means the same in a set and outside.
pub(super) enum Escaped {
    Character(char),
    Item(Item),
}

impl Parser {
    /// An escape outside of a set; the backslash at `at` is behind us.
    pub(super) fn escape(&mut self, at: usize) -> Result<Node, Refused> {
        let anchor = match self.peek().ok_or((at, Reason::EndsInEscape))? {
            'A' => Anchor::Start,
            'Z' => Anchor::End,
            'z' => Anchor::VeryEnd,
            'b' => Anchor::Boundary,
            'B' => Anchor::NoBoundary,
            'G' => return Err((at, Reason::LastMatch)),
            'k' => return self.named_reference(at),
            '1'..='9' => return self.numbered_reference(at),
            _ => {
                return match self.shared_escape(at)? {
                    Escaped::Character(character) => Ok(self.literal(character)),
                    Escaped::Item(item) => self.shorthand(at, item),
                };
            }
        };
        self.at += 1;
        Ok(Node::Anchor(anchor))
    }

    fn named_reference(&mut self, at: usize) -> Result<Node, Refused> {
        self.at += 1;
        let close = match self.next() {
            Some('<') => '>',
            Some('\'') => '\'',
            _ => return Err((at, Reason::UnknownEscape)),
        };
        let mut name = String::new();
        loop {
            match self.next().ok_or((at, Reason::NotClosed))? {
                end if end == close => break,
                part => name.push(part),
            }
        }
        self.reference(at, Reference::Name(name))
    }

    fn numbered_reference(&mut self, at: usize) -> Result<Node, Refused> {
        let (end, number) = self.number(self.at).ok_or((at, Reason::UnknownEscape))?;
        self.at = end;
        let number = usize::try_from(number).map_err(|_| (at, Reason::UnknownGroup))?;
        self.reference(at, Reference::Number(number))
    }

    fn reference(&mut self, at: usize, reference: Reference) -> Result<Node, Refused> {
        if self.options.ignores_case {
            return Err((at, Reason::CaseOfReference));
        }
        if self.is_behind {
            return Err((at, Reason::RightToLeft));
        }
        self.references.push((at, reference.clone()));
        Ok(Node::Reference(reference))
    }

    /// An escape that means the same in a set and outside.
    pub(super) fn shared_escape(&mut self, at: usize) -> Result<Escaped, Refused> {
        let character = self.next().ok_or((at, Reason::EndsInEscape))?;
        let is_negated = character.is_ascii_uppercase();
        let character = match character {
            'w' | 'W' => return Ok(Escaped::Item(Item::Word { is_negated })),
            'd' | 'D' => return Ok(Escaped::Item(Item::Digit { is_negated })),
            's' | 'S' => return Ok(Escaped::Item(Item::Space { is_negated })),
            'p' | 'P' => {
                let name = self.category_name(at)?;
                let name = category(&name).map_err(|reason| (at, reason))?;
                return Ok(Escaped::Item(Item::Category { name, is_negated }));
            }
            'a' => '\u{7}',
            't' => '\t',
            'n' => '\n',
            'v' => '\u{b}',
            'f' => '\u{c}',
            'r' => '\r',
            'e' => '\u{1b}',
            'x' => self.hexadecimal(at, 2)?,
            'u' => self.hexadecimal(at, 4)?,
            'c' => self.control(at)?,
            '0' => self.octal(at)?,
            other if other.is_alphanumeric() || other == '_' => {
                return Err((at, Reason::UnknownEscape));
            }
            other => other,
        };
        Ok(Escaped::Character(character))
    }

    fn category_name(&mut self, at: usize) -> Result<String, Refused> {
        if !self.take('{') {
            return Err((at, Reason::UnknownCategory));
        }
        let mut name = String::new();
        loop {
            match self.next().ok_or((at, Reason::NotClosed))? {
                '}' => return Ok(name),
                part => name.push(part),
            }
        }
    }

    fn hexadecimal(&mut self, at: usize, digits: u32) -> Result<char, Refused> {
        let mut value = 0;
        for _ in 0..digits {
            let digit = self.next().and_then(|it| it.to_digit(16));
            value = value * 16 + digit.ok_or((at, Reason::UnknownEscape))?;
        }
        char::from_u32(value).ok_or((at, Reason::Surrogate))
    }

    fn control(&mut self, at: usize) -> Result<char, Refused> {
        let letter = self.next().map(|it| it.to_ascii_uppercase());
        let value = match letter {
            Some(letter @ '@'..='_') => u32::from(letter) - u32::from('@'),
            _ => return Err((at, Reason::UnknownEscape)),
        };
        char::from_u32(value).ok_or((at, Reason::UnknownEscape))
    }

    /// Up to two octal digits after `\0`.
    fn octal(&mut self, at: usize) -> Result<char, Refused> {
        let mut value = 0;
        for _ in 0..2 {
            let Some(digit) = self.peek().and_then(|it| it.to_digit(8)) else {
                break;
            };
            self.at += 1;
            value = value * 8 + digit;
        }
        char::from_u32(value).ok_or((at, Reason::UnknownEscape))
    }
}
