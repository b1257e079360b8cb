//! Rules that do not do what they say: hidden by earlier ones, about nothing that is published, or about nobody.

use std::collections::BTreeSet;

use authn::party::PartyName;
use authn::place::{Service, Zone};
use authn::policy::{Asking, Policy, Rule};

use super::walk::{Asked, Question, questions};
use super::{CounterExample, Grounds, What};
use crate::route::Publication;

/// Rules that decide nothing, in whichever zone.
pub(super) fn idle(publication: &Publication, grounds: &Grounds) -> Vec<CounterExample> {
    let policy = &publication.policy;
    let count = policy.rules.len();
    let asked = Asked::of(policy, grounds);
    let mut decides = vec![false; count];
    let mut hidden_by = vec![BTreeSet::new(); count];
    for zone in [Zone::EXTERNAL, Zone::INTERNAL] {
        for question in questions(publication, &asked) {
            look(
                policy,
                &question.asking(&zone),
                (&mut decides, &mut hidden_by),
            );
        }
    }
    let mut found = Vec::new();
    for (index, (decides, by)) in decides.into_iter().zip(hidden_by).enumerate() {
        let what = match (decides, by.is_empty()) {
            (true, _) => continue,
            (false, true) => What::Idle,
            (false, false) => What::Hidden { by },
        };
        found.push(CounterExample::of_rule(index, what));
    }
    found
}

/// Rules about services that no question was about, where gateways on other machines publish some.
///
/// SECURITY: what was not walked is not proved, and a rule about it is no rule about nothing.
pub(super) fn not_walked(publication: &Publication, grounds: &Grounds) -> Vec<CounterExample> {
    if grounds.elsewhere.is_none() {
        return Vec::new();
    }
    let policy = &publication.policy;
    let asked = Asked::of(policy, grounds);
    let questions = questions(publication, &asked);
    let walked: BTreeSet<&Service> = questions.iter().map(Question::service).collect();
    let mut found = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        for service in rule.services.iter().filter(|it| !walked.contains(it)) {
            let service = service.clone();
            found.push(CounterExample::of_rule(index, What::NotWalked { service }));
        }
    }
    found
}

/// Sets down of one question which rules decide about somebody, and which earlier ones take all of theirs.
fn look(
    policy: &Policy,
    asking: &Asking<'_>,
    (decides, hidden_by): (&mut [bool], &mut [BTreeSet<usize>]),
) {
    let mut before: Vec<(usize, &Rule)> = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        if !rule.is_about(asking) {
            continue;
        }
        let earlier = before
            .iter()
            .find(|(_, earlier)| takes_all_of(earlier, rule));
        match (earlier, decides.get_mut(index), hidden_by.get_mut(index)) {
            (None, Some(decides), _) => *decides = true,
            (Some((earlier, _)), _, Some(hidden_by)) => {
                hidden_by.insert(*earlier);
            }
            (Some(_) | None, ..) => {}
        }
        before.push((index, rule));
    }
}

/// Whether an earlier rule is about everybody that a rule is about.
fn takes_all_of(earlier: &Rule, rule: &Rule) -> bool {
    let is_within = !rule.is_for_everybody()
        && rule.accounts.is_subset(&earlier.accounts)
        && rule.groups.is_subset(&earlier.groups);
    earlier.is_for_everybody() || is_within
}

/// Rules about groups that nobody is in, and accounts and parties that are not here, where it is known who is here.
pub(super) fn about_nobody(policy: &Policy, grounds: &Grounds) -> Vec<CounterExample> {
    let mut found = nobodys(policy, grounds);
    let Some(accounts) = &grounds.accounts else {
        return found;
    };
    let is_anybodys = |rule: &Rule| accounts.iter().any(|account| rule.speaks_of(account));
    for (index, rule) in policy.rules.iter().enumerate() {
        for sid in &rule.groups {
            let alone = Rule {
                groups: [sid.clone()].into(),
                ..Rule::default()
            };
            if !is_anybodys(&alone) {
                let what = What::EmptyGroup { sid: sid.clone() };
                found.push(CounterExample::of_rule(index, what));
            }
        }
        for name in &rule.accounts {
            let alone = Rule {
                accounts: [name.clone()].into(),
                ..Rule::default()
            };
            if !is_anybodys(&alone) {
                let name = name.as_str().to_owned();
                found.push(CounterExample::of_rule(index, What::NoSuchAccount { name }));
            }
        }
    }
    found
}

/// Rules about parties that there are no trusts of.
fn nobodys(policy: &Policy, grounds: &Grounds) -> Vec<CounterExample> {
    let Some(parties) = &grounds.parties else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for (index, rule) in policy.rules.iter().enumerate() {
        let is_nobodys = |name: &&PartyName| !parties.iter().any(|party| party.is_called(name));
        for name in rule.parties.iter().filter(is_nobodys) {
            let name = name.clone();
            found.push(CounterExample::of_rule(index, What::NoSuchParty { name }));
        }
    }
    found
}
