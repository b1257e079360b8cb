//! The places of whoever chooses another secret by the old one: apart from those of signing in, a few in each session.

use std::sync::Arc;

use ::authn::credential::memorised_secret::{
    MAX_IN_A_ROW, MAX_IN_A_SESSION, MAX_IN_WINDOW, SecretPlace,
};
use ::authn::credential::otp_token::Source;
use ::authn::lockout::Subject;
use ::authn::ports::Unavailable;

use super::pages::{key, set, signed_in, with_secret};
use super::{Conforming, all_at_once, at, event};

async fn is_taken<S: Conforming>(store: &S, place: SecretPlace) -> Result<bool, Unavailable> {
    Ok(store.reserve_secret(place).await?.is_taken())
}

/// How many places of a number that is asked for at once are given.
async fn given<S: Conforming>(
    store: &Arc<S>,
    place: &SecretPlace,
    asked: u32,
) -> Result<u32, Unavailable> {
    let given = all_at_once(store, asked, |store, _| {
        let place = place.clone();
        async move { is_taken(&*store, place).await }
    });
    let given = given.await?.into_iter().filter(|it| *it).count();
    Ok(u32::try_from(given).unwrap_or(u32::MAX))
}

/// Whoever guesses to sign in, be it from a familiar address, takes no place of whoever chooses another secret, and the
/// other way about (T-CRED-3).
pub async fn guesses_from_elsewhere_keep_nobody_from_another_secret<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, ben) = (
        with_secret(&*store, "anna").await?,
        with_secret(&*store, "ben").await?,
    );
    signed_in(&*store, &anna, 1, 20).await?;
    signed_in(&*store, &ben, 2, 20).await?;
    let of_anna = Subject::Account(anna.id.clone());
    let of_change = SecretPlace::of_change(of_anna.clone(), key(1), at(30));
    for source in [Source::Familiar, Source::Unfamiliar] {
        let place = SecretPlace::now(of_anna.clone(), source, at(30));
        assert_eq!(given(&store, &place, 64).await?, MAX_IN_WINDOW);
        assert!(is_taken(&*store, of_change.clone()).await?, "{source:?}");
    }
    let of_ben = Subject::Account(ben.id.clone());
    let change = SecretPlace::of_change(of_ben.clone(), key(2), at(30));
    assert_eq!(given(&store, &change, 64).await?, MAX_IN_A_SESSION);
    for source in [Source::Familiar, Source::Unfamiliar] {
        let place = SecretPlace::now(of_ben.clone(), source, at(30));
        assert_eq!(given(&store, &place, 64).await?, MAX_IN_WINDOW);
    }
    Ok(())
}

/// A session has so many places, however long it waits between them; all of an account's have so many in a window, and what
/// is refused takes none. One that has ended has none (T-CRED-5).
pub async fn a_session_has_so_many_places_for_an_old_secret<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    for handle in [1, 2, 3, 4] {
        signed_in(&*store, &anna, handle, 20).await?;
    }
    let place = |handle, seconds| {
        let subject = Subject::Account(anna.id.clone());
        SecretPlace::of_change(subject, key(handle), at(seconds))
    };
    assert_eq!(given(&store, &place(1, 30), 64).await?, MAX_IN_A_SESSION);
    assert!(!is_taken(&*store, place(1, 10_000)).await?, "for ever");
    let left = MAX_IN_WINDOW - MAX_IN_A_SESSION;
    assert_eq!(given(&store, &place(2, 31), 64).await?, left);
    assert_eq!(given(&store, &place(3, 32), 64).await?, 0, "of the account");
    let later = given(&store, &place(3, 10_000), 64).await?;
    assert_eq!(later, MAX_IN_A_SESSION, "what was refused took none");
    assert!(is_taken(&*store, place(4, 10_001)).await?);
    let ended = event(10_002, ::authn::audit::Kind::SignedOut, &anna);
    store.end_session(key(4), ended).await?;
    assert!(!is_taken(&*store, place(4, 20_000)).await?, "it has ended");
    assert!(!is_taken(&*store, place(9, 20_000)).await?, "there is none");
    Ok(())
}

/// After so many in a row none is looked at, whichever session it comes in and however long ago the last was; a new secret
/// begins anew.
pub async fn after_fifty_old_secrets_in_a_row_none_is_looked_at<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let subject = Subject::Account(anna.id.clone());
    let sessions = u8::try_from(MAX_IN_A_ROW / MAX_IN_A_SESSION).unwrap_or(u8::MAX);
    for handle in 1..=sessions {
        let seconds = i64::from(handle) * 10_000;
        signed_in(&*store, &anna, handle, seconds).await?;
        let place = SecretPlace::of_change(subject.clone(), key(handle), at(seconds));
        assert_eq!(given(&store, &place, 16).await?, MAX_IN_A_SESSION);
    }
    signed_in(&*store, &anna, 100, 500_000).await?;
    let place = SecretPlace::of_change(subject.clone(), key(100), at(600_000));
    assert!(!is_taken(&*store, place).await?);
    let familiar = SecretPlace::now(subject.clone(), Source::Familiar, at(600_000));
    assert!(is_taken(&*store, familiar).await?, "she may sign in");
    // The secret that a session rests on is another then, and that ends it.
    set(&*store, "secret-of-anna", &anna, 600_001).await?;
    signed_in(&*store, &anna, 101, 600_002).await?;
    let place = SecretPlace::of_change(subject, key(101), at(600_003));
    assert!(is_taken(&*store, place).await?);
    Ok(())
}
