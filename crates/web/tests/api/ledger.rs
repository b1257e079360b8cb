//! Did we issue this? Asked by a program: a token that a key of ours signed and that is not in the ledger is forged.

use authn::account::AccountId;
use authn::admin::role::Role;
use authn::audit::Kind;
use authn::place::ActivityId;
use authn::ports::Audit as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use jiff::SignedDuration;
use proto::secret::Secret;
use rcgen::{CertificateParams, KeyPair};
use serde_json::json;
use store::memory::Memory;
use sts::admin::keys::{self, NewKey};
use sts::key_ring::{KeyAlgorithm, KeyId};
use sts::ledger::{LedgerEntry, SignedDigest, TokenId};
use sts::ports::{Ledger as _, RestsOn};
use sts::trust::{Certificate, Identifier};
use xml::{Algorithm, Prepared, Verbatim};

use crate::world::{World, by_hand};

const JUDGE: (&str, &str) = ("POST", "/api/v1/ledger/judge");

/// A token of the ledger, by what was signed.
pub(crate) fn issued(id: &str, digest: SignedDigest) -> LedgerEntry {
    let issued = by_hand().at;
    LedgerEntry {
        token: TokenId(id.to_owned()),
        digest,
        key: KeyId("a".to_owned()),
        relying_party: Identifier::parse("urn:lync").unwrap(),
        account: Some(AccountId("id-of-anna".to_owned())),
        activity: ActivityId("7c0c".to_owned()),
        issued,
        expires: issued + SignedDuration::from_hours(1),
    }
}

/// Makes the key `a` in a store; gives what signs by it.
async fn key(memory: &Memory) -> EcdsaKeyPair {
    let pair = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(Vec::new()).unwrap();
    let certificate = certificate.self_signed(&pair).unwrap();
    let key = NewKey {
        id: KeyId("a".to_owned()),
        algorithm: KeyAlgorithm::P256,
        certificate: Certificate::parse(certificate.der()).unwrap(),
        private: Secret::new(pair.serialize_der()),
    };
    keys::add(memory, key, &by_hand()).await.unwrap();
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pair.serialize_der()).unwrap()
}

/// A token of several lines, signed, and what was signed.
fn signed(key: &EcdsaKeyPair, id: &str) -> (String, SignedDigest) {
    let text = format!(
        "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"{id}\">\n\t<Issuer>us</Issuer></Assertion>"
    );
    let unsigned = Verbatim::parse(text).unwrap();
    let prepared = Prepared::new(&unsigned, Algorithm::EcdsaSha256, None).unwrap();
    let value = key.sign(&SystemRandom::new(), prepared.octets()).unwrap();
    let digest = SignedDigest::of(prepared.octets());
    (prepared.attach(value.as_ref()).as_str().to_owned(), digest)
}

#[tokio::test]
async fn t_saml_4_a_posted_token_is_told_from_one_that_was_forged() {
    let world = World::new().await;
    let key = key(&world.memory).await;
    let (text, digest) = signed(&key, "_one");
    let entry = issued("_one", digest);
    let recorded = world
        .memory
        .record_token(&entry, entry.event(), RestsOn::default())
        .await;
    recorded.unwrap();
    let (forged, _) = signed(&key, "_two");
    for (text, verdict) in [
        (&text, "issued"),
        (&forged, "forged"),
        (&text.replace("us</", "them</"), "not-ours"),
    ] {
        for role in [Role::Auditor, Role::FederationAdministrator] {
            let body = json!({ "token": text }).to_string();
            let got = world.asks_as(role, JUDGE, &body).await;
            assert_eq!(got.status, 200, "{}", got.body);
            assert_eq!(got.body["verdict"], verdict, "{}", got.body);
            let party = got.body.get("relying_party").is_some();
            assert_eq!(party, verdict == "issued", "{}", got.body);
        }
    }
    let trail = world.memory.read(1, 1_000).await.unwrap();
    let forged = trail.iter().filter(|it| {
        matches!(&it.event.kind, Kind::ForgedTokenFound { token, key } if token == "_two" && key == "a")
    });
    let actors: Vec<_> = forged.map(|it| it.event.actor.clone().unwrap()).collect();
    assert_eq!(actors.len(), 2, "each time that it was presented");
    assert!(actors.iter().all(|it| it.as_str().starts_with("api ")));
    let texts = trail.iter().map(|it| &it.text);
    assert!(texts.clone().count() > 0 && !texts.clone().any(|it| it.contains("<Assertion")));
}

#[tokio::test]
async fn a_token_stands_in_no_address_and_is_no_longer_than_is_read() {
    let world = World::new().await;
    let by_id = ("GET", "/api/v1/ledger/_one");
    let unknown = world.asks_as(Role::Auditor, by_id, "").await;
    assert_eq!(unknown.status, 404, "{}", unknown.body);
    let judge = format!("{}?token=x", JUDGE.1);
    for (method, path) in [("GET", JUDGE.1), ("GET", &judge), ("POST", &judge)] {
        let got = world.asks_as(Role::Auditor, (method, path), "").await;
        assert!([400, 404].contains(&got.status), "{method} {path}");
    }
    let long = json!({ "token": "a".repeat(512 * 1_024 + 1) }).to_string();
    let long = world.asks_as(Role::Auditor, JUDGE, &long).await;
    assert_eq!(long.status, 400);
}
