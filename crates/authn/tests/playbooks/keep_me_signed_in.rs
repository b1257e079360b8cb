//! Staying signed in to the token service (AD FS's KMSI): who may, for how long, where it counts, and what ends it.

use authn::account::{Account, AccountState};
use authn::admin;
use authn::audit::Kind;
use authn::credential::CredentialId;
use authn::handle::Handle;
use authn::place::Service;
use authn::policy::Rule;
use authn::session::{KeepMeSignedIn, STAYS};
use authn::sign_in::{self, Answer, Answered, At, Requirement, SignIn};
use jiff::SignedDuration;
use proto::secret::Secret;

use crate::pages::{Pages, SECRET, code, here};
use crate::world::{HOME, at, by_hand, for_lync};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
const MAY: KeepMeSignedIn = KeepMeSignedIn {
    lifetime: STAYS,
    cutoff: None,
};

/// Pages where people may stay signed in for a day, and of whom the policy wants these.
fn pages(methods: &[&str]) -> Pages {
    let mut pages = Pages::new();
    let rules = &mut pages.world.rules;
    rules.keep_me_signed_in = Some(MAY);
    rules.policy.rules = vec![Rule {
        services: [Service::STS, Service::PORTAL].into(),
        methods: methods.iter().map(|it| it.parse().unwrap()).collect(),
        ..Rule::default()
    }];
    pages
}

const BOTH: &[&str] = &["memorised-secret + one-time-code"];

/// A sign-in whose last answer asks to stay.
async fn asks_to_stay(pages: &Pages, service: Service, typed: &[&str]) -> (Handle, Option<i64>) {
    asks_to_stay_at(pages, service, typed, &here(HOME, at(0))).await
}

async fn asks_to_stay_at(
    pages: &Pages,
    service: Service,
    typed: &[&str],
    place: &At,
) -> (Handle, Option<i64>) {
    let held = Handle::made_from(pages.fresh());
    let policy = &pages.world.rules.policy;
    let requirement = Requirement::of(policy, &place.zone, &service).unwrap();
    let sign_in = SignIn::begin(service, requirement, "/".to_owned(), at(0));
    let sign_ins = &pages.ports.sign_ins;
    sign_ins.begin_sign_in(held.key(), &sign_in).await.unwrap();
    let mut last = None;
    for text in typed {
        let answer = Answer {
            typed: Secret::new((*text).to_owned()),
            random: pages.fresh(),
            is_to_stay: true,
        };
        let rules = &pages.world.rules;
        let outcome = sign_in::answer(&pages.ports, rules, &held, answer, place).await;
        last = Some(outcome.unwrap().answered);
    }
    let done = match last {
        Some(Answered::Done { handle, stays, .. }) => Some((handle, stays)),
        _ => None,
    };
    let (handle, stays) = done.unwrap();
    (handle, stays.map(|it| it.as_secs()))
}

async fn stays_by_both(pages: &Pages) -> (Account, Handle) {
    let anna = pages.person("anna").await;
    let typed = [anna.upn.as_str(), SECRET, &code(0)];
    let (handle, stays) = asks_to_stay(pages, Service::STS, &typed).await;
    assert_eq!(stays, Some(DAY));
    (anna, handle)
}

async fn is_in_from(pages: &Pages, handle: &Handle, service: &Service, from: &At) -> bool {
    pages.resumed(handle, (service, from)).await.is_some()
}

async fn is_in(pages: &Pages, handle: &Handle, second: i64) -> bool {
    is_in_from(pages, handle, &Service::STS, &here(HOME, at(second))).await
}

#[tokio::test]
async fn who_asked_to_stay_is_there_a_day_later_and_no_longer_and_not_at_the_portal() {
    let pages = pages(BOTH);
    let (_, handle) = stays_by_both(&pages).await;
    let portal = is_in_from(&pages, &handle, &Service::PORTAL, &here(HOME, at(2 * HOUR))).await;
    assert!(!portal, "its own hour is over");
    assert!(is_in(&pages, &handle, 23 * HOUR).await);
    // However it is used.
    assert!(is_in(&pages, &handle, DAY - 1).await && !is_in(&pages, &handle, DAY).await);
}

#[tokio::test]
async fn who_did_not_ask_or_may_not_is_gone_after_an_hour() {
    let mut pages = pages(BOTH);
    let anna = pages.person("anna").await;
    let typed = [anna.upn.as_str(), SECRET, &code(0)];
    let (handle, stays) = asks_to_stay(&pages, Service::PORTAL, &typed).await;
    assert_eq!(stays, None, "it is not for the portal");
    assert!(!is_in(&pages, &handle, HOUR).await);
    pages.world.rules.keep_me_signed_in = None;
    let typed = [anna.upn.as_str(), SECRET, &code(30)];
    let (handle, stays) = asks_to_stay(&pages, Service::STS, &typed).await;
    assert_eq!(stays, None, "it is off");
    assert!(!is_in(&pages, &handle, HOUR).await);
}

#[tokio::test]
async fn nobody_stays_by_a_secret_alone() {
    let pages = pages(&["memorised-secret"]);
    let anna = pages.person("anna").await;
    let typed = [anna.upn.as_str(), SECRET];
    let (_, stays) = asks_to_stay(&pages, Service::STS, &typed).await;
    assert_eq!(stays, None);
}

#[tokio::test]
async fn an_app_password_with_a_code_stays_and_ends_with_the_app_password() {
    let pages = pages(&["app-password + one-time-code"]);
    let anna = pages.person("anna").await;
    let new = admin::NewAppPassword {
        scope: [Service::STS].into(),
        ..for_lync("laptop")
    };
    let (record, password) = pages.world.app_password(&anna, new).await;
    let typed = [anna.upn.as_str(), &password, &code(0)];
    let (handle, stays) = asks_to_stay(&pages, Service::STS, &typed).await;
    assert_eq!(stays, Some(DAY));
    assert!(is_in(&pages, &handle, 5 * HOUR).await);
    let id = CredentialId(record.id.0.clone());
    let revoked = admin::revoke_app_password(&pages.ports.attempt, &id, &by_hand(6 * HOUR)).await;
    revoked.unwrap();
    assert!(!is_in(&pages, &handle, 6 * HOUR).await);
}

#[tokio::test]
async fn what_is_configured_by_now_counts_and_not_what_was_when_they_asked() {
    let mut pages = pages(BOTH);
    let (_, handle) = stays_by_both(&pages).await;
    let configured = |lifetime: i64, cutoff: Option<i64>| {
        Some(KeepMeSignedIn {
            lifetime: SignedDuration::from_hours(lifetime),
            cutoff: cutoff.map(at),
        })
    };
    // A use that is let in is noted, and so those that are not come first.
    for (now, may, is_there) in [
        (5, configured(4, None), false),
        (5, None, false),
        (5, configured(24, None), true),
        (5, configured(48, None), true),
        (5, configured(24, Some(0)), true),
        (24, configured(48, None), false),
    ] {
        pages.world.rules.keep_me_signed_in = may;
        let found = is_in(&pages, &handle, now * HOUR).await;
        assert_eq!(found, is_there, "after {now} hours under {may:?}");
    }
}

#[tokio::test]
async fn staying_makes_nothing_fresh() {
    let mut pages = pages(BOTH);
    let (anna, handle) = stays_by_both(&pages).await;
    let later = here(HOME, at(9 * HOUR));
    let found = pages.resumed(&handle, (&Service::STS, &later)).await;
    let (session, whose) = found.unwrap();
    assert_eq!(whose.id, anna.id);
    let policy = &mut pages.world.rules.policy;
    policy.rules[0].fresh = Some(SignedDuration::from_hours(8));
    let place = (&later, &Service::STS);
    assert!(!sign_in::is_fresh_enough_for(
        (&session, &whose),
        policy,
        place
    ));
    policy.rules[0].fresh = Some(SignedDuration::from_hours(10));
    assert!(sign_in::is_fresh_enough_for(
        (&session, &whose),
        policy,
        place
    ));
}

#[tokio::test]
async fn a_stolen_cookie_and_an_account_that_is_off_end_it() {
    let pages = pages(BOTH);
    let (anna, handle) = stays_by_both(&pages).await;
    let thief = At {
        agent: "Chrome".to_owned(),
        ..here([198, 51, 100, 7], at(5 * HOUR))
    };
    assert!(!is_in_from(&pages, &handle, &Service::STS, &thief).await);
    assert!(!is_in(&pages, &handle, 5 * HOUR).await, "it ended there");
    let typed = [anna.upn.as_str(), SECRET, &code(30)];
    let (handle, _) = asks_to_stay(&pages, Service::STS, &typed).await;
    assert!(is_in(&pages, &handle, 5 * HOUR).await);
    let (state, ports) = (AccountState::Disabled, &pages.ports.attempt);
    let set = admin::set_account_state(ports, &anna.id, state, &by_hand(6 * HOUR)).await;
    set.unwrap();
    assert!(!is_in(&pages, &handle, 6 * HOUR).await);
}

#[tokio::test]
async fn signing_out_ends_it() {
    let pages = pages(BOTH);
    let (_, handle) = stays_by_both(&pages).await;
    let place = here(HOME, at(5 * HOUR));
    assert!(is_in(&pages, &handle, 5 * HOUR).await);
    signs_out(&pages, &handle, &place).await;
    assert!(!is_in(&pages, &handle, 5 * HOUR).await);
}

async fn signs_out(pages: &Pages, handle: &Handle, place: &At) {
    let out = sign_in::sign_out(&pages.ports, handle, &Service::STS, place).await;
    out.unwrap();
}

async fn kinds(pages: &Pages, kind: &Kind) -> usize {
    let trail = pages.world.watched.trail().await;
    trail.iter().filter(|it| it.event.kind == *kind).count()
}

#[tokio::test]
async fn signing_out_ends_a_session_that_is_refused_for_the_moment_and_no_line_brings_it_back() {
    let mut pages = pages(BOTH);
    let (_, handle) = stays_by_both(&pages).await;
    pages.world.rules.keep_me_signed_in = None;
    let place = here(HOME, at(5 * HOUR));
    assert!(!is_in(&pages, &handle, 5 * HOUR).await);
    signs_out(&pages, &handle, &place).await;
    assert_eq!(kinds(&pages, &Kind::SignedOut).await, 1);
    pages.world.rules.keep_me_signed_in = Some(MAY);
    assert!(!is_in(&pages, &handle, 5 * HOUR).await, "it came back");
    // A handle of nobody's is written down nowhere.
    signs_out(&pages, &handle, &place).await;
    assert_eq!(kinds(&pages, &Kind::SignedOut).await, 1);
}

#[tokio::test]
async fn whoever_signs_out_with_a_cookie_of_somebody_else_is_told_of_as_that() {
    let pages = pages(BOTH);
    let (_, handle) = stays_by_both(&pages).await;
    let thief = At {
        agent: "Chrome".to_owned(),
        ..here([198, 51, 100, 7], at(5 * HOUR))
    };
    signs_out(&pages, &handle, &thief).await;
    assert_eq!(kinds(&pages, &Kind::SessionElsewhere).await, 1);
    assert_eq!(kinds(&pages, &Kind::SignedOut).await, 0);
    assert!(!is_in(&pages, &handle, 5 * HOUR).await);
}

#[tokio::test]
async fn what_stays_and_is_met_after_the_cutoff_ends_and_does_not_come_back_with_the_line() {
    let mut pages = pages(BOTH);
    let (_, handle) = stays_by_both(&pages).await;
    pages.world.rules.keep_me_signed_in = Some(KeepMeSignedIn {
        cutoff: Some(at(1)),
        ..MAY
    });
    assert!(!is_in(&pages, &handle, 60).await);
    pages.world.rules.keep_me_signed_in = Some(MAY);
    assert!(!is_in(&pages, &handle, 61).await);
    let kept = pages.ports.sessions.kept_session(handle.key()).await;
    assert_eq!(kept.unwrap(), None);
}

/// Else whoever ticks the box would be asked again at once, and for ever.
#[tokio::test]
async fn before_a_cutoff_that_is_to_come_nobody_stays_and_everybody_is_in() {
    let mut pages = pages(BOTH);
    pages.world.rules.keep_me_signed_in = Some(KeepMeSignedIn {
        cutoff: Some(at(HOUR)),
        ..MAY
    });
    let anna = pages.person("anna").await;
    let typed = [anna.upn.as_str(), SECRET, &code(0)];
    let (handle, stays) = asks_to_stay(&pages, Service::STS, &typed).await;
    assert_eq!(stays, None);
    assert!(is_in(&pages, &handle, 60).await);
}

#[tokio::test]
async fn whoever_signs_in_anew_in_the_same_browser_has_the_new_session_alone() {
    let pages = pages(BOTH);
    let (anna, first) = stays_by_both(&pages).await;
    let ben = pages.person("ben").await;
    // Another's sign-in in that browser ends nothing of hers.
    for (who, seconds, is_there) in [(&ben, 0, true), (&anna, 30, false)] {
        let place = At {
            session: Some(first.key()),
            ..here(HOME, at(seconds))
        };
        let typed = [who.upn.as_str(), SECRET, &code(seconds)];
        asks_to_stay_at(&pages, Service::STS, &typed, &place).await;
        let found = is_in(&pages, &first, 2 * HOUR).await;
        assert_eq!(found, is_there, "after the sign-in of {}", who.upn);
    }
}

#[tokio::test]
async fn a_telephone_that_moves_and_a_pc_that_is_updated_days_apart_are_nobody_elses() {
    let mut pages = pages(BOTH);
    let lifetime = SignedDuration::from_hours(7 * 24);
    pages.world.rules.keep_me_signed_in = Some(KeepMeSignedIn { lifetime, ..MAY });
    let anna = pages.person("anna").await;
    let typed = [anna.upn.as_str(), SECRET, &code(0)];
    let (handle, _) = asks_to_stay(&pages, Service::STS, &typed).await;
    let office = [203, 0, 113, 9];
    // One of the two at a time, within a minute of each other and days apart.
    for (from, agent, second) in [
        (HOME, "Firefox 2", DAY),
        (office, "Firefox 2", DAY + 1),
        (office, "Firefox 3", 3 * DAY),
        (HOME, "Firefox 3", 5 * DAY),
    ] {
        let place = At {
            agent: agent.to_owned(),
            ..here(from, at(second))
        };
        let is_in = is_in_from(&pages, &handle, &Service::STS, &place).await;
        assert!(is_in, "{agent} on {second}");
    }
    assert_eq!(kinds(&pages, &Kind::SessionElsewhere).await, 0);
    // Both at once are somebody else's, and be it what it was called at first and where.
    let stolen = here(office, at(6 * DAY));
    assert!(!is_in_from(&pages, &handle, &Service::STS, &stolen).await);
    assert_eq!(kinds(&pages, &Kind::SessionElsewhere).await, 1);
}
