//! What a channel is said to carry is what an attempt by it proves: every combination, by every channel, tried with whatever
//! anybody can type.

use std::collections::BTreeSet;

use authn::Attempt;
use authn::attempt;
use authn::place::{Channel, Method, Service, Zone};
use authn::policy::{Combination, Rule};

use crate::client_codes::{code_of, phone, sending, taken};
use crate::codes::Anna;
use crate::memorised_and_codes::remembers;
use crate::ntlm_pins::sets;
use crate::world::{By, Try, World, at};

const SECRET: &str = "four horses in a field";
const PIN: &str = "493817";

/// Every combination of one, two or three methods. An attempt that proved more would prove three of it as well.
fn combinations() -> Vec<Combination> {
    let mut all = BTreeSet::new();
    for one in Method::ALL {
        for two in Method::ALL {
            for three in Method::ALL {
                all.insert(Combination::from(one).and(two).and(three));
            }
        }
    }
    all.into_iter().collect()
}

/// A company in which one combination is enough, and somebody who has everything.
async fn company(combination: &Combination) -> (World, Anna) {
    let mut world = sending(World::new());
    world.rules.policy.rules = vec![Rule {
        zones: [Zone::EXTERNAL].into(),
        services: [Service::LYNC].into(),
        methods: vec![combination.clone()],
        ..Rule::default()
    }];
    let anna = Anna::of(&world).await;
    remembers(&world, &anna.person, SECRET, 0).await;
    phone(&world, &anna.person, "+46701234567", (-10, -10)).await;
    sets(&world, &anna.person, PIN).await.unwrap();
    (world, anna)
}

/// What an attempt proved, where it was let in.
async fn proves(world: &World, channel: Channel, text: &str, second: i64) -> Option<Combination> {
    let by = match channel {
        Channel::Ntlm => By::Ntlm,
        Channel::Negotiate => By::Negotiate,
        _ => By::Basic,
    };
    let attempt = Attempt {
        channel,
        ..Try::new(by, "anna", text).into()
    };
    let now = at(second);
    let asked = (world.asked(), now);
    let outcome = attempt::verify(&world.ports, &world.rules, attempt, asked).await;
    let who = outcome.result.ok()?.authenticated;
    let mut methods = who.methods().iter().copied();
    let first = Combination::from(methods.next()?);
    Some(methods.fold(first, Combination::and))
}

/// Everything that can be typed behind a secret, and the secret alone; the code that it asked for last.
async fn typed(
    combination: &Combination,
    channel: Channel,
    is_memorised: bool,
) -> Vec<Combination> {
    let (world, anna) = company(combination).await;
    let secret = match is_memorised {
        true => SECRET.to_owned(),
        false => anna.person.secret.clone(),
    };
    let mut proved = vec![proves(&world, channel, &secret, 0).await];
    let by_button = format!("{secret}{}", anna.code(0));
    proved.push(proves(&world, channel, &by_button, 1).await);
    if let Some(message) = taken(&world, 2).await.first() {
        let by_phone = format!("{secret}{}", code_of(message));
        proved.push(proves(&world, channel, &by_phone, 3).await);
    }
    let with_pin = format!("{PIN}{}", anna.code(1));
    proved.push(proves(&world, channel, &with_pin, 4).await);
    proved.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_channel_carries_what_an_attempt_by_it_proves_and_nothing_else() {
    for combination in combinations() {
        // A ticket of the domain is proved by no text; its playbook is another.
        if combination.needs(Method::Kerberos) {
            let by = Channel::ALL.map(|it| (it, it.carries(&combination)));
            let alone = combination == Method::Kerberos.into();
            let expected = Channel::ALL.map(|it| (it, alone && it == Channel::Negotiate));
            assert_eq!(by, expected, "{combination}");
            continue;
        }
        for channel in [
            Channel::Basic,
            Channel::UsernameToken,
            Channel::Grant,
            Channel::Ntlm,
            Channel::Negotiate,
        ] {
            let mut proved = typed(&combination, channel, false).await;
            proved.extend(typed(&combination, channel, true).await);
            let carries = channel.carries(&combination);
            assert_eq!(!proved.is_empty(), carries, "{combination} by {channel}");
            let is_it = proved.iter().all(|it| *it == combination);
            assert!(is_it, "{combination} by {channel}: {proved:?}");
        }
    }
}
