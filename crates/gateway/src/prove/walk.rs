//! The walk: each path, channel and combination from a zone, judged by the rules that decide there.

use authn::party::Party;
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Asking, Combination, Factors, Numbered, Policy};

use super::{CounterExample, What};
use crate::route::{Host, Publication, Route, Scheme};

/// What the policy is asked: to which path, by which channel.
pub(super) struct Question<'a> {
    host: &'a str,
    path: String,
    service: &'a Service,
    route: Option<RouteName>,
    channel: Channel,
    by_ticket: bool,
    party: Option<&'a Party>,
}

impl Question<'_> {
    /// The same, from a zone.
    pub(super) fn asking<'a>(&'a self, zone: &'a Zone) -> Asking<'a> {
        Asking {
            zone,
            service: self.service,
            route: self.route.as_ref(),
            channel: self.channel,
            party: self.party,
        }
    }

    fn is_page_for_parties(&self) -> bool {
        self.channel == Channel::Page && *self.service == Service::STS
    }

    fn found(&self, what: What, numbered: Numbered<'_>) -> CounterExample {
        CounterExample {
            rule: Some(numbered.index),
            party: self.party.map(Party::known_as),
            ..CounterExample::of_path(what, self.host, &self.path)
        }
    }
}

/// Every question that is put to the policy: of each path by each of its channels, and of pages of ours, there for each of
/// these parties.
pub(super) fn questions<'a>(
    publication: &'a Publication,
    parties: &'a [Option<Party>],
) -> Vec<Question<'a>> {
    let mut questions = Vec::new();
    for (host, route) in routes(publication) {
        let is_passive = publication.hosts.get(host).is_some_and(Host::is_passive);
        for (channel, by_ticket) in channels(route, is_passive) {
            questions.push(Question {
                host,
                path: route.path.to_string(),
                service: &route.service,
                route: route.name_in(&publication.policy, host),
                channel,
                by_ticket,
                party: None,
            });
        }
    }
    // What takes tokens of its own lets nobody in by the policy.
    let is_asked = |host: &Host| host.is_ours && !host.is_api;
    let ours = || publication.hosts.iter().filter(|(_, host)| is_asked(host));
    let active = ours().filter(|(_, host)| host.takes_username_tokens);
    questions.extend(active.flat_map(|(host, _)| {
        let channel = Channel::UsernameToken;
        for_parties((host, "/adfs/services/trust"), channel, parties)
    }));
    for (name, host) in ours() {
        match host.is_sts {
            true => questions.extend(for_parties((name, "/"), Channel::Page, parties)),
            false => questions.push(of_ours((name, "/"), &Service::PORTAL, Channel::Page)),
        }
    }
    questions
}

fn for_parties<'a>(
    place: (&'a str, &'a str),
    channel: Channel,
    parties: &'a [Option<Party>],
) -> impl Iterator<Item = Question<'a>> {
    parties.iter().map(move |party| Question {
        party: party.as_ref(),
        ..of_ours(place, &Service::STS, channel)
    })
}

fn of_ours<'a>(
    (host, path): (&'a str, &str),
    service: &'a Service,
    channel: Channel,
) -> Question<'a> {
    Question {
        host,
        path: path.to_owned(),
        service,
        route: None,
        channel,
        by_ticket: false,
        party: None,
    }
}

/// Every combination that is enough from a zone and is not two factors.
pub(super) fn from(publication: &Publication, zone: &Zone) -> Vec<CounterExample> {
    let parties = publication.policy.parties();
    let questions = questions(publication, &parties);
    let found = questions.iter();
    let found = found.flat_map(|question| too_little(&publication.policy, question, zone));
    // A name in a rule is asked about twice, as that of a trust and as what a party calls itself.
    found.fold(Vec::new(), |mut all, one| {
        if !all.contains(&one) {
            all.push(one);
        }
        all
    })
}

/// Every route with its host.
pub(super) fn routes(publication: &Publication) -> impl Iterator<Item = (&str, &Route)> {
    let hosts = publication.hosts.iter();
    hosts.flat_map(|(name, host)| host.routes.iter().map(|route| (name.as_str(), &**route)))
}

/// The channels by which something is proved for a route, there or where its tickets are bought, which is the second. To
/// a passive host they are bought by a page alone.
#[must_use]
pub fn channels(route: &Route, is_passive: bool) -> Vec<(Channel, bool)> {
    let buys = |channel: &Channel| match is_passive {
        true => *channel == Channel::Page,
        false => channel.buys_tickets(),
    };
    let buying = Channel::ALL.into_iter().filter(buys);
    let mut channels = Vec::new();
    for scheme in route.schemes() {
        match scheme {
            Scheme::Ticket => channels.extend(buying.clone().map(|channel| (channel, true))),
            proving => channels.push((proving.channel(), false)),
        }
    }
    channels
}

fn too_little(policy: &Policy, question: &Question<'_>, zone: &Zone) -> Vec<CounterExample> {
    let asking = question.asking(zone);
    let mut found = Vec::new();
    for numbered in policy.deciding(&asking) {
        for combination in numbered.rule.combinations(&asking) {
            let factors = Factors::of(combination, numbered.rule);
            if factors.are_two() {
                continue;
            }
            let what = What::TooLittle {
                zone: zone.clone(),
                channel: question.channel,
                by_ticket: question.by_ticket,
                enough: combination.clone(),
                factors,
            };
            found.push(question.found(what, numbered));
        }
        if question.is_page_for_parties() && says_alone(numbered, zone) {
            let zone = zone.clone();
            found.push(question.found(What::AloneOnPage { zone }, numbered));
        }
    }
    found
}

/// Whether a rule says outside that an app password alone is enough.
fn says_alone(numbered: Numbered<'_>, zone: &Zone) -> bool {
    let alone = Combination::from(Method::AppPassword);
    *zone != Zone::INTERNAL && numbered.rule.methods.contains(&alone)
}
