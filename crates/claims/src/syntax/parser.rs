//! From tokens to rules, by the grammar of the reference (AD FS, "The Role of the Claim Rule Language").
//!
//! After an error the parser goes on behind the next `;`, so that one run tells of every rule. Start at [`parse`].

mod expression;
mod statement;

use super::ast::{Annotation, Comparison, Condition, Place, Rule, Selector, Tag, Test};
use super::error::{ParseError, Problem};
use super::lexer::{Kind, Token, tokens};
use super::{MAX_ERRORS, MAX_PARTS, MAX_RULES, MAX_TEXT};

/// What is taken as the language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// What AD FS takes, comments, parentheses in expressions, and selectors beside EXISTS and COUNT.
    #[default]
    Extended,
    /// What AD FS is known to take.
    Strict,
}

/// What is taken and should be mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The last rule has no `;`.
    NoSemicolon {
        /// Where it is missing.
        place: Place,
    },
    /// A string goes over the end of a line.
    StringOverLines {
        /// Where it begins.
        place: Place,
    },
}

/// What a text holds.
pub(crate) struct Parsed {
    pub(crate) rules: Vec<Rule>,
    /// Remarks after the last rule.
    pub(crate) comments: Vec<String>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) errors: Vec<ParseError>,
}

/// Reads a text.
pub(crate) fn parse(text: &str, dialect: Dialect) -> Parsed {
    let mut parsed = Parsed {
        rules: Vec::new(),
        comments: Vec::new(),
        warnings: Vec::new(),
        errors: Vec::new(),
    };
    if text.len() > MAX_TEXT {
        let problem = Problem::TooMany {
            what: "bytes in the text",
            limit: MAX_TEXT,
        };
        let place = Place {
            line: 1,
            column: 1,
            length: 1,
        };
        parsed.errors.push(ParseError::new(place, problem, ""));
        return parsed;
    }
    let (tokens, errors) = tokens(text);
    parsed.errors = errors;
    if dialect == Dialect::Strict {
        let comments = tokens.iter().filter(|it| it.kind == Kind::Comment);
        let what = "comments";
        let error = |it: &Token<'_>| ParseError::new(it.place, Problem::NotStrict { what }, text);
        parsed.errors.extend(comments.map(error));
    }
    let mut parser = Parser {
        text,
        dialect,
        tokens: tokens.into_iter().peekable(),
        previous: Place::default(),
        comments: Vec::new(),
        warnings: Vec::new(),
        depth: 0,
    };
    // As many errors of the parser are told as of the lexer; more help nobody, and each takes time.
    let most = parsed.errors.len() + MAX_ERRORS;
    while parser.peek() != Kind::End && parsed.errors.len() < most {
        match parser.rule(parsed.rules.len()) {
            Ok(rule) => parsed.rules.push(rule),
            Err(Failed::Told) => parser.recover(),
            Err(Failed::Error(error)) => {
                parsed.errors.push(*error);
                parser.recover();
            }
        }
    }
    parsed.comments = std::mem::take(&mut parser.comments);
    parsed.warnings = parser.warnings;
    parsed
}

/// Why a rule could not be read.
pub(super) enum Failed {
    /// The lexer told of it already.
    Told,
    /// This.
    Error(Box<ParseError>),
}

impl From<ParseError> for Failed {
    fn from(error: ParseError) -> Self {
        Self::Error(Box::new(error))
    }
}

pub(super) type Read<T> = Result<T, Failed>;

pub(super) struct Parser<'a> {
    text: &'a str,
    dialect: Dialect,
    tokens: std::iter::Peekable<std::vec::IntoIter<Token<'a>>>,
    /// Where the last token was that was taken.
    previous: Place,
    /// Remarks that no rule has taken yet.
    comments: Vec<String>,
    warnings: Vec<Warning>,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn rule(&mut self, number: usize) -> Read<Rule> {
        if number >= MAX_RULES {
            let place = self.look().place;
            self.skip_all();
            return Err(self.too_many(place, "rules", MAX_RULES));
        }
        let place = self.look().place;
        let mut annotations = Vec::new();
        while self.peek() == Kind::At {
            self.limit(annotations.len(), "annotations")?;
            annotations.push(self.annotation()?);
        }
        let conditions = self.conditions(!annotations.is_empty())?;
        let statement = self.statement()?;
        match self.peek() {
            Kind::Semicolon => {
                self.next();
            }
            Kind::End => self.warnings.push(Warning::NoSemicolon {
                place: self.previous,
            }),
            _ => return Err(self.unexpected(&[";"])),
        }
        if self.dialect == Dialect::Strict && mixes(&conditions) {
            return Err(self.not_strict(place, "selectors beside EXISTS or COUNT"));
        }
        Ok(Rule {
            comments: std::mem::take(&mut self.comments),
            annotations,
            conditions,
            statement,
            place,
        })
    }

    fn annotation(&mut self) -> Read<Annotation> {
        let place = self.expect(Kind::At, "@")?.place;
        let name = self.expect(Kind::Word, "a name")?.text.to_owned();
        self.expect(Kind::Assign, "=")?;
        let value = self.literal()?;
        Ok(Annotation { name, value, place })
    }

    /// The conditions and the `=>` after them.
    fn conditions(&mut self, is_annotated: bool) -> Read<Vec<Condition>> {
        let mut conditions = Vec::new();
        if self.peek() != Kind::Arrow {
            loop {
                self.limit(conditions.len(), "conditions")?;
                let is_first = conditions.is_empty();
                conditions.push(self.condition(is_first, is_annotated)?);
                match self.peek() {
                    Kind::And => self.next(),
                    Kind::Arrow => break,
                    _ => return Err(self.unexpected(&["&&", "=>"])),
                };
            }
        }
        self.next();
        Ok(conditions)
    }

    fn condition(&mut self, is_first: bool, is_annotated: bool) -> Read<Condition> {
        let place = self.look().place;
        if self.peek() == Kind::OpenBracket {
            return self.selector(None, place);
        }
        if self.peek() != Kind::Word {
            return Err(self.unexpected(match (is_first, is_annotated) {
                (true, false) => &["@", "a condition", "=>"],
                (true, true) => &["a condition", "=>"],
                (false, _) => &["a condition"],
            }));
        }
        let word = self.next();
        if self.peek() == Kind::Colon {
            self.next();
            let tag = Tag {
                name: word.text.to_owned(),
                place: word.place,
            };
            return self.selector(Some(tag), place);
        }
        let is = |keyword: &str| word.text.eq_ignore_ascii_case(keyword);
        if is("NOT") {
            let exists = self.look();
            if !exists.text.eq_ignore_ascii_case("EXISTS") || exists.kind != Kind::Word {
                return Err(self.unexpected(&["EXISTS"]));
            }
            self.next();
            return self.exists(true, place);
        }
        if is("EXISTS") && self.peek() == Kind::Open {
            return self.exists(false, place);
        }
        if is("COUNT") && self.peek() == Kind::Open {
            return self.count(place);
        }
        Err(self.unexpected(&[":"]))
    }

    fn exists(&mut self, is_negated: bool, place: Place) -> Read<Condition> {
        Ok(Condition::Exists {
            is_negated,
            tests: self.in_parentheses()?,
            place,
        })
    }

    fn count(&mut self, place: Place) -> Read<Condition> {
        let tests = self.in_parentheses()?;
        let comparison = match self.peek() {
            Kind::Equal => Comparison::Equal,
            Kind::NotEqual => Comparison::NotEqual,
            Kind::Greater => Comparison::Greater,
            Kind::Less => Comparison::Less,
            Kind::AtLeast => Comparison::AtLeast,
            Kind::AtMost => Comparison::AtMost,
            _ => return Err(self.unexpected(&["==", "!=", ">", "<", ">=", "<="])),
        };
        self.next();
        let number = self.expect(Kind::Number, "a number")?;
        let Ok(number) = number.text.parse() else {
            return Err(self.too_many(number.place, "claims to count to", 4_294_967_295));
        };
        Ok(Condition::Count {
            tests,
            comparison,
            number,
            place,
        })
    }

    fn in_parentheses(&mut self) -> Read<Vec<Test>> {
        self.expect(Kind::Open, "(")?;
        let tests = self.tests()?;
        self.expect(Kind::Close, ")")?;
        Ok(tests)
    }

    fn selector(&mut self, tag: Option<Tag>, place: Place) -> Read<Condition> {
        let tests = self.tests()?;
        Ok(Condition::Selector(Selector { tag, tests, place }))
    }

    fn not_strict(&self, place: Place, what: &'static str) -> Failed {
        self.error(place, Problem::NotStrict { what })
    }

    fn too_many(&self, place: Place, what: &'static str, limit: usize) -> Failed {
        self.error(place, Problem::TooMany { what, limit })
    }

    fn error(&self, place: Place, problem: Problem) -> Failed {
        ParseError::new(place, problem, self.text).into()
    }

    fn limit(&self, number: usize, what: &'static str) -> Read<()> {
        match number < MAX_PARTS {
            true => Ok(()),
            false => Err(self.too_many(self.previous, what, MAX_PARTS)),
        }
    }

    /// The error of the next token, where something else was expected.
    fn unexpected(&mut self, expected: &[&'static str]) -> Failed {
        let token = self.look();
        let got = match token.kind {
            Kind::Bad => return Failed::Told,
            Kind::End => "end of the text".to_owned(),
            Kind::Text => format!("string \"{}\"", shortened(token.text)),
            _ => format!("`{}`", shortened(token.text)),
        };
        let problem = match token.kind {
            // AD FS's lexer knows no numbers where none can be.
            Kind::Number => Problem::UnexpectedInput { got },
            _ => Problem::Unexpected { got },
        };
        let error = ParseError::new(token.place, problem, self.text).expecting(expected);
        match hint(&token, expected) {
            Some(hint) => error.with_hint(hint).into(),
            None => error.into(),
        }
    }

    fn expect(&mut self, kind: Kind, name: &'static str) -> Read<Token<'a>> {
        match self.peek() == kind {
            true => Ok(self.next()),
            false => Err(self.unexpected(&[name])),
        }
    }

    fn peek(&mut self) -> Kind {
        self.look().kind
    }

    /// The next token that is no remark.
    fn look(&mut self) -> Token<'a> {
        while let Some(comment) = self.tokens.next_if(|it| it.kind == Kind::Comment) {
            self.comments.extend(lines_of(comment.text));
        }
        match self.tokens.peek() {
            Some(token) => token.clone(),
            None => Token {
                kind: Kind::End,
                text: "",
                place: self.previous,
            },
        }
    }

    fn next(&mut self) -> Token<'a> {
        let token = self.look();
        self.tokens.next_if(|it| it.kind != Kind::End);
        self.previous = token.place;
        token
    }

    /// Goes on behind the next `;`.
    fn recover(&mut self) {
        self.depth = 0;
        while !matches!(self.next().kind, Kind::Semicolon | Kind::End) {}
        self.comments.clear();
    }

    fn skip_all(&mut self) {
        while self.next().kind != Kind::End {}
    }
}

/// Whether selectors stand beside EXISTS or COUNT.
pub(crate) fn mixes(conditions: &[Condition]) -> bool {
    let is_selector = |it: &Condition| matches!(it, Condition::Selector(_));
    conditions.iter().any(is_selector) && !conditions.iter().all(is_selector)
}

/// The lines of a remark, without the marks.
fn lines_of(comment: &str) -> impl Iterator<Item = String> {
    let block = comment.strip_prefix("/*");
    let text = match block {
        Some(text) => text.strip_suffix("*/").unwrap_or(text),
        None => comment.strip_prefix("//").unwrap_or(comment),
    };
    text.split(['\n', '\r'])
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .into_iter()
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 40;
    let clean = |it: char| if it.is_control() { ' ' } else { it };
    let mut short: String = text.chars().take(LONGEST).map(clean).collect();
    if text.chars().count() > LONGEST {
        short.push('…');
    }
    short
}

/// What may help where something else was expected.
fn hint(token: &Token<'_>, expected: &[&'static str]) -> Option<String> {
    let wants = |it: &str| expected.contains(&it);
    if token.kind == Kind::Assign && wants("==") {
        return Some("a test compares with ==, != , =~ or !~".to_owned());
    }
    if token.kind == Kind::Equal && wants("=") {
        return Some("a property is set with a single =".to_owned());
    }
    if token.kind == Kind::Number {
        return Some("values are strings: put it between \"".to_owned());
    }
    if token.kind == Kind::CloseBracket && wants("Type") {
        return Some("there is a comma too many before ]".to_owned());
    }
    if token.kind == Kind::Word {
        let near = expected.iter().find(|it| is_near(token.text, it))?;
        return Some(format!("did you mean `{near}`?"));
    }
    None
}

/// Whether two words differ by one letter, or by two next to each other.
fn is_near(word: &str, wanted: &str) -> bool {
    let word = word.to_ascii_lowercase();
    let wanted = wanted.to_ascii_lowercase();
    if word.len().abs_diff(wanted.len()) > 1 || wanted.len() < 3 {
        return false;
    }
    let same = |(a, b): &(char, char)| a == b;
    let front = word.chars().zip(wanted.chars()).take_while(same).count();
    let back = word.chars().rev().zip(wanted.chars().rev());
    let back = back.take_while(same).count();
    front + back + 2 >= word.len().max(wanted.len())
}
