//! Keys: the first signs at once, another is shown for thirty days, and what is due is known.

use authn::audit::{KeyAct, Kind};
use jiff::SignedDuration;
use proto::secret::Secret;
use rcgen::{CertificateParams, KeyPair};
use store::memory::Memory;
use sts::admin::keys::{self, Due, KeyError, NewKey, RENEWED_BEFORE, SHOWN_BEFORE};
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing, KeyState};
use sts::ports::{MetadataReader, MetadataReaders, SigningKeys};
use sts::trust::Certificate;

use super::{by_hand, trail};

/// A key whose certificate ends in 4096, as rcgen has it.
pub(crate) fn made(id: &str) -> NewKey {
    let pair = KeyPair::generate().unwrap();
    let params = CertificateParams::new(Vec::new()).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    NewKey {
        id: KeyId(id.to_owned()),
        algorithm: KeyAlgorithm::P256,
        certificate: Certificate::parse(certificate.der()).unwrap(),
        private: Secret::new(pair.serialize_der()),
    }
}

async fn ring(store: &Memory) -> KeyRing {
    store.kept_keys().await.unwrap().ring().unwrap()
}

#[tokio::test]
async fn the_first_key_signs_at_once_and_another_is_next_with_its_date() {
    let store = Memory::new();
    let first = keys::add(&store, made("a"), &by_hand(0)).await.unwrap();
    assert_eq!(
        first.state,
        KeyState::Primary {
            since: by_hand(0).at
        }
    );
    let next = keys::add(&store, made("b"), &by_hand(1)).await.unwrap();
    let promotes_at = by_hand(1).at + SHOWN_BEFORE;
    assert_eq!(next.state, KeyState::Next { promotes_at });
    let third = keys::add(&store, made("c"), &by_hand(2)).await;
    let id = next.id.clone();
    assert_eq!(
        third.unwrap_err(),
        KeyError::NextAlready { id, promotes_at }
    );
    assert_eq!(ring(&store).await.next, Some(next));
}

#[tokio::test]
async fn a_promoted_key_takes_the_place_of_the_one_before() {
    let store = Memory::new();
    let first = keys::add(&store, made("a"), &by_hand(0)).await.unwrap();
    let none = keys::promote(&store, &by_hand(1)).await;
    assert_eq!(none.unwrap_err(), KeyError::NoNext);
    keys::add(&store, made("b"), &by_hand(1)).await.unwrap();
    let promoted = keys::promote(&store, &by_hand(2)).await.unwrap();
    let ring = ring(&store).await;
    assert_eq!(ring.primary, promoted);
    assert_eq!(ring.retired[0].id, first.id);
    let acts = trail(&store).await.into_iter().map(|it| match it {
        Kind::SigningKey { key, act, .. } => (key, act),
        other => panic!("{other:?}"),
    });
    let acts: Vec<_> = acts.collect();
    let act = |key: &str, act| (key.to_owned(), act);
    assert_eq!(
        acts,
        [
            act("a", KeyAct::Made),
            act("b", KeyAct::Made),
            act("b", KeyAct::Promoted)
        ]
    );
}

#[tokio::test]
async fn a_next_key_is_given_up() {
    let store = Memory::new();
    keys::add(&store, made("a"), &by_hand(0)).await.unwrap();
    keys::add(&store, made("b"), &by_hand(1)).await.unwrap();
    keys::give_up(&store, &by_hand(2)).await.unwrap();
    let none = keys::give_up(&store, &by_hand(2)).await;
    assert_eq!(none.unwrap_err(), KeyError::NoNext);
    assert_eq!(ring(&store).await.next, None);
}

#[tokio::test]
async fn what_is_due_is_a_first_key_a_next_one_before_the_end_and_its_promotion() {
    let store = Memory::new();
    assert_eq!(keys::due(None, by_hand(0).at), Some(Due::First));
    keys::add(&store, made("a"), &by_hand(0)).await.unwrap();
    let known = ring(&store).await;
    let renewed = known.primary.certificate.not_after() - RENEWED_BEFORE;
    let moment = SignedDuration::from_secs(1);
    assert_eq!(keys::due(Some(&known), renewed - moment), None);
    let next = Some(Due::Next(KeyAlgorithm::P256));
    assert_eq!(keys::due(Some(&known), renewed), next);
    let next = keys::add(&store, made("b"), &by_hand(1)).await.unwrap();
    let known = ring(&store).await;
    let KeyState::Next { promotes_at } = next.state else {
        panic!("next");
    };
    assert_eq!(keys::due(Some(&known), promotes_at - moment), None);
    let promotion = Some(Due::Promotion(next.id));
    assert_eq!(keys::due(Some(&known), promotes_at), promotion);
}

#[tokio::test]
async fn whoever_has_not_fetched_the_next_key_is_behind() {
    let store = Memory::new();
    keys::add(&store, made("a"), &by_hand(0)).await.unwrap();
    let reader = |agent: &str| MetadataReader {
        source: [192, 0, 2, 1].into(),
        agent: agent.to_owned(),
    };
    let (a, b) = (KeyId("a".to_owned()), KeyId("b".to_owned()));
    let (lync, exchange) = (reader("Lync"), reader("Exchange"));
    for reader in [&lync, &exchange] {
        let noted = store.note_reader(std::slice::from_ref(&a), reader, by_hand(1).at);
        noted.await.unwrap();
    }
    let behind = async || {
        let readings = store.readings().await.unwrap();
        let behind = keys::behind(&ring(&store).await, &readings).into_iter();
        let mut agents: Vec<String> = behind.map(|it| it.reader.agent).collect();
        agents.sort();
        agents
    };
    assert!(behind().await.is_empty(), "no key is next");
    keys::add(&store, made("b"), &by_hand(2)).await.unwrap();
    assert_eq!(behind().await, ["Exchange", "Lync"]);
    let both = [a, b];
    let noted = store.note_reader(&both, &lync, by_hand(3).at).await;
    noted.unwrap();
    assert_eq!(behind().await, ["Exchange"]);
}
