//! Tests, properties and expressions.

use super::super::ast::{
    Expression, Function, Literal, Operator, Place, Property, Tag, Term, Test,
};
use super::super::error::Problem;
use super::super::lexer::Kind;
use super::super::{MAX_DEPTH, MAX_PARTS};
use super::{Dialect, Parser, Read, Warning};

/// The properties of a claim.
pub(super) const PROPERTIES: [&str; 6] = [
    "Type",
    "Value",
    "ValueType",
    "Issuer",
    "OriginalIssuer",
    "Properties",
];

impl Parser<'_> {
    /// `[test, test]`.
    pub(super) fn tests(&mut self) -> Read<Vec<Test>> {
        self.expect(Kind::OpenBracket, "[")?;
        let mut tests = Vec::new();
        if self.peek() != Kind::CloseBracket {
            loop {
                self.limit(tests.len(), "tests in a condition")?;
                tests.push(self.test()?);
                match self.peek() {
                    Kind::Comma => self.next(),
                    Kind::CloseBracket => break,
                    _ => return Err(self.unexpected(&[",", "]"])),
                };
            }
        }
        self.next();
        Ok(tests)
    }

    fn test(&mut self) -> Read<Test> {
        let place = self.look().place;
        let property = self.property()?;
        let operator = match self.peek() {
            Kind::Equal => Operator::Equal,
            Kind::NotEqual => Operator::NotEqual,
            Kind::Matches => Operator::Matches,
            Kind::MatchesNot => Operator::MatchesNot,
            _ => return Err(self.unexpected(&["==", "!=", "=~", "!~"])),
        };
        self.next();
        let operand = self.expression()?;
        Ok(Test {
            property,
            operator,
            operand,
            place,
        })
    }

    /// A property by its name.
    pub(super) fn property(&mut self) -> Read<Property> {
        let token = self.look();
        if token.kind != Kind::Word {
            return Err(self.unexpected(&PROPERTIES));
        }
        let mut names = PROPERTIES.iter();
        let known = names.find(|it| it.eq_ignore_ascii_case(token.text));
        let property = match known {
            Some(&"Type") => Property::Type,
            Some(&"Value") => Property::Value,
            Some(&"ValueType") => Property::ValueType,
            Some(&"Issuer") => Property::Issuer,
            Some(&"OriginalIssuer") => Property::OriginalIssuer,
            Some(_) => {
                self.next();
                self.expect(Kind::OpenBracket, "[")?;
                let key = self.expression()?;
                self.expect(Kind::CloseBracket, "]")?;
                return Ok(Property::Properties(key));
            }
            None => return Err(self.unexpected(&PROPERTIES)),
        };
        self.next();
        Ok(property)
    }

    /// Terms joined by `+`; parentheses are taken out, as they change nothing.
    pub(super) fn expression(&mut self) -> Read<Expression> {
        let place = self.look().place;
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.too_many(place, "expressions in one another", MAX_DEPTH));
        }
        let mut terms = Vec::new();
        loop {
            if self.peek() == Kind::Open {
                let place = self.next().place;
                if self.dialect == Dialect::Strict {
                    return Err(self.not_strict(place, "parentheses in an expression"));
                }
                let inside = self.expression()?;
                self.expect(Kind::Close, ")")?;
                terms.extend(inside.terms);
            } else {
                terms.push(self.term()?);
            }
            if terms.len() > MAX_PARTS {
                return Err(self.too_many(place, "terms in an expression", MAX_PARTS));
            }
            if self.peek() != Kind::Plus {
                break;
            }
            self.next();
        }
        self.depth -= 1;
        Ok(Expression { terms, place })
    }

    fn term(&mut self) -> Read<Term> {
        match self.peek() {
            Kind::Text => return Ok(Term::Literal(self.literal()?)),
            Kind::Word => {}
            _ => {
                return Err(self.unexpected(&[
                    "a string",
                    "a property as `c.Value`",
                    "a function",
                ]));
            }
        }
        let word = self.next();
        match self.peek() {
            Kind::Dot => {
                self.next();
                let tag = Tag {
                    name: word.text.to_owned(),
                    place: word.place,
                };
                let property = Box::new(self.property()?);
                Ok(Term::Property { tag, property })
            }
            Kind::Open => self.call(word.text, word.place),
            _ => Err(self.unexpected(&[".", "("])),
        }
    }

    fn call(&mut self, name: &str, place: Place) -> Read<Term> {
        let Some(function) = Function::of(name) else {
            let name = name.to_owned();
            let failed = self.error(place, Problem::UnknownFunction { name });
            return Err(failed.hinting("the one function is RegExReplace"));
        };
        self.expect(Kind::Open, "(")?;
        let mut arguments = vec![self.expression()?];
        while self.peek() == Kind::Comma {
            self.limit(arguments.len(), "arguments")?;
            self.next();
            arguments.push(self.expression()?);
        }
        match self.peek() {
            Kind::Close => self.next(),
            _ => return Err(self.unexpected(&[",", ")"])),
        };
        if arguments.len() != function.arity() {
            let got = arguments.len();
            return Err(self.error(place, Problem::Arguments { function, got }));
        }
        Ok(Term::Call {
            function,
            arguments,
            place,
        })
    }

    /// A string.
    pub(super) fn literal(&mut self) -> Read<Literal> {
        let token = self.expect(Kind::Text, "a string")?;
        if token.text.contains('\n') {
            let place = token.place;
            self.warnings.push(Warning::StringOverLines { place });
        }
        Ok(Literal {
            raw: token.text.to_owned(),
            place: token.place,
        })
    }
}
