//! Signing keys: one signs, one may be next, and a private half goes with its key. And the ledger of what was signed.

use std::sync::Arc;

use ::authn::account::AccountId;
use ::authn::audit::{Actor, ByHand, Event, KeyAct, Kind};
use ::authn::place::ActivityId;
use ::authn::ports::Unavailable;
use ::authn::ticket::{RelayedTicket, Relaying};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::secret::Secret;
use sts::key_ring::{KeyAlgorithm, KeyId, KeyState, TokenSigningCertificate};
use sts::ledger::{LedgerEntry, SignedDigest, TokenId};
use sts::ports::KeysChanged::{Done, Overtaken};
use sts::ports::RestsOn;
use sts::trust::{Certificate, Identifier};

use super::tickets::ticket;
use super::{Conforming, all_at_once, anna_with, at};

/// A certificate of P-256 that nobody has the key of any more.
const CERTIFICATE: &str = include_str!("../../testdata/certificate.b64");

pub(crate) fn signs() -> KeyState {
    KeyState::Primary { since: at(0) }
}

pub(crate) fn is_next() -> KeyState {
    KeyState::Next {
        promotes_at: at(100),
    }
}

pub(crate) fn signing_key(
    id: &str,
    state: KeyState,
) -> Result<TokenSigningCertificate, Unavailable> {
    let unreadable = |detail: String| Unavailable {
        what: "the certificate of the tests",
        detail,
    };
    let der = STANDARD.decode(CERTIFICATE.trim());
    let der = der.map_err(|error| unreadable(error.to_string()))?;
    let certificate = Certificate::parse(&der);
    Ok(TokenSigningCertificate {
        id: KeyId(id.to_owned()),
        algorithm: KeyAlgorithm::P256,
        certificate: certificate.map_err(|error| unreadable(error.to_string()))?,
        made: at(i64::try_from(id.len()).unwrap_or_default()),
        state,
    })
}

fn said(id: &str, act: KeyAct) -> Event {
    let actor = Actor::named("root");
    let kind = Kind::SigningKey {
        key: id.to_owned(),
        thumbprint: "AB".to_owned(),
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

pub(crate) async fn add_signing_key<S: Conforming>(
    store: &S,
    id: &str,
    state: KeyState,
) -> Result<sts::ports::KeysChanged, Unavailable> {
    let private = Secret::new(format!("private half of {id}").into_bytes());
    let key = signing_key(id, state)?;
    store.add_key(&key, &private, said(id, KeyAct::Made)).await
}

pub(crate) async fn promote_signing_key<S: Conforming>(
    store: &S,
    id: &str,
) -> Result<sts::ports::KeysChanged, Unavailable> {
    let id = KeyId(id.to_owned());
    let event = said(&id.0, KeyAct::Promoted);
    store.promote_key(&id, at(200), event).await
}

/// The id, the state and the private half of each.
pub(crate) async fn signing_keys_listed<S: Conforming>(
    store: &S,
) -> Result<Vec<(String, KeyState, Option<String>)>, Unavailable> {
    let kept = store.kept_keys().await?.keys.into_iter();
    let shown = |private: Secret<Vec<u8>>| String::from_utf8_lossy(private.expose()).into_owned();
    let listed = kept.map(|(key, private)| (key.id.0, key.state, private.map(shown)));
    Ok(listed.collect())
}

/// A key comes back with all that it was kept with, its private half included.
pub async fn a_signing_key_keeps_all_its_fields<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert!(store.kept_keys().await?.ring().is_none());
    assert_eq!(add_signing_key(&*store, "a", signs()).await?, Done);
    assert_eq!(add_signing_key(&*store, "bb", is_next()).await?, Done);
    let kept = store.kept_keys().await?;
    assert_eq!((kept.revision, store.keys_revision().await?), (2, 2));
    let ring = kept.ring();
    let ring = ring.as_ref();
    assert_eq!(
        ring.map(|it| &it.primary),
        Some(&signing_key("a", signs())?)
    );
    assert_eq!(
        ring.and_then(|it| it.next.as_ref()),
        Some(&signing_key("bb", is_next())?)
    );
    let half = |id: &str| Some(format!("private half of {id}"));
    assert_eq!(
        signing_keys_listed(&*store).await?,
        [
            ("a".to_owned(), signs(), half("a")),
            ("bb".to_owned(), is_next(), half("bb"))
        ]
    );
    Ok(())
}

/// At most one signs and one is next, and a next one is beside a primary.
pub async fn one_signing_key_is_primary_and_one_is_next<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(add_signing_key(&*store, "a", is_next()).await?, Overtaken);
    assert_eq!(add_signing_key(&*store, "a", signs()).await?, Done);
    assert_eq!(add_signing_key(&*store, "bb", signs()).await?, Overtaken);
    assert_eq!(add_signing_key(&*store, "bb", is_next()).await?, Done);
    assert_eq!(add_signing_key(&*store, "ccc", is_next()).await?, Overtaken);
    let retired = KeyState::Retired {
        since: at(0),
        until: at(1),
    };
    assert_eq!(add_signing_key(&*store, "ccc", retired).await?, Overtaken);
    assert_eq!(store.keys_revision().await?, 2);
    Ok(())
}

/// The next key becomes the primary; the one before signs no more, for its private half is gone.
pub async fn a_promoted_key_signs_and_the_one_before_does_not<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(promote_signing_key(&*store, "a").await?, Overtaken);
    assert_eq!(add_signing_key(&*store, "a", signs()).await?, Done);
    assert_eq!(promote_signing_key(&*store, "a").await?, Overtaken);
    assert_eq!(add_signing_key(&*store, "bb", is_next()).await?, Done);
    assert_eq!(promote_signing_key(&*store, "a").await?, Overtaken);
    let promotions = all_at_once(&store, 8, |store, _| async move {
        promote_signing_key(&*store, "bb").await
    });
    let promotions = promotions.await?;
    assert_eq!(promotions.iter().filter(|it| **it == Done).count(), 1);
    let (since, until) = (at(0), at(200));
    assert_eq!(
        signing_keys_listed(&*store).await?,
        [
            ("a".to_owned(), KeyState::Retired { since, until }, None),
            (
                "bb".to_owned(),
                KeyState::Primary { since: until },
                Some("private half of bb".to_owned())
            )
        ]
    );
    assert_eq!(add_signing_key(&*store, "ccc", is_next()).await?, Done);
    Ok(())
}

/// A next key can be given up, and the primary cannot.
pub async fn a_next_key_is_given_up_and_a_primary_is_not<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    assert_eq!(add_signing_key(&*store, "a", signs()).await?, Done);
    assert_eq!(add_signing_key(&*store, "bb", is_next()).await?, Done);
    let give_up = |id: &str| {
        let (key, event) = (KeyId(id.to_owned()), said(id, KeyAct::GivenUp));
        let store = Arc::clone(&store);
        async move { store.give_up_key(&key, event).await }
    };
    assert_eq!(give_up("a").await?, Overtaken);
    assert_eq!(give_up("bb").await?, Done);
    assert_eq!(give_up("bb").await?, Overtaken);
    assert_eq!(signing_keys_listed(&*store).await?.len(), 1);
    Ok(())
}

pub(crate) fn ledger_entry(token: &str, relying_party: Identifier) -> LedgerEntry {
    LedgerEntry {
        token: TokenId(token.to_owned()),
        digest: SignedDigest::of(token.as_bytes()),
        key: KeyId("a".to_owned()),
        relying_party,
        account: Some(AccountId("id-of-anna".to_owned())),
        activity: ActivityId("7c0c".to_owned()),
        issued: at(0),
        expires: at(3_600),
    }
}

pub(crate) fn lync() -> Result<Identifier, Unavailable> {
    Identifier::parse("urn:lync").map_err(|error| Unavailable {
        what: "an identifier",
        detail: error.to_string(),
    })
}

/// A token is found by its id and by what was signed, with its event in the trail; a stranger's is not.
pub async fn t_saml_4_a_token_that_was_issued_is_found_and_no_other<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let entry = ledger_entry("_one", lync()?);
    store
        .record_token(&entry, entry.event(), RestsOn::default())
        .await?;
    let of_nobody = LedgerEntry {
        account: None,
        ..ledger_entry("_two", lync()?)
    };
    store
        .record_token(&of_nobody, of_nobody.event(), RestsOn::default())
        .await?;
    let found = store.token(&entry.token).await?;
    assert_eq!(found.as_ref(), Some(&entry));
    assert_eq!(store.token_signed(&entry.digest).await?, found);
    assert_eq!(store.token(&of_nobody.token).await?, Some(of_nobody));
    let forged = TokenId("_forged".to_owned());
    assert_eq!(store.token(&forged).await?, None);
    assert_eq!(
        store.token_signed(&SignedDigest::of(b"forged")).await?,
        None
    );
    let trail = store.read(1, 10).await?;
    let issued = trail.first().map(|it| &it.event.kind);
    assert_eq!(issued, Some(&entry.event().kind));
    Ok(())
}

/// No two tokens have one id.
pub async fn a_token_is_written_down_once<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let first = ledger_entry("_one", lync()?);
    store
        .record_token(&first, first.event(), RestsOn::default())
        .await?;
    let mut again = first.clone();
    again.digest = SignedDigest::of(b"something else");
    let nothing = RestsOn::default();
    let again_too = store.record_token(&again, again.event(), nothing).await;
    assert!(again_too.is_err());
    assert_eq!(store.token(&first.token).await?, Some(first));
    Ok(())
}

/// A token, and each ticket that it stands for: where one may not be recorded, or the token not, there is nothing of either.
pub async fn a_token_and_what_it_rests_on_are_written_down_together_or_not_at_all<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let (first, second) = (ticket(1, &anna, "phone"), ticket(2, &anna, "phone"));
    let of_nothing = ticket(3, &anna, "no such password");
    let rests_on = |tickets: &[&RelayedTicket], heard| RestsOn {
        tickets: tickets.iter().map(|&it| Relaying::of(it.clone())).collect(),
        heard,
    };
    let token = ledger_entry("_one", lync()?);
    let end = store.last().await?;
    let in_vain = [
        rests_on(&[&of_nothing], end),
        rests_on(&[&first, &of_nothing], end),
    ];
    let before = store.read(1, 100).await?.len();
    for rests_on in in_vain {
        let recorded = store.record_token(&token, token.event(), rests_on).await;
        assert!(recorded.is_err());
        assert_eq!(store.token(&token.token).await?, None);
        assert!(store.find(&first.key, at(11)).await?.is_none());
    }
    assert_eq!(store.read(1, 100).await?.len(), before, "nothing is told");

    let both = rests_on(&[&first, &second], end);
    store.record_token(&token, token.event(), both).await?;
    assert_eq!(store.token(&token.token).await?, Some(token.clone()));
    for ticket in [&first, &second] {
        assert!(store.find(&ticket.key, at(11)).await?.is_some());
    }

    // A token of that id was signed before: nothing is recorded for another.
    let third = ticket(4, &anna, "phone");
    let again = rests_on(&[&third], end);
    assert!(
        store
            .record_token(&token, token.event(), again)
            .await
            .is_err()
    );
    assert!(store.find(&third.key, at(11)).await?.is_none());
    Ok(())
}

/// What was revoked since somebody asked ends the token before it leaves.
pub async fn of_a_sign_in_that_was_revoked_meanwhile_no_token_is_written_down<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let ticket = ticket(1, &anna, "phone");
    let rests_on = RestsOn {
        tickets: vec![Relaying::of(ticket.clone())],
        heard: store.last().await?,
    };
    let kind = Kind::AppPasswordRevoked {
        credential: ticket.credential.clone(),
    };
    let revoked = super::event(20, kind, &anna);
    let credential = &ticket.credential;
    assert!(
        store
            .revoke_app_password(credential, at(20), revoked)
            .await?
    );
    let token = ledger_entry("_one", lync()?);
    let recorded = store.record_token(&token, token.event(), rests_on).await;
    assert!(recorded.is_err());
    assert_eq!(store.token(&token.token).await?, None);
    Ok(())
}
