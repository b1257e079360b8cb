//! `wicketgate rules explain`: runs rules over claims, and says rule by rule what happened.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use claims::claim::{LOCAL_AUTHORITY, STRING};
use claims::explain::{Explained, ExplainedCondition, Outcome};
use claims::{Claim, Done, EvaluateError, Evaluation, Query, Row, Settings, Step};
use clap::Args;
use serde::Serialize;
use sts::pipeline::store::{AttributeStore, AttributeStores, TimeLeft};
use sts::trust::Identifier;

use super::files;
use crate::cli::{CliError, Output};
use crate::config;
use crate::wiring::attribute_stores;

/// What is run over what.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The file of rules
    file: PathBuf,
    /// A JSON list of the claims that come in: `type`, `value`, and if need be `issuer`, `original_issuer`, `value_type`, `properties`
    #[arg(long, value_name = "CLAIMS.json")]
    claims: PathBuf,
    /// A JSON list of what attribute stores answer: `store`, `rows`, and if need be `query`, `parameters`, `fails`
    #[arg(long, value_name = "STORE.json")]
    store: Option<PathBuf>,
    /// Ask the attribute stores of the configuration, as a sign-in would
    #[arg(long, conflicts_with = "store")]
    ask: bool,
    /// Whose word new claims are
    #[arg(long, value_name = "NAME", default_value = LOCAL_AUTHORITY)]
    issuer: String,
}

/// Everything that is printed, as JSON has it.
#[derive(Serialize)]
struct Run {
    rules: Vec<ShownRule>,
    /// The result; nothing where a rule failed.
    claims: Option<Vec<ShownClaim>>,
    failure: Option<String>,
}

#[derive(Serialize)]
struct ShownRule {
    rule: usize,
    name: Option<String>,
    line: u32,
    text: String,
    outcome: &'static str,
    times: usize,
    conditions: Vec<ShownCondition>,
    queries: Vec<ShownQuery>,
    issued: bool,
    made: Vec<ShownClaim>,
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

#[derive(Serialize)]
struct ShownClaim {
    #[serde(rename = "type")]
    claim_type: String,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_type: Option<String>,
    issuer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    original_issuer: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    properties: BTreeMap<String, String>,
}

/// Runs the rules and prints what happened.
///
/// # Errors
///
/// A file cannot be read or holds something else, or a rule fails.
pub(super) async fn run(
    config: &Path,
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let rules = super::rules_of(&arguments.file)?;
    let asked = match arguments.ask {
        true => Some(Asked::of(config)?),
        false => None,
    };
    let came_in = files::claims(&arguments.claims)?;
    let answers = match &arguments.store {
        Some(file) => files::answers(file)?,
        None => files::Answers::default(),
    };
    let settings = Settings::of(&arguments.issuer);
    let mut step = Evaluation::new(&rules, &came_in, settings)
        .explained()
        .run();
    while let Ok(Step::Query(query)) = step {
        let answered = match &asked {
            Some(asked) => asked.to(&query).await,
            None => answers.to(&query),
        };
        step = match answered {
            Ok(rows) => query.answer(rows),
            Err(reason) => Err(query.fail(reason)),
        };
    }
    let done = step.map(|step| match step {
        Step::Done(done) => Some(done),
        Step::Query(_) => None,
    });
    let shown = shown(&done);
    output.print(&shown, told)?;
    match done {
        Ok(_) => Ok(()),
        Err(error) => Err(CliError::refused(error.to_string())),
    }
}

/// The attribute stores of a configuration.
struct Asked {
    stores: Vec<Box<dyn AttributeStore>>,
    /// For whom nothing is made.
    nobody: Identifier,
    time: TimeLeft,
}

impl Asked {
    fn of(config: &Path) -> Result<Self, CliError> {
        let settings = config::load(config)?;
        let nobody = Identifier::parse("urn:nobody");
        Ok(Self {
            stores: attribute_stores(&settings.attribute_stores)?,
            nobody: nobody.map_err(|error| CliError::unavailable(error.to_string()))?,
            time: TimeLeft::default(),
        })
    }

    /// What they answer; nobody signs in, so that there is no account that our own could answer of, and no name to be made.
    async fn to(&self, query: &Query<'_>) -> Result<Vec<Row>, String> {
        let asked = AttributeStores {
            account: None,
            relying_party: &self.nobody,
            opaque: None,
            others: &self.stores,
            time: &self.time,
        };
        let parameters: Vec<&str> = query.parameters().collect();
        let question = (query.store(), query.text(), parameters.as_slice());
        asked.ask(question, query.types().len()).await
    }
}

fn shown(done: &Result<Option<Done>, EvaluateError>) -> Run {
    match done {
        Ok(done) => {
            let rules = done.iter().flat_map(|it| &it.explained);
            let claims = done.iter().flat_map(|it| it.claims.iter());
            Run {
                rules: rules.map(shown_rule).collect(),
                claims: Some(claims.map(shown_claim).collect()),
                failure: None,
            }
        }
        Err(error) => Run {
            rules: error.explained.iter().map(shown_rule).collect(),
            claims: None,
            failure: Some(error.to_string()),
        },
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

fn shown_claim(it: &Claim) -> ShownClaim {
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

/// The run as sentences, and the result as JSON.
fn told(run: &Run) -> String {
    let mut lines: Vec<String> = run.rules.iter().flat_map(told_rule).collect();
    match &run.claims {
        Some(claims) => {
            lines.push("The result:".to_owned());
            lines.push(serde_json::to_string_pretty(claims).unwrap_or_default());
        }
        None => lines.push("There is no result.".to_owned()),
    }
    lines.join("\n")
}

fn told_rule(it: &ShownRule) -> Vec<String> {
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

fn told_claim(it: &ShownClaim) -> String {
    let ShownClaim {
        claim_type,
        value,
        issuer,
        ..
    } = it;
    format!("{claim_type} = {value:?} by {issuer}")
}
