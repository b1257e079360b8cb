//! .NET's regular expressions: read by a parser of our own, run by `fancy-regex`, replaced in .NET's way.
//!
//! An expression that cannot mean here what it means in .NET is refused when it is read. Each is compiled in a form for
//! plain texts (ASCII, no line feed at the end), which is small and almost always runs in linear time, and when needed
//! in one that is exact for any text. What a match may cost is bounded twice: by the engine's count of steps back, and
//! by the budget of the evaluation. One difference stays: a character beyond U+FFFF is one character here and two
//! in .NET. Start at `Pattern::new`.

mod class;
mod emit;
mod node;
mod parse;
mod reason;
mod replacement;

use std::sync::{Arc, OnceLock};

use fancy_regex::{Captures, Error, Regex, RegexBuilder, RuntimeError};

use crate::evaluate::budget::{Budget, Stop};
use class::Form;
use node::{Groups, Node};
pub use reason::{PatternError, Reason};
use replacement::Matched;
pub(crate) use replacement::Replacement;

/// Most bytes of a text that an expression is held against.
pub const MAX_SUBJECT: usize = 128 * 1024;
/// The same where the expression needs a backtracking engine.
pub const MAX_BACKTRACKING_SUBJECT: usize = 2 * 1024;
/// How often the engine may step back in one match, at the first attempt; few matches need more.
const FEW_STEPS_BACK: usize = 200;
/// The same at the second attempt, which is paid for dearly.
pub const BACKTRACK_LIMIT: usize = 20_000;
/// Most bytes of a compiled expression.
const MAX_COMPILED: usize = 1024 * 1024;
/// Most instructions of a compiled expression that backtracks.
const MAX_PROGRAM: usize = 20_000;

/// A .NET regular expression that can be honoured.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    node: Node,
    groups: Groups,
    plain: OnceLock<Option<Program>>,
    exact: OnceLock<Option<Program>>,
}

/// When expressions are compiled; they are read, and refused, at once either way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compile {
    /// At once, so that one that is too large is refused.
    AtOnce,
    /// When first needed, as the text has been compiled before; should one fail then, the rules fail.
    WhenNeeded,
}

/// A compiled form.
#[derive(Debug)]
struct Program {
    text: String,
    backtracks: bool,
    quick: Regex,
    patient: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Reads an expression, and compiles it.
    ///
    /// # Errors
    ///
    /// It is wrong, or cannot be honoured.
    pub(crate) fn new(text: &str, compile: Compile) -> Result<Self, PatternError> {
        let parse::Parsed { node, groups } = parse::parse(text)?;
        let inner = Inner {
            node,
            groups,
            plain: OnceLock::new(),
            exact: OnceLock::new(),
        };
        // The exact form may be too large while the plain one is not.
        let is_wrong = compile == Compile::AtOnce
            && (inner.program(Form::Plain).is_none() || inner.program(Form::Exact).is_none());
        match is_wrong {
            true => Err(PatternError {
                at: 1,
                reason: Reason::Engine,
            }),
            false => Ok(Self {
                inner: Arc::new(inner),
            }),
        }
    }

    /// Reads an expression whose matches will be replaced, so that it counts where they end.
    ///
    /// # Errors
    ///
    /// As [`Pattern::new`], and where engines disagree.
    pub(crate) fn for_replacing(text: &str, compile: Compile) -> Result<Self, PatternError> {
        let pattern = Self::new(text, compile)?;
        match pattern.inner.node.repeats_the_empty_first() {
            true => Err(PatternError {
                at: 1,
                reason: Reason::EmptyFirst,
            }),
            false => Ok(pattern),
        }
    }

    /// Whether it matches somewhere in a text.
    ///
    /// # Errors
    ///
    /// The match would cost too much.
    pub(crate) fn is_match(&self, subject: &str, budget: &mut Budget) -> Result<bool, Stop> {
        let program = self.program(subject)?;
        program.run(subject, 0, budget, |regex| regex.is_match(subject))
    }

    /// Puts a replacement in the place of each match, as .NET's `Regex.Replace` does: after an empty match the next
    /// character is passed over, and a match may be empty where the one before it ended.
    ///
    /// # Errors
    ///
    /// The matches would cost too much.
    pub(crate) fn replace(
        &self,
        subject: &str,
        replacement: &Replacement,
        budget: &mut Budget,
    ) -> Result<String, Stop> {
        let program = self.program(subject)?;
        let mut replaced = String::new();
        let mut copied = 0;
        let mut from = 0;
        while from <= subject.len() {
            let found = program.run(subject, from, budget, |regex| {
                let captures = regex.captures_from_pos(subject, from)?;
                Ok(captures.and_then(|captures| matched(subject, &captures)))
            })?;
            let Some(matched) = found else { break };
            replaced.push_str(subject.get(copied..matched.start).unwrap_or_default());
            replacement.write(&matched, &mut replaced);
            budget.bytes(replaced.len())?;
            copied = matched.end;
            from = match matched.end > matched.start {
                true => matched.end,
                false => matched.end + width(subject, matched.end),
            };
        }
        replaced.push_str(subject.get(copied..).unwrap_or_default());
        budget.bytes(replaced.len())?;
        Ok(replaced)
    }

    /// Reads a replacement for the groups of this expression.
    pub(crate) fn replacement(&self, text: &str) -> Replacement {
        Replacement::parse(text, &self.inner.groups)
    }

    /// Whether it can match nothing but the empty text as a whole.
    pub(crate) fn matches_only_the_empty_text(&self) -> bool {
        let node = &self.inner.node;
        node.is_zero_width() && node.begins_at_start() && node.ends_at_end()
    }

    /// Whether every match is the whole text.
    pub(crate) fn is_anchored(&self) -> bool {
        self.inner.node.begins_at_start() && self.ends_with_the_text()
    }

    /// Whether every match ends where the text does.
    pub(crate) fn ends_with_the_text(&self) -> bool {
        self.inner.node.ends_at_end()
    }

    /// Whether it needs a backtracking engine for plain texts.
    #[cfg(test)]
    fn backtracks(&self) -> bool {
        let program = self.inner.program(Form::Plain);
        program.is_some_and(|it| it.backtracks)
    }

    fn program(&self, subject: &str) -> Result<&Program, Stop> {
        let form = match subject.is_ascii() && !subject.ends_with('\n') {
            true => Form::Plain,
            false => Form::Exact,
        };
        self.inner.program(form).ok_or(Stop::PatternNotCompiled)
    }
}

impl Inner {
    /// A form, compiled if it was not yet.
    fn program(&self, form: Form) -> Option<&Program> {
        let kept = match form {
            Form::Plain => &self.plain,
            Form::Exact => &self.exact,
        };
        kept.get_or_init(|| Program::new(&self.node, &self.groups, form))
            .as_ref()
    }
}

impl Program {
    fn new(node: &Node, groups: &Groups, form: Form) -> Option<Self> {
        let text = emit::write(node, groups, form);
        let backtracks = node.any(&|node| needs_backtracking(node, form));
        let quick = compiled(&text, FEW_STEPS_BACK)?;
        Some(Self {
            text,
            backtracks,
            quick,
            patient: OnceLock::new(),
        })
    }

    /// Runs the engine once, and once more with patience where it gave up, and pays for it.
    fn run<T>(
        &self,
        subject: &str,
        from: usize,
        budget: &mut Budget,
        run: impl Fn(&Regex) -> Result<T, Error>,
    ) -> Result<T, Stop> {
        let length = subject.len().saturating_sub(from);
        let (limit, price) = match self.backtracks {
            true => (MAX_BACKTRACKING_SUBJECT, 20 + length),
            false => (MAX_SUBJECT, 1 + length / 64),
        };
        if subject.len() > limit {
            return Err(Stop::SubjectTooLong { limit });
        }
        budget.steps(price)?;
        match run(&self.quick) {
            Err(Error::RuntimeError(RuntimeError::BacktrackLimitExceeded)) => {}
            other => return other.map_err(|_| Stop::PatternTooExpensive),
        }
        budget.steps((20 + length) * (BACKTRACK_LIMIT / FEW_STEPS_BACK))?;
        let patient = self
            .patient
            .get_or_init(|| compiled(&self.text, BACKTRACK_LIMIT));
        let patient = patient.as_ref().ok_or(Stop::PatternNotCompiled)?;
        run(patient).map_err(|_| Stop::PatternTooExpensive)
    }
}

fn compiled(text: &str, backtrack_limit: usize) -> Option<Regex> {
    RegexBuilder::new(text)
        .backtrack_limit(backtrack_limit)
        .delegate_size_limit(MAX_COMPILED)
        .delegate_dfa_size_limit(MAX_COMPILED)
        .max_prog_size(MAX_PROGRAM)
        .build()
        .ok()
}

fn needs_backtracking(node: &Node, form: Form) -> bool {
    match node {
        Node::Look { .. } | Node::Atomic(_) | Node::Reference(_) => true,
        Node::Anchor(node::Anchor::End | node::Anchor::Boundary | node::Anchor::NoBoundary) => {
            form == Form::Exact
        }
        _ => false,
    }
}

fn matched<'a>(subject: &'a str, captures: &Captures<'a, str>) -> Option<Matched<'a>> {
    let whole = captures.get(0)?;
    Some(Matched {
        subject,
        start: whole.start(),
        end: whole.end(),
        captures: (0..captures.len())
            .map(|number| captures.get(number).map(|it| it.as_str()))
            .collect(),
    })
}

/// How many bytes the character has that begins here; one beyond the end.
fn width(subject: &str, at: usize) -> usize {
    let rest = subject.get(at..).unwrap_or_default();
    rest.chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests;
