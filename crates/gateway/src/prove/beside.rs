//! What lies beside the policy: paths that are open, whatever it says, and zones that anybody is in.

use std::collections::BTreeSet;

use authn::place::Zone;

use super::walk::routes;
use super::{CounterExample, Grounds, What};
use crate::path::CleanPath;
use crate::preset::{exchange, lync};
use crate::route::{Auth, Kind, MadeBy, Publication, Route, Tracking};

/// Every way in that no rule is asked about.
pub(super) fn open(publication: &Publication, grounds: &Grounds) -> Vec<CounterExample> {
    let mut found = Vec::new();
    for (host, route) in routes(publication) {
        if let Some(what) = asks_for_nothing(route, grounds).or_else(|| takes_guests(route)) {
            found.push(CounterExample::of_path(what, host, &route.path.to_string()));
        }
    }
    found.extend(opened(publication));
    found.extend(api(publication, grounds));
    found.extend(grounds.reachable.iter().map(|(zone, why)| CounterExample {
        what: What::ZoneReachable {
            zone: zone.clone(),
            why: why.clone(),
        },
        host: None,
        path: None,
        elsewhere: None,
        rule: None,
        party: None,
    }));
    found
}

/// The API where anybody may ask it: its tokens are one secret each.
fn api(publication: &Publication, grounds: &Grounds) -> Vec<CounterExample> {
    let reachable = grounds.reachable.iter().map(|(zone, _)| zone);
    let outside = [Zone::EXTERNAL];
    let zones: BTreeSet<&Zone> = outside.iter().chain(reachable).collect();
    let hosts = publication.hosts.iter().filter(|(_, host)| host.is_api);
    let zones = zones.into_iter().filter(|it| grounds.api.contains(*it));
    let zones: Vec<Zone> = zones.cloned().collect();
    hosts
        .flat_map(|(name, _)| {
            let at = |zone: &Zone| {
                let zone = zone.clone();
                CounterExample::of_path(What::ApiOutside { zone }, name, "/api")
            };
            zones.iter().map(at).collect::<Vec<_>>()
        })
        .collect()
}

/// A route where nobody proves anything to the gate, unless its preset has it so.
fn asks_for_nothing(route: &Route, grounds: &Grounds) -> Option<What> {
    let is_open = route.auth == Auth::Anonymous;
    match route.made_by {
        MadeBy::Operator if is_open && grounds.windows.contains(&route.farm) => {
            Some(What::OpenToWindows)
        }
        MadeBy::Operator if is_open => Some(What::OpenRoute),
        MadeBy::Preset if is_open && !route.sources.is_empty() => Some(What::OtherServers),
        MadeBy::Preset if is_open && route.kind == Kind::LyncUserLink => {
            Some(What::GuestOnUserPath)
        }
        MadeBy::Preset if is_open && !lync::is_open(&route.path) => Some(What::ClosedPathOpened),
        MadeBy::Preset | MadeBy::Operator if route.kind == Kind::LyncCert => {
            Some(What::CertificateSignIn)
        }
        MadeBy::Preset | MadeBy::Operator => None,
    }
}

/// A route for people with accounts that lets in whoever has none.
fn takes_guests(route: &Route) -> Option<What> {
    let tracking = route.ticket.map(|rule| rule.tracking);
    let is_observed = tracking == Some(Tracking::Observe) && !lync::is_observed(&route.path);
    let is_guests = matches!(route.kind, Kind::LyncAnon | Kind::LyncOauthtoken);
    let is_too_open = is_observed || (route.takes_guests && !is_guests);
    is_too_open.then_some(What::GuestOnUserPath)
}

/// Paths that presets keep closed, as a request finds them.
fn opened(publication: &Publication) -> Vec<CounterExample> {
    let lync_farms: BTreeSet<&String> = routes(publication)
        .filter(|(_, route)| route.asks_for_ticket())
        .map(|(_, route)| &route.farm)
        .collect();
    let mut found = Vec::new();
    for (name, host) in &publication.hosts {
        let at = |path: &str| {
            let path = CleanPath::parse(path).ok()?;
            host.route(&path).filter(|route| route.auth != Auth::Closed)
        };
        for path in lync::CLOSED {
            // What sells tickets takes passwords in its messages, whatever the route asks.
            if at(path).is_some_and(|route| lync_farms.contains(&route.farm)) {
                found.push(CounterExample::of_path(What::ClosedPathOpened, name, path));
            }
        }
        let is_exchange = |route: &Route| {
            route.made_by == MadeBy::Preset && route.service != authn::place::Service::LYNC
        };
        if !host.routes.iter().any(|route| is_exchange(route)) {
            continue;
        }
        for path in exchange::CLOSED {
            let is_open = |route: &Route| route.auth == Auth::Anonymous && route.sources.is_empty();
            if at(path).is_some_and(|route| is_open(route)) {
                found.push(CounterExample::of_path(What::ClosedPathOpened, name, path));
            }
        }
    }
    found
}
