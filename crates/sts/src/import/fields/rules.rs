//! Claim rules as a field: read as a whole or refused with AD FS's codes, linted, and asked which stores they ask.

use std::collections::BTreeSet;

use claims::lint::Severity;
use claims::syntax::ast::Body;

use super::shared::counted;
use crate::import::dress::{self, Wrong};
use crate::import::report::Fate;
use crate::import::value::Value;
use crate::trust::Rules;

/// Most findings that are told of one set of rules.
const MAX_REMARKS: usize = 10;
/// The stores that every AD FS has and that rules here may ask.
const OWN_STORES: [&str; 2] = ["Active Directory", "_OpaqueIdStore"];

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
        0 => Fate::taken(none),
        number => of_stores(&rules, counted(number, "rule", "rules")),
    };
    let fate = linted(&rules, fate);
    *into = rules;
    Ok(fate)
}

/// Rules that ask a store of an administrator's fail as a whole while it is not there.
fn of_stores(rules: &Rules, taken: String) -> Fate {
    let queries = rules
        .rules()
        .rules()
        .iter()
        .filter_map(|it| match &it.statement.body {
            Body::Query(query) => query.store.constant(),
            Body::Copy(_) | Body::New(_) => None,
        });
    let is_strange = |store: &String| !OWN_STORES.iter().any(|own| own == store);
    let strange: BTreeSet<String> = queries.filter(is_strange).collect();
    if strange.is_empty() {
        return Fate::taken(taken);
    }
    let strange: Vec<String> = strange.iter().map(|it| format!("`{it}`")).collect();
    Fate::lost(format!(
        "{taken}; the attribute store {} is asked, and while it is not there, they fail as a whole",
        strange.join(" and ")
    ))
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
