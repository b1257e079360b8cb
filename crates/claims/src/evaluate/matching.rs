//! Which claims a rule's conditions select, and in which combinations.
//!
//! EXISTS and COUNT are looked at first. Then each selector lists what fits, in the order of the claims, and the lists
//! are combined, the first selector's claim changing last. One claim may stand in several places of a combination. A
//! selector that compares with an earlier one's claim is looked at anew for each. Start at [`find`].

use std::sync::Arc;

use super::TextComparison;
use super::budget::{Budget, MAX_CLAIMS, Stop};
use super::text;
use crate::claim::Claim;
use crate::program::{Against, Check, Chosen, Guard, Program, Value};

/// Combinations of claims, each with one for every selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tuples {
    width: usize,
    number: usize,
    /// The places of the claims in the set, one combination after the other.
    claims: Vec<usize>,
}

impl Tuples {
    /// A combination by its number.
    pub(super) fn get(&self, at: usize) -> Option<&[usize]> {
        if at >= self.number {
            return None;
        }
        let begin = at * self.width;
        self.claims.get(begin..begin + self.width)
    }

    /// How many there are.
    pub(crate) fn number(&self) -> usize {
        self.number
    }
}

/// Finds every combination of claims that a rule is for.
pub(super) fn find(
    program: &Program,
    claims: &[Arc<Claim>],
    comparison: TextComparison,
    budget: &mut Budget,
) -> Result<Tuples, Stop> {
    let mut finder = Finder {
        claims,
        comparison,
        budget,
    };
    let width = program.selectors.len();
    let mut found = Tuples {
        width,
        ..Tuples::default()
    };
    for guard in &program.guards {
        if !finder.holds_guard(guard)? {
            return Ok(found);
        }
    }
    let mut lists = Vec::with_capacity(width);
    for selector in &program.selectors {
        let list = match selector.is_joined {
            true => None,
            false => Some(finder.list(&selector.checks, &[])?),
        };
        if list.as_ref().is_some_and(Vec::is_empty) {
            return Ok(found);
        }
        lists.push(list);
    }
    let mut chosen = Vec::with_capacity(width);
    finder.combine(&program.selectors, &lists, &mut chosen, &mut found)?;
    Ok(found)
}

/// How many claims fulfil the checks of a guard.
pub(crate) fn count(
    checks: &[Check],
    claims: &[Arc<Claim>],
    comparison: TextComparison,
) -> Result<Vec<usize>, Stop> {
    let mut finder = Finder {
        claims,
        comparison,
        budget: &mut Budget::FULL.clone(),
    };
    finder.list(checks, &[])
}

/// Which of the checks a claim fulfils, each by itself.
pub(crate) fn each(
    checks: &[Check],
    claim: &Claim,
    comparison: TextComparison,
) -> Result<Vec<bool>, Stop> {
    let mut finder = Finder {
        claims: &[],
        comparison,
        budget: &mut Budget::FULL.clone(),
    };
    let checks = checks.iter();
    checks.map(|it| finder.holds(it, claim, &[])).collect()
}

struct Finder<'a> {
    claims: &'a [Arc<Claim>],
    comparison: TextComparison,
    budget: &'a mut Budget,
}

impl Finder<'_> {
    fn holds_guard(&mut self, guard: &Guard) -> Result<bool, Stop> {
        let mut number = 0;
        for claim in self.claims {
            if self.fits(&guard.checks, claim, &[])? {
                number += 1;
                if guard.is_existence {
                    break;
                }
            }
        }
        Ok(guard.comparison.holds(number, guard.number))
    }

    /// The claims that fit, in order.
    fn list(&mut self, checks: &[Check], chosen: &[usize]) -> Result<Vec<usize>, Stop> {
        let mut list = Vec::new();
        for (at, claim) in self.claims.iter().enumerate() {
            if self.fits(checks, claim, chosen)? {
                list.push(at);
            }
        }
        Ok(list)
    }

    fn combine(
        &mut self,
        selectors: &[Chosen],
        lists: &[Option<Vec<usize>>],
        chosen: &mut Vec<usize>,
        found: &mut Tuples,
    ) -> Result<(), Stop> {
        let (Some((selector, selectors)), Some((list, lists))) =
            (selectors.split_first(), lists.split_first())
        else {
            if found.number >= MAX_CLAIMS {
                return Err(Stop::Claims);
            }
            found.number += 1;
            found.claims.extend_from_slice(chosen);
            return Ok(());
        };
        let joined;
        let list = match list {
            Some(list) => list,
            None => {
                joined = self.list(&selector.checks, chosen)?;
                &joined
            }
        };
        for at in list {
            self.budget.steps(1)?;
            chosen.push(*at);
            self.combine(selectors, lists, chosen, found)?;
            chosen.pop();
        }
        Ok(())
    }

    fn fits(&mut self, checks: &[Check], claim: &Claim, chosen: &[usize]) -> Result<bool, Stop> {
        self.budget.steps(1)?;
        for check in checks {
            if !self.holds(check, claim, chosen)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn holds(&mut self, check: &Check, claim: &Claim, chosen: &[usize]) -> Result<bool, Stop> {
        self.budget.steps(1)?;
        let property = text::field(&check.property, claim, chosen, self.claims, self.budget)?;
        match &check.against {
            Against::Pattern {
                is_negated,
                pattern,
            } => Ok(pattern.is_match(&property, self.budget)? != *is_negated),
            Against::Value {
                is_negated,
                value: Value::Constant(value),
            } => Ok(self.same(&property, value) != *is_negated),
            Against::Value { is_negated, value } => {
                let value = text::value(value, chosen, self.claims, self.budget)?;
                Ok(self.same(&property, &value) != *is_negated)
            }
        }
    }

    fn same(&self, one: &str, other: &str) -> bool {
        match self.comparison {
            TextComparison::Ordinal => one == other,
            TextComparison::IgnoreCase => same_but_for_case(one, other),
        }
    }
}

/// Whether two texts differ by case alone, as .NET's ordinal comparison has it: character by character, by the upper
/// case, and never across the border of ASCII.
pub(crate) fn same_but_for_case(one: &str, other: &str) -> bool {
    one.chars()
        .map(upper_case)
        .eq(other.chars().map(upper_case))
}

fn upper_case(character: char) -> char {
    if character.is_ascii() {
        return character.to_ascii_uppercase();
    }
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) if !upper.is_ascii() => upper,
        _ => character,
    }
}
