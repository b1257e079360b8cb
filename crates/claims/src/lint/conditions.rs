//! Conditions that never hold, that hold too often, or that somebody gets past.

use super::{Findings, Lint};
use crate::claim_type::{DENY, PERMIT};
use crate::evaluate::budget::Budget;
use crate::pattern::Pattern;
use crate::program::{Against, Check, Program};
use crate::syntax::ast::{Body, Comparison, Condition, Operator, Property, Rule, Tag, Term, Test};
use crate::syntax::mixes;

pub(super) fn look(rule: &Rule, program: &Program, findings: &mut Findings) {
    if mixes(&rule.conditions) {
        findings.add(
            Lint::NotPortable,
            rule.place,
            "AD FS's documentation does not allow selectors beside EXISTS or COUNT in one rule",
        );
    }
    let mut selectors = program.selectors.iter().map(|it| &it.checks);
    let mut guards = program.guards.iter().map(|it| &it.checks);
    for condition in &rule.conditions {
        let checks = match condition {
            Condition::Selector(_) => selectors.next(),
            Condition::Exists { .. } | Condition::Count { .. } => guards.next(),
        };
        let checks = checks.map(Vec::as_slice).unwrap_or_default();
        let is_possible = !contradicts(condition.tests(), checks);
        whether_it_can_hold(condition, is_possible, findings);
        for (test, check) in condition.tests().iter().zip(checks) {
            one_test(test, check, findings);
            case(rule, condition, test, check, findings);
        }
    }
    many_times(rule, findings);
}

/// Whether the condition never holds, or always.
fn whether_it_can_hold(condition: &Condition, is_possible: bool, findings: &mut Findings) {
    let (place, holds) = match condition {
        Condition::Selector(selector) if !is_possible => (selector.place, Some(false)),
        Condition::Exists {
            is_negated, place, ..
        } if !is_possible => (*place, Some(*is_negated)),
        Condition::Count {
            comparison,
            number,
            place,
            ..
        } => (*place, known_count(*comparison, *number, is_possible)),
        Condition::Selector(_) | Condition::Exists { .. } => return,
    };
    match holds {
        Some(false) => findings.add(
            Lint::NeverHolds,
            place,
            "no claims can fulfil this condition",
        ),
        Some(true) => findings.add(
            Lint::AlwaysHolds,
            place,
            "this condition holds whatever the claims are",
        ),
        None => {}
    }
}

/// Whether a count holds, where that is known before anything is counted.
fn known_count(comparison: Comparison, number: u32, is_possible: bool) -> Option<bool> {
    if !is_possible {
        return Some(comparison.holds(0, usize::try_from(number).unwrap_or(usize::MAX)));
    }
    match (comparison, number) {
        (Comparison::Less, 0) => Some(false),
        (Comparison::AtLeast, 0) => Some(true),
        _ => None,
    }
}

/// Whether one test wants what another forbids.
fn contradicts(tests: &[Test], checks: &[Check]) -> bool {
    tests.iter().any(|wanted| {
        let Some(value) = wanted.operand.constant() else {
            return false;
        };
        let others = tests.iter().zip(checks);
        let mut others = others.filter(|(other, _)| other.property == wanted.property);
        wanted.operator == Operator::Equal
            && others.any(|(other, check)| match &check.against {
                Against::Pattern {
                    is_negated,
                    pattern,
                } => pattern
                    .is_match(&value, &mut Budget::FULL.clone())
                    .is_ok_and(|is_match| is_match == *is_negated),
                Against::Value { is_negated, .. } => other
                    .operand
                    .constant()
                    .is_some_and(|other| (other == value) == *is_negated),
            })
    })
}

fn one_test(test: &Test, check: &Check, findings: &mut Findings) {
    let place = test.operand.place;
    if let Against::Pattern {
        is_negated,
        pattern,
    } = &check.against
    {
        pattern_test(test, pattern, *is_negated, findings);
        return;
    }
    let Some(value) = test.operand.constant() else {
        return;
    };
    if looks_like_pattern(&value) {
        let sign = test.operator.sign();
        let sentence = format!("{sign} compares with the text `{value}` as it stands");
        let fix = match test.operator {
            Operator::NotEqual => "!~",
            _ => "=~",
        };
        let fix = format!("{fix} to match a regular expression");
        findings.add_with_fix(Lint::LooksLikePattern, place, sentence, fix);
    }
}

fn pattern_test(test: &Test, pattern: &Pattern, is_negated: bool, findings: &mut Findings) {
    let place = test.operand.place;
    if pattern.matches_only_the_empty_text() {
        findings.add(
            Lint::OnlyEmpty,
            place,
            "the regular expression matches the empty text alone",
        );
    }
    if test.property == Property::Issuer && !is_negated && !pattern.is_anchored() {
        findings.add(
            Lint::UnanchoredIssuer,
            place,
            "another issuer whose name contains this one is let through: begin with ^ and end with $",
        );
    }
    let written = test.operand.raw().unwrap_or_default();
    if written.contains("S-1-") && !pattern.ends_with_the_text() {
        findings.add(
            Lint::UnanchoredSid,
            place,
            "a longer SID that begins like this one matches as well: end with $",
        );
    }
    if has_bare_address(&written) {
        findings.add(
            Lint::UnescapedDots,
            place,
            "the dots of the address stand for any character: write \\. for each",
        );
    }
}

/// Whether a value in other case gets past a rule that keeps people out, or lets them in.
fn case(rule: &Rule, condition: &Condition, test: &Test, check: &Check, findings: &mut Findings) {
    let is_excluding = match (condition, test.operator) {
        (Condition::Count { .. }, _) => return,
        (Condition::Exists { is_negated, .. }, operator) => {
            *is_negated != matches!(operator, Operator::NotEqual | Operator::MatchesNot)
        }
        (_, operator) => matches!(operator, Operator::NotEqual | Operator::MatchesNot),
    };
    let (is_trap, what) = match decides(rule) {
        Some(DENY) => (!is_excluding, "is not kept out"),
        Some(_) => (is_excluding, "is let in"),
        None => return,
    };
    let is_name = match &check.against {
        Against::Value { .. } => test.operand.constant().is_some_and(|it| is_name(&it)),
        Against::Pattern { .. } => {
            let written = test.operand.raw().unwrap_or_default();
            is_name(&written) && !written.contains("(?i")
        }
    };
    if is_trap && test.property == Property::Value && is_name {
        let sentence = format!("case counts here: the same in other case {what}");
        let fix = "=~ \"^(?i)…$\"".to_owned();
        findings.add_with_fix(Lint::CaseTrap, test.operand.place, sentence, fix);
    }
}

/// PERMIT or DENY, where the rule issues one of them.
fn decides(rule: &Rule) -> Option<&'static str> {
    let Body::New(assignments) = &rule.statement.body else {
        return None;
    };
    let mut assignments = assignments.iter();
    let issued = assignments.find(|it| it.property == Property::Type)?;
    let issued = issued.value.constant()?.replacen("https:", "http:", 1);
    [PERMIT, DENY].into_iter().find(|it| *it == issued)
}

/// Whether a value is a name that people write, in whatever case, and no word of a machine.
fn is_name(value: &str) -> bool {
    let is_machine = ["http://", "https://", "urn:", "S-1-"]
        .iter()
        .any(|it| value.contains(it))
        || ["true", "false"].contains(&value);
    !is_machine && value.chars().any(char::is_alphabetic)
}

/// Whether a text was probably meant as a regular expression.
fn looks_like_pattern(value: &str) -> bool {
    let is_anchored = value.starts_with('^') || (value.ends_with('$') && value.len() > 1);
    let has_group = value.contains(")|(") || value.contains("(?");
    is_anchored || has_group || value.contains(".*") || value.contains("\\.")
}

/// Whether four numbers stand there with bare dots between them.
fn has_bare_address(written: &str) -> bool {
    let numbers = |it: char| it.is_ascii_digit() || it == '.';
    written
        .split(|it: char| !numbers(it))
        .map(|it| it.trim_matches('.'))
        .any(|it| it.split('.').count() == 4 && it.split('.').all(|it| !it.is_empty()))
}

/// Selectors that nothing uses, so that their claims only multiply what is issued.
fn many_times(rule: &Rule, findings: &mut Findings) {
    for selector in rule.selectors() {
        let is_one =
            |test: &Test| test.operator == Operator::Equal && test.property == Property::Value;
        if selector.tests.iter().any(is_one) {
            continue;
        }
        let is_used = selector.tag.as_ref().is_some_and(|tag| uses(rule, tag));
        if !is_used {
            findings.add(
                Lint::ManyTimes,
                selector.place,
                "the rule runs once for every claim that fits, and does the same each time: EXISTS runs it once",
            );
        }
    }
}

/// Whether a tag is used anywhere in a rule.
fn uses(rule: &Rule, tag: &Tag) -> bool {
    if let Body::Copy(copied) = &rule.statement.body
        && copied.is(tag)
    {
        return true;
    }
    let expressions = rule.expressions();
    let mut terms = expressions.iter().flat_map(|it| &it.terms);
    terms.any(|it| matches!(it, Term::Property { tag: used, .. } if used.is(tag)))
}
