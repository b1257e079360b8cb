//! The right app password in the wrong place: refused, and only the audit knows why.

use std::collections::BTreeSet;
use std::net::IpAddr;

use authn::account::{Account, AccountState};
use authn::admin::{self, NewAppPassword};
use authn::audit::{Kind, Reason};
use authn::place::{ActivityId, Channel, Method, Service, Zone};
use authn::policy::{Asking, Policy, Rule};
use authn::{Attempt, Outcome, Refusal, attempt};
use proto::ntlm::client::Client;

use crate::spnego::{Listed, optimistic};
use crate::world::{
    By, EVERY_WAY, HOME, Person, Try, World, at, by_hand, for_lync, passed, refusal,
};

fn right(by: By, person: &Person) -> Try {
    Try::new(by, &person.account.upn, &person.secret)
}

/// Every channel that an app password may come by: all but pages of ours.
const OF_DEVICES: [Channel; 6] = [
    Channel::Ntlm,
    Channel::Negotiate,
    Channel::Basic,
    Channel::UsernameToken,
    Channel::Grant,
    Channel::Ticket,
];

/// A rule that lets app passwords in, everywhere.
fn everywhere() -> Rule {
    Rule {
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    }
}

fn asking<'a>(zone: &'a Zone, service: &'a Service, channel: Channel) -> Asking<'a> {
    Asking {
        zone,
        service,
        route: None,
        channel,
        party: None,
    }
}

/// A world with these rules, and Anna in it.
async fn ruled(rules: Vec<Rule>) -> (World, Person) {
    let mut world = World::new();
    world.rules.policy = Policy { rules };
    let anna = world.person("anna").await;
    (world, anna)
}

/// Asserts that an attempt is refused, and why the audit says so.
async fn refused(world: &World, tried: Try, reason: Reason) {
    let said = format!("{:?} {:?} {:?}", tried.by, tried.service, tried.sip_uri);
    let outcome = world.verify(tried).await;
    assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{said}");
    assert_eq!(world.reason().await, Some(reason), "{said}");
}

#[tokio::test]
async fn where_no_rule_speaks_nobody_passes() {
    let (world, anna) = ruled(Vec::new()).await;
    for by in EVERY_WAY {
        refused(&world, right(by, &anna), Reason::NotAllowedHere).await;
    }
}

#[tokio::test]
async fn a_rule_speaks_of_its_zone_only() {
    let world = World::new();
    let anna = world.person("anna").await;
    for by in EVERY_WAY {
        for zone in [Zone::INTERNAL, Zone("External".into()), Zone("".into())] {
            let tried = Try {
                zone,
                ..right(by, &anna)
            };
            refused(&world, tried, Reason::NotAllowedHere).await;
        }
        assert!(passed(&world.verify(right(by, &anna)).await).is_some());
    }
}

#[tokio::test]
async fn a_rule_speaks_of_its_service_only() {
    let world = World::new();
    let anna = world.person("anna").await;
    let for_both = NewAppPassword {
        scope: [Service::LYNC, Service::EWS].into(),
        ..for_lync("laptop")
    };
    let (_, secret) = world.app_password(&anna.account, for_both).await;
    for by in EVERY_WAY {
        let tried = Try {
            service: Service::EWS,
            ..Try::new(by, &anna.account.upn, &secret)
        };
        refused(&world, tried, Reason::NotAllowedHere).await;
    }
}

#[tokio::test]
async fn a_rule_speaks_of_its_channels_only() {
    let only_basic = Rule {
        channels: [Channel::Basic].into(),
        ..everywhere()
    };
    let (world, anna) = ruled(vec![only_basic]).await;
    for by in [By::Ntlm, By::Negotiate] {
        refused(&world, right(by, &anna), Reason::NotAllowedHere).await;
    }
    assert!(passed(&world.verify(right(By::Basic, &anna)).await).is_some());
}

#[tokio::test]
async fn the_first_rule_that_matches_decides() {
    let nothing_by_basic = Rule {
        channels: [Channel::Basic].into(),
        ..Rule::default()
    };
    let (world, anna) = ruled(vec![nothing_by_basic.clone(), everywhere()]).await;
    refused(&world, right(By::Basic, &anna), Reason::NotAllowedHere).await;
    assert!(passed(&world.verify(right(By::Ntlm, &anna)).await).is_some());
    let (world, anna) = ruled(vec![everywhere(), nothing_by_basic]).await;
    assert!(passed(&world.verify(right(By::Basic, &anna)).await).is_some());
}

/// Each zone, service and channel there is, against four lines that overlap. A client's family is no
/// input: what it calls itself anybody can write, so that it counts by the channel it comes by.
#[tokio::test]
async fn s8_zone_service_and_channel_decide_over_the_full_product() {
    let rules = vec![
        Rule {
            zones: [Zone::EXTERNAL].into(),
            services: [Service::EWS].into(),
            channels: [Channel::Basic].into(),
            ..Rule::default()
        },
        Rule {
            zones: [Zone::EXTERNAL].into(),
            services: [Service::LYNC, Service::EWS].into(),
            ..everywhere()
        },
        Rule {
            zones: [Zone::INTERNAL].into(),
            channels: [Channel::Ntlm, Channel::Negotiate].into(),
            ..everywhere()
        },
        Rule {
            services: [Service::ACTIVESYNC].into(),
            channels: [Channel::Basic].into(),
            ..everywhere()
        },
    ];
    let is_allowed = |zone: &str, service: &str, channel: Channel| match (zone, service, channel) {
        (_, _, Channel::Page) | ("external", "ews", Channel::Basic) => false,
        ("external", "lync" | "ews", _)
        | ("internal", _, Channel::Ntlm | Channel::Negotiate)
        | (_, "activesync", Channel::Basic) => true,
        _ => false,
    };
    let (world, anna) = ruled(rules).await;
    let services = [
        Service::LYNC,
        Service::EWS,
        Service::AUTODISCOVER,
        Service::ACTIVESYNC,
    ];
    let for_all = NewAppPassword {
        scope: services.clone().into(),
        ..for_lync("laptop")
    };
    let (_, secret) = world.app_password(&anna.account, for_all).await;
    for zone in [Zone::EXTERNAL, Zone::INTERNAL, Zone("lab".into())] {
        for service in &services {
            for channel in Channel::ALL {
                let app_password = [Method::AppPassword].into();
                let asking = asking(&zone, service, channel);
                let is_open = world.rules.policy.may_be_met(&asking, &app_password);
                let expected = is_allowed(&zone.0, &service.0, channel);
                let said = format!("{zone} {service} {channel:?}");
                assert_eq!(is_open, expected, "{said}");
                let by = match channel {
                    Channel::Ntlm => By::Ntlm,
                    Channel::Negotiate => By::Negotiate,
                    Channel::Basic => By::Basic,
                    Channel::UsernameToken | Channel::Grant | Channel::Ticket | Channel::Page => {
                        continue;
                    }
                };
                let tried = Try {
                    zone: zone.clone(),
                    service: service.clone(),
                    ..Try::new(by, &anna.account.upn, &secret)
                };
                let outcome = world.verify(tried).await;
                assert_eq!(passed(&outcome).is_some(), expected, "{said}");
            }
        }
    }
}

#[tokio::test]
async fn s36_an_app_password_opens_the_services_of_its_scope_only() {
    let (world, anna) = ruled(vec![everywhere()]).await;
    for by in EVERY_WAY {
        for service in [Service::EWS, Service::AUTODISCOVER, Service::ACTIVESYNC] {
            let tried = Try {
                service,
                ..right(by, &anna)
            };
            refused(&world, tried, Reason::OutOfScope).await;
        }
        assert!(passed(&world.verify(right(by, &anna)).await).is_some());
    }
}

#[tokio::test]
async fn s36_an_app_password_ends_at_its_expiry_to_the_second() {
    let world = World::new();
    let anna = world.person("anna").await;
    let new = NewAppPassword {
        expires: Some(at(100)),
        ..for_lync("loan")
    };
    let (record, secret) = world.app_password(&anna.account, new).await;
    for by in EVERY_WAY {
        let tried = |now| Try {
            now: at(now),
            ..Try::new(by, &anna.account.upn, &secret)
        };
        let outcome = world.verify(tried(99)).await;
        let verified = outcome.result.unwrap();
        assert_eq!(verified.authenticated.credential(), &record.id);
        refused(&world, tried(100), Reason::Expired).await;
        refused(&world, tried(1_000_000), Reason::Expired).await;
    }
}

#[tokio::test]
async fn s23_s36_a_revoked_app_password_opens_nothing_and_the_others_go_on() {
    let world = World::new();
    let anna = world.person("anna").await;
    let (_, other) = world.app_password(&anna.account, for_lync("tablet")).await;
    for by in EVERY_WAY {
        assert!(passed(&world.verify(right(by, &anna)).await).is_some());
    }
    admin::revoke_app_password(&world.ports, &anna.record.id, &by_hand(0))
        .await
        .unwrap();
    for by in EVERY_WAY {
        refused(&world, right(by, &anna), Reason::Revoked).await;
        let tablet = Try::new(by, &anna.account.upn, &other);
        assert!(passed(&world.verify(tablet).await).is_some());
    }
}

#[tokio::test]
async fn an_account_that_is_disabled_or_locked_passes_again_when_it_is_released() {
    let world = World::new();
    let anna = world.person("anna").await;
    for (state, reason) in [
        (AccountState::Disabled, Reason::AccountDisabled),
        (AccountState::Locked, Reason::AccountLocked),
    ] {
        world.set_state(&anna, state).await;
        for by in EVERY_WAY {
            refused(&world, right(by, &anna), reason).await;
            // The person is judged before the proof.
            refused(&world, Try::new(by, &anna.account.upn, "wrong"), reason).await;
        }
        world.set_state(&anna, AccountState::Active).await;
        assert!(passed(&world.verify(right(By::Ntlm, &anna)).await).is_some());
    }
}

#[tokio::test]
async fn the_sip_uri_of_another_person_is_refused() {
    let world = World::new();
    let anna = world.person("anna").await;
    world.person("ben").await;
    for by in EVERY_WAY {
        let claimed = |uri: &str| Try {
            sip_uri: Some(uri.to_owned()),
            ..right(by, &anna)
        };
        for uri in [
            "sip:ben.sip@contoso.com",
            "sip:nobody@contoso.com",
            "sip:anna.sip@contoso.com;gruu",
            "sip:anna.sip@contoso.com?x=1",
            "sip:anna.sip@fabrikam.com",
            // Her own names, but no SIP URIs.
            "sip:anna.mail@contoso.com",
            "CONTOSO\\anna",
            "sip:",
            "",
        ] {
            refused(&world, claimed(uri), Reason::SipUriOfAnother).await;
        }
        for uri in ["sip:anna.sip@contoso.com", "SIP:Anna.SIP@contoso.com"] {
            let outcome = world.verify(claimed(uri)).await;
            assert_eq!(passed(&outcome), Some(&anna.account), "{uri}");
        }
    }
}

async fn offered_optimistically(world: &World, anna: &Person, listed: Listed) -> Outcome {
    let Account { sam, domain, .. } = &anna.account;
    let client = Client::new(sam, domain, &anna.secret);
    let attempt = Attempt {
        proof: optimistic(&client, listed),
        ..right(By::Negotiate, anna).into()
    };
    attempt::verify(&world.ports, &world.rules, attempt, (world.asked(), at(0))).await
}

#[tokio::test]
async fn a_tampered_or_unprotected_mechanism_list_is_refused_though_the_secret_is_right() {
    let world = World::new();
    let anna = world.person("anna").await;
    for listed in [Listed::Tampered, Listed::Unsigned] {
        let outcome = offered_optimistically(&world, &anna, listed).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{listed:?}");
        let reason = world.reason().await;
        assert_eq!(reason, Some(Reason::MechanismListTampered), "{listed:?}");
    }
    let outcome = offered_optimistically(&world, &anna, Listed::Signed).await;
    assert!(outcome.result.unwrap().reply_token.is_some());
}

#[tokio::test]
async fn a_refusal_is_audited_with_who_where_from_and_what_for() {
    let world = World::new();
    let anna = world.person("anna").await;
    let tried = Try {
        domain: "CONTOSO".to_owned(),
        ..Try::new(By::Negotiate, "Anna\r\n", "wrong")
    };
    refused(&world, tried.clone(), Reason::UnknownName).await;
    let tried = Try {
        user: "Anna".to_owned(),
        ..tried
    };
    refused(&world, tried, Reason::WrongSecret).await;
    let trail = world.watched.trail().await;
    let [.., unknown, wrong] = trail.as_slice() else {
        unreachable!("two refusals");
    };
    let name = |kind: &Kind| match kind {
        Kind::Refused { name, .. } => name.clone(),
        _ => String::new(),
    };
    assert_eq!(unknown.event.account, None);
    assert_eq!(name(&unknown.event.kind), "CONTOSO\\Anna\u{fffd}\u{fffd}");
    assert_eq!(name(&wrong.event.kind), "CONTOSO\\Anna");
    assert_eq!(wrong.event.account.as_ref(), Some(&anna.account.id));
    for event in [&unknown.event, &wrong.event] {
        assert_eq!(event.at, at(0));
        assert_eq!(event.source, Some(IpAddr::from(HOME)));
        assert_eq!(event.zone, Some(Zone::EXTERNAL));
        assert_eq!(event.service, Some(Service::LYNC));
        assert_eq!(event.channel, Some(Channel::Negotiate));
        assert_eq!(event.activity, Some(ActivityId::from([9; 16])));
    }
}

#[test]
fn the_channels_of_a_place_are_those_by_which_something_may_be_proved_there() {
    let of = |channels: &[Channel], methods: &[Method]| Rule {
        channels: channels.iter().copied().collect(),
        methods: methods.iter().map(|it| (*it).into()).collect(),
        ..Rule::default()
    };
    let app_password = [Method::AppPassword].into();
    let both = [Channel::Basic, Channel::Grant];
    for (rules, channels) in [
        (Vec::new(), &[][..]),
        (vec![everywhere()], &OF_DEVICES),
        (vec![of(&[], &[]), everywhere()], &[]),
        (
            vec![of(&both, &[Method::AppPassword])],
            &[Channel::Basic, Channel::Grant, Channel::Ticket],
        ),
        (
            vec![
                of(&[Channel::Grant], &[]),
                of(&both, &[Method::AppPassword]),
            ],
            &[Channel::Basic],
        ),
        // A ticket is judged by what bought it; a line of its own says nothing.
        (vec![of(&[Channel::Ticket], &[Method::AppPassword])], &[]),
    ] {
        let policy = Policy { rules };
        let anywhere = asking(&Zone::EXTERNAL, &Service::LYNC, Channel::Ticket);
        let found = policy.channels(&anywhere, &app_password);
        assert_eq!(found, channels.iter().copied().collect(), "{policy:?}");
    }
    let rules = vec![Rule {
        zones: [Zone::INTERNAL].into(),
        services: [Service::EWS].into(),
        ..everywhere()
    }];
    let policy = Policy { rules };
    for (zone, service, is_open) in [
        (Zone::INTERNAL, Service::EWS, true),
        (Zone::EXTERNAL, Service::EWS, false),
        (Zone::INTERNAL, Service::LYNC, false),
    ] {
        let here = asking(&zone, &service, Channel::Ticket);
        let channels = policy.channels(&here, &app_password);
        assert_eq!(!channels.is_empty(), is_open);
    }
}

#[test]
fn kerberos_opens_negotiate_alone_and_that_in_the_office_where_there_is_a_key() {
    let kerberos = Rule {
        methods: vec![Method::Kerberos.into()],
        ..Rule::default()
    };
    let both = Rule {
        methods: vec![Method::Kerberos.into(), Method::AppPassword.into()],
        ..Rule::default()
    };
    let by_kerberos = &[Channel::Negotiate, Channel::Ticket][..];
    // A page of the office may take an app password by itself; one outside does not.
    let inside = [&OF_DEVICES[..], &[Channel::Page]].concat();
    for (rule, zone, has_key, channels) in [
        (&kerberos, Zone::INTERNAL, true, by_kerberos),
        (&kerberos, Zone::INTERNAL, false, &[]),
        (&kerberos, Zone::EXTERNAL, true, &[]),
        (&kerberos, Zone("branch".into()), true, &[]),
        (&both, Zone::INTERNAL, false, &inside),
        (&both, Zone::EXTERNAL, true, &OF_DEVICES),
    ] {
        let policy = Policy {
            rules: vec![rule.clone()],
        };
        let mut provable: BTreeSet<Method> = [Method::AppPassword].into();
        provable.extend(has_key.then_some(Method::Kerberos));
        let here = asking(&zone, &Service::LYNC, Channel::Ticket);
        let found = policy.channels(&here, &provable);
        assert_eq!(found, channels.iter().copied().collect(), "{zone} {rule:?}");
        for channel in Channel::ALL {
            let kerberos = [Method::Kerberos].into();
            let by_it = asking(&zone, &Service::LYNC, channel);
            let is_open = policy.may_be_met(&by_it, &kerberos);
            let is_taken = zone == Zone::INTERNAL && channel == Channel::Negotiate;
            assert_eq!(is_open, is_taken, "{zone}");
        }
    }
}
