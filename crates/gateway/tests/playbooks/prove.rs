//! Proof that there are two factors outside: each hole that was seeded is found, with its path, channel and rule.

mod elsewhere;
mod mutations;
mod pages;

use std::slice::from_ref;
use std::sync::Arc;

use authn::account::{Account, AccountId, AccountState};
use authn::directory::{Attributes, FromDirectory, Standing};
use authn::name::NameKey;
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Asking, Factors, Policy, Rule};
use gateway::preset::exchange::{self, Exchange};
use gateway::preset::lync::{self, LyncPool};
use gateway::prove::{CounterExample, Grounds, What, counter_examples};
use gateway::route::{Auth, Host, Onward, PathPattern, Publication, Route, Scheme, Tracking};
use jiff::SignedDuration;

use crate::scene::{self, LYNC, MAIL, exchange as organisation, lync_pool};

/// The configuration of the package, as `wicketgate init` writes it.
const PACKAGED: &str = include_str!("../../../../packaging/wicketgate.toml");

/// The policy of the package, with the lease that is written there and off.
pub(crate) fn shipped() -> Policy {
    let mut rules: Vec<Rule> = Vec::new();
    let mut is_of_policy = false;
    for line in PACKAGED.lines() {
        let lease = line.strip_prefix("# ");
        let lease = lease.filter(|line| line.starts_with("lease = "));
        let line = lease.unwrap_or(line);
        if line.starts_with('[') {
            is_of_policy = line == "[[policy]]";
            rules.extend(is_of_policy.then(Rule::default));
        } else if is_of_policy && !line.starts_with('#') && !line.is_empty() {
            let (key, value) = line.split_once(" = ").unwrap();
            says(rules.last_mut().unwrap(), key, value);
        }
    }
    assert!(!rules.is_empty(), "the package has a policy");
    Policy { rules }
}

/// One line of a rule; whatever else the package comes to say must be understood here first.
fn says(rule: &mut Rule, key: &str, value: &str) {
    let words = value.trim_matches(['[', ']']).split(", ");
    let words: Vec<&str> = words.map(|word| word.trim_matches('"')).collect();
    match key {
        "zones" => {
            assert_eq!(words, ["external"]);
            rule.zones = [Zone::EXTERNAL].into();
        }
        "methods" => rule.methods = words.into_iter().map(combination).collect(),
        "lease" => {
            let days = value.trim_matches('"').strip_suffix(" days").unwrap();
            let hours = days.parse::<i64>().unwrap() * 24;
            rule.lease = Some(SignedDuration::from_hours(hours));
        }
        other => panic!("`{other}` of the packaged policy is not understood"),
    }
}

/// Everything that the scene publishes, under rules.
pub(crate) fn under(policy: Policy) -> Publication {
    Publication {
        policy,
        ..scene::publication()
    }
}

fn rules(rules: Vec<Rule>) -> Publication {
    under(Policy { rules })
}

fn found(publication: &Publication) -> Vec<CounterExample> {
    counter_examples(publication, &Grounds::default())
}

/// The shipped rule and its parts that a test changes.
fn rule() -> Rule {
    shipped().rules.remove(0)
}

fn combination(text: &str) -> authn::policy::Combination {
    text.parse().unwrap()
}

/// Where too little is enough: host and path, channel, and how much that is.
fn too_little(found: &[CounterExample]) -> Vec<(String, Channel, Factors)> {
    let found = found.iter().filter_map(|it| match &it.what {
        What::TooLittle {
            channel, factors, ..
        } => {
            let host = it.host.as_ref().unwrap();
            let path = it.path.as_ref().unwrap();
            Some((format!("{host}{path}"), *channel, *factors))
        }
        _ => None,
    });
    found.collect()
}

fn whats(found: Vec<CounterExample>) -> Vec<What> {
    found.into_iter().map(|it| it.what).collect()
}

#[test]
fn s19_the_shipped_policy_is_proved_and_without_its_lease_every_way_in_is_found() {
    assert_eq!(found(&under(shipped())), []);
    let unleased = Rule {
        lease: None,
        ..rule()
    };
    let found = found(&rules(vec![unleased]));
    let ways = too_little(&found);
    assert_eq!(ways.len(), found.len());
    for (at, channel) in [
        (
            "lyncweb.contoso.com/WebTicket/WebTicketService.svc",
            Channel::Ntlm,
        ),
        (
            "lyncweb.contoso.com/WebTicket/WebTicketService.svc/Auth",
            Channel::UsernameToken,
        ),
        ("lyncweb.contoso.com/WebTicket/oauthtoken", Channel::Grant),
        ("lyncweb.contoso.com/ucwa", Channel::Negotiate),
        ("mail.contoso.com/EWS", Channel::Basic),
        (
            "mail.contoso.com/Microsoft-Server-ActiveSync",
            Channel::Basic,
        ),
        (
            "autodiscover.contoso.com/Autodiscover/Autodiscover.xml",
            Channel::Ntlm,
        ),
    ] {
        let way = (at.to_owned(), channel, Factors::One);
        assert!(ways.contains(&way), "{at} {channel}");
    }
    assert!(found.iter().all(|it| it.rule == Some(0)));
}

#[test]
fn s19_no_policy_at_all_is_proved_and_so_is_what_only_speaks_of_the_inside() {
    assert_eq!(found(&rules(Vec::new())), []);
    let inside = Rule {
        zones: [Zone::INTERNAL].into(),
        methods: vec![Method::Kerberos.into(), Method::AppPassword.into()],
        ..Rule::default()
    };
    assert_eq!(found(&rules(vec![inside])), []);
}

#[test]
fn a_route_without_a_requirement_is_found_and_more_so_before_windows() {
    let with = |auth: Auth, farm: &str| {
        let mut publication = under(shipped());
        let below = PathPattern::Below("/open".to_owned());
        let route = Route::new(below, auth, Service("app".into()), farm.to_owned());
        let host = publication.hosts.entry("app.contoso.com".to_owned());
        host.or_default().routes.push(Arc::new(route));
        let grounds = Grounds {
            windows: ["exchange".to_owned()].into(),
            ..Grounds::default()
        };
        counter_examples(&publication, &grounds)
    };
    assert_eq!(whats(with(Auth::Anonymous, "app")), [What::OpenRoute]);
    let before_windows = with(Auth::Anonymous, "exchange");
    assert_eq!(before_windows[0].path.as_deref(), Some("/open"));
    assert_eq!(whats(before_windows), [What::OpenToWindows]);
    assert_eq!(with(Auth::Schemes(vec![Scheme::Basic]), "exchange"), []);
    assert_eq!(with(Auth::Closed, "exchange"), []);
}

#[test]
fn a_closed_path_that_was_opened_is_found() {
    // A pool's own web ticket paths, reached through a host of the operator's whose `/WebTicket` nobody shut.
    let mut publication = under(shipped());
    let all = PathPattern::Below("/".to_owned());
    let schemes = Auth::Schemes(vec![Scheme::Ntlm]);
    let route = Route::new(all, schemes, Service::LYNC, "lync".to_owned());
    let host = publication.hosts.entry("meet.contoso.com".to_owned());
    host.or_default().routes.push(Arc::new(route));
    let opened = found(&publication);
    assert_eq!(opened.len(), lync::CLOSED.len());
    assert!(opened.iter().all(|it| it.what == What::ClosedPathOpened));
    let host = publication.hosts.get_mut("meet.contoso.com").unwrap();
    host.routes.push(lync::shut("lync", "/WebTicket"));
    assert_eq!(found(&publication), []);
    // What a preset closes, opened in the preset itself.
    for host in [LYNC, MAIL] {
        let opened = scene::publication_with(host, |route| {
            if route.auth == Auth::Closed {
                route.auth = Auth::Anonymous;
            }
        });
        let found = found(&Publication {
            policy: shipped(),
            ..opened
        });
        assert!(!found.is_empty(), "{host}");
        assert!(
            found.iter().all(|it| it.what == What::ClosedPathOpened),
            "{found:?}"
        );
    }
}

#[test]
fn every_path_of_the_presets_that_asks_for_a_proof_is_found_when_it_asks_for_none() {
    let publication = under(shipped());
    for (name, host) in &publication.hosts {
        for (index, route) in host.routes.iter().enumerate() {
            let asks = !matches!(route.auth, Auth::Anonymous);
            let mut opened = publication.clone();
            let routes = &mut opened.hosts.get_mut(name).unwrap().routes;
            Arc::make_mut(&mut routes[index]).auth = Auth::Anonymous;
            assert_eq!(found(&opened).is_empty(), !asks, "{}", route.name);
        }
    }
}

#[test]
fn what_is_proved_by_one_kind_of_secret_is_found_by_the_channels_that_carry_it() {
    let with = |methods: &str, fresh: Option<SignedDuration>| {
        let rule = Rule {
            methods: vec![combination(methods)],
            fresh,
            lease: None,
            ..rule()
        };
        too_little(&found(&rules(vec![rule])))
    };
    let hour = Some(SignedDuration::from_hours(1));
    let ways = with("memorised-secret", None);
    let by_basic = (
        "mail.contoso.com/EWS".to_owned(),
        Channel::Basic,
        Factors::One,
    );
    assert!(ways.contains(&by_basic), "{ways:?}");
    // NTLM and Negotiate prove nothing that can be guessed, whatever a rule says.
    let windows = [Channel::Ntlm, Channel::Negotiate];
    assert!(
        ways.iter()
            .all(|(_, channel, _)| !windows.contains(channel))
    );
    // What no attempt proves is no way in.
    for methods in [
        "one-time-code",
        "one-time-code + recovery-code",
        "one-time-code + sent-code",
        "memorised-secret + temporary-code",
        "memorised-secret + recovery-code",
        "app-password + memorised-secret",
    ] {
        assert_eq!(with(methods, None), [], "{methods}");
        let judged = Policy {
            rules: vec![Rule {
                methods: vec![combination(methods)],
                ..rule()
            }],
        };
        for channel in [Channel::Basic, Channel::UsernameToken, Channel::Grant] {
            let asking = Asking {
                zone: &Zone::EXTERNAL,
                service: &Service::EWS,
                route: None,
                channel,
                party: None,
            };
            let is_met = judged.may_be_met(&asking, &Method::ALL.into());
            assert!(!is_met, "{methods} by {channel}");
        }
    }
    // A PIN is none, whatever stands behind it.
    let by_pin = with("ntlm-pin + one-time-code", None);
    for channel in [Channel::Ntlm, Channel::Negotiate] {
        let way = ("mail.contoso.com/EWS".to_owned(), channel, Factors::One);
        assert!(by_pin.contains(&way), "{by_pin:?}");
    }
    for (methods, fresh) in [
        ("app-password + one-time-code", None),
        ("memorised-secret + one-time-code", None),
        ("memorised-secret + temporary-code", hour),
        ("passkey", None),
        ("memorised-secret + sent-code", None),
        ("app-password + sent-code", None),
    ] {
        assert_eq!(with(methods, fresh), [], "{methods}");
    }
}

#[test]
fn two_rules_whose_order_opens_a_hole_are_found_and_the_hidden_one_is_named() {
    let both = Rule {
        methods: vec![combination("app-password + one-time-code")],
        lease: None,
        ..rule()
    };
    let office = Rule {
        zones: Default::default(),
        methods: vec![Method::AppPassword.into()],
        lease: None,
        ..rule()
    };
    assert_eq!(found(&rules(vec![both.clone(), office.clone()])), []);
    let swapped = found(&rules(vec![office, both]));
    assert!(!too_little(&swapped).is_empty());
    let hidden = swapped.iter().find(|it| it.rule == Some(1)).unwrap();
    let by = [0].into();
    assert_eq!(hidden.what, What::Hidden { by });
}

#[test]
fn a_channel_that_was_forgotten_is_found_where_it_falls_through() {
    let leased = Rule {
        services: [Service::LYNC, Service::EWS, Service::AUTODISCOVER].into(),
        ..rule()
    };
    let rest = Rule {
        lease: None,
        ..rule()
    };
    let ways = too_little(&found(&rules(vec![leased, rest])));
    let phones = "mail.contoso.com/Microsoft-Server-ActiveSync".to_owned();
    assert_eq!(ways, [(phones, Channel::Basic, Factors::One)]);
}

#[test]
fn a_guest_on_a_path_of_people_with_accounts_is_found() {
    let observed = scene::publication_with(LYNC, |route| {
        if let Some(rule) = &mut route.ticket {
            rule.tracking = Tracking::Observe;
        }
    });
    let guests = scene::publication_with(LYNC, |route| route.takes_guests = route.ticket.is_some());
    for opened in [observed, guests] {
        let found = found(&Publication {
            policy: shipped(),
            ..opened
        });
        let user_link = "/Autodiscover/AutodiscoverService.svc/root/user";
        let paths: Vec<&str> = found.iter().filter_map(|it| it.path.as_deref()).collect();
        assert!(
            paths.contains(&user_link) && paths.contains(&"/ucwa"),
            "{paths:?}"
        );
        assert!(found.iter().all(|it| it.what == What::GuestOnUserPath));
    }
}

#[test]
fn a_zone_that_outsiders_are_in_is_walked_as_the_outside() {
    let inside = Rule {
        zones: [Zone::INTERNAL].into(),
        methods: vec![Method::Kerberos.into(), Method::AppPassword.into()],
        ..Rule::default()
    };
    let why = "the balancer 10.0.0.9/32 is in 10.0.0.0/8".to_owned();
    let grounds = Grounds {
        reachable: vec![(Zone::INTERNAL, why.clone())],
        ..Grounds::default()
    };
    let publication = rules(vec![inside, rule()]);
    let found = counter_examples(&publication, &grounds);
    let zone = Zone::INTERNAL;
    assert!(found.iter().any(|it| it.what
        == What::ZoneReachable {
            zone: zone.clone(),
            why: why.clone()
        }));
    let ways = too_little(&found);
    let mail = "mail.contoso.com/EWS".to_owned();
    assert!(ways.contains(&(mail.clone(), Channel::Negotiate, Factors::Domain)));
    assert!(ways.contains(&(mail, Channel::Basic, Factors::One)));
    // The same from outside: Kerberos is not taken there, whatever a rule says.
    let anywhere = Rule {
        methods: vec![Method::Kerberos.into()],
        ..Rule::default()
    };
    assert_eq!(too_little(&self::found(&rules(vec![anywhere]))), []);
}

#[test]
fn named_exceptions_are_counter_examples() {
    let mut publication = under(shipped());
    let pool = LyncPool {
        certificate_sign_in: true,
        ..lync_pool()
    };
    publication.hosts.extend(lync::hosts(&pool));
    let certificate = found(&publication);
    assert_eq!(
        certificate[0].path.as_deref(),
        Some("/WebTicket/WebTicketService.svc/cert")
    );
    assert_eq!(whats(certificate), [What::CertificateSignIn]);
    let mut publication = under(shipped());
    let hybrid = Exchange {
        hybrid: vec!["203.0.113.0/24".parse().unwrap()],
        ..organisation()
    };
    publication.hosts.extend(exchange::hosts(&hybrid));
    let hybrid = whats(found(&publication));
    assert!(!hybrid.is_empty() && hybrid.iter().all(|what| *what == What::OtherServers));
}

#[test]
fn s73_an_api_that_is_answered_from_outside_is_a_counter_example() {
    let mut publication = under(shipped());
    let host = Host {
        is_ours: true,
        is_api: true,
        ..Host::default()
    };
    publication.hosts.insert("api.contoso.com".to_owned(), host);
    let office = || "the balancer is in it".to_owned();
    let found = |zones: &[Zone], reachable: &[Zone]| {
        let grounds = Grounds {
            api: zones.iter().cloned().collect(),
            reachable: reachable.iter().map(|it| (it.clone(), office())).collect(),
            ..Grounds::default()
        };
        let found = counter_examples(&publication, &grounds);
        let found = found.into_iter().filter_map(|it| match it.what {
            What::ApiOutside { zone } => Some((it.host?, zone)),
            _ => None,
        });
        found.collect::<Vec<_>>()
    };
    let (inside, outside) = (Zone::INTERNAL, Zone::EXTERNAL);
    let at = |zone: &Zone| ("api.contoso.com".to_owned(), zone.clone());
    assert_eq!(found(&[], &[]), []);
    assert_eq!(found(from_ref(&inside), &[]), []);
    assert_eq!(found(from_ref(&outside), &[]), [at(&outside)]);
    assert_eq!(found(from_ref(&inside), from_ref(&inside)), [at(&inside)]);
    let both = [inside.clone(), outside.clone()];
    assert_eq!(found(&both, &[]), [at(&outside)]);
}

fn member(sam: &str, groups: &[&str]) -> Account {
    Account {
        id: AccountId(sam.to_owned()),
        domain: "CONTOSO".to_owned(),
        sam: sam.to_owned(),
        upn: format!("{sam}@contoso.com"),
        realm: "CONTOSO.COM".to_owned(),
        sid: None,
        sip_addresses: Vec::new(),
        mail: Vec::new(),
        state: AccountState::Active,
        directory: Some(FromDirectory {
            standing: Standing::Active,
            not_delegable: None,
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
            attributes: Attributes::default(),
            read: None,
        }),
        second_factor: None,
    }
}

#[test]
fn a_group_that_nobody_is_in_and_an_account_that_is_not_here_are_found() {
    let named = Rule {
        accounts: NameKey::candidates("ben", "", Some("CONTOSO"))
            .into_iter()
            .collect(),
        groups: ["S-1-5-21-1-2-3-7".to_owned(), "S-1-5-21-1-2-3-8".to_owned()].into(),
        ..rule()
    };
    let publication = rules(vec![named, rule()]);
    let held_to = |accounts: &[Account]| {
        let grounds = Grounds {
            accounts: Some(accounts.to_vec()),
            ..Grounds::default()
        };
        whats(counter_examples(&publication, &grounds))
    };
    let empty = |sid: &str| What::EmptyGroup {
        sid: sid.to_owned(),
    };
    let nobody = What::NoSuchAccount {
        name: "contoso\\ben".to_owned(),
    };
    let anna = member("anna", &["S-1-5-21-1-2-3-7"]);
    assert_eq!(
        held_to(from_ref(&anna)),
        [empty("S-1-5-21-1-2-3-8"), nobody]
    );
    let ben = member("ben", &["S-1-5-21-1-2-3-8"]);
    assert_eq!(held_to(&[anna, ben]), []);
}

#[test]
fn a_hole_that_is_open_to_some_only_is_a_hole() {
    let group = Rule {
        groups: ["S-1-5-21-1-2-3-7".to_owned()].into(),
        lease: None,
        ..rule()
    };
    let found = found(&rules(vec![group, rule()]));
    assert!(!found.is_empty() && found.iter().all(|it| it.rule == Some(0)));
}

#[test]
fn a_rule_about_nothing_and_one_that_is_taken_over_are_found_and_what_decides_something_is_not() {
    let idle = Rule {
        services: [Service::LYNC].into(),
        channels: [Channel::Basic].into(),
        ..rule()
    };
    let of = |routes: &[RouteName]| Rule {
        routes: routes.iter().cloned().collect(),
        ..rule()
    };
    let mail = RouteName::host(MAIL);
    let ews = RouteName::of(MAIL, "/EWS");
    for (policy, expected) in [
        (vec![idle, rule()], vec![(0, What::Idle)]),
        (
            vec![rule(), rule()],
            vec![(1, What::Hidden { by: [0].into() })],
        ),
        (
            vec![of(from_ref(&ews)), of(from_ref(&mail)), rule()],
            vec![],
        ),
        (
            vec![of(&[mail]), of(&[ews]), rule()],
            vec![(1, What::Hidden { by: [0].into() })],
        ),
    ] {
        let found = found(&rules(policy));
        let found: Vec<_> = found
            .into_iter()
            .map(|it| (it.rule.unwrap(), it.what))
            .collect();
        assert_eq!(found, expected);
    }
}

/// The walk is of paths, not of names: one that asks for nothing onward is walked like any other.
#[test]
fn a_route_of_the_operator_s_own_is_walked_like_a_preset_s() {
    let mut publication = rules(vec![Rule {
        lease: None,
        services: [Service("app".into())].into(),
        ..rule()
    }]);
    let below = PathPattern::Below("/".to_owned());
    let auth = Auth::Schemes(vec![Scheme::Negotiate, Scheme::Basic]);
    let route = Route {
        onward: Onward::Kerberos,
        ..Route::new(below, auth, Service("app".into()), "app".to_owned())
    };
    let host = publication.hosts.entry("app.contoso.com".to_owned());
    host.or_default().routes.push(Arc::new(route));
    let at = "app.contoso.com/".to_owned();
    assert_eq!(
        too_little(&found(&publication)),
        [
            (at.clone(), Channel::Negotiate, Factors::One),
            (at, Channel::Basic, Factors::One)
        ]
    );
}
