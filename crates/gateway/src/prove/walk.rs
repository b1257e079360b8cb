//! The walk: each path, channel and combination from a zone, judged by the rules that decide there.

use std::borrow::Cow;
use std::collections::BTreeSet;

use authn::party::Party;
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Asking, Combination, Factors, Numbered, Policy};

use super::{CounterExample, Elsewhere, Grounds, What};
use crate::route::{Host, Publication, Route, Scheme};

/// What questions are about that is in no route here.
pub(super) struct Asked {
    parties: Vec<Option<Party>>,
    /// The services of gateways on other machines, and whether each is known; one stands for all that are not.
    services: Vec<(Service, bool)>,
    routes: Vec<Option<RouteName>>,
}

impl Asked {
    /// SECURITY: a gateway may ask about any service, that of our pages by a field, too: rules that name one are walked so.
    pub(super) fn of(policy: &Policy, grounds: &Grounds) -> Self {
        let mut services = Vec::new();
        if let Some(known) = &grounds.elsewhere {
            let is_named =
                |it: &Service| policy.rules.iter().any(|rule| rule.services.contains(it));
            let ours = OURS.into_iter().filter(is_named);
            let known: BTreeSet<Service> = known.iter().cloned().chain(ours).collect();
            services.extend(known.into_iter().map(|it| (it, true)));
            services.push((UNKNOWN, false));
        }
        Self {
            parties: policy.parties(),
            services,
            routes: policy.routes(),
        }
    }
}

/// The services of our pages.
const OURS: [Service; 2] = [Service::PORTAL, Service::STS];
/// A service that no configuration names: a gateway may ask about one that the list here lacks, and is answered.
const UNKNOWN: Service = Service(Cow::Borrowed("any other service"));

/// What the policy is asked: to which path, by which channel.
pub(super) struct Question<'a> {
    place: Place<'a>,
    service: &'a Service,
    route: Option<RouteName>,
    channel: Channel,
    by_ticket: bool,
    party: Option<&'a Party>,
}

/// Where it would be asked.
enum Place<'a> {
    Here { host: &'a str, path: String },
    Elsewhere { is_known: bool },
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

    /// The service that it is about.
    pub(super) fn service(&self) -> &Service {
        self.service
    }

    fn is_page_for_parties(&self) -> bool {
        self.channel == Channel::Page && *self.service == Service::STS
    }

    fn found(&self, what: What, numbered: Numbered<'_>) -> CounterExample {
        let found = CounterExample::of_rule(numbered.index, what);
        let party = self.party.map(Party::known_as);
        match &self.place {
            Place::Here { host, path } => CounterExample {
                host: Some((*host).to_owned()),
                path: Some(path.clone()),
                party,
                ..found
            },
            Place::Elsewhere { is_known } => CounterExample {
                elsewhere: Some(Elsewhere {
                    service: is_known.then(|| self.service.clone()),
                    route: self.route.clone(),
                }),
                party,
                ..found
            },
        }
    }
}

/// Every question that is put to the policy: of each path by each of its channels, of pages of ours, there for each party,
/// and of what gateways on other machines publish by whatever channel.
pub(super) fn questions<'a>(publication: &'a Publication, asked: &'a Asked) -> Vec<Question<'a>> {
    let mut questions = of_routes(publication);
    questions.extend(of_pages(publication, &asked.parties));
    for (service, is_known) in &asked.services {
        questions.extend(of_gateways((service, *is_known), &asked.routes));
    }
    questions
}

fn of_routes(publication: &Publication) -> Vec<Question<'_>> {
    let mut questions = Vec::new();
    for (host, route) in routes(publication) {
        let is_passive = publication.hosts.get(host).is_some_and(Host::is_passive);
        for (channel, by_ticket) in channels(route, is_passive) {
            questions.push(Question {
                place: Place::Here {
                    host,
                    path: route.path.to_string(),
                },
                service: &route.service,
                route: route.name_in(&publication.policy, host),
                channel,
                by_ticket,
                party: None,
            });
        }
    }
    questions
}

fn of_pages<'a>(publication: &'a Publication, parties: &'a [Option<Party>]) -> Vec<Question<'a>> {
    let mut questions = Vec::new();
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

/// What a gateway may ask about a service: a ticket is judged by the channel that bought it, and so is none itself; pages of
/// ours are asked about where they are.
fn of_gateways<'a>(
    (service, is_known): (&'a Service, bool),
    routes: &'a [Option<RouteName>],
) -> impl Iterator<Item = Question<'a>> {
    let is_ours = OURS.contains(service);
    let proving = Channel::ALL.into_iter().filter(move |it| match it {
        Channel::Ticket => false,
        Channel::Page => !is_ours,
        _ => true,
    });
    proving.flat_map(move |channel| {
        routes.iter().map(move |route| Question {
            place: Place::Elsewhere { is_known },
            service,
            route: route.clone(),
            channel,
            by_ticket: false,
            party: None,
        })
    })
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
        place: Place::Here {
            host,
            path: path.to_owned(),
        },
        service,
        route: None,
        channel,
        by_ticket: false,
        party: None,
    }
}

/// Every combination that is enough from a zone and is not two factors.
pub(super) fn from(
    (publication, grounds): (&Publication, &Grounds),
    zone: &Zone,
) -> Vec<CounterExample> {
    let asked = Asked::of(&publication.policy, grounds);
    let questions = questions(publication, &asked);
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
