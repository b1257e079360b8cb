//! The stages of the pipeline, as they are printed: what came in, what each rule did, and what was decided by it.

use std::sync::{Mutex, PoisonError};

use claims::claim_type::{AUTHENTICATION_METHOD, DENY, MULTIPLE_AUTHENTICATION, PERMIT};
use claims::{Query, Row};
use serde::Serialize;
use sts::pipeline::{NotIssued, Observer, Seen};
use sts::trust::{AccessControlPolicy, Authorization, RelyingPartyTrust};

use super::shown::{Ran, ShownClaim, ShownRule, shown_claim};
use super::stores::{Asked, Who};

/// One stage.
#[derive(Serialize)]
pub(super) struct Stage {
    /// What it is called.
    pub(super) stage: String,
    /// What came in.
    pub(super) came_in: Vec<ShownClaim>,
    /// What each rule did.
    pub(super) rules: Vec<ShownRule>,
    /// What came of it; nothing where a rule failed.
    pub(super) claims: Option<Vec<ShownClaim>>,
    /// Why a rule failed.
    pub(super) failure: Option<String>,
    /// What was decided by it, in a sentence.
    pub(super) decided: Option<String>,
}

/// Whoever looks on, and answers as the command line says.
pub(super) struct Walk<'a> {
    asked: &'a Asked,
    who: Who<'a>,
    seen: Mutex<Vec<Seen>>,
}

impl<'a> Walk<'a> {
    /// Nothing seen yet.
    pub(super) fn new(asked: &'a Asked, who: Who<'a>) -> Self {
        Self {
            asked,
            who,
            seen: Mutex::new(Vec::new()),
        }
    }

    /// The stages that were walked, in order.
    pub(super) fn stages(self, trust: &RelyingPartyTrust) -> Vec<Stage> {
        let seen = self.seen.into_inner();
        let seen = seen.unwrap_or_else(PoisonError::into_inner);
        let mut stages: Vec<Stage> = Vec::new();
        for seen in seen {
            match seen {
                Seen::Rules {
                    which,
                    came_in,
                    done,
                } => {
                    let ran = Ran::of(done.as_ref().map_err(AsRef::as_ref));
                    stages.push(Stage {
                        stage: which.to_owned(),
                        came_in: came_in.iter().map(shown_claim).collect(),
                        rules: ran.rules,
                        claims: ran.claims,
                        failure: ran.failure,
                        decided: None,
                    });
                }
                Seen::SecondFactor {
                    by_rules,
                    by_policy,
                    is_proved,
                } => {
                    if let Some(stage) = stages.last_mut() {
                        let by = match (by_rules, by_policy) {
                            (true, _) => Some(rules_that(&stage.rules, wants_second_factor)),
                            (false, true) => Some(policy_of(trust)),
                            (false, false) => None,
                        };
                        stage.decided = Some(second_factor(by.as_deref(), is_proved));
                    }
                }
                Seen::Authorized(permitted) => authorized(&mut stages, &permitted, trust),
            }
        }
        stages
    }
}

impl Observer for Walk<'_> {
    fn answers(&self, query: &Query<'_>) -> Option<Result<Vec<Row>, String>> {
        self.asked.instead(query, self.who)
    }

    fn saw(&self, seen: Seen) {
        let mut all = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(seen);
    }
}

fn second_factor(wanted_by: Option<&str>, is_proved: bool) -> String {
    match (wanted_by, is_proved) {
        (None, _) => "no second factor is wanted".to_owned(),
        (Some(by), true) => format!("a second factor is wanted by {by}, and one was proved"),
        (Some(by), false) => format!("a second factor is wanted by {by}, and none was proved"),
    }
}

/// Says in the stage of the authorization rules what was decided, or makes one of the policy in their place.
fn authorized(
    stages: &mut Vec<Stage>,
    permitted: &Result<(), NotIssued>,
    trust: &RelyingPartyTrust,
) {
    match (&trust.authorization, stages.last_mut()) {
        (Authorization::Rules(_), Some(stage)) => {
            stage.decided = Some(match permitted {
                Ok(()) => format!("permitted by {}", rules_that(&stage.rules, permits)),
                Err(NotIssued::Denied) => {
                    format!("denied by {}", rules_that(&stage.rules, denies))
                }
                Err(error) => error.to_string(),
            });
        }
        _ => stages.push(Stage {
            stage: "access control policy".to_owned(),
            came_in: Vec::new(),
            rules: Vec::new(),
            claims: None,
            failure: None,
            decided: Some(match permitted {
                Ok(()) => format!("permitted by {}", policy_of(trust)),
                Err(NotIssued::NotPermitted) => format!("not permitted by {}", policy_of(trust)),
                Err(error) => error.to_string(),
            }),
        }),
    }
}

fn policy_of(trust: &RelyingPartyTrust) -> String {
    let name = match &trust.authorization {
        Authorization::Policy(AccessControlPolicy::BuiltIn(built_in)) => built_in.name(),
        Authorization::Policy(AccessControlPolicy::Custom { name }) => name,
        Authorization::Rules(_) => return "the authorization rules".to_owned(),
    };
    format!("the access control policy `{name}`")
}

/// The rules that issued such a claim, by number and name.
fn rules_that(rules: &[ShownRule], issued: fn(&ShownClaim) -> bool) -> String {
    let such = rules
        .iter()
        .filter(|it| it.issued && it.made.iter().any(issued));
    let such = such.map(|it| match &it.name {
        Some(name) => format!("rule {} `{name}`", it.rule),
        None => format!("rule {}", it.rule),
    });
    such.collect::<Vec<_>>().join(" and ")
}

fn wants_second_factor(claim: &ShownClaim) -> bool {
    claim.claim_type == AUTHENTICATION_METHOD && claim.value == MULTIPLE_AUTHENTICATION
}

fn permits(claim: &ShownClaim) -> bool {
    claim.claim_type == PERMIT
}

fn denies(claim: &ShownClaim) -> bool {
    claim.claim_type.eq_ignore_ascii_case(DENY)
}
