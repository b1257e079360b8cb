//! What stands between brackets, subtraction of sets included.

use super::super::Reason;
use super::super::class::{Class, Item};
use super::escape::Escaped;
use super::{MAX_NESTING, Parser, Refused};

impl Parser {
    /// A set; its `[` at `at` is behind us.
    pub(super) fn set(&mut self, at: usize) -> Result<Class, Refused> {
        let class = self.raw_set(at)?;
        self.class(at, class)
    }

    fn raw_set(&mut self, at: usize) -> Result<Class, Refused> {
        let mut class = Class {
            is_negated: self.take('^'),
            ..Class::default()
        };
        let mut is_first = true;
        loop {
            let here = self.at;
            match self.next().ok_or((at, Reason::NotClosed))? {
                ']' if !is_first => return Ok(class),
                '-' if self.peek() == Some('[') && !is_first => {
                    class.without = Some(Box::new(self.subtracted(here)?));
                    return match self.take(']') {
                        true => Ok(class),
                        false => Err((here, Reason::SubtractionNotLast)),
                    };
                }
                '[' if self.peek() == Some(':') && self.is_posix() => {
                    return Err((here, Reason::PosixClass));
                }
                character => {
                    let item = self.item(here, character)?;
                    class.items.push(item);
                }
            }
            is_first = false;
        }
    }

    fn subtracted(&mut self, at: usize) -> Result<Class, Refused> {
        self.at += 1;
        self.depth += 1;
        if self.depth >= MAX_NESTING {
            return Err((at, Reason::TooDeep));
        }
        let class = self.raw_set(at)?;
        self.depth -= 1;
        Ok(class)
    }

    /// A character, a range of them, or a set by its escape.
    fn item(&mut self, at: usize, character: char) -> Result<Item, Refused> {
        let first = match self.end_of_range(at, character)? {
            Escaped::Item(item) => {
                let is_range = self.peek() == Some('-')
                    && !matches!(self.characters.get(self.at + 1), None | Some(']' | '['));
                return match is_range {
                    true => Err((at, Reason::SetInRange)),
                    false => Ok(item),
                };
            }
            Escaped::Character(first) => first,
        };
        let is_range = self.peek() == Some('-')
            && !matches!(self.characters.get(self.at + 1), None | Some(']' | '['));
        if !is_range {
            return Ok(Item::Range(first, first));
        }
        self.at += 1;
        let here = self.at;
        let last = self.next().ok_or((at, Reason::NotClosed))?;
        match self.end_of_range(here, last)? {
            Escaped::Item(_) => Err((here, Reason::SetInRange)),
            Escaped::Character(last) if last < first => Err((at, Reason::RangeReversed)),
            Escaped::Character(last) => Ok(Item::Range(first, last)),
        }
    }

    fn end_of_range(&mut self, at: usize, character: char) -> Result<Escaped, Refused> {
        match character {
            '\\' if self.take('b') => Ok(Escaped::Character('\u{8}')),
            '\\' if matches!(self.peek(), Some('1'..='9')) => Err((at, Reason::Octal)),
            '\\' => self.shared_escape(at),
            other => Ok(Escaped::Character(other)),
        }
    }

    /// Whether `:name:]` stands here.
    fn is_posix(&self) -> bool {
        let inside = self.characters.iter().skip(self.at + 1);
        let mut rest = inside.skip_while(|it| it.is_ascii_alphabetic());
        rest.next() == Some(&':') && rest.next() == Some(&']')
    }
}
