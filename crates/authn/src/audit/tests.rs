//! The chain of events, and what is read back of it.

use std::net::IpAddr;

use jiff::Timestamp;

use super::event::MAX_NAME;
use super::*;
use crate::account::AccountId;
use crate::credential::CredentialId;
use crate::place::{ActivityId, Channel, Service, Zone};
use crate::ports::ChainedEvent;

fn event(number: i64) -> Event {
    let kind = Kind::UnderAttack { failures: 100 };
    let at = Timestamp::from_second(number).unwrap();
    let actor = Actor::named("root");
    Event::by_hand(
        &ByHand {
            at,
            actor,
            origin: None,
        },
        kind,
        Some(AccountId("1".to_owned())),
    )
}

fn chained(count: i64) -> Vec<ChainedEvent> {
    let mut previous = [0; 32];
    let mut chain = Vec::new();
    for number in 1..=count {
        let text = serde_json::to_string(&event(number)).unwrap();
        let hash = hash(&previous, number, &text);
        chain.push(ChainedEvent {
            number,
            event: event(number),
            text,
            previous,
            hash,
        });
        previous = hash;
    }
    chain
}

fn checked(events: &[ChainedEvent]) -> Result<i64, Broken> {
    let mut chain = Chain::default();
    events
        .iter()
        .try_for_each(|event| chain.extend(event))
        .map(|()| chain.length())
}

#[test]
fn a_chain_that_nobody_touched_is_whole() {
    assert_eq!(checked(&chained(9)), Ok(9));
}

#[test]
fn what_is_done_by_a_request_says_from_where_and_what_is_not_says_nothing() {
    let source = IpAddr::from([10, 0, 0, 7]);
    let by = |origin: Option<Origin>| ByHand {
        at: Timestamp::UNIX_EPOCH,
        actor: Actor::named("api help-desk"),
        origin,
    };
    let origin = Origin {
        source,
        zone: Zone::INTERNAL,
        activity: ActivityId::from([9; 16]),
    };
    let event = Event::by_hand(&by(Some(origin.clone())), Kind::StoreRestored, None);
    assert_eq!(event.source, Some(source));
    assert_eq!(event.zone, Some(origin.zone));
    assert_eq!(event.activity, Some(origin.activity));
    let event = Event::by_hand(&by(None), Kind::StoreRestored, None);
    assert_eq!(
        (event.source, event.zone, event.activity),
        (None, None, None)
    );
}

#[test]
fn a_change_a_gap_and_a_swap_break_the_chain_where_they_are() {
    let mut changed = chained(9);
    changed[4].event.kind = Kind::UnderAttack { failures: 99 };
    assert_eq!(checked(&changed), Err(Broken { number: 5 }));
    changed[4].text = serde_json::to_string(&changed[4].event).unwrap();
    assert_eq!(checked(&changed), Err(Broken { number: 5 }));
    let mut gap = chained(9);
    gap.remove(2);
    assert_eq!(checked(&gap), Err(Broken { number: 3 }));
    let mut swapped = chained(9);
    swapped.swap(0, 1);
    assert_eq!(checked(&swapped), Err(Broken { number: 1 }));
}

#[test]
fn a_field_that_nobody_knows_is_covered_by_the_hash() {
    let foreign = |text: &str| text.replacen('{', "{\"foreign\":1,", 1);
    let mut added = chained(9);
    added[4].text = foreign(&added[4].text);
    assert_eq!(checked(&added), Err(Broken { number: 5 }));

    let text = foreign(&serde_json::to_string(&event(1)).unwrap());
    let written = ChainedEvent {
        number: 1,
        event: event(1),
        previous: [0; 32],
        hash: hash(&[0; 32], 1, &text),
        text,
    };
    assert_eq!(checked(&[written]), Ok(1), "a newer program wrote it");
}

#[test]
fn an_event_is_the_same_after_it_was_read_back() {
    let event = Event {
        kind: Kind::Refused {
            reason: Reason::WrongSecret,
            name: "CONTOSO\\anna".to_owned(),
        },
        source: Some("192.0.2.1".parse().unwrap()),
        service: Some(Service::LYNC),
        channel: Some(Channel::Ntlm),
        ..event(1)
    };
    let text = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
}

#[test]
fn a_sign_in_that_was_written_before_certificates_were_is_read() {
    let old = r#"{"at":"2026-11-24T08:00:00Z","event":"signed-in","credential":"phone","actor":null,"account":"1","source":"192.0.2.1","zone":null,"service":"lync","channel":"ntlm","activity":null}"#;
    let read: Event = serde_json::from_str(old).unwrap();
    let kind = |certificate| Kind::SignedIn {
        credential: CredentialId("phone".to_owned()),
        clock_skew: None,
        certificate,
    };
    assert_eq!(read.kind, kind(None));
    assert_eq!(serde_json::to_string(&read).unwrap(), old);
    let new = Event {
        kind: kind(Some("00".to_owned())),
        ..read
    };
    let text = serde_json::to_string(&new).unwrap();
    assert!(text.contains(r#""certificate":"00""#), "{text}");
    assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), new);
}

#[test]
fn a_typed_name_is_cut_and_cleaned() {
    assert_eq!(
        shown_name("an\r\nna", "CONTOSO"),
        "CONTOSO\\an\u{fffd}\u{fffd}na"
    );
    assert_eq!(shown_name(&"a".repeat(500), "").len(), MAX_NAME);
}

#[test]
fn a_kind_is_known_by_its_word() {
    let refused = Kind::Refused {
        reason: Reason::WrongSecret,
        name: String::new(),
    };
    assert_eq!(refused.word(), "refused");
    assert_eq!(Kind::SignedOut.word(), "signed-out");
    for word in ["refused", "signed-out", "signed-in", "trail-cut"] {
        assert!(Kind::is_word(word), "{word}");
    }
    for word in ["", "Refused", "signed_in", "signed-in "] {
        assert!(!Kind::is_word(word), "{word}");
    }
}
