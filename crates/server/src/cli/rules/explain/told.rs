//! A sign-in that was walked, in lines for people.

use super::shown::{told_claim, told_rule};
use super::sign_in::{ShownToken, Walked};
use super::stage::Stage;

/// All of it.
pub(super) fn walked(it: &Walked) -> String {
    let methods: Vec<&str> = it.methods.iter().map(|it| it.as_str()).collect();
    let methods = methods.join(" and ");
    let Walked {
        account,
        party,
        identifier,
        zone,
        address,
        ..
    } = it;
    let mut lines = vec![
        format!("{account} for `{party}` ({identifier})"),
        format!("  from the zone {zone} ({address}), by {methods}"),
        String::new(),
    ];
    for (at, stage) in it.stages.iter().enumerate() {
        lines.extend(told(at, stage, it));
    }
    match (&it.token, &it.refused) {
        (Some(token), _) => lines.extend(token_of(token)),
        (None, why) => {
            let why = why.as_deref().unwrap_or_default();
            lines.push(format!("There is no token: {why}"));
        }
    }
    lines.join("\n")
}

fn told(at: usize, stage: &Stage, of: &Walked) -> Vec<String> {
    let is_first = at == 0;
    let by = match is_first {
        true => format!(" ({})", of.accepted_by),
        false => String::new(),
    };
    let mut lines = vec![format!("== {}. {}{by}", at + 1, stage.stage)];
    // Every stage behind the second begins with what that began with.
    if at < 2 {
        lines.push(match is_first {
            true => "What our own directory says, and how the request came:".to_owned(),
            false => "What was accepted, with which the rules of the party begin:".to_owned(),
        });
        let came_in = stage.came_in.iter();
        lines.extend(came_in.map(|claim| format!("    {}", told_claim(claim))));
        lines.push(String::new());
    }
    if stage.rules.is_empty() && stage.failure.is_none() && stage.claims.is_some() {
        lines.push("There is no rule.".to_owned());
    }
    lines.extend(stage.rules.iter().flat_map(told_rule));
    let failure = stage.failure.iter();
    lines.extend(failure.map(|it| format!("=> failed: {it}")));
    let decided = stage.decided.iter();
    lines.extend(decided.map(|it| format!("=> {it}")));
    lines.push(String::new());
    lines
}

fn token_of(token: &ShownToken) -> Vec<String> {
    let mut lines = vec![format!("The token, of {}, says:", token.token_type)];
    let name = token.name.iter();
    lines.extend(name.map(|it| format!("    it is about {:?} ({})", it.name, it.format)));
    for claim in &token.claims {
        let of = claim.original_issuer.iter();
        let of: String = of.map(|it| format!(", first by {it}")).collect();
        let values = claim.values.iter();
        lines.extend(values.map(|it| format!("    {} = {it:?}{of}", claim.claim_type)));
    }
    let method = token.method.iter();
    lines.extend(method.map(|it| format!("    signed in by {it}")));
    if token.claims.is_empty() && token.name.is_none() {
        lines.push("    nothing about anybody: the rules issued no claim".to_owned());
    }
    lines
}
