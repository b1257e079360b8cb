//! A deployment of gateways and an authentication server: what one part's file does not say, and where it is asked.

use std::collections::BTreeSet;

use authn::place::{Service, Zone};
use authn::policy::Rule;
use gateway::prove::Elsewhere;

use crate::config::Settings;
use crate::config::settings::{Answering, Role};

/// The services that gateways publish for whom this file's policy decides; nothing where all is published here.
pub(super) fn published_by_gateways(settings: &Settings) -> Option<BTreeSet<Service>> {
    let Role::Authn(answering) = &settings.role else {
        return None;
    };
    let services = answering.services.iter().cloned();
    Some(services.map(|it| Service(it.into())).collect())
}

/// What only another part of the deployment can prove.
pub(super) fn proved_elsewhere(settings: &Settings) -> Option<String> {
    match &settings.role {
        Role::All => None,
        Role::Gateway(asking) => {
            let names_people = |rule: &Rule| !rule.is_for_everybody() || !rule.parties.is_empty();
            let people = match settings.policy.rules.iter().any(names_people) {
                true => {
                    ", where it is also known whether the people and parties that rules name are there"
                }
                false => "",
            };
            Some(format!(
                "this policy says what is offered; who gets in, that of the authentication server ({}) decides: run \
                 `wicketgate policy prove` there, too{people}",
                asking.server
            ))
        }
        Role::Authn(answering) => Some(format!(
            "which paths a gateway publishes without sign-in, and whom it takes for internal{}, its own file says: run \
             `wicketgate policy prove` on each gateway, too ({})",
            trusted(answering),
            names(answering, |_| true)
        )),
    }
}

/// What a gateway may publish, in words.
pub(super) fn named(elsewhere: &Elsewhere) -> String {
    let service = match &elsewhere.service {
        Some(service) => service.to_string(),
        None => "a service that is not in `services` of [authn_server]".to_owned(),
    };
    match &elsewhere.route {
        Some(route) => format!("{service} at {route}"),
        None => service,
    }
}

/// Whose word is taken that a client is inside.
fn trusted(answering: &Answering) -> String {
    match &*names(answering, |zones| zones.contains(&Zone::INTERNAL)) {
        "none" => String::new(),
        names => format!(" (believed of {names})"),
    }
}

fn names(answering: &Answering, is_meant: impl Fn(&BTreeSet<Zone>) -> bool) -> String {
    let gateways = answering.gateways.iter();
    let names: Vec<&str> = gateways
        .filter(|it| is_meant(&it.zones))
        .map(|it| it.name.as_str())
        .collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
