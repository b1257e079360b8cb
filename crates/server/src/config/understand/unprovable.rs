//! What a policy names and nobody can prove: a combination that no channel of its services carries.
//!
//! It asks the functions that decide while serving. Start at [`warnings`].

use std::collections::BTreeSet;

use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Asking, Combination, Policy, Rule};
use gateway::prove::channels;
use gateway::route::Publication;
use sts::flow::wsfed::Identity;

use crate::config::settings::{Portal, Role};

/// Where anything is proved: each service with each channel by which it may be.
pub(super) struct Places(BTreeSet<(Service, Channel)>);

impl Places {
    /// Those of a configuration. An authentication server is not told by which channels its gateways' clients come, and a
    /// gateway not which pages there are.
    pub(super) fn of(
        publication: &Publication,
        role: &Role,
        (portal, sts): (Option<&Portal>, Option<&Identity>),
    ) -> Self {
        let mut places = BTreeSet::new();
        for host in publication.hosts.values() {
            for route in &host.routes {
                let channels = channels(route, host.is_passive()).into_iter();
                places.extend(channels.map(|(channel, _)| (route.service.clone(), channel)));
            }
        }
        let is_gateway = matches!(role, Role::Gateway(_));
        if portal.is_some() || is_gateway {
            places.insert((Service::PORTAL, Channel::Page));
        }
        if sts.is_some() || is_gateway {
            places.insert((Service::STS, Channel::Page));
        }
        if is_gateway || sts.is_some_and(|it| it.is_active) {
            places.insert((Service::STS, Channel::UsernameToken));
        }
        if let Role::Authn(answering) = role {
            for service in &answering.services {
                let service = Service(service.clone().into());
                places.extend(Channel::ALL.map(|channel| (service.clone(), channel)));
            }
        }
        Self(places)
    }

    /// Whether anybody can prove a combination anywhere where a rule speaks of it.
    pub(super) fn carry(&self, rule: &Rule, combination: &Combination) -> bool {
        let zones = [Zone::EXTERNAL, Zone::INTERNAL];
        let mut there = self.0.iter().flat_map(|(service, channel)| {
            zones.iter().map(move |zone| Asking {
                zone,
                service,
                route: None,
                channel: *channel,
                party: None,
            })
        });
        self.0.is_empty()
            || there.any(|asking| {
                speaks_of(rule, &asking) && rule.combinations(&asking).any(|it| it == combination)
            })
    }
}

/// Whether a rule speaks of something there, whichever paths and parties it is about.
fn speaks_of(rule: &Rule, asking: &Asking<'_>) -> bool {
    (rule.zones.is_empty() || rule.zones.contains(asking.zone))
        && (rule.services.is_empty() || rule.services.contains(asking.service))
        && (rule.channels.is_empty() || rule.channels.contains(&asking.channel))
}

/// Each combination that nobody can prove; of codes that are sent there is more to say elsewhere.
pub(super) fn warnings(policy: &Policy, places: &Places) -> Vec<String> {
    let named = policy.rules.iter().flat_map(|rule| {
        let combinations = rule.methods.iter();
        combinations.map(move |combination| (rule, combination))
    });
    let unprovable = named
        .filter(|(rule, it)| !it.needs(Method::SentCode) && !places.carry(rule, it))
        .map(|(_, combination)| combination);
    let unprovable: BTreeSet<&Combination> = unprovable.collect();
    let said = unprovable.into_iter().map(|combination| {
        format!(
            "a [[policy]] names `{combination}` where nobody can prove it, as no channel of its services carries that: \
             the field of `basic`, `username-token` and `grant` takes one secret, alone or with a one-time code or a sent \
             one behind it; NTLM and `negotiate` take an app password; other codes and passkeys are for pages, and \
             Kerberos is for the office; take it away, or write what can be proved there"
        )
    });
    said.collect()
}
