//! The proof where gateways on other machines publish: every service that they may ask about, by every channel.

use std::collections::{BTreeMap, BTreeSet};

use authn::policy::{Asking, Proved};
use jiff::Timestamp;

use super::mutations::{ALONE, mutations, of_several_rules};
use super::*;

const SERVICES: [Service; 4] = [
    Service::LYNC,
    Service::EWS,
    Service::AUTODISCOVER,
    Service::ACTIVESYNC,
];
/// By which channels a field carries what somebody knows by heart.
const FIELDS: [Channel; 3] = [Channel::Basic, Channel::UsernameToken, Channel::Grant];

/// What an authentication server has: a policy, and nothing that it publishes itself.
fn elsewhere(policy: &Policy) -> Vec<CounterExample> {
    let publication = Publication {
        hosts: BTreeMap::new(),
        ..under(policy.clone())
    };
    let grounds = Grounds {
        elsewhere: Some(SERVICES.into()),
        ..Grounds::default()
    };
    counter_examples(&publication, &grounds)
}

fn of(rules: &[Rule]) -> Vec<CounterExample> {
    elsewhere(&Policy {
        rules: rules.to_vec(),
    })
}

/// A way in by one factor: to a service, or to one that nobody listed, by a channel.
type Way = (Option<Service>, Channel, Method);

fn ways(found: &[CounterExample]) -> BTreeSet<Way> {
    let ways = found.iter().filter_map(|it| match &it.what {
        What::TooLittle {
            channel, enough, ..
        } => {
            let factor = ALONE.into_iter().find(|it| *enough == (*it).into())?;
            let service = it.elsewhere.as_ref()?.service.clone();
            Some((service, *channel, factor))
        }
        _ => None,
    });
    ways.collect()
}

fn every(channels: &[Channel], factor: Method) -> BTreeSet<Way> {
    let services = SERVICES.map(Some).into_iter().chain([None]);
    let ways = services.flat_map(|service| {
        let channels = channels.iter();
        channels.map(move |channel| (service.clone(), *channel, factor))
    });
    ways.collect()
}

#[test]
fn s19_without_a_lease_an_app_password_is_found_for_every_service_of_gateways_by_every_channel() {
    assert_eq!(of(&[rule()]), []);
    let unleased = Rule {
        lease: None,
        ..rule()
    };
    let found = of(&[unleased]);
    let mut proving = FIELDS.to_vec();
    proving.extend([Channel::Ntlm, Channel::Negotiate]);
    // On a page outside one is nothing by itself.
    assert_eq!(ways(&found), every(&proving, Method::AppPassword));
    assert!(
        found
            .iter()
            .all(|it| it.rule == Some(0) && it.host.is_none())
    );
}

#[test]
fn s19_a_memorised_secret_alone_is_found_by_basic_and_wherever_else_it_is_carried() {
    let alone = Rule {
        methods: vec![Method::MemorisedSecret.into()],
        lease: None,
        ..rule()
    };
    let mut carrying = FIELDS.to_vec();
    carrying.push(Channel::Page);
    let everywhere = every(&carrying, Method::MemorisedSecret);
    assert_eq!(ways(&of(&[alone.clone(), rule()])), everywhere);
    let mail = Rule {
        services: [Service::EWS].into(),
        channels: [Channel::Basic].into(),
        ..alone
    };
    let way = (Some(Service::EWS), Channel::Basic, Method::MemorisedSecret);
    assert_eq!(ways(&of(&[mail, rule()])), [way].into());
}

#[test]
fn s19_a_service_that_the_authentication_server_does_not_list_is_walked_as_well() {
    let listed = Rule {
        services: SERVICES.into(),
        ..rule()
    };
    let rest = Rule {
        lease: None,
        channels: [Channel::Basic].into(),
        ..rule()
    };
    let found = of(&[listed, rest]);
    let way = (None, Channel::Basic, Method::AppPassword);
    assert_eq!(ways(&found), [way].into());
    assert_eq!(found.len(), 1);
}

/// A gateway that is somebody else's asks about whatever it likes.
#[test]
fn s19_a_rule_for_our_pages_is_walked_as_a_gateway_may_ask_about_it() {
    let pages = |methods: &str| Rule {
        services: [Service::PORTAL].into(),
        methods: vec![combination(methods)],
        lease: None,
        ..rule()
    };
    assert_eq!(of(&[pages("memorised-secret + one-time-code"), rule()]), []);
    let way = |channel| (Some(Service::PORTAL), channel, Method::AppPassword);
    let found = ways(&of(&[pages("app-password"), rule()]));
    assert!(found.contains(&way(Channel::Basic)), "{found:?}");
    assert!(!found.contains(&way(Channel::Page)), "{found:?}");
}

#[test]
fn s19_a_rule_about_a_service_that_is_not_walked_is_no_proof() {
    let other = Rule {
        services: [Service::EWS, Service("app".into())].into(),
        ..rule()
    };
    let found = of(&[other, rule()]);
    let service = Service("app".into());
    assert_eq!(whats(found), [What::NotWalked { service }]);
}

#[test]
fn s19_a_path_that_a_rule_names_is_walked_and_so_is_every_other() {
    let unleased = Rule {
        lease: None,
        ..rule()
    };
    let at = |routes: &[RouteName], rule: Rule| Rule {
        routes: routes.iter().cloned().collect(),
        ..rule
    };
    let (mail, ews) = (RouteName::host(MAIL), RouteName::of(MAIL, "/EWS"));
    let named = |found: &[CounterExample]| -> BTreeSet<String> {
        let found = found.iter().filter_map(|it| it.elsewhere.clone()?.route);
        found.map(|route| route.to_string()).collect()
    };
    let policy = [at(from_ref(&ews), unleased.clone()), rule()];
    assert_eq!(named(&of(&policy)), [ews.to_string()].into());
    let policy = [at(from_ref(&mail), unleased.clone()), rule()];
    assert_eq!(named(&of(&policy)), [mail.to_string()].into());
    let policy = [at(from_ref(&ews), rule()), at(&[mail], unleased), rule()];
    assert_eq!(named(&of(&policy)), [MAIL.to_owned()].into());
    let unleased = Rule {
        lease: None,
        ..rule()
    };
    let policy = [at(from_ref(&ews), rule()), unleased];
    assert_eq!(named(&of(&policy)), ["any other host".to_owned()].into());
}

#[test]
fn a_rule_that_decides_nothing_for_gateways_is_found_and_one_about_a_service_of_theirs_is_not() {
    let phones = Rule {
        services: [Service::ACTIVESYNC].into(),
        channels: [Channel::Basic].into(),
        ..rule()
    };
    assert_eq!(of(&[phones.clone(), rule()]), []);
    let by = [0].into();
    assert_eq!(whats(of(&[rule(), phones])), [What::Hidden { by }]);
}

/// Whom one factor lets in, by the function that judges every attempt of a gateway.
fn judged(policy: &Policy) -> BTreeSet<Way> {
    let people = [
        member("anna", &[]),
        member("anna", &["S-1-5-21-1-2-3-4444"]),
        member("ben", &[]),
    ];
    let now = Timestamp::UNIX_EPOCH;
    let unlisted = Service("intranet".into());
    let ours = [Service::PORTAL, Service::STS].into_iter();
    let ours = ours.filter(|it| policy.rules.iter().any(|rule| rule.services.contains(it)));
    let services = SERVICES.into_iter().chain(ours).chain([unlisted.clone()]);
    let mut ways = BTreeSet::new();
    for service in services {
        let is_ours = service == Service::PORTAL || service == Service::STS;
        for (channel, factor) in Channel::ALL
            .into_iter()
            .flat_map(|it| ALONE.map(|by| (it, by)))
        {
            let (methods, routes) = ([factor].into(), policy.routes());
            let proved = Proved {
                methods: &methods,
                made: Some(now),
                second_factor: None,
            };
            let is_in = routes.iter().any(|route| {
                let asking = Asking {
                    zone: &Zone::EXTERNAL,
                    service: &service,
                    route: route.as_ref(),
                    channel,
                    party: None,
                };
                let mut people = people.iter();
                people.any(|it| policy.judge(it, &asking, &proved, now).is_ok())
            });
            // A ticket is judged by the channel that bought it, and pages of ours are there for whoever publishes them.
            let is_asked = channel != Channel::Ticket && !(is_ours && channel == Channel::Page);
            if is_in && is_asked {
                let known = (service != unlisted).then(|| service.clone());
                ways.insert((known, channel, factor));
            }
        }
    }
    ways
}

/// What the gateway's own file would say of the same policy, which real requests confirm.
fn on_a_gateway(policy: &Policy) -> BTreeSet<Way> {
    let publication = under(policy.clone());
    let found = found(&publication);
    let ways = found.iter().filter_map(|it| match &it.what {
        What::TooLittle {
            channel, enough, ..
        } => {
            let factor = ALONE.into_iter().find(|it| *enough == (*it).into())?;
            let mut routes = publication.hosts.get(it.host.as_ref()?)?.routes.iter();
            let path = it.path.as_ref()?;
            let route = routes.find(|route| route.path.to_string() == *path)?;
            Some((Some(route.service.clone()), *channel, factor))
        }
        _ => None,
    });
    ways.collect()
}

#[test]
fn s19_every_step_from_either_policy_is_refuted_or_harmless_for_gateways_elsewhere() {
    for policy in [shipped(), of_several_rules()] {
        let (mut refuted, mut harmless) = (0, 0);
        let itself = [("nothing".to_owned(), policy.clone())];
        for (step, mutated) in itself.into_iter().chain(mutations(&policy)) {
            let proved = ways(&elsewhere(&mutated));
            assert_eq!(proved, judged(&mutated), "{step}");
            let there = on_a_gateway(&mutated);
            assert!(there.is_subset(&proved), "{step}: {there:?}");
            // The policy of several rules leaves a service that nobody listed open from the beginning.
            match proved.iter().any(|(service, ..)| service.is_some()) {
                false => harmless += 1,
                true => refuted += 1,
            }
        }
        assert!(refuted > 0 && harmless > 0, "{refuted}, {harmless}");
    }
    assert_eq!(elsewhere(&shipped()), []);
}
