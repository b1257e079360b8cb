//! Every expression of a rule, wherever it stands.

use super::ast::{Body, Condition, Expression, Literal, Property, Rule, Term, Test};

impl Rule {
    /// Every expression of the rule, those inside others included, in order.
    #[must_use]
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut all = Vec::new();
        for condition in &self.conditions {
            tests(condition.tests(), &mut all);
        }
        match &self.statement.body {
            Body::Copy(_) => {}
            Body::New(assignments) => {
                for assignment in assignments {
                    property(&assignment.property, &mut all);
                    expression(&assignment.value, &mut all);
                }
            }
            Body::Query(query) => {
                let parts = [&query.store].into_iter().chain(&query.types);
                let parts = parts.chain(&query.query).chain(&query.parameters);
                parts.for_each(|it| expression(it, &mut all));
            }
        }
        all
    }

    /// Every string of the rule but those of its annotations.
    pub fn literals(&self) -> impl Iterator<Item = &Literal> {
        let terms = self.expressions().into_iter().flat_map(|it| &it.terms);
        terms.filter_map(|it| match it {
            Term::Literal(literal) => Some(literal),
            Term::Property { .. } | Term::Call { .. } => None,
        })
    }
}

impl Condition {
    /// What a claim must fulfil.
    #[must_use]
    pub fn tests(&self) -> &[Test] {
        match self {
            Self::Selector(selector) => &selector.tests,
            Self::Exists { tests, .. } | Self::Count { tests, .. } => tests,
        }
    }
}

fn tests<'a>(tests: &'a [Test], all: &mut Vec<&'a Expression>) {
    for test in tests {
        property(&test.property, all);
        expression(&test.operand, all);
    }
}

fn property<'a>(property: &'a Property, all: &mut Vec<&'a Expression>) {
    if let Property::Properties(key) = property {
        expression(key, all);
    }
}

fn expression<'a>(it: &'a Expression, all: &mut Vec<&'a Expression>) {
    all.push(it);
    for term in &it.terms {
        match term {
            Term::Literal(_) => {}
            Term::Property { property: of, .. } => property(of, all),
            Term::Call { arguments, .. } => arguments.iter().for_each(|it| expression(it, all)),
        }
    }
}
