//! Rules written the way AD FS's own forms write them; what was parsed is printed so that it parses to the same.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{
    Annotation, Assignment, Body, Condition, Expression, Literal, Property, Rule, Selector,
    Statement, StoreQuery, Tag, Term, Test,
};

impl Display for Rule {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for comment in &self.comments {
            writeln!(out, "// {comment}")?;
        }
        for Annotation { name, value, .. } in &self.annotations {
            writeln!(out, "@{name} = {value}")?;
        }
        for (at, condition) in self.conditions.iter().enumerate() {
            let joint = if at == 0 { "" } else { "\n && " };
            write!(out, "{joint}{condition}")?;
        }
        if !self.conditions.is_empty() {
            out.write_char('\n')?;
        }
        write!(out, " => {};", self.statement)
    }
}

impl Display for Condition {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Selector(selector) => selector.fmt(out),
            Self::Exists {
                is_negated, tests, ..
            } => {
                let not = if *is_negated { "NOT " } else { "" };
                write!(out, "{not}EXISTS({})", Tests(tests))
            }
            Self::Count {
                tests,
                comparison,
                number,
                ..
            } => write!(
                out,
                "COUNT({}) {} {number}",
                Tests(tests),
                comparison.sign()
            ),
        }
    }
}

impl Display for Selector {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        if let Some(tag) = &self.tag {
            write!(out, "{tag}:")?;
        }
        Tests(&self.tests).fmt(out)
    }
}

struct Tests<'a>(&'a [Test]);

impl Display for Tests<'_> {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_char('[')?;
        joined(out, self.0)?;
        out.write_char(']')
    }
}

impl Display for Test {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        let sign = self.operator.sign();
        write!(out, "{} {sign} {}", self.property, self.operand)
    }
}

impl Display for Tag {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(&self.name)
    }
}

impl Display for Property {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Type => "Type",
            Self::Value => "Value",
            Self::ValueType => "ValueType",
            Self::Issuer => "Issuer",
            Self::OriginalIssuer => "OriginalIssuer",
            Self::Properties(key) => return write!(out, "Properties[{key}]"),
        })
    }
}

impl Display for Statement {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{}(", self.verb.word())?;
        match &self.body {
            Body::Copy(tag) => write!(out, "claim = {tag}")?,
            Body::New(assignments) => joined(out, assignments)?,
            Body::Query(query) => query.fmt(out)?,
        }
        out.write_char(')')
    }
}

impl Display for Assignment {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "{} = {}", self.property, self.value)
    }
}

impl Display for StoreQuery {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "store = {}, types = (", self.store)?;
        joined(out, &self.types)?;
        out.write_char(')')?;
        if let Some(query) = &self.query {
            write!(out, ", query = {query}")?;
        }
        let mut parameters = self.parameters.iter();
        parameters.try_for_each(|it| write!(out, ", param = {it}"))
    }
}

impl Display for Expression {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            let joint = if at == 0 { "" } else { " + " };
            write!(out, "{joint}{term}")?;
        }
        Ok(())
    }
}

impl Display for Term {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Literal(literal) => literal.fmt(out),
            Self::Property { tag, property } => write!(out, "{tag}.{property}"),
            Self::Call {
                function,
                arguments,
                ..
            } => {
                write!(out, "{}(", function.name())?;
                joined(out, arguments)?;
                out.write_char(')')
            }
        }
    }
}

impl Display for Literal {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(out, "\"{}\"", self.raw)
    }
}

fn joined<T: Display>(out: &mut Formatter<'_>, parts: &[T]) -> fmt::Result {
    for (at, part) in parts.iter().enumerate() {
        let joint = if at == 0 { "" } else { ", " };
        write!(out, "{joint}{part}")?;
    }
    Ok(())
}
