//! Metadata names the key that signs and the one that is next; a partner that breaks on two reads the first alone.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use sts::key_ring::{KeyAlgorithm, KeyId, KeyRing, KeyState, TokenSigningCertificate};
use sts::metadata::{MAX_AGENT, MAX_NOTED, Naming};
use sts::ports::{Keys, MetadataReader, ToSign, Unavailable};
use xml::{Document, PublicKey};

use crate::world::{at, certified, lync, world};

/// Keys of which one is next.
struct WithNext(Arc<dyn Keys>, TokenSigningCertificate);

#[async_trait]
impl Keys for WithNext {
    async fn ring(&self) -> Result<KeyRing, Unavailable> {
        Ok(KeyRing {
            next: Some(self.1.clone()),
            ..self.0.ring().await?
        })
    }

    async fn sign(
        &self,
        key: &KeyId,
        what: ToSign<'_>,
        octets: &[u8],
    ) -> Result<Vec<u8>, Unavailable> {
        self.0.sign(key, what, octets).await
    }
}

#[tokio::test]
async fn never_two_signing_keys_to_a_partner_that_asks_for_one() {
    let mut world = world(vec![lync()]);
    let (next, _) = certified();
    let of_next = STANDARD.encode(next.der());
    let of_primary = STANDARD.encode(world.certificate.der());
    let promotes_at = Timestamp::from_second(1_900_000_000).unwrap();
    let next = TokenSigningCertificate {
        id: KeyId("2".to_owned()),
        algorithm: KeyAlgorithm::Rsa2048,
        certificate: next,
        made: Timestamp::UNIX_EPOCH,
        state: KeyState::Next { promotes_at },
    };
    world.service.keys = Arc::new(WithNext(Arc::clone(&world.service.keys), next));
    let key = PublicKey::from_certificate(world.certificate.der()).unwrap();
    for _ in 0..2 {
        for (naming, roles) in [(Naming::AllKeys, 2), (Naming::PrimaryKey, 0)] {
            let written = world.service.metadata(naming).await.unwrap();
            let document = Document::parse_within(&written, xml::Limits::METADATA).unwrap();
            let verified = xml::signature::verify(document.root(), &key).unwrap();
            let named = |certificate: &str| verified.as_str().matches(certificate).count();
            // Once in the role of the token service and once in that of the identity provider.
            assert_eq!(
                (named(&of_primary), named(&of_next)),
                (2, roles),
                "{naming:?}"
            );
        }
    }
    assert_eq!(*world.signed.lock().unwrap(), 2, "once for each");
}

fn reader(agent: &str) -> MetadataReader {
    MetadataReader {
        source: [192, 0, 2, 1].into(),
        agent: agent.to_owned(),
    }
}

/// Whoever asks every second is noted once an hour, and whoever asks by many names so often a minute.
#[tokio::test]
async fn who_fetched_it_is_noted_once_in_a_while_and_no_flood_of_names_is() {
    let world = world(vec![lync()]);
    let fetched = |agent: String, at| {
        let reader = reader(&agent);
        world.service.metadata_fetched(Naming::AllKeys, reader, at)
    };
    for second in [0, 1, 59, 3_599, 3_600] {
        fetched("Lync".to_owned(), at(second)).await.unwrap();
    }
    let noted = |world: &crate::world::World| world.kept.read.lock().unwrap().clone();
    let times: Vec<Timestamp> = noted(&world).iter().map(|it| it.at).collect();
    assert_eq!(times, [at(0), at(3_600)]);
    assert_eq!(noted(&world)[0].key.0, "1");
    let flood = u32::try_from(noted(&world).len()).unwrap();
    for number in 0..2 * MAX_NOTED {
        fetched(format!("{number}"), at(7_200)).await.unwrap();
    }
    assert_eq!(
        noted(&world).len(),
        usize::try_from(flood + MAX_NOTED).unwrap()
    );
    fetched("long".repeat(MAX_AGENT), at(7_260)).await.unwrap();
    let last = noted(&world).pop().unwrap().reader.agent;
    assert_eq!(last.len(), MAX_AGENT, "the next minute");
}

#[tokio::test]
async fn what_could_not_be_noted_is_noted_when_it_comes_again() {
    let world = world(vec![lync()]);
    *world.kept.is_away.lock().unwrap() = true;
    let fetched = || {
        let reader = reader("Lync");
        world
            .service
            .metadata_fetched(Naming::PrimaryKey, reader, at(0))
    };
    assert!(fetched().await.is_err());
    *world.kept.is_away.lock().unwrap() = false;
    fetched().await.unwrap();
    assert_eq!(world.kept.read.lock().unwrap().len(), 1);
}
