//! What rules did, as it is printed: rule by rule, as data for programs and as lines for people.

use std::collections::BTreeMap;

use claims::claim::STRING;
use claims::explain::{Explained, ExplainedCondition, Outcome};
use claims::{Claim, Done, EvaluateError};
use serde::Serialize;

/// What one rule did.
#[derive(Serialize)]
pub(super) struct ShownRule {
    pub(super) rule: usize,
    pub(super) name: Option<String>,
    line: u32,
    text: String,
    outcome: &'static str,
    times: usize,
    conditions: Vec<ShownCondition>,
    queries: Vec<ShownQuery>,
    pub(super) issued: bool,
    pub(super) made: Vec<ShownClaim>,
}

#[derive(Serialize)]
struct ShownCondition {
    text: String,
    holds: Option<bool>,
    number: usize,
    found: Vec<ShownClaim>,
    near: Vec<ShownNear>,
}

#[derive(Serialize)]
struct ShownNear {
    claim: ShownClaim,
    test: String,
}

#[derive(Serialize)]
struct ShownQuery {
    store: String,
    query: String,
    parameters: Vec<String>,
    rows: usize,
}

/// A claim; what is as usual of it is left out.
#[derive(Serialize)]
pub(super) struct ShownClaim {
    #[serde(rename = "type")]
    pub(super) claim_type: String,
    pub(super) value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<String>,
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_issuer: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, String>,
}

/// What rules did: each of them, what came of it, and why nothing did where one failed.
pub(super) struct Ran {
    /// The rules that ran.
    pub(super) rules: Vec<ShownRule>,
    /// The result; nothing where a rule failed.
    pub(super) claims: Option<Vec<ShownClaim>>,
    /// Why a rule failed.
    pub(super) failure: Option<String>,
}

impl Ran {
    /// What it came to.
    pub(super) fn of(done: Result<&Done, &EvaluateError>) -> Self {
        match done {
            Ok(done) => Self {
                rules: done.explained.iter().map(shown_rule).collect(),
                claims: Some(done.claims.iter().map(shown_claim).collect()),
                failure: None,
            },
            Err(error) => Self {
                rules: error.explained.iter().map(shown_rule).collect(),
                claims: None,
                failure: Some(error.to_string()),
            },
        }
    }
}

fn shown_rule(it: &Explained) -> ShownRule {
    let (outcome, times) = match it.outcome {
        Outcome::Nothing => ("nothing", 0),
        Outcome::NoEffect => ("no effect", 0),
        Outcome::Ran { times } => ("ran", times),
    };
    let queries = it.queries.iter().map(|it| ShownQuery {
        store: it.store.clone(),
        query: it.text.clone(),
        parameters: it.parameters.clone(),
        rows: it.rows,
    });
    ShownRule {
        rule: it.rule,
        name: it.name.clone(),
        line: it.line,
        text: it.text.clone(),
        outcome,
        times,
        conditions: it.conditions.iter().map(shown_condition).collect(),
        queries: queries.collect(),
        issued: it.is_issued,
        made: it.made.iter().map(shown_claim).collect(),
    }
}

fn shown_condition(it: &ExplainedCondition) -> ShownCondition {
    let near = it.near.iter().map(|it| ShownNear {
        claim: shown_claim(&it.claim),
        test: it.test.clone(),
    });
    ShownCondition {
        text: it.text.clone(),
        holds: it.holds,
        number: it.number,
        found: it.found.iter().map(shown_claim).collect(),
        near: near.collect(),
    }
}

/// A claim, as it is printed.
pub(super) fn shown_claim(it: &Claim) -> ShownClaim {
    let properties = it.properties.iter();
    let value_type = Some(&it.value_type).filter(|value_type| &***value_type != STRING);
    let original = Some(&it.original_issuer).filter(|original| **original != it.issuer);
    ShownClaim {
        claim_type: it.claim_type.to_string(),
        value: it.value.to_string(),
        value_type: value_type.map(ToString::to_string),
        issuer: it.issuer.to_string(),
        original_issuer: original.map(ToString::to_string),
        properties: properties
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
    }
}

/// What a rule did, in lines.
pub(super) fn told_rule(it: &ShownRule) -> Vec<String> {
    let name = it.name.iter().map(|name| format!(" `{name}`"));
    let name: String = name.collect();
    let mut lines = vec![format!("Rule {}{name}, line {}", it.rule, it.line)];
    lines.extend(it.text.lines().map(|line| format!("    {line}")));
    for condition in &it.conditions {
        let what = match (condition.holds, condition.number) {
            (None, _) => "  looked at anew for each claim".to_owned(),
            (Some(true), number) => format!("  holds, {number} found"),
            (Some(false), number) => format!("  does not hold, {number} found"),
        };
        lines.push(format!("{what}: {}", condition.text));
        let found = condition.found.iter();
        lines.extend(found.map(|claim| format!("    {}", told_claim(claim))));
        let near = condition.near.iter();
        lines.extend(near.map(|it| {
            let ShownNear { claim, test } = it;
            format!("    nearly, but not {test}: {}", told_claim(claim))
        }));
    }
    let queries = it.queries.iter();
    lines.extend(queries.map(|it| {
        let ShownQuery {
            store,
            query,
            parameters,
            rows,
        } = it;
        format!("  asked `{store}` for `{query}` with {parameters:?}: {rows} rows")
    }));
    lines.push(match it.outcome {
        "ran" if it.times == 1 => "  so it ran once".to_owned(),
        "ran" => format!("  so it ran {} times", it.times),
        "nothing" => "  so nothing was done".to_owned(),
        _ => "  so it added what is there already, which has no effect".to_owned(),
    });
    let verb = if it.issued { "issued" } else { "added" };
    let made = it.made.iter();
    lines.extend(made.map(|claim| format!("    {verb} {}", told_claim(claim))));
    lines.push(String::new());
    lines
}

/// A claim in one line.
pub(super) fn told_claim(it: &ShownClaim) -> String {
    let ShownClaim {
        claim_type,
        value,
        issuer,
        ..
    } = it;
    format!("{claim_type} = {value:?} by {issuer}")
}
