//! What is right by the grammar and probably not what was meant.
//!
//! Every finding has a name, a place, a sentence and, where it can be said, what to write instead. Start at [`lint`].

mod conditions;
mod statements;
mod strings;

use std::fmt;

use crate::rule_set::RuleSet;
use crate::syntax::Warning;
use crate::syntax::ast::{Place, Rule};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Probably not what was meant.
    Warning,
    /// It fails whenever it runs.
    Error,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lint {
    /// `https://schemas.microsoft.com/…` where the type begins with `http`.
    HttpsScheme,
    /// A known type in other case, which no claim is called.
    OtherCase,
    /// A typographic quotation mark inside a string.
    TypographicQuote,
    /// A string that goes over the end of a line.
    StringOverLines,
    /// The last rule has no `;`.
    NoSemicolon,
    /// A value in other case gets past a rule that keeps people out.
    CaseTrap,
    /// `==` or `!=` with what looks like a regular expression.
    LooksLikePattern,
    /// A regular expression that only the empty text matches.
    OnlyEmpty,
    /// An address in a regular expression whose dots stand for any character.
    UnescapedDots,
    /// An issuer that is matched anywhere in the name.
    UnanchoredIssuer,
    /// A SID that is matched at the beginning of longer ones.
    UnanchoredSid,
    /// A condition that no claim can fulfil.
    NeverHolds,
    /// A condition that holds whatever the claims are.
    AlwaysHolds,
    /// A rule that stands there twice.
    SameRuleTwice,
    /// A selector that makes as many claims as it finds, all the same.
    ManyTimes,
    /// Selectors beside EXISTS or COUNT, which AD FS's documentation does not allow.
    NotPortable,
    /// `add` of a claim that is there.
    AddsNothing,
    /// `add` of a type that no rule below looks at.
    NeverRead,
    /// A rule that writes one of the server's own issuers.
    ReservedIssuer,
    /// A time or party of the token itself, as a constant.
    ConstantTokenField,
    /// A query that names a parameter that is not there.
    NoSuchParameter,
    /// A parameter that the query does not name.
    UnusedParameter,
    /// A query that Active Directory's store does not take.
    DirectoryQuery,
    /// An account for Active Directory's store that is not `DOMAIN\user`.
    DirectoryAccount,
    /// A substitution that names no group.
    UnknownSubstitution,
    /// A replacement that a claim has a say in.
    ReplacementFromClaim,
    /// An annotation or template that AD FS does not know.
    UnknownTemplate,
    /// A rule that its form cannot edit.
    TemplateShape,
}

impl Lint {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HttpsScheme => "https-scheme",
            Self::OtherCase => "other-case",
            Self::TypographicQuote => "typographic-quote",
            Self::StringOverLines => "string-over-lines",
            Self::NoSemicolon => "no-semicolon",
            Self::CaseTrap => "case-trap",
            Self::LooksLikePattern => "looks-like-pattern",
            Self::OnlyEmpty => "only-empty",
            Self::UnescapedDots => "unescaped-dots",
            Self::UnanchoredIssuer => "unanchored-issuer",
            Self::UnanchoredSid => "unanchored-sid",
            Self::NeverHolds => "never-holds",
            Self::AlwaysHolds => "always-holds",
            Self::SameRuleTwice => "same-rule-twice",
            Self::ManyTimes => "many-times",
            Self::NotPortable => "not-portable",
            Self::AddsNothing => "adds-nothing",
            Self::NeverRead => "never-read",
            Self::ReservedIssuer => "reserved-issuer",
            Self::ConstantTokenField => "constant-token-field",
            Self::NoSuchParameter => "no-such-parameter",
            Self::UnusedParameter => "unused-parameter",
            Self::DirectoryQuery => "directory-query",
            Self::DirectoryAccount => "directory-account",
            Self::UnknownSubstitution => "unknown-substitution",
            Self::ReplacementFromClaim => "replacement-from-claim",
            Self::UnknownTemplate => "unknown-template",
            Self::TemplateShape => "template-shape",
        }
    }

    /// How much it matters.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::NoSuchParameter | Self::DirectoryQuery => Severity::Error,
            Self::ManyTimes
            | Self::UnescapedDots
            | Self::UnknownTemplate
            | Self::TemplateShape
            | Self::AlwaysHolds
            | Self::NotPortable => Severity::Note,
            _ => Severity::Warning,
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub lint: Lint,
    /// Where.
    pub line: u32,
    /// Where on the line, in characters from 1.
    pub column: u32,
    /// In which rule, from 1; nothing where it is about the text.
    pub rule: Option<usize>,
    /// What it is about, in one sentence.
    pub sentence: String,
    /// What could be written instead.
    pub fix: Option<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, .. } = self;
        let name = self.lint.name();
        write!(out, "{line}:{column}: {name}: {}", self.sentence)?;
        match &self.fix {
            Some(fix) => write!(out, "; write {fix}"),
            None => Ok(()),
        }
    }
}

/// Looks at every rule; the findings are in the order of the text.
#[must_use]
pub fn lint(rules: &RuleSet) -> Vec<Finding> {
    let mut findings = Findings {
        rule: None,
        found: Vec::new(),
    };
    for warning in rules.warnings() {
        match warning {
            Warning::NoSemicolon { place } => findings.add(
                Lint::NoSemicolon,
                *place,
                "the last rule has no `;`, which AD FS refuses",
            ),
            Warning::StringOverLines { place } => findings.add(
                Lint::StringOverLines,
                *place,
                "a string goes over the end of its line, which AD FS may refuse",
            ),
        }
    }
    let programs = rules.programs().iter();
    for ((at, rule), program) in rules.rules().iter().enumerate().zip(programs) {
        findings.rule = Some(at + 1);
        strings::look(rule, &mut findings);
        conditions::look(rule, program, &mut findings);
        statements::look(rule, program, &mut findings);
        let before = rules.rules().iter().take(at);
        if let Some(same) = before.clone().position(|it| does_the_same(it, rule)) {
            let sentence = format!("rule {} says the same", same + 1);
            findings.add(Lint::SameRuleTwice, rule.place, sentence);
        }
        let below = rules.rules().get(at + 1..).unwrap_or_default();
        statements::unread(rule, below, rules, at, &mut findings);
    }
    findings.found.sort_by_key(|it| (it.line, it.column));
    findings.found
}

fn does_the_same(one: &Rule, other: &Rule) -> bool {
    one.conditions == other.conditions && one.statement == other.statement
}

struct Findings {
    rule: Option<usize>,
    found: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, lint: Lint, place: Place, sentence: impl Into<String>) {
        self.found.push(Finding {
            lint,
            line: place.line,
            column: place.column,
            rule: self.rule,
            sentence: sentence.into(),
            fix: None,
        });
    }

    fn add_with_fix(&mut self, lint: Lint, place: Place, sentence: String, fix: String) {
        self.add(lint, place, sentence);
        if let Some(last) = self.found.last_mut() {
            last.fix = Some(fix);
        }
    }
}
#[cfg(test)]
mod tests;
