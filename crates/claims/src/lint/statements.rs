//! What rules make: queries that fail, claims that nobody reads, claims that should not be made so.

use super::{Findings, Lint};
use crate::claim::is_reserved_issuer;
use crate::claim_type::WINDOWS_ACCOUNT_NAME;
use crate::evaluate::budget::Budget;
use crate::program::{Action, Against, Field, Part, Program, Value, With};
use crate::rule_set::RuleSet;
use crate::syntax::ast::{
    Assignment, Body, Condition, Expression, Operator, Property, Rule, StoreQuery, Term, Verb,
};

/// Fields of a JSON web token that the server sets itself.
const TOKEN_FIELDS: [&str; 5] = ["nbf", "exp", "iat", "iss", "aud"];

pub(super) fn look(rule: &Rule, program: &Program, findings: &mut Findings) {
    match &rule.statement.body {
        Body::Copy(tag) if rule.statement.verb == Verb::Add => findings.add(
            Lint::AddsNothing,
            tag.place,
            "adding a claim that is there already has no effect",
        ),
        Body::Copy(_) => {}
        Body::New(assignments) => new_claim(assignments, findings),
        Body::Query(query) => {
            parameters(query, findings);
            directory(rule, query, findings);
        }
    }
    replacements(rule, program, findings);
}

fn new_claim(assignments: &[Assignment], findings: &mut Findings) {
    for assignment in assignments {
        let Some(value) = assignment.value.constant() else {
            continue;
        };
        let place = assignment.place;
        match assignment.property {
            Property::Issuer | Property::OriginalIssuer if is_reserved_issuer(&value) => {
                let sentence = format!("`{value}` is the server's own word, which rules trust");
                findings.add(Lint::ReservedIssuer, place, sentence);
            }
            Property::Type if TOKEN_FIELDS.contains(&value.as_str()) => {
                let mut others = assignments.iter();
                let is_constant = others
                    .any(|it| it.property == Property::Value && it.value.constant().is_some());
                if is_constant {
                    let sentence = format!("`{value}` is set by the server for each token");
                    findings.add(Lint::ConstantTokenField, place, sentence);
                }
            }
            _ => {}
        }
    }
}

/// Placeholders without a parameter, and the other way round.
fn parameters(query: &StoreQuery, findings: &mut Findings) {
    let Some(expression) = &query.query else {
        return;
    };
    let text = expression.constant().unwrap_or_default();
    let named = placeholders(&text);
    let number = query.parameters.len();
    if let Some(missing) = named.iter().find(|it| **it >= number) {
        let sentence = format!("the query names {{{missing}}}, and it has {number} parameters");
        findings.add(Lint::NoSuchParameter, expression.place, sentence);
    }
    for (at, parameter) in query.parameters.iter().enumerate() {
        if !named.contains(&at) {
            let sentence = format!("the query does not name {{{at}}}");
            findings.add(Lint::UnusedParameter, parameter.place, sentence);
        }
    }
}

/// The numbers in braces.
fn placeholders(text: &str) -> Vec<usize> {
    let parts = text.split('{').skip(1);
    parts
        .filter_map(|it| it.split_once('}')?.0.parse().ok())
        .collect()
}

/// `filter;attribute,attribute;account`, as Active Directory's store takes it.
fn directory(rule: &Rule, query: &StoreQuery, findings: &mut Findings) {
    if query.store.constant().as_deref() != Some("Active Directory") {
        return;
    }
    let Some(expression) = &query.query else {
        let sentence = "Active Directory is asked as `filter;attributes;account`";
        findings.add(Lint::DirectoryQuery, query.store.place, sentence);
        return;
    };
    let text = expression.constant().unwrap_or_default();
    let parts = text
        .split_once(';')
        .and_then(|(_, rest)| rest.rsplit_once(';'));
    let Some((attributes, account)) = parts else {
        let sentence = "Active Directory is asked as `filter;attributes;account`";
        findings.add(Lint::DirectoryQuery, expression.place, sentence);
        return;
    };
    let attributes = attributes.split(',').count();
    let types = query.types.len();
    if attributes != types {
        let sentence = format!("the query has {attributes} attributes for {types} types");
        findings.add(Lint::DirectoryQuery, expression.place, sentence);
    }
    let account = placeholders(account).first().copied();
    let account = account.and_then(|at| query.parameters.get(at));
    if let Some(account) = account
        && let Some(found) = type_of(rule, account)
        && found.replacen("https:", "http:", 1) != WINDOWS_ACCOUNT_NAME
    {
        let sentence = format!(
            "POLICY3826: the account must be DOMAIN\\user, as `{WINDOWS_ACCOUNT_NAME}` is, and not `{found}`"
        );
        findings.add(Lint::DirectoryAccount, account.place, sentence);
    }
}

/// The type of the claim whose value an expression is, where the rule says it.
fn type_of(rule: &Rule, expression: &Expression) -> Option<String> {
    let [Term::Property { tag, property }] = expression.terms.as_slice() else {
        return None;
    };
    let mut selectors = rule.selectors();
    let selector = selectors.find(|it| it.tag.as_ref().is_some_and(|it| it.is(tag)))?;
    let mut tests = selector.tests.iter();
    let test = tests.find(|it| it.property == Property::Type && it.operator == Operator::Equal)?;
    match **property {
        Property::Value => test.operand.constant(),
        _ => None,
    }
}

fn replacements(rule: &Rule, program: &Program, findings: &mut Findings) {
    let mut values: Vec<&Value> = Vec::new();
    match &program.action {
        Action::Copy(_) => {}
        Action::New(assignments) => values.extend(assignments.iter().map(|(_, value)| value)),
        Action::Query(question) => {
            values.extend(&question.types);
            values.extend(&question.parameters);
        }
    }
    while let Some(value) = values.pop() {
        let Value::Parts(parts) = value else { continue };
        for part in parts {
            let replace = match part {
                Part::Constant(_) => continue,
                Part::Property { field, .. } => {
                    if let Field::Property(key) = field {
                        values.push(key);
                    }
                    continue;
                }
                Part::Replace(replace) => replace,
            };
            values.push(&replace.subject);
            match &replace.replacement {
                With::Known(replacement) => {
                    for unknown in &replacement.unknown {
                        let sentence = format!(
                            "`{unknown}` names no group of the regular expression and is written as it stands"
                        );
                        findings.add(Lint::UnknownSubstitution, rule.statement.place, sentence);
                    }
                }
                With::Made(_) => findings.add(
                    Lint::ReplacementFromClaim,
                    rule.statement.place,
                    "a `$` in the claim would be taken for a substitution",
                ),
            }
        }
    }
}

/// An `add` of a type that no rule below looks at.
pub(super) fn unread(
    rule: &Rule,
    below: &[Rule],
    rules: &RuleSet,
    at: usize,
    findings: &mut Findings,
) {
    let added = match &rule.statement.body {
        Body::New(assignments) => assignments
            .iter()
            .find(|it| it.property == Property::Type)
            .and_then(|it| it.value.constant()),
        Body::Copy(_) | Body::Query(_) => None,
    };
    let (Verb::Add, Some(added)) = (rule.statement.verb, added) else {
        return;
    };
    let programs = rules.programs().iter().skip(at + 1);
    let is_read = below.iter().zip(programs).any(|(rule, program)| {
        let mut selectors = program.selectors.iter().map(|it| &it.checks);
        let mut guards = program.guards.iter().map(|it| &it.checks);
        rule.conditions.iter().any(|condition| {
            let checks = match condition {
                Condition::Selector(_) => selectors.next(),
                Condition::Exists { .. } | Condition::Count { .. } => guards.next(),
            };
            let mut checks = checks.into_iter().flatten();
            checks
                .all(|check| !matches!(check.property, Field::Type) || fits(&check.against, &added))
        })
    });
    if !is_read {
        let sentence = format!("no rule below looks at `{added}`, so that nothing comes of it");
        findings.add(Lint::NeverRead, rule.statement.place, sentence);
    }
}

fn fits(against: &Against, added: &str) -> bool {
    match against {
        Against::Value {
            is_negated,
            value: Value::Constant(value),
        } => (**value == *added) != *is_negated,
        Against::Value { .. } => true,
        Against::Pattern {
            is_negated,
            pattern,
        } => pattern
            .is_match(added, &mut Budget::FULL.clone())
            .ok()
            .is_none_or(|is_match| is_match != *is_negated),
    }
}
