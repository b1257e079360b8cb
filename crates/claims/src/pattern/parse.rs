//! The syntax of .NET's regular expressions, read into a tree (.NET, "Regular Expression Language").
//!
//! What .NET would refuse is refused; so is what it takes and the engine could not do in the same way. Start at
//! [`parse`].

mod escape;
mod set;

use super::Reason;
use super::class::{Class, Item, MAX_FOLDED};
use super::node::{Anchor, Groups, Node, Reference};
use super::reason::PatternError;

/// Most characters of an expression.
const MAX_CHARACTERS: usize = 8192;
/// How deep groups may be nested.
const MAX_NESTING: usize = 24;
/// Most times that something is said to be repeated.
const MAX_REPEAT: u32 = 10_000;

/// An expression, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) node: Node,
    pub(super) groups: Groups,
}

/// Reads an expression.
///
/// # Errors
///
/// It is refused; the error says where and why.
pub(super) fn parse(text: &str) -> Result<Parsed, PatternError> {
    let mut parser = Parser {
        characters: text.chars().collect(),
        at: 0,
        options: Options::default(),
        names: Vec::new(),
        references: Vec::new(),
        depth: 0,
        is_behind: false,
        folding_left: MAX_FOLDED,
    };
    let read = parser.whole();
    read.map_err(|(at, reason)| PatternError { at: at + 1, reason })
}

/// What is wrong, and at which character.
type Refused = (usize, Reason);

/// The inline options.
#[derive(Clone, Copy, Debug, Default)]
struct Options {
    ignores_case: bool,
    is_multi_line: bool,
    is_single_line: bool,
    is_explicit: bool,
    ignores_space: bool,
}

struct Parser {
    characters: Vec<char>,
    at: usize,
    options: Options,
    /// The name of each capture, in the order of their parentheses.
    names: Vec<Option<String>>,
    /// Back-references, which may stand before their group.
    references: Vec<(usize, Reference)>,
    depth: usize,
    is_behind: bool,
    /// For how many characters the other case may still be looked for.
    folding_left: u32,
}

impl Parser {
    fn whole(&mut self) -> Result<Parsed, Refused> {
        if self.characters.len() > MAX_CHARACTERS {
            return Err((MAX_CHARACTERS, Reason::TooLarge));
        }
        let node = self.alternatives()?;
        if self.peek().is_some() {
            return Err((self.at, Reason::TooManyClosed));
        }
        let groups = Groups::of(&self.names);
        for (at, reference) in &self.references {
            let count = self.names.len();
            match groups.resolve(reference) {
                Some(_) => {}
                None if matches!(reference, Reference::Number(n) if *n > 9 && *n > count) => {
                    return Err((*at, Reason::Octal));
                }
                None => return Err((*at, Reason::UnknownGroup)),
            }
        }
        Ok(Parsed { node, groups })
    }

    /// `a|b|c`, up to a `)` or the end; options that are set inside end with it.
    fn alternatives(&mut self) -> Result<Node, Refused> {
        let options = self.options;
        let mut branches = vec![self.sequence()?];
        while self.take('|') {
            branches.push(self.sequence()?);
        }
        self.options = options;
        Ok(match (branches.pop(), branches.is_empty()) {
            (Some(only), true) => only,
            (last, _) => {
                branches.extend(last);
                Node::Either(branches)
            }
        })
    }

    fn sequence(&mut self) -> Result<Node, Refused> {
        let mut parts = Vec::new();
        loop {
            self.skip_space();
            match self.peek() {
                None | Some('|' | ')') => break,
                Some(_) => {}
            }
            let at = self.at;
            if let Some(part) = self.atom()? {
                parts.push(self.repeated(part)?);
            } else if self.repetition().is_some() {
                return Err((at, Reason::NothingToRepeat));
            }
        }
        Ok(match parts.pop() {
            None => Node::Empty,
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                Node::Sequence(parts)
            }
        })
    }

    /// One part without its repetition; nothing where options are set or a comment stands.
    fn atom(&mut self) -> Result<Option<Node>, Refused> {
        let at = self.at;
        let Some(character) = self.next() else {
            return Err((at, Reason::NotClosed));
        };
        Ok(Some(match character {
            '.' => Node::Any {
                with_line_feed: self.options.is_single_line,
            },
            '^' if self.options.is_multi_line => Node::Anchor(Anchor::LineStart),
            '^' => Node::Anchor(Anchor::Start),
            '$' if self.options.is_multi_line => Node::Anchor(Anchor::LineEnd),
            '$' => Node::Anchor(Anchor::End),
            '[' => Node::Class(self.set(at)?),
            '(' => return self.group(at),
            '\\' => self.escape(at)?,
            '*' | '+' | '?' => return Err((at, Reason::NothingToRepeat)),
            '{' if self.braces(at).is_some() => return Err((at, Reason::NothingToRepeat)),
            other => self.literal(other),
        }))
    }

    fn literal(&self, character: char) -> Node {
        Node::Literal {
            character,
            ignores_case: self.options.ignores_case,
        }
    }

    /// A set, with the other case of its characters where that is the same.
    fn class(&mut self, at: usize, class: Class) -> Result<Class, Refused> {
        match self.options.ignores_case {
            true => class
                .ignore_case(&mut self.folding_left)
                .map_err(|reason| (at, reason)),
            false => Ok(class),
        }
    }

    fn shorthand(&mut self, at: usize, item: Item) -> Result<Node, Refused> {
        Ok(Node::Class(self.class(at, Class::of(item))?))
    }

    /// What stands after `(`.
    fn group(&mut self, at: usize) -> Result<Option<Node>, Refused> {
        if self.depth >= MAX_NESTING {
            return Err((at, Reason::TooDeep));
        }
        if !self.take('?') {
            let name = (!self.options.is_explicit).then_some(None);
            return self.capture(at, name).map(Some);
        }
        let Some(kind) = self.next() else {
            return Err((at, Reason::NotClosed));
        };
        Ok(Some(match kind {
            ':' => Node::Group {
                capture: None,
                body: Box::new(self.body(at)?),
            },
            '=' => self.look(at, false, false)?,
            '!' => self.look(at, false, true)?,
            '<' if self.take('=') => self.look(at, true, false)?,
            '<' if self.take('!') => self.look(at, true, true)?,
            '<' => self.named(at, '>')?,
            '\'' => self.named(at, '\'')?,
            '>' if self.is_behind => return Err((at, Reason::RightToLeft)),
            '>' => Node::Atomic(Box::new(self.body(at)?)),
            '(' => return Err((at, Reason::Conditional)),
            '#' => {
                while self.next().ok_or((at, Reason::NotClosed))? != ')' {}
                return Ok(None);
            }
            _ => {
                self.at -= 1;
                return self.options(at);
            }
        }))
    }

    /// A group that captures, where it does; `name` is its name, if it has one.
    fn capture(&mut self, at: usize, name: Option<Option<String>>) -> Result<Node, Refused> {
        let capture = match name {
            None => None,
            Some(_) if self.is_behind => return Err((at, Reason::RightToLeft)),
            Some(name) => {
                if name.is_some() && self.names.contains(&name) {
                    return Err((at, Reason::SameName));
                }
                self.names.push(name);
                Some(self.names.len())
            }
        };
        Ok(Node::Group {
            capture,
            body: Box::new(self.body(at)?),
        })
    }

    fn named(&mut self, at: usize, close: char) -> Result<Node, Refused> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some(end) if end == close => break,
                Some('-') => return Err((at, Reason::Balancing)),
                Some(part) if part.is_alphanumeric() || part == '_' => name.push(part),
                Some(_) => return Err((at, Reason::UnknownConstruct)),
                None => return Err((at, Reason::NotClosed)),
            }
        }
        match name.chars().next() {
            None => Err((at, Reason::UnknownConstruct)),
            Some(first) if first.is_numeric() => Err((at, Reason::NumberedGroup)),
            Some(_) => self.capture(at, Some(Some(name))),
        }
    }

    fn look(&mut self, at: usize, is_behind: bool, is_negative: bool) -> Result<Node, Refused> {
        let before = self.is_behind;
        self.is_behind |= is_behind;
        let body = self.body(at)?;
        self.is_behind = before;
        Ok(Node::Look {
            is_behind,
            is_negative,
            body: Box::new(body),
        })
    }

    fn body(&mut self, at: usize) -> Result<Node, Refused> {
        self.depth += 1;
        let body = self.alternatives()?;
        self.depth -= 1;
        match self.take(')') {
            true => Ok(body),
            false => Err((at, Reason::NotClosed)),
        }
    }

    /// `(?i-m)` and `(?i-m:…)`.
    fn options(&mut self, at: usize) -> Result<Option<Node>, Refused> {
        let before = self.options;
        let mut is_on = true;
        loop {
            let option = match self.next().ok_or((at, Reason::NotClosed))? {
                ')' => return Ok(None),
                ':' => {
                    let body = Box::new(self.body(at)?);
                    self.options = before;
                    return Ok(Some(Node::Group {
                        capture: None,
                        body,
                    }));
                }
                '-' | '+' => {
                    is_on = self.characters.get(self.at - 1) == Some(&'+');
                    continue;
                }
                'i' | 'I' => &mut self.options.ignores_case,
                'm' | 'M' => &mut self.options.is_multi_line,
                's' | 'S' => &mut self.options.is_single_line,
                'n' | 'N' => &mut self.options.is_explicit,
                'x' | 'X' => &mut self.options.ignores_space,
                _ => return Err((at, Reason::UnknownConstruct)),
            };
            *option = is_on;
        }
    }

    /// A part with the repetition that stands after it.
    fn repeated(&mut self, part: Node) -> Result<Node, Refused> {
        self.skip_space();
        let at = self.at;
        let Some((least, most)) = self.repetition() else {
            return Ok(part);
        };
        let is_lazy = self.take('?');
        self.skip_space();
        if most.is_some_and(|most| most < least) {
            return Err((at, Reason::RepeatReversed));
        }
        if least.max(most.unwrap_or(0)) > MAX_REPEAT {
            return Err((at, Reason::TooLarge));
        }
        let again = self.at;
        if self.repetition().is_some() {
            return Err((again, Reason::NestedRepeat));
        }
        match part {
            Node::Look { .. } => Err((at, Reason::RepeatedLook)),
            Node::Anchor(_) if least == 0 => Ok(Node::Empty),
            Node::Anchor(_) | Node::Empty => Ok(part),
            part => Ok(Node::Repeat {
                body: Box::new(part),
                least,
                most,
                is_lazy,
            }),
        }
    }

    /// `*`, `+`, `?` or `{n,m}`.
    fn repetition(&mut self) -> Option<(u32, Option<u32>)> {
        let found = match self.peek()? {
            '*' => (0, None),
            '+' => (1, None),
            '?' => (0, Some(1)),
            '{' => {
                let (end, least, most) = self.braces(self.at)?;
                self.at = end;
                return Some((least, most));
            }
            _ => return None,
        };
        self.at += 1;
        Some(found)
    }

    /// `{n}`, `{n,}` or `{n,m}` from a `{`: where it ends, and the numbers; in .NET any other brace is a brace.
    fn braces(&self, open: usize) -> Option<(usize, u32, Option<u32>)> {
        let (at, least) = self.number(open + 1)?;
        match self.characters.get(at)? {
            '}' => Some((at + 1, least, Some(least))),
            ',' if self.characters.get(at + 1) == Some(&'}') => Some((at + 2, least, None)),
            ',' => {
                let (at, most) = self.number(at + 1)?;
                (self.characters.get(at) == Some(&'}')).then_some((at + 1, least, Some(most)))
            }
            _ => None,
        }
    }

    /// A number, as large as it may be, and where it ends.
    fn number(&self, from: usize) -> Option<(usize, u32)> {
        let digits = self.characters.iter().skip(from);
        let digits = digits.map_while(|it| it.to_digit(10)).collect::<Vec<_>>();
        if digits.is_empty() {
            return None;
        }
        let add = |sum: u32, digit: &u32| sum.saturating_mul(10).saturating_add(*digit);
        Some((from + digits.len(), digits.iter().fold(0, add)))
    }

    /// Passes over what `x` ignores.
    fn skip_space(&mut self) {
        while self.options.ignores_space {
            match self.peek() {
                Some('#') => while self.next().is_some_and(|it| it != '\n') {},
                // In .NET no other white space, and none beyond ASCII.
                Some('\t' | '\n' | '\u{c}' | '\r' | ' ') => self.at += 1,
                _ => return,
            }
        }
    }

    fn peek(&self) -> Option<char> {
        self.characters.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += 1;
        Some(next)
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += usize::from(is_there);
        is_there
    }
}
