//! Leases: an app password works while its owner's last second factor is young, and whoever the rule is about (design 13).

use std::collections::BTreeSet;

use authn::account::{Account, AccountId};
use authn::admin::{self, AdminError};
use authn::attempt;
use authn::audit::{Kind, Reason};
use authn::directory::{Attributes, FromDirectory, Standing};
use authn::name::NameKey;
use authn::place::{Channel, Method, RouteName, Service, Zone};
use authn::policy::{Asking, Combination, Policy, Proved, Rule};
use authn::ticket::{RelayedTicket, Relaying, TicketKey};
use authn::{Attempt, Outcome, Proof, Refusal};
use jiff::SignedDuration;

use crate::world::{
    By, EVERY_WAY, POOL, Person, Try, World, at, by_hand, for_lync, passed, refusal,
};

const LEASE: i64 = 1_000;

/// A rule that lets app passwords in for so long after their owner's last second factor.
fn leased() -> Rule {
    Rule {
        methods: vec![Method::AppPassword.into()],
        lease: Some(SignedDuration::from_secs(LEASE)),
        ..Rule::default()
    }
}

async fn proves(world: &World, person: &Person, second: i64) {
    let factors = world.watched.memory();
    let (account, method) = (&person.account.id, Method::OneTimeCode);
    admin::note_second_factor(factors, account, method, &by_hand(second))
        .await
        .unwrap();
}

/// A world with a lease and Anna, whose second factor was proved at the beginning, before her app password was made.
async fn world() -> (World, Person) {
    let mut world = World::new();
    world.rules.policy = Policy {
        rules: vec![leased()],
    };
    let mut anna = world.person("anna").await;
    proves(&world, &anna, 0).await;
    let (record, secret) = world.app_password(&anna.account, for_lync("leased")).await;
    anna.record = record;
    anna.secret = secret;
    (world, anna)
}

fn right(by: By, person: &Person, second: i64) -> Try {
    Try {
        now: at(second),
        ..Try::new(by, &person.account.upn, &person.secret)
    }
}

async fn is_refused(world: &World, tried: Try, reason: Reason) -> bool {
    let outcome = world.verify(tried).await;
    refusal(&outcome) == Some(&Refusal::Denied) && world.reason().await == Some(reason)
}

#[tokio::test]
async fn s19_a_lease_ends_to_the_second_and_a_second_factor_renews_it() {
    let (world, anna) = world().await;
    for by in EVERY_WAY {
        let outcome = world.verify(right(by, &anna, LEASE - 1)).await;
        let verified = outcome.result.unwrap();
        assert_eq!(verified.authenticated.ends(), Some(at(LEASE)));
        assert!(verified.authenticated.stands(at(LEASE - 1)));
        assert!(!verified.authenticated.stands(at(LEASE)));
        let lapsed = right(by, &anna, LEASE);
        assert!(
            is_refused(&world, lapsed, Reason::LeaseLapsed).await,
            "{by:?}"
        );
    }
    proves(&world, &anna, LEASE + 5).await;
    for by in EVERY_WAY {
        let outcome = world.verify(right(by, &anna, LEASE + 6)).await;
        assert!(passed(&outcome).is_some(), "{by:?}");
    }
}

#[tokio::test]
async fn s19_what_was_made_before_any_second_factor_has_no_lease() {
    let mut world = World::new();
    world.rules.policy = Policy {
        rules: vec![leased()],
    };
    let anna = world.person("anna").await;
    for by in EVERY_WAY {
        assert!(is_refused(&world, right(by, &anna, 1), Reason::LeaseLapsed).await);
    }
    // What was made at the second 0 was made before the second 1.
    proves(&world, &anna, 1).await;
    for by in EVERY_WAY {
        assert!(is_refused(&world, right(by, &anna, 2), Reason::LeaseLapsed).await);
    }
    world.rules.policy = Policy {
        rules: vec![Rule {
            lease: None,
            ..leased()
        }],
    };
    let outcome = world.verify(right(By::Ntlm, &anna, 2)).await;
    assert!(passed(&outcome).is_some());
}

#[tokio::test]
async fn a_lapsed_lease_answers_like_any_refusal_and_does_not_tell_a_right_secret() {
    let (world, anna) = world().await;
    world.watched.calls();
    let lapsed = world.verify(right(By::Basic, &anna, LEASE)).await;
    let of_lapsed = world.watched.calls();
    let wrong = Try {
        now: at(LEASE),
        ..Try::new(By::Basic, &anna.account.upn, "wrong")
    };
    let wrong = world.verify(wrong).await;
    assert_eq!(refusal(&lapsed), refusal(&wrong));
    let shapes = |calls: Vec<String>| -> Vec<String> { calls };
    assert_eq!(shapes(of_lapsed), shapes(world.watched.calls()));
}

fn key() -> TicketKey {
    TicketKey([7; 32])
}

async fn relay(world: &World, anna: &Person) -> RelayedTicket {
    let ticket = RelayedTicket {
        key: key(),
        account: anna.account.id.clone(),
        credential: anna.record.id.clone(),
        token: None,
        channel: Channel::Ntlm,
        methods: [Method::AppPassword].into(),
        second_factor: None,
        pool: POOL.to_owned(),
        relayed: at(0),
        expires: at(100 * LEASE),
    };
    let relaying = Relaying::of(ticket.clone());
    world
        .ports
        .tickets
        .record(relaying, i64::MAX)
        .await
        .unwrap();
    ticket
}

async fn by_ticket(world: &World, proof: Proof, second: i64) -> Outcome {
    let attempt = Attempt {
        proof,
        channel: Channel::Ticket,
        ..Try::new(By::Basic, "", "").into()
    };
    attempt::verify(
        &world.ports,
        &world.rules,
        attempt,
        (world.asked(), at(second)),
    )
    .await
}

#[tokio::test]
async fn s19_tickets_and_certificates_lapse_with_the_app_password_that_bought_them() {
    let (world, anna) = world().await;
    relay(&world, &anna).await;
    for proof in [Proof::Ticket, Proof::Certificate] {
        let outcome = by_ticket(&world, proof(key()), LEASE - 1).await;
        let verified = outcome.result.unwrap();
        assert_eq!(verified.authenticated.ends(), Some(at(LEASE)));
        let outcome = by_ticket(&world, proof(key()), LEASE).await;
        let refused = match proof(key()) {
            Proof::Ticket(_) => Refusal::TicketEnded,
            _ => Refusal::Denied,
        };
        assert_eq!(refusal(&outcome), Some(&refused));
    }
    assert_eq!(world.reason().await, Some(Reason::LeaseLapsed));
    proves(&world, &anna, LEASE).await;
    let outcome = by_ticket(&world, Proof::Ticket(key()), LEASE + 1).await;
    assert!(passed(&outcome).is_some());
}

#[tokio::test]
async fn a_ticket_is_judged_by_all_that_bought_it_and_by_how_old_that_is() {
    let (mut world, anna) = world().await;
    let both = Combination::from(Method::AppPassword).and(Method::OneTimeCode);
    let fresh = |seconds| Rule {
        methods: vec![both.clone()],
        fresh: seconds,
        ..Rule::default()
    };
    let mut ticket = relay(&world, &anna).await;
    // By NTLM a code is not carried, whatever the ticket says.
    for (channel, methods, second_factor, lasts, opens) in [
        (
            Channel::Grant,
            &[Method::AppPassword][..],
            None,
            None,
            false,
        ),
        (
            Channel::Grant,
            &[Method::AppPassword, Method::OneTimeCode],
            Some(0),
            None,
            true,
        ),
        (
            Channel::Ntlm,
            &[Method::AppPassword, Method::OneTimeCode],
            Some(0),
            None,
            false,
        ),
        (
            Channel::Grant,
            &[Method::AppPassword, Method::OneTimeCode],
            Some(0),
            Some(61),
            true,
        ),
        (
            Channel::Grant,
            &[Method::AppPassword, Method::OneTimeCode],
            Some(0),
            Some(60),
            false,
        ),
        (
            Channel::Grant,
            &[Method::AppPassword, Method::OneTimeCode],
            None,
            Some(61),
            false,
        ),
    ] {
        world.rules.policy = Policy {
            rules: vec![fresh(lasts.map(SignedDuration::from_secs))],
        };
        ticket.channel = channel;
        ticket.methods = methods.iter().copied().collect();
        ticket.second_factor = second_factor.map(at);
        let relaying = Relaying::of(ticket.clone());
        world
            .ports
            .tickets
            .record(relaying, i64::MAX)
            .await
            .unwrap();
        let outcome = by_ticket(&world, Proof::Ticket(key()), 60).await;
        assert_eq!(passed(&outcome).is_some(), opens, "{ticket:?} {lasts:?}");
    }
}

#[tokio::test]
async fn a_second_factor_is_noted_once_for_an_account_that_there_is() {
    let (world, anna) = world().await;
    let factors = world.watched.memory();
    let noted = async |account: &AccountId, method| {
        admin::note_second_factor(factors, account, method, &by_hand(9)).await
    };
    let of_anna = &anna.account.id;
    for method in [
        Method::AppPassword,
        Method::Kerberos,
        Method::MemorisedSecret,
    ] {
        let refused = noted(of_anna, method).await;
        assert_eq!(refused, Err(AdminError::NoSecondFactor { method }));
    }
    let nobody = AccountId("nobody".to_owned());
    let refused = noted(&nobody, Method::Passkey).await;
    assert_eq!(refused, Err(AdminError::NoSuchAccount));
    noted(of_anna, Method::Passkey).await.unwrap();
    let trail = world.watched.trail().await;
    let last = &trail.last().unwrap().event;
    let method = Method::Passkey;
    assert_eq!(last.kind, Kind::SecondFactorProved { method });
    assert_eq!(last.account.as_ref(), Some(of_anna));
}

fn in_groups(account: &Account, groups: &[&str]) -> Account {
    Account {
        directory: Some(FromDirectory {
            standing: Standing::Active,
            not_delegable: None,
            groups: groups.iter().map(|it| (*it).to_owned()).collect(),
            attributes: Attributes::default(),
            read: None,
        }),
        ..account.clone()
    }
}

#[tokio::test]
async fn a_rule_speaks_of_accounts_by_their_windows_names_and_of_members_of_groups() {
    let (_, anna) = world().await;
    let anna = anna.account;
    let accounts = |names: &[&str]| -> BTreeSet<NameKey> {
        let keys = names.iter();
        keys.flat_map(|name| NameKey::candidates(name, "", Some("CONTOSO")))
            .collect()
    };
    let of = |names: &[&str], groups: &[&str]| Rule {
        accounts: accounts(names),
        groups: groups.iter().map(|it| (*it).to_owned()).collect(),
        ..Rule::default()
    };
    let member = in_groups(&anna, &["S-1-5-21-1-2-3-1107"]);
    for (rule, account, speaks) in [
        (of(&[], &[]), &anna, true),
        (of(&["anna"], &[]), &anna, true),
        (of(&["CONTOSO\\Anna"], &[]), &anna, true),
        (of(&["ANNA@contoso.com"], &[]), &anna, true),
        (of(&["ben"], &[]), &anna, false),
        // Addresses are for whoever may change them.
        (of(&["anna.mail@contoso.com"], &[]), &anna, false),
        (of(&["sip:anna.sip@contoso.com"], &[]), &anna, false),
        (of(&[], &["S-1-5-21-1-2-3-1107"]), &anna, false),
        (of(&[], &["S-1-5-21-1-2-3-1107"]), &member, true),
        (of(&[], &["S-1-5-21-1-2-3-110"]), &member, false),
        (of(&["ben"], &["S-1-5-21-1-2-3-1107"]), &member, true),
        (of(&["anna"], &["S-1-5-21-1-2-3-1"]), &anna, true),
    ] {
        assert_eq!(rule.speaks_of(account), speaks, "{rule:?}");
    }
}

/// What is offered before anybody is named is what anybody may be let in by.
#[tokio::test]
async fn rules_for_some_and_the_first_for_everybody_decide_and_no_rule_behind_it() {
    let (_, anna) = world().await;
    let only_anna = Rule {
        accounts: NameKey::candidates("anna", "", Some("CONTOSO"))
            .into_iter()
            .collect(),
        channels: [Channel::Basic].into(),
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    let nothing = Rule {
        channels: [Channel::Basic, Channel::Ntlm].into(),
        ..Rule::default()
    };
    let policy = Policy {
        rules: vec![only_anna, nothing, leased()],
    };
    let zone = Zone::EXTERNAL;
    let by = |channel| Asking {
        zone: &zone,
        service: &Service::LYNC,
        route: None,
        channel,
        party: None,
    };
    let deciding = |channel| -> Vec<usize> {
        policy
            .deciding(&by(channel))
            .iter()
            .map(|it| it.index)
            .collect()
    };
    assert_eq!(deciding(Channel::Basic), [0, 1]);
    assert_eq!(deciding(Channel::Ntlm), [1]);
    assert_eq!(deciding(Channel::Grant), [2]);
    let app_password = [Method::AppPassword].into();
    let channels = policy.channels(&by(Channel::Ticket), &app_password);
    let open = [
        Channel::Negotiate,
        Channel::Basic,
        Channel::UsernameToken,
        Channel::Grant,
    ];
    assert_eq!(
        channels,
        open.into_iter().chain([Channel::Ticket]).collect()
    );
    let ben = Account {
        sam: "ben".to_owned(),
        upn: "ben@contoso.com".to_owned(),
        ..anna.account.clone()
    };
    let decides = |account: &Account| policy.rule(account, &by(Channel::Basic)).map(|it| it.index);
    assert_eq!((decides(&anna.account), decides(&ben)), (Some(0), Some(1)));
}

#[tokio::test]
async fn a_rule_about_a_path_is_for_that_path_and_where_none_is_said_nothing_behind_it_is_believed()
{
    let (_, anna) = world().await;
    let path = Rule {
        routes: [RouteName::of("mail.contoso.com", "/EWS")].into(),
        ..Rule::default()
    };
    let everything = Rule {
        methods: vec![Method::AppPassword.into()],
        ..Rule::default()
    };
    let policy = Policy {
        rules: vec![path, everything],
    };
    let judged = |route: Option<&RouteName>| {
        let asking = Asking {
            zone: &Zone::EXTERNAL,
            service: &Service::EWS,
            route,
            channel: Channel::Basic,
            party: None,
        };
        let methods = [Method::AppPassword].into();
        let proved = Proved {
            methods: &methods,
            made: Some(at(0)),
            second_factor: None,
        };
        let is_offered = policy.may_be_met(&asking, &methods);
        let judged = policy.judge(&anna.account, &asking, &proved, at(1));
        assert_eq!(judged.is_ok(), is_offered);
        is_offered
    };
    assert!(!judged(Some(&RouteName::of("mail.contoso.com", "/ews"))));
    assert!(judged(Some(&RouteName::of("mail.contoso.com", "/mapi"))));
    assert!(judged(Some(&RouteName::of("other.contoso.com", "/EWS"))));
    assert!(!judged(None));
}

/// Over each method and channel; what can be proved is not what a rule says it is.
#[test]
fn a_channel_carries_what_it_can_and_ntlm_nothing_that_can_be_guessed() {
    let typed = [Channel::Basic, Channel::UsernameToken, Channel::Grant];
    for method in Method::ALL {
        let rule = Rule {
            methods: vec![method.into()],
            ..Rule::default()
        };
        for zone in [Zone::EXTERNAL, Zone::INTERNAL] {
            for channel in Channel::ALL {
                let asking = Asking {
                    zone: &zone,
                    service: &Service::LYNC,
                    route: None,
                    channel,
                    party: None,
                };
                let can_be = match method {
                    Method::AppPassword => channel != Channel::Page || zone == Zone::INTERNAL,
                    Method::Kerberos => channel == Channel::Negotiate && zone == Zone::INTERNAL,
                    Method::Passkey => channel == Channel::Page,
                    // By itself it counts nowhere.
                    Method::NtlmPin => false,
                    Method::MemorisedSecret => typed.contains(&channel) || channel == Channel::Page,
                    // A code stands behind a secret, and a combination that names none is nobody's.
                    Method::OneTimeCode
                    | Method::SentCode
                    | Method::RecoveryCode
                    | Method::TemporaryCode => false,
                };
                assert_eq!(
                    rule.combinations(&asking).count() == 1,
                    can_be,
                    "{method} {channel}"
                );
                let pin = Rule {
                    methods: vec![Combination::of_pin()],
                    ..Rule::default()
                };
                let windows = [Channel::Ntlm, Channel::Negotiate].contains(&channel);
                assert_eq!(pin.combinations(&asking).count() == 1, windows, "{channel}");
            }
        }
    }
}
