//! Claims written as lines, and rules run over them: `type = value`, then ` <- issuer` and ` #value type` where they are
//! not `AD AUTHORITY` and text.

use claims::claim::{AD_AUTHORITY, STRING};
use claims::{Claim, ClaimSet, Done, EvaluateError, Evaluation, Row, RuleSet, Settings, Step};

/// Reads a claim.
pub(crate) fn claim(line: &str) -> Claim {
    let (line, value_type) = line.rsplit_once(" #").unwrap_or((line, STRING));
    let (line, issuer) = line.rsplit_once(" <- ").unwrap_or((line, AD_AUTHORITY));
    let (claim_type, value) = line.split_once(" = ").unwrap();
    let mut claim = Claim::new(claim_type, value, issuer);
    claim.value_type = value_type.into();
    claim
}

/// Writes a claim as it is read; properties and an original issuer of its own follow.
pub(crate) fn line(claim: &Claim) -> String {
    let mut line = format!("{} = {}", claim.claim_type, claim.value);
    if &*claim.issuer != AD_AUTHORITY {
        line.push_str(&format!(" <- {}", claim.issuer));
    }
    if claim.original_issuer != claim.issuer {
        line.push_str(&format!(" (first {})", claim.original_issuer));
    }
    if &*claim.value_type != STRING {
        line.push_str(&format!(" #{}", claim.value_type));
    }
    for (key, value) in &claim.properties {
        line.push_str(&format!(" [{key}: {value}]"));
    }
    line
}

/// Reads a set of claims.
pub(crate) fn claims(lines: &[&str]) -> ClaimSet {
    lines.iter().map(|it| claim(it)).collect()
}

/// Runs rules; every question is written down and answered with the same rows.
pub(crate) fn run(
    rules: &RuleSet,
    claims: &ClaimSet,
    settings: Settings,
    rows: &[Row],
) -> (Result<Done, EvaluateError>, Vec<String>) {
    let mut asked = Vec::new();
    let mut step = Evaluation::new(rules, claims, settings).explained().run();
    loop {
        match step {
            Ok(Step::Query(query)) => {
                let parameters: Vec<&str> = query.parameters().collect();
                let parameters = parameters.join(" | ");
                asked.push(format!(
                    "{} | {} | {parameters}",
                    query.store(),
                    query.text()
                ));
                step = query.answer(rows.to_vec());
            }
            Ok(Step::Done(done)) => return (Ok(done), asked),
            Err(error) => return (Err(error), asked),
        }
    }
}
