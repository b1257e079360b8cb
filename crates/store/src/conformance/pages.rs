//! Memorised secrets, sign-ins under way and invitations.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::memorised_secret::{
    Cost, MAX_IN_A_ROW, MAX_IN_WINDOW, MemorisedSecret, SecretHash, SecretPlace,
    StoredMemorisedSecret,
};
use ::authn::credential::otp_token::Source;
use ::authn::handle::{Handle, HandleKey};
use ::authn::lockout::Subject;
use ::authn::place::{Method, Service, Zone};
use ::authn::ports::Unavailable;
use ::authn::session::{Browser, Invitation, Session};
use ::authn::sign_in::{Completed, Completion, Requirement, SignIn, Stage};
use proto::secret::Secret;

use super::sessions::{is_there, missing};
use super::{Conforming, HOME, account, all_at_once, at, event, of_account, taken};

pub(super) fn key(byte: u8) -> HandleKey {
    Handle::made_from([byte; 32]).key()
}

/// A secret of somebody, called after both.
#[cfg(test)]
pub(crate) fn secret(which: &str, sam: &str, account: &Account) -> StoredMemorisedSecret {
    made(&format!("{which} of {sam}"), account, 1)
}

/// Signs somebody in by a secret; gives what the store knows the session by.
#[cfg(test)]
pub(crate) async fn signed_in_by<S: Conforming>(
    store: &S,
    account: &Account,
    credential: &str,
) -> Result<HandleKey, Unavailable> {
    let sign_in = SignIn {
        ends: at(1_000_000),
        ..begun()
    };
    store.begin_sign_in(key(1), &sign_in).await?;
    let mut completion = completion(account, (1, 2), 20);
    completion.session.credential = CredentialId(credential.to_owned());
    assert_eq!(store.complete(completion).await?, Completed::Written);
    Ok(key(2))
}

pub(super) fn made(id: &str, account: &Account, seconds: i64) -> StoredMemorisedSecret {
    StoredMemorisedSecret {
        record: MemorisedSecret {
            id: CredentialId(id.to_owned()),
            account: account.id.clone(),
            set: at(seconds),
            last_used: None,
            disowned: None,
        },
        hash: SecretHash {
            cost: Cost::NEW,
            salt: [3; 16],
            tag: Secret::new([4; 32]),
        },
    }
}

/// An account with a memorised secret.
pub(super) async fn with_secret<S: Conforming>(
    store: &S,
    sam: &str,
) -> Result<Account, Unavailable> {
    let somebody = account(sam);
    let created = event(0, Kind::AccountCreated, &somebody);
    assert_eq!(store.add(&somebody, created).await?, Ok(()));
    set(store, &format!("secret-of-{sam}"), &somebody, 1).await?;
    Ok(somebody)
}

pub(super) async fn set<S: Conforming>(
    store: &S,
    id: &str,
    account: &Account,
    seconds: i64,
) -> Result<(), Unavailable> {
    let secret = made(id, account, seconds);
    let kind = Kind::MemorisedSecretSet {
        credential: secret.record.id.clone(),
    };
    store
        .set_memorised_secret(&secret, event(seconds, kind, account))
        .await
}

pub(super) fn begun() -> SignIn {
    let (portal, both) = (Service::PORTAL, Requirement::SecretAndCode);
    SignIn::begin(portal, both, "/".to_owned(), at(10))
}

pub(super) fn completion(
    account: &Account,
    (sign_in, session): (u8, u8),
    seconds: i64,
) -> Completion {
    let credential = CredentialId(format!("secret-of-{}", account.sam));
    let kind = Kind::SignedIn {
        credential: credential.clone(),
        clock_skew: None,
        certificate: None,
    };
    Completion {
        sign_in: key(sign_in),
        step: 0,
        code: None,
        guessed: None,
        passkey: None,
        spare: None,
        places: Vec::new(),
        secret: None,
        source: HOME,
        key: key(session),
        replaced: None,
        session: Session {
            account: account.id.clone(),
            credential,
            made: None,
            token: None,
            methods: vec![Method::OneTimeCode, Method::MemorisedSecret],
            zone: Zone::EXTERNAL,
            begun: at(seconds),
            used: at(seconds),
            browser: Some(Browser::of(HOME, "Firefox")),
            stays: None,
        },
        event: event(seconds, kind, account),
    }
}

/// Signs a browser in.
pub(super) async fn signed_in<S: Conforming>(
    store: &S,
    account: &Account,
    handle: u8,
    seconds: i64,
) -> Result<(), Unavailable> {
    store
        .begin_sign_in(
            key(handle),
            &SignIn {
                ends: at(1_000_000),
                ..begun()
            },
        )
        .await?;
    let completed = store
        .complete(completion(account, (handle, handle), seconds))
        .await?;
    assert_eq!(completed, Completed::Written);
    Ok(())
}

/// A secret keeps all its fields, and an unknown subject has none.
pub async fn a_secret_keeps_all_its_fields<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let subject = Subject::Account(anna.id.clone());
    let found = store.memorised_secret(&subject).await?;
    let expected = made("secret-of-anna", &anna, 1);
    let shown = |it: &StoredMemorisedSecret| {
        (
            it.record.clone(),
            it.hash.cost,
            it.hash.salt,
            *it.hash.tag.expose(),
        )
    };
    assert_eq!(found.as_ref().map(shown), Some(shown(&expected)));
    assert!(
        store
            .memorised_secret(&Subject::Unknown(7))
            .await?
            .is_none()
    );
    let orphan = made("nobody's", &account("ben"), 1);
    let kind = Kind::MemorisedSecretRemoved;
    let set = store
        .set_memorised_secret(&orphan, event(1, kind, &anna))
        .await;
    assert!(set.is_err(), "of no account");
    Ok(())
}

/// Of 500 guesses at once so many get a place as a window has, and no more (T-CRED-5).
pub async fn of_500_parallel_secrets_ten_are_hashed<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    for subject in [Subject::Account(anna.id.clone()), Subject::Unknown(3)] {
        let given = all_at_once(&store, 500, |store, _| {
            let place = SecretPlace::now(subject.clone(), Source::Unfamiliar, at(5));
            async move { Ok(store.reserve_secret(place).await?.is_taken()) }
        });
        let given = given
            .await?
            .into_iter()
            .filter(|has_room| *has_room)
            .count();
        assert_eq!(given, usize::try_from(MAX_IN_WINDOW).unwrap_or_default());
        let familiar = SecretPlace::now(subject, Source::Familiar, at(5));
        assert!(
            store.reserve_secret(familiar).await?.is_taken(),
            "a budget of its own"
        );
    }
    Ok(())
}

/// After so many in a row none is looked at, however long ago the last was; a new secret begins anew.
pub async fn after_fifty_wrong_secrets_in_a_row_none_is_looked_at<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let place = |seconds| {
        let subject = Subject::Account(anna.id.clone());
        SecretPlace::now(subject, Source::Unfamiliar, at(seconds))
    };
    for guess in 0..i64::from(MAX_IN_A_ROW) {
        assert!(
            store.reserve_secret(place(guess * 1_000)).await?.is_taken(),
            "{guess}"
        );
    }
    assert!(!store.reserve_secret(place(1_000_000)).await?.is_taken());
    set(&*store, "another", &anna, 2_000_000).await?;
    assert!(store.reserve_secret(place(2_000_000)).await?.is_taken());
    Ok(())
}

/// A completed sign-in gives its places back; one that is not completed does not (T-CRED-7).
pub async fn a_completed_sign_in_gives_its_places_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let subject = Subject::Account(anna.id.clone());
    let place = SecretPlace::now(subject, Source::Unfamiliar, at(20));
    let mut given = Vec::new();
    for _ in 0..MAX_IN_WINDOW {
        given.push(taken(&*store, of_account(&anna, 20)).await?);
        assert!(store.reserve_secret(place.clone()).await?.is_taken());
    }
    assert!(!store.reserve_secret(place.clone()).await?.is_taken());
    store.begin_sign_in(key(1), &begun()).await?;
    let done = Completion {
        places: vec![of_account(&anna, 20)],
        secret: Some(place.clone()),
        ..completion(&anna, (1, 2), 21)
    };
    assert_eq!(store.complete(done).await?, Completed::Written);
    let counted = taken(&*store, of_account(&anna, 22)).await?.counts;
    assert_eq!(
        counted.subject, MAX_IN_WINDOW,
        "one was given back, and one was taken"
    );
    assert!(counted.source_is_familiar);
    assert!(store.reserve_secret(place.clone()).await?.is_taken());
    assert!(!store.reserve_secret(place).await?.is_taken());
    Ok(())
}

/// Of 64 answers to one step, exactly one has it; a sign-in is moved on by whoever has, and ends by itself.
pub async fn each_step_of_a_sign_in_is_answered_once<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    store.begin_sign_in(key(1), &begun()).await?;
    assert_eq!(store.sign_in(key(1), at(20)).await?, Some(begun()));
    let had = all_at_once(&store, 64, |store, _| async move {
        store.take_step(key(1), 0).await
    });
    assert_eq!(had.await?.into_iter().filter(|has| *has).count(), 1);
    let stage = Stage::Secret {
        name: "anna".to_owned(),
    };
    let late = SignIn {
        stage: stage.clone(),
        ..begun()
    };
    assert!(
        !store.move_on(key(1), &late).await?,
        "from a step that is over"
    );
    let next = SignIn { step: 1, ..late };
    assert!(store.move_on(key(1), &next).await?);
    assert_eq!(store.sign_in(key(1), at(20)).await?, Some(next.clone()));
    assert_eq!(store.sign_in(key(1), next.ends).await?, None);
    assert!(!store.take_step(key(2), 0).await?);
    assert!(!store.move_on(key(2), &next).await?);
    Ok(())
}

/// A sign-in is completed once, at its step, before it ends, and while what was proved stands.
pub async fn a_sign_in_is_completed_once<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    store.begin_sign_in(key(1), &begun()).await?;
    let wrong_step = Completion {
        step: 1,
        ..completion(&anna, (1, 2), 20)
    };
    assert_eq!(store.complete(wrong_step).await?, Completed::Gone);
    assert_eq!(
        store.complete(completion(&anna, (1, 2), 10_000)).await?,
        Completed::Gone
    );
    let mut another = completion(&anna, (1, 2), 20);
    another.session.credential = CredentialId("another".to_owned());
    assert_eq!(store.complete(another).await?, Completed::Overtaken);
    assert!(!is_there(&*store, 2, 20).await?);
    let completed = all_at_once(&store, 16, |store, _| {
        let completion = completion(&anna, (1, 2), 20);
        async move { store.complete(completion).await }
    });
    let completed = completed.await?;
    let written = completed
        .iter()
        .filter(|it| **it == Completed::Written)
        .count();
    assert_eq!(written, 1);
    let (session, whose) = store.session(key(2), at(20)).await?.ok_or_else(missing)?;
    assert_eq!(session, completion(&anna, (1, 2), 20).session);
    assert_eq!(whose.id, anna.id);
    let remembered = store.by_id(&anna.id).await?.and_then(|it| it.second_factor);
    assert_eq!(remembered.map(|it| it.last), Some(at(20)));
    let latest = store.latest_of(&anna.id, 1).await?;
    let kinds = latest.into_iter().map(|it| it.event.kind);
    assert!(
        kinds
            .into_iter()
            .all(|kind| matches!(kind, Kind::SignedIn { .. }))
    );
    Ok(())
}

/// An invitation is used once, before it ends, and by nobody else; a later one ends it.
pub async fn an_invitation_is_used_once<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let ben = with_secret(&*store, "ben").await?;
    let invitation = Invitation {
        account: anna.id.clone(),
        made: at(10),
        ends: at(100),
    };
    let ends = invitation.ends;
    for handle in [1, 2] {
        let invited = event(10, Kind::Invited { ends }, &anna);
        store.invite(key(handle), &invitation, invited).await?;
    }
    assert!(
        store.invitation(key(1), at(20)).await?.is_none(),
        "a later one took its place"
    );
    let found = store.invitation(key(2), at(20)).await?;
    assert_eq!(
        found.map(|(found, who)| (found, who.id)),
        Some((invitation, anna.id.clone()))
    );
    assert!(store.invitation(key(2), at(100)).await?.is_none());
    let until = |account: &Account, seconds| {
        let (store, id) = (Arc::clone(&store), account.id.clone());
        async move { store.invited_until(&id, at(seconds)).await }
    };
    assert_eq!(until(&anna, 99).await?, Some(ends));
    assert_eq!(until(&anna, 100).await?, None);
    assert_eq!(until(&ben, 20).await?, None);
    let redeem = |id: &'static str, account: &Account, seconds| {
        let chosen = made(id, account, seconds);
        let kind = Kind::MemorisedSecretSet {
            credential: chosen.record.id.clone(),
        };
        let event = event(seconds, kind, account);
        let store = Arc::clone(&store);
        async move { store.redeem(key(2), &chosen, event).await }
    };
    assert!(!redeem("late", &anna, 100).await?);
    assert!(!redeem("ben's", &ben, 20).await?);
    assert!(redeem("chosen", &anna, 20).await?);
    assert!(!redeem("again", &anna, 21).await?);
    assert_eq!(until(&anna, 21).await?, None, "it was used");
    let subject = Subject::Account(anna.id);
    let stored = store.memorised_secret(&subject).await?;
    assert_eq!(stored.map(|it| it.record.id.0).as_deref(), Some("chosen"));
    Ok(())
}
