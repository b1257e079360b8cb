//! What is wrong with a text of rules: where, what was expected, AD FS's code, a hint, and a drawn pointer.

use std::fmt::{self, Write};

use thiserror::Error;

use super::ast::{Function, Place};
use crate::pattern::PatternError;

/// AD FS's code of an error, which administrators search for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// It cannot be parsed, for a reason that has no code of its own.
    Policy0002,
    /// No condition has the tag.
    Policy0011,
    /// A character that begins nothing.
    Policy0029,
    /// Something else was expected.
    Policy0030,
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Policy0002 => "POLICY0002",
            Self::Policy0011 => "POLICY0011",
            Self::Policy0029 => "POLICY0029",
            Self::Policy0030 => "POLICY0030",
        })
    }
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Something else was expected.
    #[error("unexpected {got}")]
    Unexpected {
        /// What is there.
        got: String,
    },
    /// A character that begins nothing, or a number where no number can be.
    #[error("unexpected input {got}")]
    UnexpectedInput {
        /// What is there.
        got: String,
    },
    /// A string without its second quotation mark.
    #[error("a string is not closed")]
    UnclosedString,
    /// A remark without its end.
    #[error("a comment is not closed")]
    UnclosedComment,
    /// A tag that no selector of the rule has.
    #[error("no condition has the tag `{tag}`")]
    UnboundTag {
        /// The tag.
        tag: String,
    },
    /// A tag that a later selector, or its own, has.
    #[error("the tag `{tag}` is used before its condition is through")]
    TagTooEarly {
        /// The tag.
        tag: String,
    },
    /// Two selectors with one tag.
    #[error("two conditions have the tag `{tag}`")]
    TagTwice {
        /// The tag.
        tag: String,
    },
    /// A tag inside EXISTS or COUNT, which are looked at before any selector.
    #[error("`{tag}` is used inside EXISTS or COUNT, which are looked at first")]
    TagInAggregate {
        /// The tag.
        tag: String,
    },
    /// A new claim without a property that it needs.
    #[error("a new claim has no `{property}`")]
    Missing {
        /// The property.
        property: &'static str,
    },
    /// A property that is set twice.
    #[error("`{property}` is set twice")]
    SetTwice {
        /// The property.
        property: String,
    },
    /// A function that is not there.
    #[error("there is no function `{name}`")]
    UnknownFunction {
        /// Its name.
        name: String,
    },
    /// A function with too few or too many arguments.
    #[error("`{}` takes {} arguments and has {got}", function.name(), function.arity())]
    Arguments {
        /// Which.
        function: Function,
        /// How many it has.
        got: usize,
    },
    /// A text that a claim has a say in, where that would let a value be taken for something else.
    #[error("{what} must be a string, without claims in it")]
    NotConstant {
        /// What.
        what: &'static str,
    },
    /// A regular expression that is wrong or cannot be honoured.
    #[error("the regular expression is refused: {0}")]
    Pattern(PatternError),
    /// Something that AD FS does not take, under the strict dialect.
    #[error("AD FS does not take {what}")]
    NotStrict {
        /// What.
        what: &'static str,
    },
    /// More of something than is taken.
    #[error("there are more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many are taken.
        limit: usize,
    },
}

impl Problem {
    /// AD FS's code for it.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unexpected { .. } => Code::Policy0030,
            Self::UnexpectedInput { .. } | Self::UnclosedString | Self::UnclosedComment => {
                Code::Policy0029
            }
            Self::UnboundTag { .. } | Self::TagTooEarly { .. } => Code::Policy0011,
            _ => Code::Policy0002,
        }
    }
}

/// What is wrong with a text of rules, in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters are meant.
    pub length: u32,
    /// What is wrong.
    pub problem: Problem,
    /// What could have stood there.
    pub expected: Vec<&'static str>,
    /// What may help.
    pub hint: Option<String>,
    /// The line's text.
    pub source_line: String,
}

impl ParseError {
    pub(crate) fn new(place: Place, problem: Problem, text: &str) -> Self {
        let line = usize::try_from(place.line).unwrap_or(1).saturating_sub(1);
        let source_line = text.lines().nth(line).unwrap_or_default();
        Self {
            line: place.line,
            column: place.column,
            length: place.length.max(1),
            problem,
            expected: Vec::new(),
            hint: None,
            source_line: source_line.to_owned(),
        }
    }

    pub(super) fn expecting(mut self, expected: &[&'static str]) -> Self {
        self.expected = expected.to_vec();
        self
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// AD FS's code for it.
    #[must_use]
    pub fn code(&self) -> Code {
        self.problem.code()
    }

    /// The error with the line that it is in and a pointer below; `name` is the file's.
    #[must_use]
    pub fn report(&self, name: &str) -> String {
        let (cut, shown) = self.shown();
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        let before = self.column.saturating_sub(1).saturating_sub(cut);
        let pad: String = shown
            .chars()
            .take(size(before))
            .map(|it| if it == '\t' { '\t' } else { ' ' })
            .collect();
        let room = shown.chars().count().saturating_sub(size(before)).max(1);
        let pointer = "^".repeat(size(self.length).min(room));
        let mut report = format!(
            "{name}:{}:{}: {}\n",
            self.line,
            self.column,
            self.sentence()
        );
        // Nothing fails when a text is written to.
        let _ = write!(
            report,
            "{margin} |\n{number} | {shown}\n{margin} | {pad}{pointer}"
        );
        if let Some(hint) = &self.hint {
            let _ = write!(report, "\n{margin} = hint: {hint}");
        }
        report
    }

    /// The part of the line that is drawn, and how many characters were left out before it.
    fn shown(&self) -> (u32, String) {
        const WIDTH: u32 = 100;
        let cut = match self.column > WIDTH {
            true => self.column - WIDTH / 2,
            false => 0,
        };
        let line = self.source_line.trim_end().chars();
        (cut, line.skip(size(cut)).take(size(WIDTH)).collect())
    }

    fn sentence(&self) -> String {
        let mut sentence = format!("{}: {}", self.code(), self.problem);
        let mut quoted = self.expected.iter().map(|it| match it.starts_with("a ") {
            true => (*it).to_owned(),
            false => format!("`{it}`"),
        });
        let first = quoted.next();
        let mut rest: Vec<String> = quoted.collect();
        let last = rest.pop();
        let _ = match (first, last) {
            (Some(first), None) => write!(sentence, ", expected {first}"),
            (Some(first), Some(last)) => {
                let middle: String = rest.iter().map(|it| format!(", {it}")).collect();
                write!(sentence, ", expected {first}{middle} or {last}")
            }
            (None, _) => Ok(()),
        };
        sentence
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, column, .. } = self;
        write!(
            formatter,
            "line {line}, column {column}: {}",
            self.sentence()
        )
    }
}

impl std::error::Error for ParseError {}

/// Everything that is wrong with a text of rules, from its beginning on; one error at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseErrors {
    errors: Vec<ParseError>,
}

impl ParseErrors {
    pub(crate) fn of(mut errors: Vec<ParseError>) -> Option<Self> {
        errors.sort_by_key(|it| (it.line, it.column));
        errors.truncate(super::MAX_ERRORS);
        (!errors.is_empty()).then_some(Self { errors })
    }

    /// The errors, from the beginning of the text on.
    pub fn iter(&self) -> impl Iterator<Item = &ParseError> {
        self.errors.iter()
    }

    /// Every error with its line and a pointer; `name` is the file's.
    #[must_use]
    pub fn report(&self, name: &str) -> String {
        let reports: Vec<String> = self.iter().map(|it| it.report(name)).collect();
        reports.join("\n\n")
    }
}

impl fmt::Display for ParseErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentences: Vec<String> = self.iter().map(ToString::to_string).collect();
        formatter.write_str(&sentences.join("; "))
    }
}

impl std::error::Error for ParseErrors {}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
