//! The tree of a .NET regular expression, as far as it can be honoured.

use std::collections::BTreeMap;

use super::class::Class;

/// One part of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    /// Nothing: matches the empty text.
    Empty,
    /// One character.
    Literal { character: char, ignores_case: bool },
    /// Any character, a line feed only where `s` is set.
    Any { with_line_feed: bool },
    /// One character of a set.
    Class(Class),
    /// A place between characters.
    Anchor(Anchor),
    /// What a group matched before.
    Reference(Reference),
    /// A group; `capture` counts the capturing ones from 1 in the order of their parentheses.
    Group {
        capture: Option<usize>,
        body: Box<Node>,
    },
    /// A look around.
    Look {
        is_behind: bool,
        is_negative: bool,
        body: Box<Node>,
    },
    /// A group that gives nothing back.
    Atomic(Box<Node>),
    /// One after the other.
    Sequence(Vec<Node>),
    /// One or the other, the first that fits.
    Either(Vec<Node>),
    /// Several times.
    Repeat {
        body: Box<Node>,
        least: u32,
        most: Option<u32>,
        is_lazy: bool,
    },
}

/// A place between characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    /// `^`, `\A`: the beginning.
    Start,
    /// `$`, `\Z`: the end, or before a line feed that ends the text.
    End,
    /// `\z`: the end.
    VeryEnd,
    /// `^` under `m`.
    LineStart,
    /// `$` under `m`.
    LineEnd,
    /// `\b`.
    Boundary,
    /// `\B`.
    NoBoundary,
}

/// How a back-reference names its group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference {
    /// By .NET's number.
    Number(usize),
    /// By name.
    Name(String),
}

/// The groups of an expression under .NET's numbers: those without a name first, then those with one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    /// At place n - 1 the capture (from 1, by its parenthesis) of number n.
    numbers: Vec<usize>,
    names: BTreeMap<String, usize>,
}

impl Groups {
    /// Numbers the captures; `names` has the name of each in the order of their parentheses.
    pub(super) fn of(names: &[Option<String>]) -> Self {
        let captures = || names.iter().zip(1..);
        let unnamed = captures().filter(|(name, _)| name.is_none());
        let named = captures().filter(|(name, _)| name.is_some());
        let numbers = unnamed.chain(named).map(|(_, capture)| capture).collect();
        let names = captures()
            .filter_map(|(name, capture)| Some((name.clone()?, capture)))
            .collect();
        Self { numbers, names }
    }

    /// The capture of a number; 0 is the whole match.
    pub(super) fn by_number(&self, number: usize) -> Option<usize> {
        match number.checked_sub(1) {
            None => Some(0),
            Some(at) => self.numbers.get(at).copied(),
        }
    }

    /// The capture of a name; a name of digits is a number.
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        match name.parse() {
            Ok(number) => self.by_number(number),
            Err(_) => self.names.get(name).copied(),
        }
    }

    /// The capture of the highest number.
    pub(super) fn last(&self) -> Option<usize> {
        self.numbers.last().copied()
    }

    /// The capture that a reference names.
    pub(super) fn resolve(&self, reference: &Reference) -> Option<usize> {
        match reference {
            Reference::Number(number) => self.by_number(*number),
            Reference::Name(name) => self.by_name(name),
        }
    }
}

impl Node {
    /// Whether any part of it answers yes.
    pub(super) fn any(&self, is: &impl Fn(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::Empty
                | Self::Literal { .. }
                | Self::Any { .. }
                | Self::Class(_)
                | Self::Anchor(_)
                | Self::Reference(_) => false,
                Self::Group { body, .. }
                | Self::Look { body, .. }
                | Self::Atomic(body)
                | Self::Repeat { body, .. } => body.any(is),
                Self::Sequence(parts) | Self::Either(parts) => {
                    parts.iter().any(|part| part.any(is))
                }
            }
    }

    /// Whether it takes no character, whatever the text is.
    pub(super) fn is_zero_width(&self) -> bool {
        match self {
            Self::Empty | Self::Anchor(_) | Self::Look { .. } => true,
            Self::Literal { .. } | Self::Any { .. } | Self::Class(_) | Self::Reference(_) => false,
            Self::Group { body, .. } | Self::Atomic(body) => body.is_zero_width(),
            Self::Repeat { body, most, .. } => *most == Some(0) || body.is_zero_width(),
            Self::Sequence(parts) | Self::Either(parts) => parts.iter().all(Self::is_zero_width),
        }
    }

    /// Whether it may take no character.
    pub(super) fn may_be_empty(&self) -> bool {
        match self {
            Self::Literal { .. } | Self::Any { .. } | Self::Class(_) => false,
            Self::Empty | Self::Anchor(_) | Self::Look { .. } | Self::Reference(_) => true,
            Self::Group { body, .. } | Self::Atomic(body) => body.may_be_empty(),
            Self::Sequence(parts) => parts.iter().all(Self::may_be_empty),
            Self::Either(parts) => parts.iter().any(Self::may_be_empty),
            Self::Repeat { body, least, .. } => *least == 0 || body.may_be_empty(),
        }
    }

    /// Whether it repeats what may be empty and is tried as empty before it is tried as more. Where such a match ends,
    /// engines disagree (whether there is one, they do not).
    pub(super) fn repeats_the_empty_first(&self) -> bool {
        let empty_first = |node: &Self| match node {
            Self::Repeat { is_lazy, .. } => *is_lazy,
            Self::Either(parts) => {
                let last = parts.len().saturating_sub(1);
                parts.iter().take(last).any(Self::may_be_empty)
            }
            _ => false,
        };
        self.any(&|node| match node {
            Self::Repeat { body, most, .. } => {
                most.is_none_or(|most| most > 1) && body.may_be_empty() && body.any(&empty_first)
            }
            _ => false,
        })
    }

    /// Whether every match begins where the text does.
    pub(super) fn begins_at_start(&self) -> bool {
        match self {
            Self::Anchor(anchor) => *anchor == Anchor::Start,
            Self::Group { body, .. } | Self::Atomic(body) => body.begins_at_start(),
            Self::Either(parts) => parts.iter().all(Self::begins_at_start),
            Self::Sequence(parts) => parts
                .iter()
                .take_while(|part| part.is_zero_width() || part.begins_at_start())
                .any(Self::begins_at_start),
            _ => false,
        }
    }

    /// Whether every match ends where the text does.
    pub(super) fn ends_at_end(&self) -> bool {
        match self {
            Self::Anchor(anchor) => matches!(anchor, Anchor::End | Anchor::VeryEnd),
            Self::Group { body, .. } | Self::Atomic(body) => body.ends_at_end(),
            Self::Either(parts) => parts.iter().all(Self::ends_at_end),
            Self::Sequence(parts) => parts
                .iter()
                .rev()
                .take_while(|part| part.is_zero_width() || part.ends_at_end())
                .any(Self::ends_at_end),
            _ => false,
        }
    }
}
