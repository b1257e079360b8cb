//! What was seen at partners' metadata: one process reads each trust, once it is due, and what it saw goes with the trust.

use std::sync::Arc;

use ::authn::audit::{Actor, ByHand, Event, Kind as EventKind, MetadataAct, TrustAct};
use ::authn::ports::{Claim, Unavailable};
use sts::ports::{Change, KeptTrust, Outcome, PartnerReading};
use sts::trust::{Identifier, Kind};

use super::{Conforming, at};

fn trust() -> KeptTrust {
    KeptTrust {
        kind: Kind::RelyingParty,
        name: "Lync".to_owned(),
        identifiers: Identifier::parse("urn:lync").into_iter().collect(),
        text: "{}".to_owned(),
    }
}

fn event(act: TrustAct) -> Event {
    let by = ByHand {
        at: at(0),
        actor: Actor::named("root"),
        origin: None,
    };
    let kind = EventKind::Trust {
        kind: "relying-party".to_owned(),
        name: "Lync".to_owned(),
        act,
    };
    Event::by_hand(&by, kind, None)
}

fn claim(by: &str, now: i64) -> Claim {
    Claim {
        by: by.to_owned(),
        now: at(now),
        until: at(now + 10),
    }
}

fn reading(trust: i64, seen: i64) -> PartnerReading {
    PartnerReading {
        trust,
        at: at(seen),
        good_at: None,
        next_at: at(seen + 100),
        failures: 3,
        outcome: Outcome::Unread,
        said: "no TLS".to_owned(),
    }
}

fn unread() -> Event {
    let kind = EventKind::PartnerMetadata {
        kind: "relying-party".to_owned(),
        name: "Lync".to_owned(),
        act: MetadataAct::Unread,
        said: "no TLS".to_owned(),
    };
    Event::observed(at(5), kind, None)
}

async fn added<S: Conforming>(store: &S) -> Result<i64, Unavailable> {
    let change = (Change::Add(trust()), event(TrustAct::Added));
    Ok(store.change(vec![change]).await?.unwrap_or_default())
}

/// A trust is read by one process, once it is due; a process that died holds it until its claim ends, and can write nothing then.
pub async fn a_partner_is_read_by_one_process_once_it_is_due<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let trust = added(&*store).await?;
    assert!(store.claim_reading(trust, &claim("one", 0)).await?);
    assert!(!store.claim_reading(trust, &claim("other", 9)).await?);
    assert_eq!(store.partner_readings().await?, []);
    assert!(store.claim_reading(trust, &claim("other", 10)).await?);
    let seen = reading(trust, 11);
    let late = store.note_reading((trust, "one"), &seen, vec![unread()]);
    assert!(!late.await?);
    let last = store.last_event().await?;
    let noted = store.note_reading((trust, "other"), &seen, vec![unread()]);
    assert!(noted.await?);
    assert_eq!(store.last_event().await?, last + 1);
    assert_eq!(store.partner_readings().await?, [seen]);
    // It is not due, and then it is.
    assert!(!store.claim_reading(trust, &claim("one", 110)).await?);
    assert!(store.claim_reading(trust, &claim("one", 111)).await?);
    let good = PartnerReading {
        good_at: Some(at(112)),
        failures: 0,
        outcome: Outcome::Waiting,
        ..reading(trust, 112)
    };
    let noted = store.note_reading((trust, "one"), &good, vec![]);
    assert!(noted.await?);
    assert_eq!(store.partner_readings().await?, [good]);
    Ok(())
}

/// What is seen of a trust stands with the change that it was seen to make, and is gone with the trust.
pub async fn what_was_seen_of_a_partner_goes_with_its_trust<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let first = added(&*store).await?;
    assert!(store.claim_reading(first, &claim("one", 0)).await?);
    let replaced = Change::Replace {
        name: "Lync".to_owned(),
        revision: first,
        with: trust(),
    };
    let changed = store.change(vec![(replaced, event(TrustAct::Changed))]);
    let second = changed.await?.unwrap_or_default();
    let taken = reading(second, 1);
    let noted = store.note_reading((first, "one"), &taken, vec![]);
    assert!(noted.await?);
    assert_eq!(store.partner_readings().await?, [taken]);
    let removed = Change::Remove {
        kind: Kind::RelyingParty,
        name: "Lync".to_owned(),
        revision: second,
    };
    assert!(store.claim_reading(second, &claim("one", 101)).await?);
    let changed = store.change(vec![(removed, event(TrustAct::Removed))]);
    assert!(changed.await?.is_ok());
    // Whoever still reads it says nothing of it, and nobody begins to.
    let last = store.last_event().await?;
    let gone = reading(second, 102);
    let noted = store.note_reading((second, "one"), &gone, vec![unread()]);
    assert!(!noted.await?);
    assert_eq!(store.last_event().await?, last);
    assert!(!store.claim_reading(second, &claim("one", 300)).await?);
    let another = added(&*store).await?;
    assert!(another > second);
    assert!(store.claim_reading(another, &claim("one", 2)).await?);
    assert_eq!(store.partner_readings().await?, []);
    Ok(())
}
