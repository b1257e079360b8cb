//! A second opinion: a matcher that walks the tree as .NET is described to, as slowly as can be, beside the engine.
//!
//! The engine rewrites what it is given before it runs it, and has been wrong there; a rule that keeps people out must
//! not depend on that.

use std::cell::Cell;

use proptest::prelude::*;

use super::super::class::{Item, lower_case};
use super::super::node::{Anchor, Groups, Node};
use super::*;

/// Steps after which a case is given up.
const PATIENCE: usize = 200_000;

type Captures = Vec<Option<(usize, usize)>>;
type Then<'a> = &'a mut dyn FnMut(usize, &Captures) -> bool;

struct Oracle<'a> {
    text: &'a [char],
    groups: &'a Groups,
    steps: Cell<usize>,
}

impl Oracle<'_> {
    /// Whether a node matches here, and what comes after it agrees.
    fn go(&self, node: &Node, at: usize, captures: &Captures, then: Then<'_>) -> bool {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > PATIENCE {
            return false;
        }
        let here = self.text.get(at).copied();
        match node {
            Node::Empty => then(at, captures),
            Node::Literal {
                character,
                ignores_case,
            } => {
                let fits = here.is_some_and(|it| match ignores_case {
                    true => lower_case(it) == lower_case(*character),
                    false => it == *character,
                });
                fits && then(at + 1, captures)
            }
            Node::Any { with_line_feed } => {
                let fits = here.is_some_and(|it| *with_line_feed || it != '\n');
                fits && then(at + 1, captures)
            }
            Node::Class(class) => {
                here.is_some_and(|it| contains(class, it)) && then(at + 1, captures)
            }
            Node::Anchor(anchor) => self.is_at(*anchor, at) && then(at, captures),
            Node::Reference(reference) => {
                let capture = self.groups.resolve(reference).unwrap();
                let Some((start, end)) = captures[capture] else {
                    return false;
                };
                let wanted = &self.text[start..end];
                self.text[at..].starts_with(wanted) && then(at + wanted.len(), captures)
            }
            Node::Group {
                capture: None,
                body,
            } => self.go(body, at, captures, then),
            Node::Group {
                capture: Some(number),
                body,
            } => self.go(body, at, captures, &mut |end, captures| {
                let mut captures = captures.clone();
                captures[*number] = Some((at, end));
                then(end, &captures)
            }),
            Node::Look {
                is_behind: true,
                is_negative,
                body,
            } => {
                let ends_here = |start| self.go(body, start, captures, &mut |end, _| end == at);
                (0..=at).rev().any(ends_here) != *is_negative && then(at, captures)
            }
            Node::Look {
                is_negative: true,
                body,
                ..
            } => self.first(body, at, captures).is_none() && then(at, captures),
            Node::Look { body, .. } => match self.first(body, at, captures) {
                Some((_, captures)) => then(at, &captures),
                None => false,
            },
            Node::Atomic(body) => match self.first(body, at, captures) {
                Some((end, captures)) => then(end, &captures),
                None => false,
            },
            Node::Sequence(parts) => self.sequence(parts, at, captures, then),
            Node::Either(parts) => parts.iter().any(|it| self.go(it, at, captures, then)),
            Node::Repeat { .. } => self.repeat(node, 0, at, captures, then),
        }
    }

    fn first(&self, node: &Node, at: usize, captures: &Captures) -> Option<(usize, Captures)> {
        let mut found = None;
        self.go(node, at, captures, &mut |end, captures| {
            found = Some((end, captures.clone()));
            true
        });
        found
    }

    fn sequence(&self, parts: &[Node], at: usize, captures: &Captures, then: Then<'_>) -> bool {
        match parts.split_first() {
            None => then(at, captures),
            Some((first, rest)) => self.go(first, at, captures, &mut |end, captures| {
                self.sequence(rest, end, captures, then)
            }),
        }
    }

    fn repeat(
        &self,
        node: &Node,
        done: u32,
        at: usize,
        captures: &Captures,
        then: Then<'_>,
    ) -> bool {
        let Node::Repeat {
            body,
            least,
            most,
            is_lazy,
        } = node
        else {
            return false;
        };
        let is_enough = done >= *least;
        if is_enough && *is_lazy && then(at, captures) {
            return true;
        }
        let again = most.is_none_or(|most| done < most)
            && self.go(body, at, captures, &mut |end, captures| {
                // An empty turn ends the loop once there are enough.
                match end == at && done + 1 >= *least {
                    true => then(end, captures),
                    false => self.repeat(node, done + 1, end, captures, then),
                }
            });
        again || (is_enough && !*is_lazy && then(at, captures))
    }

    fn is_at(&self, anchor: Anchor, at: usize) -> bool {
        let end = self.text.len();
        let before = at.checked_sub(1).and_then(|it| self.text.get(it));
        let after = self.text.get(at);
        let is_word = |it: Option<&char>| it.is_some_and(|it| is_word(*it));
        match anchor {
            Anchor::Start => at == 0,
            Anchor::VeryEnd => at == end,
            Anchor::End => at == end || (at + 1 == end && after == Some(&'\n')),
            Anchor::LineStart => before.is_none_or(|it| *it == '\n'),
            Anchor::LineEnd => after.is_none_or(|it| *it == '\n'),
            Anchor::Boundary => is_word(before) != is_word(after),
            Anchor::NoBoundary => is_word(before) == is_word(after),
        }
    }

    /// Every match in angle brackets, as .NET's `Replace` goes about it; nothing where patience ran out.
    fn marked(&self, node: &Node) -> Option<String> {
        let nobody = vec![None; 20];
        let mut marked = String::new();
        let mut copied = 0;
        let mut from = 0;
        while from <= self.text.len() {
            let mut starts = from..=self.text.len();
            let found = starts.find_map(|at| Some((at, self.first(node, at, &nobody)?.0)));
            let Some((start, end)) = found else { break };
            marked.extend(&self.text[copied..start]);
            marked.push('<');
            marked.extend(&self.text[start..end]);
            marked.push('>');
            copied = end;
            from = end + usize::from(end == start);
        }
        marked.extend(&self.text[copied.min(self.text.len())..]);
        (self.steps.get() <= PATIENCE).then_some(marked)
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn contains(class: &class::Class, character: char) -> bool {
    let has = |item: &Item| match item {
        Item::Range(first, last) => (*first..=*last).contains(&character),
        Item::Word { is_negated } => is_word(character) != *is_negated,
        Item::Digit { is_negated } => character.is_numeric() != *is_negated,
        Item::Space { is_negated } => character.is_whitespace() != *is_negated,
        Item::Category { .. } => false,
    };
    let is_in = class.items.iter().any(has) != class.is_negated;
    is_in
        && !class
            .without
            .as_ref()
            .is_some_and(|it| contains(it, character))
}

/// Whether a loop runs over what may be empty, where captures are set in ways of each engine's own.
fn loops_over_nothing(node: &Node) -> bool {
    node.any(&|it| matches!(it, Node::Repeat { body, .. } if body.may_be_empty()))
}

fn expression() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec![
        "a",
        "b",
        "a",
        "b",
        "c",
        "A",
        "\u{e4}",
        "1",
        "_",
        ".",
        r"\w",
        r"\d",
        r"\s",
        r"\W",
        "[ab]",
        "[^a]",
        "[a-c-[b]]",
        "(?i:a)",
        "(?i:[ab\u{e4}])",
        "(?s:.)",
        "^",
        "$",
        r"\b",
        r"\B",
        r"\A",
        r"\z",
        r"\Z",
        "(?m:^)",
        "(?m:$)",
        r"\n",
        r"\1",
        "",
    ]);
    atom.prop_map(str::to_owned)
        .prop_recursive(4, 24, 3, |inner| {
            let quantifier = prop::sample::select(vec![
                "*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,1}?", "{2,}",
            ]);
            let open =
                prop::sample::select(vec!["(", "(", "(?:", "(?=", "(?!", "(?<=", "(?<!", "(?>"]);
            prop_oneof![
                3 => prop::collection::vec(inner.clone(), 2..4).prop_map(|it| it.concat()),
                1 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("(?:{a}|{b})")),
                2 => (inner.clone(), quantifier).prop_map(|(it, many)| format!("(?:{it}){many}")),
                2 => (open, inner).prop_map(|(open, it)| format!("{open}{it})")),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_engine_finds_what_the_tree_says(
        expression in expression(),
        subject in "[abcA\u{e4}1_ \n]{0,7}",
    ) {
        let (Ok(pattern), Ok(parsed)) = (compile(&expression), parse::parse(&expression)) else {
            return Ok(());
        };
        let has_reference = parsed.node.any(&|it| matches!(it, Node::Reference(_)));
        if has_reference && loops_over_nothing(&parsed.node) {
            return Ok(());
        }
        let text: Vec<char> = subject.chars().collect();
        let oracle = Oracle {
            text: &text,
            groups: &parsed.groups,
            steps: Cell::new(0),
        };
        let Some(expected) = oracle.marked(&parsed.node) else {
            return Ok(());
        };
        let mut budget = Budget::FULL;
        let is_match = pattern.is_match(&subject, &mut budget);
        prop_assert_eq!(is_match, Ok(expected.contains('<')), "{} on {:?}", expression, subject);
        if parsed.node.repeats_the_empty_first() {
            return Ok(());
        }
        let found = pattern.replace(&subject, &pattern.replacement("<$&>"), &mut budget);
        let program = pattern.program(&subject).map(|it| it.text.clone());
        prop_assert_eq!(found, Ok(expected), "{} on {:?}, as {:?}", expression, subject, program);
    }
}
