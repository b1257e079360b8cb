//! Texts that rules make from claims.

use std::sync::Arc;

use super::budget::{Budget, Stop};
use crate::claim::Claim;
use crate::program::{Field, Part, Replace, Value, With};

/// A text, made from the claims of a tuple.
pub(super) fn value(
    value: &Value,
    tuple: &[usize],
    claims: &[Arc<Claim>],
    budget: &mut Budget,
) -> Result<Arc<str>, Stop> {
    let parts = match value {
        Value::Constant(text) => return Ok(Arc::clone(text)),
        Value::Parts(parts) => parts.as_slice(),
    };
    budget.steps(parts.len())?;
    if let [only] = parts {
        return part(only, tuple, claims, budget);
    }
    let mut text = String::new();
    for it in parts {
        text.push_str(&part(it, tuple, claims, budget)?);
        budget.bytes(text.len())?;
    }
    budget.steps(text.len() / 64)?;
    Ok(text.into())
}

fn part(
    part: &Part,
    tuple: &[usize],
    claims: &[Arc<Claim>],
    budget: &mut Budget,
) -> Result<Arc<str>, Stop> {
    match part {
        Part::Constant(text) => Ok(Arc::clone(text)),
        Part::Property {
            selector,
            field: of,
        } => {
            let claim = tuple.get(*selector).and_then(|at| claims.get(*at));
            match claim {
                Some(claim) => field(of, claim, tuple, claims, budget),
                // The compiler lets a rule use only what was chosen before.
                None => Ok("".into()),
            }
        }
        Part::Replace(replace) => replaced(replace, tuple, claims, budget),
    }
}

fn replaced(
    replace: &Replace,
    tuple: &[usize],
    claims: &[Arc<Claim>],
    budget: &mut Budget,
) -> Result<Arc<str>, Stop> {
    let subject = value(&replace.subject, tuple, claims, budget)?;
    let pattern = &replace.pattern;
    let text = match &replace.replacement {
        With::Known(replacement) => pattern.replace(&subject, replacement, budget)?,
        With::Made(made) => {
            let made = value(made, tuple, claims, budget)?;
            pattern.replace(&subject, &pattern.replacement(&made), budget)?
        }
    };
    Ok(text.into())
}

/// What a claim has there; a property that it does not have is empty.
pub(super) fn field(
    field: &Field,
    claim: &Claim,
    tuple: &[usize],
    claims: &[Arc<Claim>],
    budget: &mut Budget,
) -> Result<Arc<str>, Stop> {
    Ok(Arc::clone(match field {
        Field::Type => &claim.claim_type,
        Field::Value => &claim.value,
        Field::ValueType => &claim.value_type,
        Field::Issuer => &claim.issuer,
        Field::OriginalIssuer => &claim.original_issuer,
        Field::Property(key) => {
            let key = value(key, tuple, claims, budget)?;
            return Ok(claim
                .properties
                .get(&key)
                .map_or_else(|| "".into(), Arc::clone));
        }
    }))
}
