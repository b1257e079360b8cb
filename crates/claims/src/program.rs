//! A rule, compiled: tags are numbers, constants are values, regular expressions are ready.
//!
//! Here is checked what the grammar cannot say: that tags are bound, bound once, and not too early, and that no claim
//! has a say in what must be constant. Start at [`compile`].

use std::sync::Arc;

use crate::pattern::{Compile, Pattern, PatternError, Replacement};
use crate::syntax::ast::{
    Assignment, Body, Comparison, Condition, Expression, Operator, Place, Property, Rule,
    StoreQuery, Tag, Term, Test, Verb,
};
use crate::syntax::{ParseError, Problem};

/// A compiled rule.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) guards: Vec<Guard>,
    pub(crate) selectors: Vec<Chosen>,
    pub(crate) verb: Verb,
    pub(crate) action: Action,
}

/// EXISTS or COUNT.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) checks: Vec<Check>,
    pub(crate) comparison: Comparison,
    pub(crate) number: usize,
    /// Whether one claim more decides nothing.
    pub(crate) is_existence: bool,
}

/// A selector.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    pub(crate) checks: Vec<Check>,
    /// Whether it compares with claims that selectors before it chose.
    pub(crate) is_joined: bool,
}

/// A test.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) property: Field,
    pub(crate) against: Against,
}

/// With what a property is compared.
#[derive(Clone, Debug)]
pub(crate) enum Against {
    Value { is_negated: bool, value: Value },
    Pattern { is_negated: bool, pattern: Pattern },
}

/// What of a claim.
#[derive(Clone, Debug)]
pub(crate) enum Field {
    Type,
    Value,
    ValueType,
    Issuer,
    OriginalIssuer,
    Property(Value),
}

/// A text that is known, or made from claims.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Constant(Arc<str>),
    Parts(Vec<Part>),
}

/// A part of a text.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Constant(Arc<str>),
    Property {
        /// Of the claim that this selector chose, from 0.
        selector: usize,
        field: Field,
    },
    Replace(Box<Replace>),
}

/// `RegExReplace`.
#[derive(Clone, Debug)]
pub(crate) struct Replace {
    pub(crate) subject: Value,
    pub(crate) pattern: Pattern,
    pub(crate) replacement: With,
}

/// What is put in the place of a match.
#[derive(Clone, Debug)]
pub(crate) enum With {
    Known(Replacement),
    Made(Value),
}

/// What a rule does.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Takes over the claim of this selector.
    Copy(usize),
    New(Vec<(Field, Value)>),
    Query(Question),
}

/// A question to a store.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) store: Arc<str>,
    pub(crate) types: Vec<Value>,
    pub(crate) query: Arc<str>,
    pub(crate) parameters: Vec<Value>,
}

type Compiled<T> = Result<T, Box<ParseError>>;

/// Compiles a rule; `text` is the whole text, for the errors.
///
/// # Errors
///
/// A tag is not bound, a regular expression cannot be honoured, or something must be constant and is not.
pub(crate) fn compile(rule: &Rule, text: &str, when: Compile) -> Compiled<Program> {
    let mut compiler = Compiler {
        text,
        when,
        bound: Vec::new(),
        later: rule.selectors().filter_map(|it| it.tag.clone()).collect(),
        is_aggregate: false,
        has_used: false,
    };
    let mut guards = Vec::new();
    let mut selectors = Vec::new();
    for condition in &rule.conditions {
        match condition {
            Condition::Selector(selector) => {
                compiler.has_used = false;
                let checks = compiler.checks(&selector.tests)?;
                let is_joined = compiler.has_used;
                compiler.bind(selector.tag.as_ref())?;
                selectors.push(Chosen { checks, is_joined });
            }
            Condition::Exists {
                is_negated, tests, ..
            } => guards.push(Guard {
                checks: compiler.aggregate(tests)?,
                comparison: match is_negated {
                    true => Comparison::Equal,
                    false => Comparison::NotEqual,
                },
                number: 0,
                is_existence: true,
            }),
            Condition::Count {
                tests,
                comparison,
                number,
                ..
            } => guards.push(Guard {
                checks: compiler.aggregate(tests)?,
                comparison: *comparison,
                number: usize::try_from(*number).unwrap_or(usize::MAX),
                is_existence: false,
            }),
        }
    }
    let action = match &rule.statement.body {
        Body::Copy(tag) => Action::Copy(compiler.selector(tag)?),
        Body::New(assignments) => Action::New(compiler.assignments(assignments)?),
        Body::Query(query) => Action::Query(compiler.question(query)?),
    };
    Ok(Program {
        guards,
        selectors,
        verb: rule.statement.verb,
        action,
    })
}

struct Compiler<'a> {
    text: &'a str,
    when: Compile,
    /// The tag of each selector so far.
    bound: Vec<Option<Tag>>,
    /// Every tag of the rule.
    later: Vec<Tag>,
    is_aggregate: bool,
    has_used: bool,
}

impl Compiler<'_> {
    fn bind(&mut self, tag: Option<&Tag>) -> Compiled<()> {
        if let Some(tag) = tag
            && self.bound.iter().flatten().any(|it| it.is(tag))
        {
            let name = tag.name.clone();
            return Err(self.error(tag.place, Problem::TagTwice { tag: name }));
        }
        self.bound.push(tag.cloned());
        Ok(())
    }

    fn aggregate(&mut self, tests: &[Test]) -> Compiled<Vec<Check>> {
        self.is_aggregate = true;
        let checks = self.checks(tests);
        self.is_aggregate = false;
        checks
    }

    fn checks(&mut self, tests: &[Test]) -> Compiled<Vec<Check>> {
        tests.iter().map(|test| self.check(test)).collect()
    }

    fn check(&mut self, test: &Test) -> Compiled<Check> {
        let property = self.field(&test.property)?;
        let is_negated = matches!(test.operator, Operator::NotEqual | Operator::MatchesNot);
        let against = match test.operator {
            Operator::Equal | Operator::NotEqual => Against::Value {
                is_negated,
                value: self.value(&test.operand)?,
            },
            Operator::Matches | Operator::MatchesNot => Against::Pattern {
                is_negated,
                pattern: self.pattern(&test.operand, Pattern::new)?,
            },
        };
        Ok(Check { property, against })
    }

    fn assignments(&mut self, assignments: &[Assignment]) -> Compiled<Vec<(Field, Value)>> {
        let assigned = assignments.iter().map(|it| {
            let field = self.field(&it.property)?;
            Ok((field, self.value(&it.value)?))
        });
        assigned.collect()
    }

    fn question(&mut self, query: &StoreQuery) -> Compiled<Question> {
        let store = self.constant(&query.store, "the name of a store")?;
        // SECURITY: a value spliced into a query could say something else there; parameters are bound.
        let text = match &query.query {
            Some(text) => self.constant(text, "a query")?,
            None => "".into(),
        };
        Ok(Question {
            store,
            types: self.values(&query.types)?,
            query: text,
            parameters: self.values(&query.parameters)?,
        })
    }

    fn field(&mut self, property: &Property) -> Compiled<Field> {
        Ok(match property {
            Property::Type => Field::Type,
            Property::Value => Field::Value,
            Property::ValueType => Field::ValueType,
            Property::Issuer => Field::Issuer,
            Property::OriginalIssuer => Field::OriginalIssuer,
            Property::Properties(key) => Field::Property(self.value(key)?),
        })
    }

    fn values(&mut self, expressions: &[Expression]) -> Compiled<Vec<Value>> {
        expressions.iter().map(|it| self.value(it)).collect()
    }

    fn value(&mut self, expression: &Expression) -> Compiled<Value> {
        if let Some(constant) = expression.constant() {
            return Ok(Value::Constant(constant.into()));
        }
        let parts = expression.terms.iter().map(|term| self.part(term));
        Ok(Value::Parts(parts.collect::<Compiled<_>>()?))
    }

    fn part(&mut self, term: &Term) -> Compiled<Part> {
        Ok(match term {
            Term::Literal(literal) => Part::Constant(literal.value().into()),
            Term::Property { tag, property } => {
                let selector = self.selector(tag)?;
                let field = self.field(property)?;
                Part::Property { selector, field }
            }
            Term::Call { arguments, .. } => match arguments.as_slice() {
                [subject, pattern, replacement] => {
                    Part::Replace(Box::new(self.replace(subject, pattern, replacement)?))
                }
                // The parser has counted them.
                _ => Part::Constant("".into()),
            },
        })
    }

    fn replace(
        &mut self,
        subject: &Expression,
        pattern: &Expression,
        replacement: &Expression,
    ) -> Compiled<Replace> {
        let subject = self.value(subject)?;
        let pattern = self.pattern(pattern, Pattern::for_replacing)?;
        let replacement = match self.value(replacement)? {
            Value::Constant(text) => With::Known(pattern.replacement(&text)),
            made @ Value::Parts(_) => With::Made(made),
        };
        Ok(Replace {
            subject,
            pattern,
            replacement,
        })
    }

    fn pattern(
        &self,
        expression: &Expression,
        new: fn(&str, Compile) -> Result<Pattern, PatternError>,
    ) -> Compiled<Pattern> {
        // SECURITY: a value taken for a regular expression could match what the rule's author never meant.
        let Some(text) = expression.raw() else {
            let what = "a regular expression";
            return Err(self.error(expression.place, Problem::NotConstant { what }));
        };
        new(&text, self.when).map_err(|error| {
            let place = match expression.terms.as_slice() {
                [Term::Literal(literal)] => within(literal.place, &literal.raw, error.at),
                _ => expression.place,
            };
            self.error(place, Problem::Pattern(error))
        })
    }

    fn constant(&self, expression: &Expression, what: &'static str) -> Compiled<Arc<str>> {
        let constant = expression.constant().map(Arc::from);
        constant.ok_or_else(|| self.error(expression.place, Problem::NotConstant { what }))
    }

    /// The selector that has a tag.
    fn selector(&mut self, tag: &Tag) -> Compiled<usize> {
        self.has_used = true;
        let name = tag.name.clone();
        if self.is_aggregate {
            return Err(self.error(tag.place, Problem::TagInAggregate { tag: name }));
        }
        let mut bound = self.bound.iter();
        if let Some(found) = bound.position(|it| it.as_ref().is_some_and(|it| it.is(tag))) {
            return Ok(found);
        }
        let problem = match self.later.iter().any(|it| it.is(tag)) {
            true => Problem::TagTooEarly { tag: name },
            false => Problem::UnboundTag { tag: name },
        };
        Err(self.error(tag.place, problem))
    }

    fn error(&self, place: Place, problem: Problem) -> Box<ParseError> {
        Box::new(ParseError::new(place, problem, self.text))
    }
}

/// The place of one character of a string.
fn within(place: Place, raw: &str, at: usize) -> Place {
    let before = raw.chars().take(at.saturating_sub(1));
    let (line, column) = before.fold(
        (place.line, place.column + 1),
        |(line, column), it| match it {
            '\n' => (line + 1, 1),
            _ => (line, column + 1),
        },
    );
    Place {
        line,
        column,
        length: 1,
    }
}
