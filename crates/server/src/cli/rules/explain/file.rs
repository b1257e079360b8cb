//! The rules of one file over the claims of another.

use std::path::Path;

use claims::{Done, EvaluateError, Evaluation, Settings, Step};
use serde::Serialize;
use sts::trust::Identifier;

use super::Arguments;
use super::shown::{Ran, ShownClaim, ShownRule, told_rule};
use super::sign_in::party_of;
use super::stores::{Asked, Who};
use crate::cli::rules::{files, rules_of};
use crate::cli::{CliError, Output};
use crate::config;
use crate::wiring::Desk;

/// Everything that is printed, as JSON has it.
#[derive(Serialize)]
struct Run {
    rules: Vec<ShownRule>,
    /// The result; nothing where a rule failed.
    claims: Option<Vec<ShownClaim>>,
    failure: Option<String>,
}

/// Runs them and prints what happened.
pub(super) async fn run(
    config: &Path,
    (rules, claims): (&Path, &Path),
    arguments: &Arguments,
    output: &Output,
) -> Result<(), CliError> {
    let rules = rules_of(rules)?;
    let is_named = arguments.account.is_some() || arguments.to.is_some();
    let settings = match arguments.stores.ask || is_named {
        true => Some(config::load(config)?),
        false => None,
    };
    let asked = Asked::of(&arguments.stores, settings.as_ref())?;
    let came_in = files::claims(claims)?;
    let desk = match settings.as_ref().filter(|_| is_named) {
        Some(settings) => Some(Desk::of(settings).await?),
        None => None,
    };
    let account = match (&desk, &arguments.account) {
        (Some(desk), Some(name)) => Some(desk.account(name).await?),
        _ => None,
    };
    let party = match (&desk, &arguments.to) {
        (Some(desk), Some(to)) => Some(party_of(desk, to, output).await?.realm),
        _ => None,
    };
    let who = Who {
        account: account.as_ref(),
        party: party.as_ref(),
    };
    let evaluation = Evaluation::new(&rules, &came_in, Settings::of(&arguments.issuer));
    let done = done(evaluation.explained(), &asked, who).await?;
    let Ran {
        rules,
        claims,
        failure,
    } = Ran::of(done.as_ref());
    let shown = Run {
        rules,
        claims,
        failure,
    };
    output.print(&shown, told)?;
    match done {
        Ok(_) => Ok(()),
        Err(error) => Err(CliError::refused(error.to_string())),
    }
}

async fn done(
    evaluation: Evaluation<'_>,
    asked: &Asked,
    who: Who<'_>,
) -> Result<Result<Done, EvaluateError>, CliError> {
    let nobody = Identifier::parse("urn:nobody");
    let nobody = nobody.map_err(|error| CliError::unavailable(error.to_string()))?;
    let stores = asked.themselves(who, &nobody);
    let mut step = evaluation.run();
    loop {
        let query = match step {
            Ok(Step::Done(done)) => return Ok(Ok(done)),
            Ok(Step::Query(query)) => query,
            Err(error) => return Ok(Err(error)),
        };
        let answered = match asked.instead(&query, who) {
            Some(answered) => answered,
            None => stores.answer(&query).await,
        };
        step = match answered {
            Ok(rows) => query.answer(rows),
            Err(reason) => Err(query.fail(reason)),
        };
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
