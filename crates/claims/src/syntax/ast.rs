//! The tree of a rule set, as it was written.
//!
//! Places in the text are kept and never compared: two trees are equal if they say the same, whatever their layout.

use std::borrow::Cow;
use std::fmt;

/// Where something stands in the text; equal to every other place.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// How many characters it has.
    pub length: u32,
}

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Place {}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}, column {}", self.line, self.column)
    }
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Remarks before and in it, line by line; AD FS has none.
    pub comments: Vec<String>,
    /// `@RuleName = "…"` and the like.
    pub annotations: Vec<Annotation>,
    /// What must hold; nothing means always.
    pub conditions: Vec<Condition>,
    /// What is done then.
    pub statement: Statement,
    /// Where it begins.
    pub place: Place,
}

impl Rule {
    /// Its `@RuleName`.
    #[must_use]
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.annotation("RuleName")
    }

    /// Its `@RuleTemplate`.
    #[must_use]
    pub fn template(&self) -> Option<Cow<'_, str>> {
        self.annotation("RuleTemplate")
    }

    /// Its selectors, in order.
    pub fn selectors(&self) -> impl Iterator<Item = &Selector> {
        self.conditions.iter().filter_map(|it| match it {
            Condition::Selector(selector) => Some(selector),
            Condition::Exists { .. } | Condition::Count { .. } => None,
        })
    }

    fn annotation(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut annotations = self.annotations.iter();
        let found = annotations.find(|it| it.name.eq_ignore_ascii_case(name))?;
        Some(found.value.value())
    }
}

/// `@Name = "value"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Its name, as written.
    pub name: String,
    /// Its value.
    pub value: Literal,
    /// Where it stands.
    pub place: Place,
}

/// One condition; all of them must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// `c:[…]`: every claim that fits, one at a time.
    Selector(Selector),
    /// `EXISTS([…])` and `NOT EXISTS([…])`.
    Exists {
        /// Whether `NOT` stands before it.
        is_negated: bool,
        /// What a claim must fulfil.
        tests: Vec<Test>,
        /// Where it stands.
        place: Place,
    },
    /// `COUNT([…]) > 1`.
    Count {
        /// What a claim must fulfil.
        tests: Vec<Test>,
        /// How the number is compared.
        comparison: Comparison,
        /// With what.
        number: u32,
        /// Where it stands.
        place: Place,
    },
}

/// `tag:[test, test]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// The name that the rest of the rule calls the claim by.
    pub tag: Option<Tag>,
    /// What a claim must fulfil; nothing means every claim.
    pub tests: Vec<Test>,
    /// Where it stands.
    pub place: Place,
}

/// The name of a selected claim; case does not matter.
#[derive(Clone, Debug)]
pub struct Tag {
    /// As written.
    pub name: String,
    /// Where it stands.
    pub place: Place,
}

impl Tag {
    /// Whether two are the same.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.name.eq_ignore_ascii_case(&other.name)
    }
}

impl PartialEq for Tag {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for Tag {}

/// How a number of claims is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

impl Comparison {
    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::AtLeast => ">=",
            Self::AtMost => "<=",
        }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(self, left: usize, right: usize) -> bool {
        match self {
            Self::Equal => left == right,
            Self::NotEqual => left != right,
            Self::Greater => left > right,
            Self::Less => left < right,
            Self::AtLeast => left >= right,
            Self::AtMost => left <= right,
        }
    }
}

/// `Property operator expression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// What of a claim.
    pub property: Property,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    pub operand: Expression,
    /// Where it stands.
    pub place: Place,
}

/// How a property is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Matches,
    /// `!~`
    MatchesNot,
}

impl Operator {
    /// As it is written.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Matches => "=~",
            Self::MatchesNot => "!~",
        }
    }

    /// Whether its operand is a regular expression.
    #[must_use]
    pub fn is_match(self) -> bool {
        matches!(self, Self::Matches | Self::MatchesNot)
    }
}

/// What of a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Property {
    /// `Type`
    Type,
    /// `Value`
    Value,
    /// `ValueType`
    ValueType,
    /// `Issuer`
    Issuer,
    /// `OriginalIssuer`
    OriginalIssuer,
    /// `Properties["key"]`
    Properties(Expression),
}

/// `issue(…)` or `add(…)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which of the two.
    pub verb: Verb,
    /// What is issued or added.
    pub body: Body,
    /// Where it stands.
    pub place: Place,
}

/// Where new claims go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// To the rules below and to the result.
    Issue,
    /// To the rules below.
    Add,
}

impl Verb {
    /// As it is written.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Add => "add",
        }
    }
}

/// What is issued or added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// `claim = c`
    Copy(Tag),
    /// `Type = …, Value = …`
    New(Vec<Assignment>),
    /// `store = …, types = (…), query = …, param = …`
    Query(StoreQuery),
}

/// `Property = expression`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What of the new claim.
    pub property: Property,
    /// What it becomes.
    pub value: Expression,
    /// Where it stands.
    pub place: Place,
}

/// A question to an attribute store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreQuery {
    /// The store's name.
    pub store: Expression,
    /// The types of the claims that the columns become.
    pub types: Vec<Expression>,
    /// The question, with `{0}` and so on for the parameters.
    pub query: Option<Expression>,
    /// The parameters.
    pub parameters: Vec<Expression>,
}

/// Terms joined by `+`; one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The terms.
    pub terms: Vec<Term>,
    /// Where it stands.
    pub place: Place,
}

impl Expression {
    /// Its text, where no claim has a say in it: as the value that it is.
    #[must_use]
    pub fn constant(&self) -> Option<String> {
        let literals = self.literals()?;
        Some(literals.iter().map(|it| it.value()).collect())
    }

    /// Its text, where no claim has a say in it: as a regular expression is written, where `\x22` is an escape.
    #[must_use]
    pub fn raw(&self) -> Option<String> {
        let literals = self.literals()?;
        Some(literals.iter().map(|it| it.raw.as_str()).collect())
    }

    fn literals(&self) -> Option<Vec<&Literal>> {
        let literal = |term: &'_ Term| matches!(term, Term::Literal(_));
        self.terms.iter().all(literal).then(|| {
            let literals = self.terms.iter().filter_map(|term| match term {
                Term::Literal(literal) => Some(literal),
                Term::Property { .. } | Term::Call { .. } => None,
            });
            literals.collect()
        })
    }
}

/// One term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// `"text"`
    Literal(Literal),
    /// `c.Value`
    Property {
        /// Of which claim.
        tag: Tag,
        /// What of it.
        property: Box<Property>,
    },
    /// `RegExReplace(…)`
    Call {
        /// Which function.
        function: Function,
        /// What it is given.
        arguments: Vec<Expression>,
        /// Where it stands.
        place: Place,
    },
}

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `RegExReplace(text, expression, replacement)`
    RegExReplace,
}

impl Function {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RegExReplace => "RegExReplace",
        }
    }

    /// How many arguments it takes.
    #[must_use]
    pub fn arity(self) -> usize {
        match self {
            Self::RegExReplace => 3,
        }
    }

    /// The function of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let known = Self::RegExReplace;
        name.eq_ignore_ascii_case(known.name()).then_some(known)
    }
}

/// A text between quotation marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Literal {
    /// As written, without the marks.
    pub raw: String,
    /// Where it stands.
    pub place: Place,
}

/// The one escape: a quotation mark (AD FS 2016 and later).
const QUOTE: &str = "\\x22";

impl Literal {
    /// The literal that stands for a value.
    #[must_use]
    pub fn of(value: &str) -> Self {
        Self {
            raw: value.replace('"', QUOTE),
            place: Place::default(),
        }
    }

    /// What it stands for: `\x22` is a quotation mark, any other backslash is a backslash.
    #[must_use]
    pub fn value(&self) -> Cow<'_, str> {
        match self.raw.contains(QUOTE) {
            true => Cow::Owned(self.raw.replace(QUOTE, "\"")),
            false => Cow::Borrowed(&self.raw),
        }
    }
}
