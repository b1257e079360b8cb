//! Did we issue this? A signature by our key is not enough (T-SAML-4).

use authn::account::AccountId;
use authn::audit::Kind;
use authn::place::ActivityId;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use store::memory::Memory;
use sts::admin::keys;
use sts::admin::ledger::judge;
use sts::key_ring::{KeyId, KeyRing};
use sts::ledger::{Judged, LedgerEntry, Presented, PresentedError, SignedDigest, TokenId};
use sts::ports::{Ledger, RestsOn, SigningKeys};
use sts::trust::Identifier;
use xml::{Algorithm, Prepared, Verbatim};

use super::keys_are_shown_before_they_sign::made;
use super::{by_hand, trail};

/// A store with a key.
async fn world() -> (Memory, KeyRing) {
    let store = Memory::new();
    keys::add(&store, made("a"), &by_hand(0)).await.unwrap();
    let ring = store.kept_keys().await.unwrap().ring().unwrap();
    (store, ring)
}

/// A token of an id, signed with a key of a store, and what was signed.
async fn signed(store: &Memory, id: &str, version: u8) -> (String, SignedDigest) {
    let (attribute, namespace) = match version {
        1 => ("AssertionID", "urn:oasis:names:tc:SAML:1.0:assertion"),
        _ => ("ID", "urn:oasis:names:tc:SAML:2.0:assertion"),
    };
    let text = format!(
        "<Assertion xmlns=\"{namespace}\" {attribute}=\"{id}\"><Issuer>us</Issuer></Assertion>"
    );
    let unsigned = Verbatim::parse(text).unwrap();
    let prepared = Prepared::new(&unsigned, Algorithm::EcdsaSha256, None).unwrap();
    let kept = store.kept_keys().await.unwrap();
    let private = kept.keys[0].1.as_ref().unwrap();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, private.expose());
    let digest = SignedDigest::of(prepared.octets());
    let value = key.unwrap().sign(&SystemRandom::new(), prepared.octets());
    let signed = prepared.attach(value.unwrap().as_ref());
    (signed.as_str().to_owned(), digest)
}

async fn issued(store: &Memory, id: &str, digest: SignedDigest) -> LedgerEntry {
    let entry = LedgerEntry {
        token: TokenId(id.to_owned()),
        digest,
        key: KeyId("a".to_owned()),
        relying_party: Identifier::parse("urn:lync").unwrap(),
        account: Some(AccountId("id-of-anna".to_owned())),
        activity: ActivityId("7c0c".to_owned()),
        issued: by_hand(0).at,
        expires: by_hand(1).at,
    };
    let nothing = RestsOn::default();
    store
        .record_token(&entry, entry.event(), nothing)
        .await
        .unwrap();
    entry
}

/// What is said of a text.
async fn judged(store: &Memory, ring: &KeyRing, text: &str) -> Judged {
    let presented = Presented::read(text, Some(ring)).unwrap();
    judge((store, store), &presented, &by_hand(2))
        .await
        .unwrap()
}

#[tokio::test]
async fn t_saml_4_a_token_that_we_issued_is_known_alone_and_in_its_message() {
    for version in [1, 2] {
        let (store, ring) = world().await;
        let (text, digest) = signed(&store, "_one", version).await;
        let entry = issued(&store, "_one", digest).await;
        assert_eq!(
            judged(&store, &ring, &text).await,
            Judged::Issued(entry.clone())
        );
        let message = format!("<answer><token>{text}</token></answer>");
        assert_eq!(judged(&store, &ring, &message).await, Judged::Issued(entry));
    }
}

#[tokio::test]
async fn t_saml_4_a_token_that_our_key_signed_and_we_did_not_issue_is_forged() {
    let (store, ring) = world().await;
    let key = KeyId("a".to_owned());
    let (forged, _) = signed(&store, "_two", 1).await;
    let says = judged(&store, &ring, &forged).await;
    assert_eq!(says, Judged::Forged { key: key.clone() });
    let found = trail(&store).await.pop().unwrap();
    let token = "_two".to_owned();
    let of_key = key.0.clone();
    assert_eq!(found, Kind::ForgedTokenFound { token, key: of_key });
    // Nor does it help to bear the id of one that we issued.
    let (_, digest) = signed(&store, "_one", 1).await;
    issued(&store, "_one", digest).await;
    let (again, _) = signed(&store, "_one", 2).await;
    assert_eq!(judged(&store, &ring, &again).await, Judged::Forged { key });
}

#[tokio::test]
async fn a_token_that_was_changed_or_is_a_stranger_s_is_not_ours() {
    let (store, ring) = world().await;
    let (text, digest) = signed(&store, "_one", 1).await;
    issued(&store, "_one", digest).await;
    let changed = text.replace(">us<", ">them<");
    assert_eq!(judged(&store, &ring, &changed).await, Judged::NotOurs);
    let (stranger, _) = world().await;
    let (of_stranger, _) = signed(&stranger, "_one", 1).await;
    assert_eq!(judged(&store, &ring, &of_stranger).await, Judged::NotOurs);
    let unsigned = Presented::read(&text, None).unwrap();
    assert_eq!(unsigned.signed, None);
}

#[test]
fn what_is_no_token_or_several_cannot_be_asked_about() {
    let read = |text: &str| Presented::read(text, None).unwrap_err();
    assert!(matches!(read("no xml"), PresentedError::Parse(_)));
    assert_eq!(read("<a/>"), PresentedError::NotOne);
    let one = "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"a\"/>";
    assert_eq!(read(&format!("<a>{one}{one}</a>")), PresentedError::NotOne);
    assert_eq!(read(&one.replace(" ID=\"a\"", "")), PresentedError::NoId);
}
