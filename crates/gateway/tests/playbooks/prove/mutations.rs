//! Each single step away from a good policy: refuted by a counter-example that a real request confirms, or harmless, as
//! no real request gets in by one factor anywhere.
//!
//! *By a request*: an app password whose owner never proved a second factor, and a memorised secret without a code, are tried
//! at each path of every route, by each channel and by the ticket that a channel would have bought, whatever the proof says.
//! *By enumeration*: pages of ours, which this room hands on: what a sign-in on them asks for is asked of the function that
//! its one dispatcher asks ([`Requirement`]), for every page; and what is neither of those two factors is enough by itself
//! nowhere, as no request can bring it.

use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::sign_in::Requirement;
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Proof};
use gateway::prove::{Grounds, What, channels, counter_examples};
use gateway::route::{Kind, Route};
use proto::ntlm::client::Client;
use proto::secret::Secret;
use proto::soap::namespace::SOAP_1_1;

use super::{NameKey, combination, rule, shipped, under};
use crate::connection::{Connection, Said, type_3};
use crate::documents::rst;
use crate::request::{Request, post};
use crate::scene::{Person, Scene, peer};
use crate::ways_in::with_token;

/// One of several rules: codes for mail by Basic, no phones, leases elsewhere, less asked inside.
pub(super) fn of_several_rules() -> Policy {
    let by_code = Rule {
        services: [Service::EWS].into(),
        channels: [Channel::Basic].into(),
        methods: vec![combination("app-password + one-time-code")],
        fresh: Some(jiff::SignedDuration::from_hours(8)),
        lease: None,
        ..rule()
    };
    let nothing = Rule {
        services: [Service::ACTIVESYNC].into(),
        methods: Vec::new(),
        lease: None,
        ..rule()
    };
    let leased = Rule {
        services: [Service::LYNC, Service::EWS, Service::AUTODISCOVER].into(),
        ..rule()
    };
    let inside = Rule {
        zones: [Zone::INTERNAL].into(),
        channels: [Channel::Negotiate].into(),
        methods: vec![Method::Kerberos.into(), Method::AppPassword.into()],
        lease: None,
        ..rule()
    };
    let unleased = Rule {
        zones: Default::default(),
        lease: None,
        ..rule()
    };
    Policy {
        rules: vec![by_code, nothing, leased, inside, unleased],
    }
}

/// Every policy that is one step away, with the step's name.
pub(super) fn mutations(policy: &Policy) -> Vec<(String, Policy)> {
    let mut mutated = Vec::new();
    let rules = &policy.rules;
    for (index, rule) in rules.iter().enumerate() {
        let mut dropped = rules.clone();
        dropped.remove(index);
        mutated.push((format!("drop {index}"), dropped));
        for other in 0..index {
            let mut swapped = rules.clone();
            swapped.swap(index, other);
            mutated.push((format!("swap {other} and {index}"), swapped));
        }
        for (step, changed) in changed(rule) {
            let mut changing = rules.clone();
            changing.remove(index);
            changing.insert(index, changed);
            mutated.push((format!("{step} in {index}"), changing));
        }
    }
    let policies = mutated.into_iter();
    policies
        .map(|(step, rules)| (step, Policy { rules }))
        .collect()
}

/// A rule with one field wider or narrower: one that refuses is widened by what narrows another.
fn changed(rule: &Rule) -> Vec<(String, Rule)> {
    let mut changed = Vec::new();
    let mut step = |name: String, change: &dyn Fn(&mut Rule)| {
        let mut other = rule.clone();
        change(&mut other);
        if other != *rule {
            changed.push((name, other));
        }
    };
    step("any zone".to_owned(), &|rule| rule.zones.clear());
    step("any service".to_owned(), &|rule| rule.services.clear());
    step("any channel".to_owned(), &|rule| rule.channels.clear());
    step("no lease".to_owned(), &|rule| rule.lease = None);
    step("no fresh".to_owned(), &|rule| rule.fresh = None);
    step("no methods".to_owned(), &|rule| rule.methods.clear());
    for zone in [Zone::EXTERNAL, Zone::INTERNAL] {
        step(format!("only {zone}"), &|rule| {
            rule.zones = [zone.clone()].into()
        });
        step(format!("{zone} too"), &|rule| {
            if !rule.zones.is_empty() {
                rule.zones.insert(zone.clone());
            }
        });
    }
    for service in [
        Service::LYNC,
        Service::EWS,
        Service::AUTODISCOVER,
        Service::ACTIVESYNC,
        Service::PORTAL,
        Service::STS,
    ] {
        step(format!("only {service}"), &|rule| {
            rule.services = [service.clone()].into();
        });
        step(format!("{service} too"), &|rule| {
            if !rule.services.is_empty() {
                rule.services.insert(service.clone());
            }
        });
    }
    // Somebody else is meant, and whoever tries falls to what follows.
    step("only a group".to_owned(), &|rule| {
        rule.groups = ["S-1-5-21-1-2-3-4444".to_owned()].into();
    });
    step("only somebody else".to_owned(), &|rule| {
        let ben = NameKey::candidates("ben", "", Some("CONTOSO"));
        rule.accounts = ben.into_iter().collect();
    });
    step("only a route of nobody".to_owned(), &|rule| {
        rule.routes = [RouteName::host("elsewhere.contoso.com")].into();
    });
    for channel in Channel::ALL {
        step(format!("only {channel}"), &|rule| {
            rule.channels = [channel].into()
        });
    }
    for method in Method::ALL {
        step(format!("{method} too"), &|rule| {
            rule.methods.push(method.into())
        });
    }
    changed
}

/// What a request can bring that is one factor.
pub(super) const ALONE: [Method; 2] = [Method::AppPassword, Method::MemorisedSecret];

/// The scene under a policy, and somebody with one factor.
fn scene(policy: &Policy, factor: Method) -> (Scene, Person) {
    let scene = Scene::publishing(under(policy.clone()));
    if factor == Method::MemorisedSecret {
        let anna = scene.person_who_remembers("anna", "korrekthastbatteri");
        return (scene, anna);
    }
    let services = [
        Service::LYNC,
        Service::EWS,
        Service::AUTODISCOVER,
        Service::ACTIVESYNC,
    ];
    let anna = scene.person_for("anna", &services);
    (scene, anna)
}

/// A way in: host, path and channel, whether a ticket is shown, and by what.
type Way = (String, String, Channel, bool, Method);

/// Where a real request gets in from outside by one factor.
fn real_ways(policy: &Policy) -> Vec<Way> {
    let factors = ALONE.into_iter();
    factors.flat_map(|it| real_ways_by(policy, it)).collect()
}

fn real_ways_by(policy: &Policy, factor: Method) -> Vec<Way> {
    let (mut gate, mut anna) = scene(policy, factor);
    let mut ways = Vec::new();
    for (host, published) in &under(policy.clone()).hosts {
        for route in &published.routes {
            for (channel, by_ticket) in channels(route, published.is_passive()) {
                if factor == Method::MemorisedSecret && !by_ticket {
                    // Each text that is refused takes one of few places: nobody may be refused for that.
                    (gate, anna) = scene(policy, factor);
                }
                let gets_in = match by_ticket {
                    true => by_ticket_of((&gate, &anna), (host, route), (channel, factor)),
                    false => by_request((&gate, &anna), (host, route), channel),
                };
                if gets_in {
                    let path = route.path.to_string();
                    ways.push((host.clone(), path, channel, by_ticket, factor));
                }
            }
        }
    }
    ways
}

/// Whether a ticket that was bought by a channel is taken where a route is asked for.
fn by_ticket_of(
    (scene, anna): (&Scene, &Person),
    (host, route): (&str, &Route),
    (channel, factor): (Channel, Method),
) -> bool {
    let known_by = format!("{} {channel}", route.farm).into_bytes();
    let key = TicketKey::of(&Secret::new(known_by));
    scene.records(Relaying::of(RelayedTicket {
        key: key.clone(),
        account: anna.account.id.clone(),
        credential: anna.credential.clone(),
        token: None,
        channel,
        methods: [factor].into(),
        second_factor: None,
        pool: route.farm.clone(),
        relayed: scene.now(),
        expires: scene.now() + jiff::SignedDuration::from_hours(1),
    }));
    let outcome = scene.verifies(Attempt {
        proof: Proof::Ticket(key),
        channel: Channel::Ticket,
        service: route.service.clone(),
        route: route.name_in(&scene.publication.policy, host),
        party: None,
        pool: route.farm.clone(),
        zone: Zone::EXTERNAL,
        source: peer().address,
        tls: None,
        sip_uri: None,
        device: None,
        activity: authn::place::ActivityId::from([1; 16]),
        connection: authn::place::ConnectionId([1; 8]),
    });
    outcome.result.is_ok()
}

/// Whether a request with the app password gets through the conversation.
fn by_request(
    (scene, anna): (&Scene, &Person),
    (host, route): (&str, &Route),
    channel: Channel,
) -> bool {
    let path = route.path.to_string();
    let body = match route.kind {
        Kind::LyncAuth => with_token(SOAP_1_1, &anna.account.upn, &anna.password, anna.sip_uri()),
        Kind::LyncWebTicket => rst(anna.sip_uri()),
        _ => String::new(),
    };
    let request = post(host, &path, body);
    let mut connection = scene.connects();
    let said = match channel {
        Channel::Ntlm => handshake(&mut connection, ("NTLM", &anna.client()), &request),
        Channel::Negotiate => handshake(&mut connection, ("Negotiate", &anna.client()), &request),
        Channel::Basic => connection.sends(&request.basic(&anna.account.upn, &anna.password)),
        Channel::UsernameToken => connection.sends(&request),
        Channel::Grant => {
            let name = anna.account.upn.replace('@', "%40");
            let password = &anna.password;
            let text = format!("grant_type=password&username={name}&password={password}");
            connection.sends(&form(host, &text))
        }
        Channel::Ticket => unreachable!("tickets are shown by `by_ticket_of`"),
        Channel::Page => unreachable!("pages of ours are of no route"),
    };
    matches!(said, Said::Passes(_))
}

fn form(host: &str, text: &str) -> Request {
    let request = post(host, "/WebTicket/oauthtoken", text.to_owned()).without("content-type");
    request.with("content-type", "application/x-www-form-urlencoded")
}

/// Both steps of NTLM under a scheme's name; at the grants' path by the grant `windows`.
fn handshake(
    connection: &mut Connection<'_>,
    (scheme, client): (&str, &Client),
    request: &Request,
) -> Said {
    let request = match request.head.uri.path().ends_with("/oauthtoken") {
        true => {
            let host = request.head.headers.get("host").unwrap().to_str().unwrap();
            form(host, "grant_type=urn%3Amicrosoft.rtc%3Awindows")
        }
        false => request.clone(),
    };
    let first = request.clone().token(scheme, &client.negotiate());
    let said = connection.sends(&first);
    let offers = said.offers();
    if !offers
        .iter()
        .any(|it| it.starts_with(&format!("{scheme} ")))
    {
        return said;
    }
    let challenge = said.token(scheme);
    connection.sends(&request.token(scheme, &type_3(client, &challenge)))
}

/// Where the proof says that one factor gets in; a counter-example about anything else is none of these.
fn proved_ways(policy: &Policy) -> (Vec<Way>, bool) {
    let found = counter_examples(&under(policy.clone()), &Grounds::default());
    let is_refuted = !found.is_empty();
    let ways = found.into_iter().filter_map(|it| match it.what {
        What::TooLittle {
            channel,
            by_ticket,
            enough,
            ..
        } => {
            let factor = ALONE
                .into_iter()
                .find(|factor| enough == (*factor).into())?;
            Some((it.host?, it.path?, channel, by_ticket, factor))
        }
        _ => None,
    });
    let mut ways: Vec<Way> = ways.collect();
    ways.sort();
    ways.dedup();
    (ways, is_refuted)
}

fn is_shown_for_each_step(policy: &Policy) {
    assert_eq!(proved_ways(policy), (Vec::new(), false));
    assert_eq!(real_ways(policy), []);
    let (mut refuted, mut harmless) = (0, 0);
    for (step, mutated) in mutations(policy) {
        let (ways, is_refuted) = proved_ways(&mutated);
        let mut real = real_ways(&mutated);
        real.sort();
        // Both ways round: what is proved is what happens, path by path and channel by channel.
        assert_eq!(real, ways, "{step}");
        match is_refuted {
            true => refuted += 1,
            false => harmless += 1,
        }
    }
    assert!(
        refuted > 0 && harmless > 0,
        "{refuted} refuted, {harmless} harmless"
    );
}

#[test]
fn s19_every_step_from_the_shipped_policy_is_refuted_by_a_real_request_or_harmless() {
    is_shown_for_each_step(&shipped());
}

#[test]
fn s19_every_step_from_a_policy_of_several_rules_is_refuted_by_a_real_request_or_harmless() {
    is_shown_for_each_step(&of_several_rules());
}

/// The shipped policy behind rules for the pages, as a portal and a token service need them.
fn of_pages() -> Policy {
    let on = |service: Service| Rule {
        services: [service].into(),
        methods: vec![combination("memorised-secret + one-time-code")],
        lease: None,
        ..rule()
    };
    let mut rules = vec![on(Service::PORTAL), on(Service::STS)];
    rules.extend(shipped().rules);
    Policy { rules }
}

/// Which pages ask for a secret and nothing else: the host of each.
fn short_pages(policy: &Policy) -> Vec<&'static str> {
    let asks = |service: &Service| Requirement::of(policy, &Zone::EXTERNAL, service);
    let pages = [
        ("my.contoso.com", Service::PORTAL),
        ("sts.contoso.com", Service::STS),
    ];
    let short = pages.into_iter();
    let short = short.filter(|(_, service)| asks(service) == Some(Requirement::Secret));
    short.map(|(host, _)| host).collect()
}

/// The pages that the proof says are opened by a secret alone. What else it names there opens none: a page asks for a secret
/// first, an app password is none on it by itself, and a code is asked for behind one.
fn proved_pages(policy: &Policy) -> Vec<String> {
    let mut publication = under(policy.clone());
    for (host, is_sts) in [("my.contoso.com", false), ("sts.contoso.com", true)] {
        let host = publication.hosts.entry(host.to_owned()).or_default();
        (host.is_ours, host.is_sts) = (true, is_sts);
    }
    let found = counter_examples(&publication, &Grounds::default());
    let pages = found.into_iter().filter_map(|it| match it.what {
        What::TooLittle {
            channel: Channel::Page,
            enough,
            ..
        } if enough == Method::MemorisedSecret.into() => it.host,
        _ => None,
    });
    let mut pages: Vec<String> = pages.collect();
    pages.sort();
    pages.dedup();
    pages
}

#[test]
fn s19_every_step_from_the_policy_of_pages_is_refuted_or_asks_for_two_factors_on_each_page() {
    let policy = of_pages();
    assert_eq!(proved_pages(&policy), Vec::<String>::new());
    assert_eq!(short_pages(&policy), Vec::<&str>::new());
    let (mut refuted, mut harmless) = (0, 0);
    for (step, mutated) in mutations(&policy) {
        let proved = proved_pages(&mutated);
        assert_eq!(short_pages(&mutated), proved, "{step}");
        match proved.is_empty() {
            true => harmless += 1,
            false => refuted += 1,
        }
    }
    assert!(
        refuted > 0 && harmless > 0,
        "{refuted} refuted, {harmless} harmless"
    );
}
