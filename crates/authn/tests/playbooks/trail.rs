//! What the playbooks wrote into the audit trail is one chain, and no byte of it can be changed.

use authn::account::{AccountId, AccountState};
use authn::admin;
use authn::audit::{self, Broken, Chain, Event, Kind, Reason};
use authn::place::{ActivityId, Channel, Service, Zone};
use authn::ports::ChainedEvent;
use expect_test::expect;

use crate::world::{EVERY_WAY, HOME, Try, World, by_hand};

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
    admin::revoke_app_password(&world.ports, &anna.record.id, &by_hand(1))
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

#[test]
fn the_text_and_the_hash_of_an_event_stay_what_older_trails_hold() {
    let kind = Kind::Refused {
        reason: Reason::WrongSecret,
        name: "CONTOSO\\anna".to_owned(),
    };
    let event = Event {
        source: Some(HOME.into()),
        zone: Some(Zone::EXTERNAL),
        service: Some(Service::LYNC),
        channel: Some(Channel::Ntlm),
        activity: Some(ActivityId("1".to_owned())),
        ..Event::by_hand(&by_hand(0), kind, Some(AccountId("2".to_owned())))
    };
    expect![[r#"{"at":"2027-01-15T08:00:00Z","event":"refused","reason":"wrong-secret","name":"CONTOSO\\anna","actor":"root","account":"2","source":"192.0.2.10","zone":"external","service":"lync","channel":"ntlm","activity":"1"}"#]].assert_eq(&serde_json::to_string(&event).unwrap());
    let older = serde_json::to_string(&event).unwrap();
    let older = older.replace("\"actor\":\"root\",", "");
    let read: Event = serde_json::from_str(&older).unwrap();
    assert_eq!(
        read,
        Event {
            actor: None,
            ..event.clone()
        },
        "written before there were actors"
    );
    // SHA-256 over 32 bytes of 5, the number 7 as eight bytes, and that text.
    let hash = audit::hash(&[5; 32], 7, &serde_json::to_string(&event).unwrap());
    let hash: Vec<String> = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    expect!["9630538e2a749c34d594ecc58a4ea5927235f41291f30cf18c3985e4fc0119a9"]
        .assert_eq(&hash.concat());
}

#[tokio::test]
async fn one_changed_byte_of_any_event_breaks_the_chain_at_that_event() {
    let mut chain = Chain::default();
    let mut tried = 0;
    for chained in trail().await {
        let number = chained.number;
        for byte in 0..chained.text.len() {
            let mut changed = chained.text.clone().into_bytes();
            changed[byte] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            let by_text =
                chain
                    .clone()
                    .extend_by(number, &changed, &chained.previous, &chained.hash);
            assert_eq!(by_text, Err(Broken { number }), "byte {byte}");
            // Most changes leave no event at all.
            let Ok(event) = serde_json::from_str::<Event>(&changed) else {
                continue;
            };
            tried += 1;
            let changed = ChainedEvent {
                event,
                text: changed,
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
