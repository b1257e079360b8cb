//! What the playbooks wrote into the audit trail is one chain, and no byte of it can be changed.

use authn::account::AccountState;
use authn::admin;
use authn::audit::{Broken, Chain, Event};
use authn::ports::ChainedEvent;

use crate::world::{EVERY_WAY, Try, World, at};

/// The trail of a day with every kind of event that a playbook can cause.
async fn trail() -> Vec<ChainedEvent> {
    let world = World::new();
    let anna = world.person("anna").await;
    let lev = world.person_who_is("lev", AccountState::Locked).await;
    for by in EVERY_WAY {
        for (user, secret) in [
            (&anna.account.upn, anna.secret.as_str()),
            (&anna.account.upn, "wrong"),
            (&lev.account.upn, lev.secret.as_str()),
            (&"nobody@contoso.com".to_owned(), "wrong"),
        ] {
            world.verify(Try::new(by, user, secret)).await;
        }
    }
    for _ in 0..100 {
        world.verify(Try::new(EVERY_WAY[0], "anna", "wrong")).await;
    }
    admin::revoke_app_password(&world.ports, &anna.record.id, at(1))
        .await
        .unwrap();
    world.watched.trail().await
}

fn checked(trail: &[ChainedEvent]) -> Result<i64, Broken> {
    let mut chain = Chain::default();
    trail.iter().try_for_each(|event| chain.extend(event))?;
    Ok(chain.length())
}

/// The number of an event by its place in the trail.
fn number(place: usize) -> i64 {
    i64::try_from(place).unwrap() + 1
}

#[tokio::test]
async fn what_was_written_is_one_whole_chain() {
    let trail = trail().await;
    // Five by hand, twelve attempts, a hundred guesses and their alarm, one revocation.
    assert_eq!(trail.len(), 119);
    assert_eq!(checked(&trail), Ok(119));
}

#[tokio::test]
async fn one_changed_byte_of_any_event_breaks_the_chain_at_that_event() {
    let mut chain = Chain::default();
    let mut tried = 0;
    for chained in trail().await {
        let number = chained.number;
        let text = serde_json::to_vec(&chained.event).unwrap();
        for byte in 0..text.len() {
            let mut changed = text.clone();
            changed[byte] ^= 1;
            // Most changes leave no event at all, or write the same one in another way.
            let Ok(event) = serde_json::from_slice::<Event>(&changed) else {
                continue;
            };
            if event == chained.event {
                continue;
            }
            tried += 1;
            let changed = ChainedEvent {
                event,
                ..chained.clone()
            };
            let broken = chain.clone().extend(&changed);
            assert_eq!(broken, Err(Broken { number }), "byte {byte}");
        }
        chain.extend(&chained).unwrap();
    }
    assert!(tried > 5_000, "{tried} changes were readable");
}

#[tokio::test]
async fn one_changed_byte_of_any_link_breaks_the_chain_at_that_event() {
    let mut chain = Chain::default();
    for chained in trail().await {
        let broken = Err(Broken {
            number: chained.number,
        });
        for byte in 0..32 {
            let mut changed = chained.clone();
            changed.hash[byte] ^= 1;
            assert_eq!(chain.clone().extend(&changed), broken);
            let mut changed = chained.clone();
            changed.previous[byte] ^= 1;
            assert_eq!(chain.clone().extend(&changed), broken);
        }
        for number in [0, chained.number - 1, chained.number + 1] {
            let changed = ChainedEvent {
                number,
                ..chained.clone()
            };
            assert_eq!(chain.clone().extend(&changed), broken);
        }
        chain.extend(&chained).unwrap();
    }
}

#[tokio::test]
async fn an_event_that_is_taken_out_put_twice_or_moved_breaks_the_chain() {
    let trail = trail().await;
    for place in 0..trail.len() - 1 {
        let mut gap = trail.clone();
        gap.remove(place);
        let number = number(place);
        assert_eq!(checked(&gap), Err(Broken { number }));
        let mut twice = trail.clone();
        twice.insert(place, trail[place].clone());
        let after = number + 1;
        assert_eq!(checked(&twice), Err(Broken { number: after }));
        let mut moved = trail.clone();
        moved.swap(place, place + 1);
        assert_eq!(checked(&moved), Err(Broken { number }));
    }
}
