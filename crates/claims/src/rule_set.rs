//! A set of rules that was read and compiled: the only thing that can be evaluated.

use std::fmt;

use crate::pattern::Compile;
use crate::program::{self, Program};
use crate::syntax::ast::Rule;
use crate::syntax::{self, Dialect, ParseErrors, Warning};

/// Rules, read, checked and compiled; two are equal if they say the same.
///
/// **Proves** that every tag is bound, every regular expression can be honoured, and no claim has a say in the text of
/// a query, the name of a store or a regular expression.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    rules: Vec<Rule>,
    comments: Vec<String>,
    warnings: Vec<Warning>,
    programs: Vec<Program>,
}

impl RuleSet {
    /// Reads rules in the wider dialect; no text at all is no rules.
    ///
    /// # Errors
    ///
    /// Something is wrong; the errors say what and where, all of them up to a limit.
    pub fn parse(text: &str) -> Result<Self, ParseErrors> {
        Self::parse_as(text, Dialect::Extended)
    }

    /// Reads rules in a dialect.
    ///
    /// # Errors
    ///
    /// As [`RuleSet::parse`].
    pub fn parse_as(text: &str, dialect: Dialect) -> Result<Self, ParseErrors> {
        Self::read(text, dialect, Compile::AtOnce)
    }

    /// Reads rules that were parsed when they were saved; the same, but regular expressions are compiled when they are
    /// first needed, which makes it many times faster.
    ///
    /// # Errors
    ///
    /// As [`RuleSet::parse`], but for an expression that is too large: that fails the evaluation.
    pub fn load(text: &str) -> Result<Self, ParseErrors> {
        Self::read(text, Dialect::Extended, Compile::WhenNeeded)
    }

    fn read(text: &str, dialect: Dialect, when: Compile) -> Result<Self, ParseErrors> {
        let parsed = syntax::parse(text, dialect);
        if let Some(errors) = ParseErrors::of(parsed.errors) {
            return Err(errors);
        }
        let mut programs = Vec::with_capacity(parsed.rules.len());
        let mut errors = Vec::new();
        for rule in &parsed.rules {
            if errors.len() >= syntax::MAX_ERRORS {
                break;
            }
            match program::compile(rule, text, when) {
                Ok(program) => programs.push(program),
                Err(error) => errors.push(*error),
            }
        }
        match ParseErrors::of(errors) {
            Some(errors) => Err(errors),
            None => Ok(Self {
                rules: parsed.rules,
                comments: parsed.comments,
                warnings: parsed.warnings,
                programs,
            }),
        }
    }

    /// The rules in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// What was taken and should be mended.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether there is no rule.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(crate) fn programs(&self) -> &[Program] {
        &self.programs
    }
}

impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.rules == other.rules && self.comments == other.comments
    }
}

impl Eq for RuleSet {}

impl fmt::Display for RuleSet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, rule) in self.rules.iter().enumerate() {
            let gap = if at == 0 { "" } else { "\n" };
            writeln!(out, "{gap}{rule}")?;
        }
        let mut comments = self.comments.iter();
        comments.try_for_each(|it| writeln!(out, "// {it}"))
    }
}
