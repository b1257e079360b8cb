//! One-time codes as second factors: what they renew, for how long they are fresh, and for whom they count.

use authn::audit::Reason;
use authn::name::NameKey;
use authn::place::Method;
use authn::policy::{Combination, Rule};
use jiff::SignedDuration;

use crate::codes::{Anna, company, evaluations, failures, tried};
use crate::world::{By, Try, World, at};

const LEASE: i64 = 1_000;
const FRESH: i64 = 60;

fn both() -> Combination {
    Combination::from(Method::AppPassword).and(Method::OneTimeCode)
}

fn ruled(rules: Vec<Rule>) -> World {
    let mut world = company();
    world.rules.policy.rules = rules;
    world
}

#[tokio::test]
async fn s19_a_code_renews_the_lease_and_the_grant_that_it_buys_does_not() {
    let world = ruled(vec![Rule {
        methods: vec![Method::AppPassword.into(), both()],
        lease: Some(SignedDuration::from_secs(LEASE)),
        ..Rule::default()
    }]);
    let anna = Anna::of(&world).await;
    let alone = |second: i64| {
        let tried = Try::new(By::Basic, "anna", &anna.person.secret);
        tried.after(second * 1_000)
    };
    assert_eq!(tried(&world, alone(0)).await, Some(Reason::LeaseLapsed));
    let bought = world.verify(anna.tries(0)).await.result.unwrap();
    assert_eq!(bought.authenticated.second_factor(), Some(at(0)));
    assert_eq!(tried(&world, alone(1)).await, None);
    let again = world.verify(anna.tries(0).after(500_000)).await;
    let again = again.result.unwrap().authenticated;
    assert_eq!(again.second_factor(), Some(at(0)), "when the code came");
    assert_eq!(tried(&world, alone(LEASE - 1)).await, None);
    let lapsed = tried(&world, alone(LEASE)).await;
    assert_eq!(lapsed, Some(Reason::LeaseLapsed));
    assert_eq!(
        tried(&world, anna.tries(1).after(LEASE * 1_000)).await,
        None
    );
    assert_eq!(tried(&world, alone(2 * LEASE - 1)).await, None);
}

#[tokio::test]
async fn a_grant_is_worth_as_much_as_its_code_is_fresh_and_is_counted_once_after_that() {
    let world = ruled(vec![Rule {
        methods: vec![both()],
        fresh: Some(SignedDuration::from_secs(FRESH)),
        ..Rule::default()
    }]);
    let anna = Anna::of(&world).await;
    for second in [0, FRESH - 1] {
        let outcome = world.verify(anna.tries(0).after(second * 1_000)).await;
        let who = outcome.result.unwrap().authenticated;
        assert_eq!(who.ends(), Some(at(FRESH)));
    }
    for second in FRESH..FRESH + 40 {
        let stale = anna.tries(0).after(second * 1_000);
        let reason = tried(&world, stale).await;
        assert_eq!(reason, Some(Reason::SecondFactorTooOld), "{second}");
    }
    assert_eq!(failures(&world, &anna.serial).await, 0);
    assert_eq!(tried(&world, anna.tries(1).after(101_000)).await, None);
    assert_eq!(evaluations(&world).await, 2);
}

#[tokio::test]
async fn t_cred_8_whose_rule_wants_no_code_is_not_told_by_one_and_costs_the_same() {
    let mut world = company();
    let anna = Anna::of(&world).await;
    let ben = world.person("ben").await;
    world.rules.policy.rules = vec![
        Rule {
            accounts: NameKey::candidates("anna", "CONTOSO", None)
                .into_iter()
                .collect(),
            methods: vec![both()],
            ..Rule::default()
        },
        Rule {
            methods: vec![Method::AppPassword.into()],
            ..Rule::default()
        },
    ];
    let digits = format!("{}123456", ben.secret);
    let mut seen = Vec::new();
    for refused in [
        Try::new(By::Basic, "ben", &digits),
        Try::new(By::Basic, "ben", "wrong"),
        Try::new(By::Basic, "nobody", &digits),
        Try::new(By::Basic, "anna", &digits),
    ] {
        world.watched.calls();
        assert!(world.verify(refused).await.result.is_err());
        seen.push(world.watched.calls().len());
    }
    assert_eq!(seen, [7; 4]);
    let digits = tried(&world, Try::new(By::Basic, "ben", &digits)).await;
    assert_eq!(digits, Some(Reason::WrongSecret));
    assert_eq!(
        tried(&world, Try::new(By::Basic, "ben", &ben.secret)).await,
        None
    );
    let alone = Try::new(By::Basic, "anna", &anna.person.secret);
    assert_eq!(tried(&world, alone).await, Some(Reason::CodeMissing));
    assert_eq!(tried(&world, anna.tries(0)).await, None);
}
