//! Guessing at an account slows the guesser, wakes the administrator, and does not hurt the owner
//! (S20, S21, T-CRED-3).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use authn::Refusal;
use authn::audit::{Kind, Reason};
use authn::lockout::{ALARM_FAILURES, Counts, LONGEST_HOLD_BACK};

use crate::world::{By, HOME, Person, Try, World, passed, refusal};

const GUESSES: u16 = 10_000;
const SOURCES: u16 = 200;

/// The guesser's addresses: half IPv4, half IPv6, each in a network of its own.
fn guesser(number: u16) -> IpAddr {
    let [_, low] = (number % SOURCES).to_be_bytes();
    if low % 2 == 0 {
        Ipv4Addr::new(198, 51, low, 7).into()
    } else {
        Ipv6Addr::new(0x2001, 0xdb8, low.into(), 0, 0, 0, 0, 7).into()
    }
}

/// Guesser and owner use every way in turn.
fn way(number: u16) -> By {
    match number % 3 {
        0 => By::Ntlm,
        1 => By::Basic,
        _ => By::Negotiate,
    }
}

fn guess(anna: &Person, number: u16) -> Try {
    Try::new(way(number), &anna.account.upn, &format!("guess {number}"))
        .from(guesser(number))
        .after(i64::from(number) * 60)
}

fn is_alarm(kind: &Kind) -> bool {
    matches!(kind, Kind::UnderAttack { .. })
}

async fn passes(world: &World, anna: &Person, source: impl Into<IpAddr>, number: u16) -> bool {
    let tried = Try::new(way(number), &anna.account.upn, &anna.secret)
        .from(source)
        .after(i64::from(number) * 60);
    passed(&world.verify(tried).await) == Some(&anna.account)
}

#[tokio::test]
async fn s20_s21_t_cred_3_ten_thousand_guesses_from_200_addresses_do_not_shut_the_owner_out() {
    let world = World::new();
    let anna = world.person("anna").await;
    assert!(passes(&world, &anna, HOME, 0).await, "enrolled");
    let mut held_back = 0_u16;
    for number in 0..GUESSES {
        let outcome = world.verify(guess(&anna, number)).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{number}");
        held_back += u16::from(!outcome.hold_back.0.is_zero());
        if number == GUESSES / 2 {
            assert!(passes(&world, &anna, HOME, number).await, "from home");
            let roaming = [203, 0, 113, 1];
            assert!(passes(&world, &anna, roaming, number).await, "from outside");
        }
    }
    assert!(passes(&world, &anna, HOME, GUESSES).await, "from home");
    let never_seen = [203, 0, 200, 1];
    assert!(
        passes(&world, &anna, never_seen, GUESSES).await,
        "elsewhere"
    );
    // Each address has 50 guesses, of which 20 are answered promptly.
    assert_eq!(held_back, SOURCES * 30);
    let trail = world.watched.trail().await;
    let alarms = trail.iter().filter(|chained| is_alarm(&chained.event.kind));
    assert_eq!(alarms.count(), 1);
}

#[tokio::test]
async fn s21_the_right_app_password_works_even_from_the_guessers_own_address() {
    let world = World::new();
    let anna = world.person("anna").await;
    for number in 0..1_000 {
        world.verify(guess(&anna, number).from(guesser(0))).await;
    }
    let tried = Try::new(By::Ntlm, &anna.account.upn, &anna.secret)
        .from(guesser(0))
        .after(60_000);
    let outcome = world.verify(tried).await;
    assert_eq!(passed(&outcome), Some(&anna.account));
    assert_eq!(outcome.hold_back.0, LONGEST_HOLD_BACK, "but it is slowed");
}

#[tokio::test]
async fn s21_a_laptop_that_offers_its_domain_logon_does_not_slow_the_phone_beside_it() {
    let world = World::new();
    let anna = world.person("anna").await;
    for number in 0..1_000 {
        let laptop = guess(&anna, number).from([192, 0, 2, 99]);
        world.verify(laptop).await;
        let phone = Try::new(way(number), &anna.account.upn, &anna.secret);
        let outcome = world.verify(phone.after(i64::from(number) * 60)).await;
        assert_eq!(passed(&outcome), Some(&anna.account), "{number}");
        // The first time, the phone is where nobody was known; the source is still prompt then.
        assert!(outcome.hold_back.0.is_zero(), "{number}");
    }
}

#[tokio::test]
async fn s21_a_sources_failures_do_not_slow_another_source() {
    let world = World::new();
    let anna = world.person("anna").await;
    for number in 0..100 {
        world.verify(guess(&anna, number).from(guesser(0))).await;
    }
    let wrong = world.verify(guess(&anna, 0).from([203, 0, 113, 1])).await;
    assert!(wrong.hold_back.0.is_zero());
}

#[tokio::test]
async fn s21_guessing_raises_an_alarm_that_names_the_account() {
    let world = World::new();
    let anna = world.person("anna").await;
    for number in 1..ALARM_FAILURES {
        world
            .verify(guess(&anna, u16::try_from(number).unwrap()))
            .await;
    }
    let quiet = world.watched.trail().await;
    assert!(!quiet.iter().any(|chained| is_alarm(&chained.event.kind)));
    for number in 0..100 {
        world.verify(guess(&anna, number)).await;
    }
    let trail = world.watched.trail().await;
    let alarms: Vec<_> = trail
        .iter()
        .filter(|chained| is_alarm(&chained.event.kind))
        .collect();
    let [alarm] = alarms.as_slice() else {
        unreachable!("one alarm, not {}", alarms.len());
    };
    assert_eq!(alarm.event.account, Some(anna.account.id));
    assert_eq!(
        alarm.event.kind,
        Kind::UnderAttack {
            failures: ALARM_FAILURES
        }
    );
    assert!(alarm.event.source.is_some() && alarm.event.activity.is_some());
}

#[tokio::test]
async fn s21_every_guess_is_counted_and_audited_and_the_owner_is_not() {
    let world = World::new();
    let anna = world.person("anna").await;
    for number in 0..50 {
        world.verify(guess(&anna, number)).await;
        assert!(passes(&world, &anna, HOME, number).await);
    }
    let counts: Vec<u32> = world
        .watched
        .reserved()
        .iter()
        .map(|(_, Counts { subject, .. })| *subject)
        .collect();
    // A guess takes a place and keeps it; the owner takes the next one and gives it back.
    let expected: Vec<u32> = (1..=50).flat_map(|number| [number, number + 1]).collect();
    assert_eq!(counts, expected);
    let wrong = |kind: &Kind| matches!(kind, Kind::Refused { reason, .. } if *reason == Reason::WrongSecret);
    let trail = world.watched.trail().await;
    let audited = trail.iter().filter(|chained| wrong(&chained.event.kind));
    assert_eq!(audited.count(), 50);
    let given_back = world.watched.settled().into_iter().flatten();
    let of_anna = given_back.filter(|succeeded| {
        (&succeeded.account, &succeeded.credential) == (&anna.account.id, &anna.record.id)
            && succeeded.source == IpAddr::from(HOME)
    });
    assert_eq!(of_anna.count(), 50);
}
