//! Why a token came out as it did: rule by rule, what its conditions found, what they nearly found, and what was made.
//!
//! Plain data for whoever prints it. Start at [`Explained`].

use std::sync::Arc;

use crate::claim::Claim;
use crate::evaluate::TextComparison;
use crate::evaluate::matching::{self, Tuples, same_but_for_case};
use crate::program::{Action, Check, Program};
use crate::syntax::ast::{Condition, Operator, Property, Rule, Test, Verb};

/// Most claims of a condition that are shown.
pub const MAX_SHOWN: usize = 20;
/// Most claims of a condition that are shown as nearly fitting.
pub const MAX_NEAR: usize = 3;

/// What one rule did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// The rule, from 1.
    pub rule: usize,
    /// Its `@RuleName`.
    pub name: Option<String>,
    /// The line on which it begins, from 1.
    pub line: u32,
    /// Its text, printed anew.
    pub text: String,
    /// What each condition found.
    pub conditions: Vec<ExplainedCondition>,
    /// What came of them.
    pub outcome: Outcome,
    /// What it asked attribute stores.
    pub queries: Vec<ExplainedQuery>,
    /// What it made, in order.
    pub made: Vec<Claim>,
    /// Whether what it made is in the result, and not for rules below alone.
    pub is_issued: bool,
}

/// What one condition found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedCondition {
    /// Its text.
    pub text: String,
    /// Whether it holds; nothing where it compares with another condition's claim and is looked at anew for each.
    pub holds: Option<bool>,
    /// How many claims fit.
    pub number: usize,
    /// The first [`MAX_SHOWN`] of them.
    pub found: Vec<Claim>,
    /// Claims that one test alone kept out.
    pub near: Vec<Near>,
}

/// A claim that one test alone kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The claim.
    pub claim: Claim,
    /// The text of the test.
    pub test: String,
}

/// What came of a rule's conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A condition does not hold, so nothing was done.
    Nothing,
    /// The statement ran, once for each combination of claims.
    Ran {
        /// How often.
        times: usize,
    },
    /// It adds a claim that is there already, which has no effect.
    NoEffect,
}

/// A question that was put to an attribute store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExplainedQuery {
    /// The store.
    pub store: String,
    /// The question.
    pub text: String,
    /// Its parameters.
    pub parameters: Vec<String>,
    /// How many rows came back.
    pub rows: usize,
}

impl Explained {
    pub(crate) fn of(
        at: usize,
        rule: &Rule,
        program: &Program,
        claims: &[Arc<Claim>],
        found: &Tuples,
        comparison: TextComparison,
    ) -> Self {
        let is_copy = matches!(program.action, Action::Copy(_));
        let is_issued = program.verb == Verb::Issue;
        let outcome = match found.number() {
            0 => Outcome::Nothing,
            _ if is_copy && !is_issued => Outcome::NoEffect,
            times => Outcome::Ran { times },
        };
        let mut guards = program.guards.iter();
        let mut selectors = program.selectors.iter();
        let conditions = rule.conditions.iter().map(|condition| {
            let looked = Looked { claims, comparison };
            let text = condition.to_string();
            match condition {
                Condition::Selector(selector) => match selectors.next() {
                    Some(chosen) if !chosen.is_joined => {
                        looked.at(text, &selector.tests, &chosen.checks, |number| number > 0)
                    }
                    _ => looked.joined(text),
                },
                Condition::Exists { tests, .. } | Condition::Count { tests, .. } => {
                    match guards.next() {
                        Some(guard) => looked.at(text, tests, &guard.checks, |number| {
                            guard.comparison.holds(number, guard.number)
                        }),
                        None => looked.joined(text),
                    }
                }
            }
        });
        Self {
            rule: at + 1,
            name: rule.name().map(std::borrow::Cow::into_owned),
            line: rule.place.line,
            text: rule.to_string(),
            conditions: conditions.collect(),
            outcome,
            queries: Vec::new(),
            made: Vec::new(),
            is_issued,
        }
    }
}

struct Looked<'a> {
    claims: &'a [Arc<Claim>],
    comparison: TextComparison,
}

impl Looked<'_> {
    fn at(
        &self,
        text: String,
        tests: &[Test],
        checks: &[Check],
        holds: impl Fn(usize) -> bool,
    ) -> ExplainedCondition {
        // What does not fit the budget has failed the rule already.
        let found = matching::count(checks, self.claims, self.comparison).unwrap_or_default();
        let shown = found.iter().take(MAX_SHOWN);
        let shown = shown.filter_map(|at| self.claims.get(*at));
        ExplainedCondition {
            text,
            holds: Some(holds(found.len())),
            number: found.len(),
            found: shown.map(|it| Claim::clone(it)).collect(),
            near: match found.is_empty() {
                true => self.near(tests, checks),
                false => Vec::new(),
            },
        }
    }

    /// A condition that is looked at anew for each claim of another.
    fn joined(&self, text: String) -> ExplainedCondition {
        ExplainedCondition {
            text,
            holds: None,
            number: 0,
            found: Vec::new(),
            near: Vec::new(),
        }
    }

    /// Claims that one test kept out; first those that it keeps out for their case or scheme alone.
    fn near(&self, tests: &[Test], checks: &[Check]) -> Vec<Near> {
        let near = self.claims.iter().filter_map(|claim| {
            let each = matching::each(checks, claim, self.comparison).ok()?;
            let mut failed = tests.iter().zip(&each).filter(|(_, holds)| !**holds);
            let (test, _) = failed.next()?;
            let is_alone = failed.next().is_none();
            let is_almost = is_almost(test, claim);
            (is_alone && (tests.len() > 1 || is_almost)).then_some((!is_almost, test, claim))
        });
        let mut near: Vec<_> = near.collect();
        near.sort_by_key(|(is_further, ..)| *is_further);
        let near = near.into_iter().take(MAX_NEAR);
        near.map(|(_, test, claim)| Near {
            claim: Claim::clone(claim),
            test: test.to_string(),
        })
        .collect()
    }
}

/// Whether what a test wants differs from what a claim has by its case or its scheme alone.
fn is_almost(test: &Test, claim: &Claim) -> bool {
    let wanted = test.operand.constant().unwrap_or_default();
    let bare = |text: &str| {
        let rest = text.strip_prefix("https:");
        rest.or_else(|| text.strip_prefix("http:"))
            .unwrap_or(text)
            .to_owned()
    };
    let has = match test.property {
        Property::Type => &claim.claim_type,
        Property::Value => &claim.value,
        Property::Issuer => &claim.issuer,
        _ => return false,
    };
    test.operator == Operator::Equal && same_but_for_case(&bare(&wanted), &bare(has))
}
