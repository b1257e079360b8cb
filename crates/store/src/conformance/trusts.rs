//! Trusts, as they are kept: by name and identifier, changed from what they were, all or none.

use std::sync::Arc;

use ::authn::audit::{Actor, ByHand, Event, Kind as EventKind, TrustAct};
use ::authn::ports::Unavailable;
use sts::ports::{Change, ChangeRefused, KeptTrust};
use sts::trust::{Identifier, Kind};

use super::{Conforming, all_at_once, at};

fn trust(kind: Kind, name: &str, identifiers: &[&str]) -> KeptTrust {
    let identifiers = identifiers.iter().map(|it| Identifier::parse(it));
    KeptTrust {
        kind,
        name: name.to_owned(),
        identifiers: identifiers.filter_map(Result::ok).collect(),
        text: format!("{{\"of\":\"{name}\"}}"),
    }
}

pub(crate) fn kept_party(name: &str) -> KeptTrust {
    trust(Kind::RelyingParty, name, &[&format!("urn:{name}")])
}

fn said(name: &str, act: TrustAct) -> Event {
    let actor = Actor::named("root");
    let kind = EventKind::Trust {
        kind: Kind::RelyingParty.as_str().to_owned(),
        name: name.to_owned(),
        act,
    };
    Event::by_hand(
        &ByHand {
            at: at(0),
            actor,
            origin: None,
        },
        kind,
        None,
    )
}

pub(crate) async fn add_trust<S: Conforming>(
    store: &S,
    trust: KeptTrust,
) -> Result<Result<i64, ChangeRefused>, Unavailable> {
    let event = said(&trust.name, TrustAct::Added);
    store.change(vec![(Change::Add(trust), event)]).await
}

/// The name, the number of its last change and the text of each.
async fn listed<S: Conforming>(store: &S) -> Result<Vec<(String, i64, String)>, Unavailable> {
    let kept = store.kept().await?.trusts.into_iter();
    let listed = kept.map(|(revision, trust)| (trust.name, revision, trust.text));
    Ok(listed.collect())
}

/// A trust comes back with all that it was kept with, and every change has its number and its event.
pub async fn a_trust_keeps_all_its_fields<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    assert_eq!(store.revision().await?, 0);
    let events = store.read(1, 1_000).await?.len();
    let lync = trust(Kind::RelyingParty, "Lync-Ext", &["urn:b", "urn:a"]);
    let adfs = trust(Kind::ClaimsProvider, "Lync-Ext", &["urn:a"]);
    assert_eq!(add_trust(&*store, lync.clone()).await?, Ok(1));
    assert_eq!(add_trust(&*store, adfs.clone()).await?, Ok(2));
    let kept = store.kept().await?;
    assert_eq!(kept.revision, 2);
    assert_eq!(kept.trusts, [(2, adfs), (1, lync)]);
    assert_eq!(store.read(1, 1_000).await?.len(), events + 2);
    Ok(())
}

/// A name is one trust's of a kind, in any case of letters, and so is an identifier, as it stands.
pub async fn a_name_and_an_identifier_are_one_trust_s<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let first = trust(Kind::RelyingParty, "Lync-Ext", &["urn:a"]);
    assert_eq!(add_trust(&*store, first).await?, Ok(1));
    let named_alike = trust(Kind::RelyingParty, "LYNC-ext", &["urn:b"]);
    let refused = add_trust(&*store, named_alike).await?;
    assert!(
        matches!(&refused, Err(ChangeRefused::NameTaken { name, .. }) if name == "LYNC-ext"),
        "{refused:?}"
    );
    let calls_itself_alike = trust(Kind::RelyingParty, "other", &["urn:b", "urn:a"]);
    let refused = add_trust(&*store, calls_itself_alike).await?;
    assert!(
        matches!(&refused, Err(ChangeRefused::IdentifierTaken { identifier, .. })
            if identifier.as_str() == "urn:a"),
        "{refused:?}"
    );
    let itself_twice = trust(Kind::RelyingParty, "other", &["urn:b", "urn:b"]);
    assert!(add_trust(&*store, itself_twice).await?.is_err());
    let other_case = trust(Kind::RelyingParty, "other", &["urn:A", "urn:b"]);
    assert!(add_trust(&*store, other_case).await?.is_ok());
    Ok(())
}

/// A trust is replaced or removed from what it was, and from nothing else; its old names are free.
pub async fn a_trust_is_changed_from_what_it_was<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(add_trust(&*store, kept_party("a")).await?, Ok(1));
    let replace = |name: &str, revision, with| {
        let change = Change::Replace {
            name: name.to_owned(),
            revision,
            with,
        };
        store.change(vec![(change, said(name, TrustAct::Changed))])
    };
    let overtaken = Err(ChangeRefused::Overtaken {
        kind: Kind::RelyingParty,
        name: "a".to_owned(),
    });
    assert_eq!(replace("a", 7, kept_party("b")).await?, overtaken);
    assert_eq!(replace("a", 1, kept_party("b")).await?, Ok(2));
    assert_eq!(replace("a", 1, kept_party("c")).await?, overtaken);
    assert_eq!(replace("b", 2, kept_party("b")).await?, Ok(3));
    assert_eq!(add_trust(&*store, kept_party("a")).await?, Ok(4));
    let remove = |revision| {
        let change = Change::Remove {
            kind: Kind::RelyingParty,
            name: "a".to_owned(),
            revision,
        };
        store.change(vec![(change, said("a", TrustAct::Removed))])
    };
    assert_eq!(remove(3).await?, overtaken);
    assert_eq!(remove(4).await?, Ok(5));
    let text = kept_party("b").text;
    assert_eq!(listed(&*store).await?, [("b".to_owned(), 3, text)]);
    assert_eq!(store.revision().await?, 5);
    Ok(())
}

/// Of several changes all are made or none, and none leaves an event.
pub async fn changes_of_trusts_are_made_all_or_none<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(add_trust(&*store, kept_party("a")).await?, Ok(1));
    let events = store.read(1, 1_000).await?.len();
    let add = |name: &str| (Change::Add(kept_party(name)), said(name, TrustAct::Added));
    let refused = store.change(vec![add("b"), add("a"), add("c")]).await?;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(listed(&*store).await?.len(), 1);
    assert_eq!(store.revision().await?, 1);
    assert_eq!(store.read(1, 1_000).await?.len(), events);
    assert_eq!(store.change(vec![add("b"), add("c")]).await?, Ok(3));
    assert_eq!(listed(&*store).await?.len(), 3);
    Ok(())
}

/// Of many who change one trust at once, one was first and the others are told.
pub async fn of_16_parallel_changes_of_a_trust_one_is_made<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(add_trust(&*store, kept_party("a")).await?, Ok(1));
    let change = |store: Arc<S>, number: u32| async move {
        let mut with = kept_party("a");
        with.text = number.to_string();
        let change = Change::Replace {
            name: "a".to_owned(),
            revision: 1,
            with,
        };
        store
            .change(vec![(change, said("a", TrustAct::Changed))])
            .await
    };
    let said = all_at_once(&store, 16, change).await?;
    assert_eq!(said.iter().filter(|it| it.is_ok()).count(), 1);
    assert_eq!(store.revision().await?, 2);
    Ok(())
}
