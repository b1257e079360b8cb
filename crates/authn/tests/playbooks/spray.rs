//! One secret tried at many accounts, and one token that two people have: what the sign-in does at once, and what the watch
//! says of it afterwards (T-CRED-1, T-DEV-2).

use authn::Refusal;
use authn::audit::{Event, Kind, Reason};
use authn::lockout::PROMPT_FAILURES;
use authn::place::SourceNetwork;
use authn::watch::Watch;

use crate::codes::{Anna, company, tried};
use crate::world::{By, HOME, Try, World, passed, refusal};

const USERS: u32 = 2_000;
/// Every so many of them has an account.
const KNOWN: u32 = 20;
const SPRAYER: u8 = 250;

/// What the watch says of a trail.
async fn said(world: &World) -> Vec<Event> {
    let mut watch = Watch::default();
    let trail = world.watched.trail().await;
    trail.iter().filter_map(|it| watch.see(&it.event)).collect()
}

#[tokio::test]
async fn t_cred_1_a_spray_slows_its_source_after_twenty_and_nobody_else() {
    let world = World::new();
    let anna = world.person("anna").await;
    for number in (0..USERS).step_by(KNOWN.try_into().unwrap()) {
        world.person(&format!("user{number}")).await;
    }
    let mut prompt = 0;
    for number in 0..USERS {
        let address = u8::try_from(number % u32::from(SPRAYER)).unwrap();
        let guess = Try::new(By::Basic, &format!("user{number}"), "Winter2026!")
            .from([198, 51, 100, address])
            .after(i64::from(number) * 30);
        let outcome = world.verify(guess).await;
        assert_eq!(refusal(&outcome), Some(&Refusal::Denied), "{number}");
        prompt += u32::from(outcome.hold_back.0.is_zero());
    }
    assert_eq!(prompt, PROMPT_FAILURES, "of the whole network");
    let elsewhere = Try::new(By::Basic, &anna.account.upn, &anna.secret)
        .from([203, 0, 113, 1])
        .after(60_000);
    let outcome = world.verify(elsewhere).await;
    assert_eq!(passed(&outcome), Some(&anna.account));
    assert!(
        outcome.hold_back.0.is_zero(),
        "another network is not slowed"
    );
    let said = said(&world).await;
    assert_eq!(said.len(), 1, "one alarm");
    assert!(matches!(said[0].kind, Kind::Sprayed { names: 100 }));
}

#[tokio::test]
async fn t_dev_2_a_copied_token_is_refused_at_its_second_use_and_said() {
    let world = company();
    let anna = Anna::of(&world).await;
    let elsewhere = [198, 51, 100, 9];
    assert_eq!(tried(&world, anna.tries(1)).await, None);
    let copy = anna.tries(1).from(elsewhere).after(20_000);
    assert_eq!(tried(&world, copy).await, Some(Reason::CodeSpent));
    let said = said(&world).await;
    assert_eq!(said.len(), 1);
    let first = SourceNetwork::from(std::net::IpAddr::from(HOME));
    assert_eq!(said[0].kind, Kind::CodeFromTwoNetworks { first });
    assert_eq!(said[0].source, Some(elsewhere.into()));
    assert_eq!(said[0].account, Some(anna.person.account.id.clone()));
}

#[tokio::test]
async fn t_dev_2_a_device_that_goes_on_sending_an_old_code_is_no_second_network() {
    let world = company();
    let anna = Anna::of(&world).await;
    let on_the_way = [198, 51, 100, 9];
    let device = |counter: u64, seconds: i64| {
        let tries = anna.tries(counter).from(on_the_way);
        tried(&world, tries.after(seconds * 1_000))
    };
    assert_eq!(device(0, 0).await, None);
    assert_eq!(device(500, 700).await, Some(Reason::WrongCode));
    // She signs in at home, while her phone goes on with what it has: a code that was right, and one that never was.
    assert_eq!(tried(&world, anna.tries(1).after(710_000)).await, None);
    for second in 711..790 {
        assert_eq!(device(0, second).await, Some(Reason::CodeAgain));
        assert_eq!(device(500, second).await, Some(Reason::CodeAgain));
    }
    assert_eq!(said(&world).await, []);
    assert_eq!(device(1, 790).await, Some(Reason::CodeSpent));
    assert_eq!(said(&world).await.len(), 1, "the code of a moment ago");
}
