//! An app password on a page for other parties: what it opens with a code behind it, and what nobody learns by it (S79).

use authn::account::{Account, AccountState};
use authn::admin::{self, NewAppPassword};
use authn::audit::Reason;
use authn::credential::memorised_secret::MAX_IN_WINDOW;
use authn::handle::Handle;
use authn::lockout::{HoldBack, LONGEST_HOLD_BACK, PROMPT_FAILURES};
use authn::place::{Method, Service, Zone};
use authn::policy::{Policy, Rule};
use authn::sign_in::{self, Answer, Answered, At, Outcome, Requirement, SignIn};
use jiff::SignedDuration;
use proto::secret::Secret;

use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand, for_lync};

/// Pages for parties, under rules of these methods.
fn takes(methods: &[&[&str]]) -> Pages {
    let mut pages = Pages::new();
    let of = |methods: &&[&str]| Rule {
        services: [Service::STS].into(),
        methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
        ..Rule::default()
    };
    let rules = &mut pages.world.rules.policy.rules;
    rules.extend(methods.iter().map(of));
    pages
}

/// Somebody with an app password for parties, and its text.
async fn anna(pages: &Pages) -> (Account, String, String) {
    let anna = pages.person("anna").await;
    let (id, typed) = more(pages, &anna, Service::STS).await;
    (anna, id, typed)
}

/// One more app password, for a service.
async fn more(pages: &Pages, account: &Account, service: Service) -> (String, String) {
    let new = NewAppPassword {
        scope: [service].into(),
        ..for_lync("laptop")
    };
    let (record, typed) = pages.world.app_password(account, new).await;
    (record.id.0, typed)
}

async fn begin(pages: &Pages, zone: &Zone) -> Handle {
    let handle = Handle::made_from(pages.fresh());
    let policy = &pages.world.rules.policy;
    let requirement = Requirement::of(policy, zone, &Service::STS).unwrap();
    let sign_in = SignIn::begin(Service::STS, requirement, "/adfs/ls/".to_owned(), at(0));
    let sign_ins = &pages.ports.sign_ins;
    sign_ins
        .begin_sign_in(handle.key(), &sign_in)
        .await
        .unwrap();
    handle
}

async fn answers(pages: &Pages, handle: &Handle, typed: &str, place: &At) -> Outcome {
    let answer = Answer {
        typed: Secret::new(typed.to_owned()),
        random: pages.fresh(),
        is_to_stay: false,
    };
    let rules = &pages.world.rules;
    sign_in::answer(&pages.ports, rules, handle, answer, place)
        .await
        .unwrap()
}

/// A whole sign-in from outside: what the last answer came to, and how long the one to the secret was held back.
async fn signs_in(pages: &Pages, [name, secret, code]: [&str; 3]) -> (Answered, HoldBack) {
    let place = here(HOME, at(0));
    let handle = begin(pages, &place.zone).await;
    answers(pages, &handle, name, &place).await;
    let asks = answers(pages, &handle, secret, &place).await;
    assert!(
        matches!(asks.answered, Answered::Asks),
        "{:?}",
        asks.answered
    );
    let done = answers(pages, &handle, code, &place).await;
    (done.answered, asks.hold_back)
}

const BOTH: &str = "app-password + one-time-code";

#[tokio::test]
async fn s79_an_app_password_and_a_code_begin_a_session_that_ends_with_the_app_password() {
    let pages = takes(&[&[BOTH]]);
    let (anna, id, typed) = anna(&pages).await;
    let typed_plain = typed.replace('-', "");
    for (typed, second) in [(&typed, 0), (&typed_plain, 30)] {
        let place = here(HOME, at(second));
        let handle = begin(&pages, &place.zone).await;
        for typed in [anna.upn.as_str(), typed] {
            let asks = answers(&pages, &handle, typed, &place).await;
            assert!(matches!(asks.answered, Answered::Asks));
        }
        let done = answers(&pages, &handle, &code(second), &place)
            .await
            .answered;
        let Answered::Done { handle, .. } = done else {
            panic!("{done:?}");
        };
        let soon = here(HOME, at(second + 1));
        let found = pages.resumed(&handle, (&Service::STS, &soon)).await;
        let (session, whose) = found.unwrap();
        assert_eq!(whose.id, anna.id);
        assert_eq!(session.credential.0, id);
        assert_eq!(session.methods, [Method::AppPassword, Method::OneTimeCode]);
        if second > 0 {
            let ports = &pages.ports.attempt;
            let credential = &session.credential;
            admin::revoke_app_password(ports, credential, &by_hand(second + 2))
                .await
                .unwrap();
            let late = here(HOME, at(second + 3));
            let found = pages.resumed(&handle, (&Service::STS, &late)).await;
            assert!(found.is_none());
        }
    }
}

#[tokio::test]
async fn t_cred_8_s79_whatever_is_wrong_of_an_app_password_looks_like_a_wrong_secret_and_costs_as_much()
 {
    let pages = takes(&[&[BOTH]]);
    let (anna, _, right) = anna(&pages).await;
    let (_, out_of_scope) = more(&pages, &anna, Service::LYNC).await;
    let (gone, revoked) = more(&pages, &anna, Service::STS).await;
    let gone = authn::credential::CredentialId(gone);
    let ports = &pages.ports.attempt;
    admin::revoke_app_password(ports, &gone, &by_hand(0))
        .await
        .unwrap();
    let (dora, nobody) = (pages.person("dora").await, "nobody@contoso.com");
    let (_, of_dora) = more(&pages, &dora, Service::STS).await;
    admin::set_account_state(ports, &dora.id, AccountState::Locked, &by_hand(0))
        .await
        .unwrap();
    let wrong = "aaaaa-bbbbb-ccccc-ddddd-eeeee";
    for (name, typed, shown, reason) in [
        (anna.upn.as_str(), wrong, code(0), Reason::WrongSecret),
        (
            &anna.upn,
            "the domain password",
            code(0),
            Reason::WrongSecret,
        ),
        (&anna.upn, SECRET, code(0), Reason::NotAllowedHere),
        (&anna.upn, &of_dora, code(0), Reason::WrongSecret),
        (&anna.upn, &out_of_scope, code(0), Reason::OutOfScope),
        (&anna.upn, &revoked, code(0), Reason::Revoked),
        (&anna.upn, &right, "000000".to_owned(), Reason::WrongCode),
        (&dora.upn, &of_dora, code(0), Reason::AccountLocked),
        (nobody, &right, code(0), Reason::UnknownName),
    ] {
        let hashed = pages.hashed();
        let (refused, held) = signs_in(&pages, [name, typed, &shown]).await;
        assert!(
            matches!(refused, Answered::Refused),
            "{reason:?}: {refused:?}"
        );
        assert_eq!(pages.reasons().await.last(), Some(&reason));
        assert_eq!(pages.hashed(), hashed + 1, "{reason:?}");
        assert_eq!(held, HoldBack::default(), "{reason:?}");
    }
    let (done, _) = signs_in(&pages, [&anna.upn, &right, &code(0)]).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
}

#[tokio::test]
async fn t_cred_8_s79_a_full_budget_shuts_out_no_right_app_password_and_tells_none_from_a_wrong_one()
 {
    let pages = takes(&[&[BOTH, "memorised-secret + one-time-code"]]);
    let (anna, _, right) = anna(&pages).await;
    for _ in 0..MAX_IN_WINDOW {
        signs_in(&pages, [&anna.upn, "a guess", "000000"]).await;
    }
    let hashed = pages.hashed();
    for (typed, reason) in [
        ("a guess", Reason::TooManyFailures),
        (SECRET, Reason::TooManyFailures),
        (&right, Reason::WrongCode),
    ] {
        let (refused, held) = signs_in(&pages, [&anna.upn, typed, "000000"]).await;
        assert!(matches!(refused, Answered::Refused), "{refused:?}");
        assert_eq!(held, HoldBack(LONGEST_HOLD_BACK), "{reason:?}");
        assert_eq!(pages.reasons().await.last(), Some(&reason));
    }
    assert_eq!(pages.hashed(), hashed, "nothing was hashed for any of them");
    let (done, _) = signs_in(&pages, [&anna.upn, &right, &code(0)]).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
}

/// A network is shared, and whoever makes failures there would hear from the delay that a secret is right.
#[tokio::test]
async fn t_cred_8_s79_where_a_network_fails_often_a_right_secret_takes_as_long_as_a_wrong_one() {
    let pages = takes(&[&[BOTH, "memorised-secret + one-time-code"]]);
    let (anna, _, right) = anna(&pages).await;
    let (done, _) = signs_in(&pages, [&anna.upn, &right, &code(0)]).await;
    assert!(matches!(done, Answered::Done { .. }), "{done:?}");
    for guess in 0..PROMPT_FAILURES + 10 {
        let name = format!("nobody{guess}@contoso.com");
        signs_in(&pages, [&name, "a guess", "000000"]).await;
    }
    let mut held = Vec::new();
    for typed in ["a guess", &right, SECRET] {
        held.push(signs_in(&pages, [&anna.upn, typed, "000000"]).await.1);
    }
    assert!(held.iter().all(|it| *it > HoldBack::default()), "{held:?}");
    // Each failure counts for the next, whichever it was.
    assert!(held.is_sorted(), "{held:?}");
}

#[test]
fn an_app_password_alone_is_enough_for_no_page_outside_and_nothing_to_the_portal() {
    let required = |service: &Service, zone: &Zone, methods: &[&str]| {
        let rules = vec![Rule {
            methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
            lease: Some(SignedDuration::from_hours(24)),
            ..Rule::default()
        }];
        Requirement::of(&Policy { rules }, zone, service)
    };
    let (secret, both) = (Some(Requirement::Secret), Some(Requirement::SecretAndCode));
    let (outside, inside) = (Zone::EXTERNAL, Zone::INTERNAL);
    for (methods, from_outside, from_inside) in [
        (&["app-password"][..], None, secret),
        (&[BOTH], both, both),
        (&["app-password", BOTH], both, secret),
        (&["app-password", "memorised-secret"], secret, secret),
        (
            &["app-password", "memorised-secret + sent-code"],
            both,
            both,
        ),
        (&["memorised-secret", BOTH], both, both),
        (&["one-time-code"], None, None),
    ] {
        assert_eq!(
            required(&Service::STS, &outside, methods),
            from_outside,
            "{methods:?}"
        );
        assert_eq!(
            required(&Service::STS, &inside, methods),
            from_inside,
            "{methods:?}"
        );
    }
    for methods in [&["app-password"][..], &[BOTH]] {
        for zone in [&outside, &inside] {
            assert_eq!(
                required(&Service::PORTAL, zone, methods),
                None,
                "{methods:?}"
            );
        }
    }
}

/// A policy may ask nothing but a code at the portal; an app password is no way there all the same.
#[tokio::test]
async fn a_session_by_an_app_password_is_nothing_to_the_portal() {
    let mut pages = takes(&[&[BOTH]]);
    let (anna, _, typed) = anna(&pages).await;
    let (done, _) = signs_in(&pages, [&anna.upn, &typed, &code(0)]).await;
    let Answered::Done { handle, .. } = done else {
        panic!("{done:?}");
    };
    let place = here(HOME, at(1));
    let found = pages.resumed(&handle, (&Service::STS, &place)).await;
    let (session, account) = found.unwrap();
    let who = (&session, &account);
    pages.world.rules.policy.rules[0].methods = vec!["one-time-code".parse().unwrap()];
    let policy = &pages.world.rules.policy;
    for (service, is_enough) in [(Service::STS, true), (Service::PORTAL, false)] {
        let wanted = (&place, &service);
        assert_eq!(
            sign_in::is_enough_for(who, policy, wanted),
            is_enough,
            "{service}"
        );
        assert_eq!(
            sign_in::is_fresh_enough_for(who, policy, wanted),
            is_enough,
            "{service}"
        );
    }
}

/// In the office an app password may be enough by itself, while its lease lasts.
#[tokio::test]
async fn s79_a_lapsed_lease_opens_no_page_and_ends_what_it_opened() {
    let mut pages = takes(&[&["app-password"]]);
    let rule = pages.world.rules.policy.rules.last_mut().unwrap();
    rule.zones = [Zone::INTERNAL].into();
    rule.lease = Some(SignedDuration::from_hours(1));
    let anna = pages.person("anna").await;
    let done = pages.signs_in(&anna.upn, SECRET, &code(0)).await;
    assert!(
        matches!(done, Answered::Done { .. }),
        "a second factor: {done:?}"
    );
    let (_, typed) = more(&pages, &anna, Service::STS).await;
    let office = |second| At {
        zone: Zone::INTERNAL,
        ..here(HOME, at(second))
    };
    let sts = Service::STS;
    let mut last = None;
    for (second, is_let_in) in [(3_599, true), (3_600, false)] {
        let place = office(second);
        let handle = begin_at(&pages, second).await;
        answers(&pages, &handle, &anna.upn, &place).await;
        let done = answers(&pages, &handle, &typed, &place).await.answered;
        assert_eq!(matches!(done, Answered::Done { .. }), is_let_in, "{done:?}");
        if let Answered::Done { handle, .. } = done {
            let found = pages.resumed(&handle, (&Service::STS, &place)).await;
            last = found;
        }
    }
    assert_eq!(pages.reasons().await.last(), Some(&Reason::LeaseLapsed));
    let (session, account) = last.unwrap();
    let policy = &pages.world.rules.policy;
    let is_enough = |second| {
        sign_in::is_fresh_enough_for((&session, &account), policy, (&office(second), &sts))
    };
    assert!(is_enough(3_599) && !is_enough(3_600));
}

async fn begin_at(pages: &Pages, second: i64) -> Handle {
    let handle = Handle::made_from(pages.fresh());
    let (requirement, path) = (Requirement::Secret, "/adfs/ls/".to_owned());
    let sign_in = SignIn::begin(Service::STS, requirement, path, at(second));
    let sign_ins = &pages.ports.sign_ins;
    sign_ins
        .begin_sign_in(handle.key(), &sign_in)
        .await
        .unwrap();
    handle
}
