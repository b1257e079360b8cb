//! Claim rules as a field: read as a whole or refused with AD FS's codes, linted, and asked which stores they ask.

use std::collections::BTreeSet;

use claims::lint::Severity;

use super::shared::counted;
use crate::import::dress::{self, Wrong};
use crate::import::report::Fate;
use crate::import::value::Value;
use crate::pipeline::store::{Needs, needs_directory, unanswered};
use crate::trust::Rules;

/// Most findings that are told of one set of rules.
const MAX_REMARKS: usize = 10;

/// Reads rules; `none` is what their absence means.
pub(super) fn read(value: &Value, into: &mut Rules, none: &str) -> Result<Fate, Wrong> {
    let text = dress::text(value)?.unwrap_or_default();
    let rules = match Rules::parse(text) {
        Ok(rules) => rules,
        Err(errors) => {
            let told = errors.iter().map(ToString::to_string);
            let mut told: Vec<String> = told.take(MAX_REMARKS).collect();
            let first = told.remove(0);
            let mut fate = Fate::refused(first);
            fate.remarks = told;
            return Ok(fate);
        }
    };
    let fate = match rules.rules().rules().len() {
        0 => linted(&rules, Fate::taken(none)),
        _ => fate(&rules, &|_| false),
    };
    *into = rules;
    Ok(fate)
}

/// What becomes of rules that are there, where some needs are met.
pub(in crate::import) fn fate(rules: &Rules, is_met: &dyn Fn(&Needs) -> bool) -> Fate {
    let number = rules.rules().rules().len();
    let taken = counted(number, "rule", "rules");
    linted(rules, of_stores(rules, taken, is_met))
}

/// Rules with a question that nothing answers fail as a whole.
fn of_stores(rules: &Rules, taken: String, is_met: &dyn Fn(&Needs) -> bool) -> Fate {
    let told = unanswered(rules.rules()).into_iter();
    let told = told.filter(|it| !it.needs.as_ref().is_some_and(is_met));
    let told: BTreeSet<String> = told.map(|it| it.sentence).collect();
    if !told.is_empty() {
        let told: Vec<String> = told.into_iter().collect();
        let told = told.join("; and ");
        return Fate::lost(format!("{taken}; {told}: they fail as a whole"));
    }
    match needs_directory(rules.rules()) {
        true => Fate::taken(taken).with_remark(
            "they ask what is kept of people of the directory that `[directory]` follows: for everybody else they fail",
        ),
        false => Fate::taken(taken),
    }
}

fn linted(rules: &Rules, mut fate: Fate) -> Fate {
    let found = claims::lint(rules.rules());
    let found = found
        .iter()
        .filter(|it| it.lint.severity() != Severity::Note);
    fate.remarks
        .extend(found.map(ToString::to_string).take(MAX_REMARKS));
    fate
}
