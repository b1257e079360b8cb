//! `issue(…)` and `add(…)`.

use super::super::ast::{Assignment, Body, Expression, Property, Statement, StoreQuery, Tag, Verb};
use super::super::error::Problem;
use super::super::lexer::Kind;
use super::{Failed, Parser, Read};

/// What a statement may begin with.
const BEGINNINGS: [&str; 8] = [
    "claim",
    "store",
    "Type",
    "Value",
    "ValueType",
    "Issuer",
    "OriginalIssuer",
    "Properties",
];

impl Failed {
    /// The same with what may help.
    pub(super) fn hinting(self, hint: &str) -> Self {
        match self {
            Self::Told => Self::Told,
            Self::Error(error) => (*error).with_hint(hint).into(),
        }
    }
}

impl Parser<'_> {
    /// What a rule does.
    pub(super) fn statement(&mut self) -> Read<Statement> {
        let token = self.look();
        let is = |word: &str| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word);
        let verb = match (is("issue"), is("add")) {
            (true, _) => Verb::Issue,
            (_, true) => Verb::Add,
            _ => return Err(self.unexpected(&["issue", "add"])),
        };
        let place = self.next().place;
        self.expect(Kind::Open, "(")?;
        let first = self.look();
        let begins = |word: &str| first.kind == Kind::Word && first.text.eq_ignore_ascii_case(word);
        let body = if begins("claim") {
            Body::Copy(self.copied()?)
        } else if begins("store") {
            Body::Query(self.query()?)
        } else if first.kind == Kind::Word {
            Body::New(self.assignments()?)
        } else {
            return Err(self.unexpected(&BEGINNINGS));
        };
        self.expect(Kind::Close, ")")?;
        Ok(Statement { verb, body, place })
    }

    fn copied(&mut self) -> Read<Tag> {
        self.next();
        self.expect(Kind::Assign, "=")?;
        let tag = self.expect(Kind::Word, "a tag")?;
        Ok(Tag {
            name: tag.text.to_owned(),
            place: tag.place,
        })
    }

    fn assignments(&mut self) -> Read<Vec<Assignment>> {
        let mut assignments: Vec<Assignment> = Vec::new();
        let begin = self.look().place;
        loop {
            self.limit(assignments.len(), "properties of a claim")?;
            let token = self.look();
            let property = match assignments.is_empty() && token.kind == Kind::Word {
                true => self.first_property()?,
                false => self.property()?,
            };
            if is_set(&assignments, &property) {
                let property = token.text.to_owned();
                return Err(self.error(token.place, Problem::SetTwice { property }));
            }
            self.expect(Kind::Assign, "=")?;
            let value = self.expression()?;
            assignments.push(Assignment {
                property,
                value,
                place: token.place,
            });
            match self.peek() {
                Kind::Comma => self.next(),
                Kind::Close => break,
                _ => return Err(self.unexpected(&[",", ")"])),
            };
        }
        for (property, name) in [(Property::Type, "Type"), (Property::Value, "Value")] {
            if !is_set(&assignments, &property) {
                return Err(self.error(begin, Problem::Missing { property: name }));
            }
        }
        Ok(assignments)
    }

    /// A property where a whole statement may begin as well.
    fn first_property(&mut self) -> Read<Property> {
        let token = self.look();
        let mut names = BEGINNINGS.iter();
        match names.any(|it| it.eq_ignore_ascii_case(token.text)) {
            true => self.property(),
            false => Err(self.unexpected(&BEGINNINGS)),
        }
    }

    /// `store = …, types = (…), query = …, param = …`, in this order.
    fn query(&mut self) -> Read<StoreQuery> {
        let store = self.named("store")?;
        self.expect(Kind::Comma, ",")?;
        self.keyword("types")?;
        self.expect(Kind::Open, "(")?;
        let mut types = vec![self.expression()?];
        while self.peek() == Kind::Comma {
            self.limit(types.len(), "types")?;
            self.next();
            types.push(self.expression()?);
        }
        match self.peek() {
            Kind::Close => self.next(),
            _ => return Err(self.unexpected(&[",", ")"])),
        };
        let mut query = None;
        let mut parameters = Vec::new();
        while self.peek() == Kind::Comma {
            self.limit(parameters.len(), "parameters")?;
            self.next();
            let can_query = query.is_none() && parameters.is_empty();
            if can_query && self.is_word("query") {
                query = Some(self.named("query")?);
            } else if self.is_word("param") {
                parameters.push(self.named("param")?);
            } else if can_query {
                return Err(self.unexpected(&["query", "param"]));
            } else {
                return Err(self.unexpected(&["param"]));
            }
        }
        Ok(StoreQuery {
            store,
            types,
            query,
            parameters,
        })
    }

    fn named(&mut self, name: &'static str) -> Read<Expression> {
        self.keyword(name)?;
        self.expression()
    }

    fn keyword(&mut self, name: &'static str) -> Read<()> {
        if !self.is_word(name) {
            return Err(self.unexpected(&[name]));
        }
        self.next();
        self.expect(Kind::Assign, "=")?;
        Ok(())
    }

    fn is_word(&mut self, word: &str) -> bool {
        let token = self.look();
        token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word)
    }
}

/// Whether a property is set already.
fn is_set(assignments: &[Assignment], property: &Property) -> bool {
    assignments.iter().any(|it| it.property == *property)
}
