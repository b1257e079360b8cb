//! Which events are said to belong together, and which are not.

use std::net::IpAddr;

use super::*;
use crate::credential::CredentialId;

const HOME: [u8; 4] = [192, 0, 2, 7];
const AWAY: [u8; 4] = [198, 51, 100, 7];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn event(seconds: i64, kind: Kind, account: Option<&str>, source: [u8; 4]) -> Event {
    Event {
        source: Some(IpAddr::from(source)),
        channel: Some(Channel::Basic),
        ..Event::observed(
            at(seconds),
            kind,
            account.map(|it| AccountId(it.to_owned())),
        )
    }
}

fn refused(seconds: i64, who: &str, source: [u8; 4]) -> Event {
    let kind = Kind::Refused {
        reason: Reason::WrongSecret,
        name: who.to_owned(),
    };
    event(seconds, kind, Some(who), source)
}

fn signed_in(seconds: i64, who: &str, source: [u8; 4]) -> Event {
    let kind = Kind::SignedIn {
        credential: CredentialId("phone".to_owned()),
        clock_skew: None,
        certificate: None,
    };
    event(seconds, kind, Some(who), source)
}

fn spent(seconds: i64, who: &str, source: [u8; 4]) -> Event {
    let kind = Kind::Refused {
        reason: Reason::CodeSpent,
        name: who.to_owned(),
    };
    event(seconds, kind, Some(who), source)
}

fn accepted(seconds: i64, who: &str, source: [u8; 4]) -> Event {
    let token = CredentialId("token".to_owned());
    event(seconds, Kind::CodeAccepted { token }, Some(who), source)
}

/// What is said of these events.
fn said(events: impl IntoIterator<Item = Event>) -> Vec<Event> {
    let mut watch = Watch::default();
    events.into_iter().filter_map(|it| watch.see(&it)).collect()
}

#[test]
fn t_cred_1_a_secret_tried_at_two_thousand_accounts_raises_one_alarm() {
    let spray = (0..2_000).map(|user| refused(user / 34, &format!("user{user}"), AWAY));
    let said = said(spray);
    assert_eq!(said.len(), 1);
    assert_eq!(said[0].kind, Kind::Sprayed { names: 100 });
    assert_eq!((&said[0].account, &said[0].source), (&None, &None));
}

#[test]
fn t_cred_1_a_spray_is_seen_whichever_names_and_networks_it_uses() {
    let spread = (0..100_u8).map(|user| {
        let name = format!("user{user}");
        let unknown = Kind::Refused {
            reason: Reason::UnknownName,
            name: name.to_uppercase(),
        };
        let source = [198, 51, user, 7];
        let account = Some(name.as_str()).filter(|_| user % 2 == 0);
        event(i64::from(user) * 8, unknown, account, source)
    });
    assert_eq!(said(spread).len(), 1);
}

#[test]
fn t_cred_1_an_alarm_is_raised_once_a_window() {
    let user = |number: i64| format!("user{number}");
    let spray = (0..4_000).map(|it| refused(it, &user(it % 500), AWAY));
    let said = said(spray);
    let raised: Vec<i64> = said
        .iter()
        .map(|it| it.at.as_second() - at(0).as_second())
        .collect();
    assert_eq!(raised, [99, 1_000, 1_901, 2_802, 3_703]);
    // Another process goes on behind what this one said.
    let mut watch = Watch::default();
    assert_eq!(watch.see(&said[0]), None);
    let again = (100..999).filter_map(|it| watch.see(&refused(it, &user(it % 500), AWAY)));
    assert_eq!(again.count(), 0);
}

#[test]
fn guesses_at_one_and_failures_where_people_sign_in_are_no_spray() {
    let one = (0..2_000).map(|it| refused(it / 10, "anna", AWAY));
    assert_eq!(said(one), []);
    let slow = (0..1_000).map(|it| refused(it * 60, &format!("user{it}"), AWAY));
    assert_eq!(said(slow), []);
    let laptops = (0..500).flat_map(|it| {
        let user = format!("user{it}");
        // The phone beside the laptop that offers its logon.
        [signed_in(0, &user, HOME), refused(1, &user, HOME)]
    });
    assert_eq!(said(laptops), []);
    let policy = (0..500).map(|it| {
        let kind = Kind::Refused {
            reason: Reason::LeaseLapsed,
            name: String::new(),
        };
        event(0, kind, Some(&format!("user{it}")), AWAY)
    });
    assert_eq!(said(policy), []);
}

#[test]
fn what_is_remembered_is_bounded() {
    let mut watch = Watch::default();
    for number in 0..40_000_i64 {
        let user = format!("user{number}");
        let _ = watch.see(&refused(0, &user, AWAY));
        let _ = watch.see(&signed_in(0, &user, HOME));
        let _ = watch.see(&accepted(0, &user, HOME));
    }
    assert_eq!(
        (watch.refusals.len(), watch.names.len()),
        (MAX_REFUSALS, MAX_REFUSALS)
    );
    assert_eq!(
        (watch.familiar.order.len(), watch.familiar.latest.len()),
        (MAX_SIGN_INS, MAX_SIGN_INS)
    );
    assert_eq!(
        (watch.codes.order.len(), watch.codes.latest.len()),
        (MAX_SIGN_INS, MAX_SIGN_INS)
    );
}

#[test]
fn t_dev_2_one_code_from_two_networks_is_said() {
    let found = said([accepted(0, "anna", HOME), spent(20, "anna", AWAY)]);
    assert_eq!(found.len(), 1);
    let first = SourceNetwork::from(IpAddr::from(HOME));
    assert_eq!(found[0].kind, Kind::CodeFromTwoNetworks { first });
    assert_eq!(found[0].source, Some(IpAddr::from(AWAY)));
    assert_eq!(found[0].account, Some(AccountId("anna".to_owned())));
    let by_page = Event {
        channel: Some(Channel::Page),
        ..signed_in(0, "anna", HOME)
    };
    assert_eq!(said([by_page, spent(20, "anna", AWAY)]).len(), 1);
}

#[test]
fn a_code_that_comes_again_as_codes_do_is_not_said() {
    for events in [
        vec![accepted(0, "anna", HOME), spent(20, "anna", HOME)],
        vec![
            accepted(0, "anna", HOME),
            spent(20, "anna", [192, 0, 2, 99]),
        ],
        vec![accepted(0, "anna", HOME), spent(91, "anna", AWAY)],
        vec![accepted(0, "anna", HOME), spent(20, "erik", AWAY)],
        vec![accepted(0, "anna", HOME), refused(20, "anna", AWAY)],
        vec![signed_in(0, "anna", HOME), spent(20, "anna", AWAY)],
        vec![spent(20, "anna", AWAY)],
    ] {
        assert_eq!(said(events.clone()), [], "{events:?}");
    }
}
