//! Who exists, who is locked and who is switched off cannot be asked by trying to sign in (T-CRED-8).

use authn::account::AccountState;
use authn::admin;
use authn::lockout::HoldBack;
use authn::place::Service;
use authn::{Outcome, Refusal};
use expect_test::expect;

use crate::world::{By, EVERY_WAY, Person, Try, World, by_hand, passed};

/// What a client and the store see of an attempt.
type Seen = (Vec<String>, Option<Refusal>, HoldBack);

/// Those that a stranger could want to tell apart.
struct Cast {
    anna: Person,
    revoked: Person,
    locked: Person,
    disabled: Person,
}

impl Cast {
    async fn of(world: &World) -> Self {
        let revoked = world.person("rita").await;
        admin::revoke_app_password(&world.ports, &revoked.record.id, &by_hand(0))
            .await
            .unwrap();
        Self {
            anna: world.person("anna").await,
            revoked,
            locked: world.person_who_is("lev", AccountState::Locked).await,
            disabled: world.person_who_is("dora", AccountState::Disabled).await,
        }
    }

    /// Attempts that must look alike, by their names in a failure's message.
    fn attempts(&self, by: By) -> Vec<(&'static str, Try)> {
        let right = |person: &Person| Try::new(by, &person.account.upn, &person.secret);
        let wrong = |person: &Person| Try::new(by, &person.account.upn, "Summer2026!");
        let elsewhere = Try {
            service: Service::EWS,
            ..right(&self.anna)
        };
        let as_another = Try {
            sip_uri: Some("sip:lev.sip@contoso.com".to_owned()),
            ..right(&self.anna)
        };
        vec![
            ("known, wrong secret", wrong(&self.anna)),
            ("unknown", Try::new(by, "nobody@contoso.com", "Summer2026!")),
            (
                "unknown, the secret of another",
                Try::new(by, "nobody@contoso.com", &self.anna.secret),
            ),
            ("locked, wrong secret", wrong(&self.locked)),
            ("locked, right secret", right(&self.locked)),
            ("disabled, wrong secret", wrong(&self.disabled)),
            ("disabled, right secret", right(&self.disabled)),
            ("revoked", right(&self.revoked)),
            ("right secret, wrong service", elsewhere),
            ("right secret, SIP URI of another", as_another),
        ]
    }
}

async fn seen(world: &World, tried: Try) -> Seen {
    world.watched.calls();
    let Outcome {
        result, hold_back, ..
    } = world.verify(tried).await;
    (world.watched.calls(), result.err(), hold_back)
}

#[tokio::test]
async fn t_cred_8_whoever_is_refused_costs_the_same_port_calls_and_gets_the_same_answer() {
    let world = World::new();
    let cast = Cast::of(&world).await;
    for by in EVERY_WAY {
        let mut all = Vec::new();
        for (number, (name, tried)) in (1_u8..).zip(cast.attempts(by)) {
            // A network each, so that one does not slow the other.
            let tried = tried.from([203, 0, number, 7]);
            all.push((name, seen(&world, tried).await));
        }
        let (_, first) = all.first().unwrap();
        let (calls, refusal, _) = first;
        assert_eq!(refusal, &Some(Refusal::Denied));
        expect![[
            r#"by_names(1 names), reserve(limit None), app_passwords(), settle(failed, 1 events)"#
        ]]
        .assert_eq(&calls.join(", "));
        for (name, other) in &all {
            assert_eq!(other, first, "{by:?}, {name}");
        }
    }
}

#[tokio::test]
async fn t_cred_8_whoever_is_refused_is_held_back_alike_while_failures_grow() {
    for by in EVERY_WAY {
        let mut all = Vec::new();
        for number in 0..10 {
            // A world each, so that every counter begins at nothing.
            let world = World::new();
            let cast = Cast::of(&world).await;
            let (name, tried) = cast.attempts(by).swap_remove(number);
            let mut answers = Vec::new();
            for _ in 0..45 {
                answers.push(seen(&world, tried.clone()).await);
            }
            all.push((name, answers));
        }
        let (_, first) = all.first().unwrap();
        let longest = first
            .last()
            .map(|(_, _, hold_back)| hold_back.0.as_millis());
        assert_eq!(longest, Some(1_000));
        for (name, answers) in &all {
            assert_eq!(answers, first, "{by:?}, {name}");
        }
    }
}

#[tokio::test]
async fn t_cred_8_a_network_that_somebody_signs_in_from_does_not_tell_who() {
    let world = World::new();
    let anna = world.person("anna").await;
    let ben = world.person("ben").await;
    let at_work = Try::new(By::Basic, &anna.account.upn, &anna.secret).from([192, 0, 2, 9]);
    assert!(passed(&world.verify(at_work).await).is_some());
    let mut all = Vec::new();
    for upn in [&anna.account.upn, &ben.account.upn, "nobody@contoso.com"] {
        let mut held_back = Vec::new();
        for number in 0..60 {
            // A time for each name, so that none inherits another's failures.
            let later = 10_000_000 * (1 + i64::try_from(all.len()).unwrap()) + number;
            let guess = Try::new(By::Basic, upn, "a guess").from([192, 0, 2, 77]);
            let (_, _, hold_back) = seen(&world, guess.after(later)).await;
            held_back.push(hold_back);
        }
        all.push(held_back);
    }
    let [familiar, strange, unknown] = all.as_slice() else {
        unreachable!("three names");
    };
    assert_eq!((familiar, unknown), (strange, strange));
    assert_eq!(strange.last().unwrap().0.as_millis(), 1_000);
}

#[tokio::test]
async fn t_cred_8_a_name_that_is_none_costs_what_an_unknown_one_does() {
    let world = World::new();
    let methods = |calls: &[String]| -> Vec<String> {
        let names = calls.iter().filter_map(|call| call.split('(').next());
        names.map(str::to_owned).collect()
    };
    let unknown = Try::new(By::Basic, "nobody@contoso.com", "x");
    let (expected, refusal, hold_back) = seen(&world, unknown).await;
    for name in ["", " ", "@", "a\0b", "CONTOSO\\", "x:y@z", "\u{200b}"] {
        let tried = Try::new(By::Basic, name, "x").from([198, 51, 100, 1]);
        let (calls, other_refusal, other_hold_back) = seen(&world, tried).await;
        assert_eq!(methods(&calls), methods(&expected), "{name:?}");
        assert_eq!((&other_refusal, other_hold_back), (&refusal, hold_back));
    }
}

#[tokio::test]
async fn t_cred_8_somebody_who_may_makes_the_same_port_calls_too() {
    let world = World::new();
    let anna = world.person("anna").await;
    for by in EVERY_WAY {
        world.watched.calls();
        let tried = Try::new(by, &anna.account.upn, &anna.secret);
        assert!(passed(&world.verify(tried).await).is_some(), "{by:?}");
        expect![[r#"by_names(1 names), reserve(limit None), app_passwords(), settle(succeeded, 1 events)"#]]
            .assert_eq(&world.watched.calls().join(", "));
    }
}
