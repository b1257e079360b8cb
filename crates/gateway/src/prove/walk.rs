//! The walk: each path, channel and combination from a zone, judged by the rules that decide there.

use authn::place::{Channel, Zone};
use authn::policy::{Asking, Factors, Policy};

use super::{CounterExample, What};
use crate::route::{Publication, Route, Scheme};

/// Every combination that is enough from a zone and is not two factors.
pub(super) fn from(publication: &Publication, zone: &Zone) -> Vec<CounterExample> {
    let mut found = Vec::new();
    for (host, route) in routes(publication) {
        for (channel, by_ticket) in channels(route) {
            let asked = (host, route, zone);
            found.extend(by(&publication.policy, asked, (channel, by_ticket)));
        }
    }
    found
}

/// Every route with its host.
pub(super) fn routes(publication: &Publication) -> impl Iterator<Item = (&str, &Route)> {
    let hosts = publication.hosts.iter();
    hosts.flat_map(|(name, host)| host.routes.iter().map(|route| (name.as_str(), &**route)))
}

/// The channels by which something is proved for a route, there or where its tickets are bought, which is the second.
#[must_use]
pub fn channels(route: &Route) -> Vec<(Channel, bool)> {
    let buying = Channel::ALL.into_iter().filter(|it| it.buys_tickets());
    let mut channels = Vec::new();
    for scheme in route.schemes() {
        match scheme {
            Scheme::Ticket => channels.extend(buying.clone().map(|channel| (channel, true))),
            proving => channels.push((proving.channel(), false)),
        }
    }
    channels
}

fn by(
    policy: &Policy,
    (host, route, zone): (&str, &Route, &Zone),
    (channel, by_ticket): (Channel, bool),
) -> Vec<CounterExample> {
    let name = route.name_in(policy, host);
    let asking = Asking {
        zone,
        service: &route.service,
        route: name.as_ref(),
        channel,
    };
    let mut found = Vec::new();
    for numbered in policy.deciding(&asking) {
        for combination in numbered.rule.combinations(&asking) {
            let factors = Factors::of(combination, numbered.rule);
            if factors.are_two() {
                continue;
            }
            let what = What::TooLittle {
                zone: zone.clone(),
                channel,
                by_ticket,
                enough: combination.clone(),
                factors,
            };
            let path = route.path.to_string();
            found.push(CounterExample {
                rule: Some(numbered.index),
                ..CounterExample::of_path(what, host, &path)
            });
        }
    }
    found
}
