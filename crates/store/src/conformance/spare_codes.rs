//! Recovery codes and temporary codes.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::audit::Kind;
use ::authn::credential::CredentialId;
use ::authn::credential::memorised_secret::SecretPlace;
use ::authn::credential::otp_token::Source;
use ::authn::credential::spare_code::{
    MAX_IN_A_ROW, MAX_IN_WINDOW, SpareCode, SpareKind, SpareUse, StoredSpareCode, Typed,
};
use ::authn::handle::Handle;
use ::authn::lockout::Subject;
use ::authn::place::Method;
use ::authn::ports::Unavailable;
use ::authn::sign_in::{Completed, Completion, SignIn};

use super::{Conforming, all_at_once, at, begun, completion, event, with_secret};

pub(crate) fn spare_code(id: &str, account: &Account, kind: SpareKind) -> StoredSpareCode {
    let id = CredentialId(id.to_owned());
    let hash = Typed::fresh(kind, [7; 16]).hash(&id);
    let (ends, uses) = match kind {
        SpareKind::Recovery => (None, 1),
        SpareKind::Temporary => (Some(at(1_000)), 2),
    };
    let record = SpareCode {
        id,
        account: account.id.clone(),
        kind,
        made: at(1),
        ends,
        uses,
    };
    StoredSpareCode { record, hash }
}

async fn set<S: Conforming>(
    store: &S,
    account: &Account,
    kind: SpareKind,
    ids: &[&str],
) -> Result<bool, Unavailable> {
    let codes = ids.iter().map(|id| spare_code(id, account, kind)).collect();
    let codes_of = (&account.id, kind);
    let made = Kind::RecoveryCodesMade { codes: 1 };
    store
        .set_spare_codes(codes_of, codes, event(1, made, account))
        .await
}

async fn ids<S: Conforming>(
    store: &S,
    account: &Account,
) -> Result<Vec<(String, u32)>, Unavailable> {
    let subject = Subject::Account(account.id.clone());
    let found = store.spare_codes_of(&subject).await?.into_iter();
    Ok(found.map(|it| (it.record.id.0, it.record.uses)).collect())
}

fn place(account: &Account, source: Source, seconds: i64) -> SecretPlace {
    SecretPlace::now(Subject::Account(account.id.clone()), source, at(seconds))
}

/// What completes a sign-in with a spare code.
fn using(account: &Account, code: &str, (handle, seconds): (u8, i64)) -> Completion {
    let code = CredentialId(code.to_owned());
    let kind = Kind::SpareCodeUsed {
        code: code.clone(),
        method: Method::RecoveryCode,
        left: 0,
    };
    Completion {
        spare: Some(SpareUse {
            code,
            place: place(account, Source::Unfamiliar, seconds),
            event: event(seconds, kind, account),
        }),
        ..completion(account, (handle, handle), seconds)
    }
}

async fn uses<S: Conforming>(
    store: &S,
    account: &Account,
    code: &str,
    (handle, seconds): (u8, i64),
) -> Result<Completed, Unavailable> {
    begin(store, handle).await?;
    store
        .complete(using(account, code, (handle, seconds)))
        .await
}

async fn begin<S: Conforming>(store: &S, handle: u8) -> Result<(), Unavailable> {
    let sign_in = SignIn {
        ends: at(1_000_000),
        ..begun()
    };
    let key = Handle::made_from([handle; 32]).key();
    store.begin_sign_in(key, &sign_in).await
}

/// A code keeps all its fields; new ones of a kind take the place of the old, and of that kind alone.
pub async fn new_spare_codes_end_the_old_of_their_kind<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (recovery, temporary) = (SpareKind::Recovery, SpareKind::Temporary);
    let anna = with_secret(&*store, "anna").await?;
    let ben = with_secret(&*store, "ben").await?;
    assert!(set(&*store, &anna, recovery, &["a1", "a2"]).await?);
    assert!(set(&*store, &ben, recovery, &["b1"]).await?);
    assert!(set(&*store, &anna, temporary, &["t1"]).await?);
    let subject = Subject::Account(anna.id.clone());
    let found = store.spare_codes_of(&subject).await?;
    for code in &found {
        let expected = spare_code(&code.record.id.0, &anna, code.record.kind);
        assert_eq!(code.record, expected.record);
        assert_eq!(code.hash.0.expose(), expected.hash.0.expose());
    }
    assert!(store.spare_codes_of(&Subject::Unknown(3)).await?.is_empty());
    assert!(set(&*store, &anna, recovery, &["a3"]).await?);
    let named = |ids: &[(&str, u32)]| {
        let ids = ids.iter().map(|(id, uses)| ((*id).to_owned(), *uses));
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(&*store, &anna).await?, named(&[("a3", 1), ("t1", 2)]));
    assert!(set(&*store, &anna, temporary, &[]).await?);
    assert!(
        !set(&*store, &anna, temporary, &[]).await?,
        "nothing to end"
    );
    assert_eq!(ids(&*store, &anna).await?, named(&[("a3", 1)]));
    assert_eq!(
        ids(&*store, &ben).await?,
        named(&[("b1", 1)]),
        "another's stand"
    );
    Ok(())
}

/// Of 64 sign-ins with one recovery code exactly one is completed; a temporary code is good as often as it was given,
/// by its owner alone, and until it ends.
pub async fn a_spare_code_is_used_as_often_as_it_may_be<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let ben = with_secret(&*store, "ben").await?;
    assert!(set(&*store, &anna, SpareKind::Recovery, &["a1"]).await?);
    assert!(set(&*store, &anna, SpareKind::Temporary, &["t1"]).await?);
    assert_eq!(
        uses(&*store, &ben, "a1", (200, 20)).await?,
        Completed::Spent
    );
    for handle in 0..64 {
        begin(&*store, handle).await?;
    }
    let completed = all_at_once(&store, 64, |store, number| {
        let handle = u8::try_from(number).unwrap_or_default();
        let completion = using(&anna, "a1", (handle, 20));
        async move { store.complete(completion).await }
    });
    let completed = completed.await?.into_iter();
    assert_eq!(completed.filter(|it| *it == Completed::Written).count(), 1);
    for (handle, seconds, completed) in [
        (101, 1_000, Completed::Spent),
        (102, 20, Completed::Written),
        (103, 999, Completed::Written),
        (104, 21, Completed::Spent),
    ] {
        let became = uses(&*store, &anna, "t1", (handle, seconds)).await?;
        assert_eq!(became, completed, "{handle}");
    }
    let latest = store.latest_of(&anna.id, 2).await?;
    let told = latest.into_iter().map(|it| it.event.kind);
    let told = told.filter(|kind| matches!(kind, Kind::SpareCodeUsed { .. }));
    assert_eq!(told.count(), 1, "it is told");
    Ok(())
}

/// Of 64 guesses at once five are looked at, of each kind of source; after so many in a row none is, until there are
/// new codes.
pub async fn spare_codes_have_a_budget_of_their_own<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    for source in [Source::Familiar, Source::Unfamiliar] {
        let given = all_at_once(&store, 64, |store, _| {
            let place = place(&anna, source, 5);
            async move { store.reserve_spare(place).await }
        });
        let given = given.await?.into_iter().filter(|has_room| *has_room);
        assert_eq!(
            given.count(),
            usize::try_from(MAX_IN_WINDOW).unwrap_or_default()
        );
    }
    let subject = Subject::Account(anna.id.clone());
    let secret = SecretPlace::now(subject, Source::Familiar, at(5));
    assert!(
        store.reserve_secret(secret).await?.is_taken(),
        "that of secrets is another"
    );
    let unknown = SecretPlace::now(Subject::Unknown(1), Source::Familiar, at(5));
    assert!(store.reserve_spare(unknown).await?);
    for guess in i64::from(MAX_IN_WINDOW)..i64::from(MAX_IN_A_ROW) {
        let guess = place(&anna, Source::Familiar, guess * 1_000);
        assert!(store.reserve_spare(guess).await?);
    }
    let late = || place(&anna, Source::Familiar, 1_000_000);
    assert!(!store.reserve_spare(late()).await?);
    assert!(set(&*store, &anna, SpareKind::Recovery, &["a1"]).await?);
    assert!(store.reserve_spare(late()).await?);
    Ok(())
}
