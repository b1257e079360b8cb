//! Sessions of browsers that rest on an app password, which was typed on a page.

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::Kind;
use ::authn::credential::memorised_secret::{MAX_IN_A_ROW, SecretPlace};
use ::authn::credential::otp_token::Source;
use ::authn::lockout::Subject;
use ::authn::place::Method;
use ::authn::ports::Unavailable;
use ::authn::sign_in::{Completed, Completion};

use super::pages::{begun, completion, key};
use super::{Conforming, HOME, account, app_password, at, event};

/// An account with an app password, which ends after so many seconds.
async fn with_app_password<S: Conforming>(
    store: &S,
    sam: &str,
    ends: i64,
) -> Result<Account, Unavailable> {
    let somebody = account(sam);
    let created = event(0, Kind::AccountCreated, &somebody);
    assert_eq!(store.add(&somebody, created).await?, Ok(()));
    let mut password = app_password(&phone_of(&somebody), &somebody);
    password.record.expires = Some(at(ends));
    let kind = Kind::AppPasswordCreated {
        credential: password.record.id.clone(),
    };
    store
        .add_app_password(&password, event(1, kind, &somebody))
        .await?;
    Ok(somebody)
}

fn phone_of(account: &Account) -> String {
    format!("phone-of-{}", account.sam)
}

/// What is written when somebody signed in by an app password and a code.
fn by_app_password(account: &Account, handle: u8, seconds: i64) -> Completion {
    let mut completion = completion(account, (handle, handle), seconds);
    completion.session.credential.0 = phone_of(account);
    completion.session.methods = vec![Method::AppPassword, Method::OneTimeCode];
    completion.session.made = Some(at(0));
    completion
}

async fn completed<S: Conforming>(
    store: &S,
    completion: Completion,
) -> Result<Completed, Unavailable> {
    store.begin_sign_in(completion.sign_in, &begun()).await?;
    store.complete(completion).await
}

/// A session that rests on an app password ends with that: by its end, its revocation, and its account; and its use is noted.
pub async fn a_session_by_an_app_password_ends_with_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_app_password(&*store, "anna", 100).await?;
    let ben = with_app_password(&*store, "ben", 1_000_000).await?;
    for (account, handle) in [(&anna, 1), (&ben, 2), (&ben, 3)] {
        let done = completed(&*store, by_app_password(account, handle, 20)).await?;
        assert_eq!(done, Completed::Written, "{handle}");
    }
    let found = store.session(key(1), at(99)).await?;
    assert_eq!(
        found.map(|(session, whose)| (session, whose.id)),
        Some((by_app_password(&anna, 1, 20).session, anna.id.clone()))
    );
    assert!(store.session(key(1), at(100)).await?.is_none(), "it ended");
    let phone = by_app_password(&ben, 2, 20).session.credential;
    let used = store
        .app_password(&phone)
        .await?
        .and_then(|it| it.last_used);
    assert_eq!(used, Some((at(20), HOME)));
    for (state, is_there) in [
        (AccountState::Disabled, false),
        (AccountState::Active, false),
    ] {
        let changed = event(30, Kind::AccountStateChanged { state }, &ben);
        assert!(store.set_state(&ben.id, state, changed).await?);
        assert_eq!(store.session(key(2), at(31)).await?.is_some(), is_there);
    }
    let done = completed(&*store, by_app_password(&ben, 4, 40)).await?;
    assert_eq!(done, Completed::Written);
    let revoked = Kind::AppPasswordRevoked {
        credential: phone.clone(),
    };
    let revoked = event(50, revoked, &ben);
    assert!(store.revoke_app_password(&phone, at(50), revoked).await?);
    assert!(store.session(key(4), at(51)).await?.is_none(), "revoked");
    Ok(())
}

/// A sign-in by an app password takes its place back, and leaves the wrong secrets in a row as they are.
pub async fn an_app_password_on_a_page_forgets_no_wrong_secret<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_app_password(&*store, "anna", 100_000_000).await?;
    let place = |seconds| {
        let subject = Subject::Account(anna.id.clone());
        SecretPlace::now(subject, Source::Unfamiliar, at(seconds))
    };
    let last = i64::from(MAX_IN_A_ROW) - 1;
    for guess in 0..=last {
        let room = store.reserve_secret(place(guess * 1_000)).await?;
        assert!(room.is_taken(), "{guess}");
    }
    let mut done = by_app_password(&anna, 1, 20);
    done.secret = Some(place(last * 1_000));
    assert_eq!(completed(&*store, done).await?, Completed::Written);
    let next = (last + 1) * 1_000;
    assert!(store.reserve_secret(place(next)).await?.is_taken());
    assert!(!store.reserve_secret(place(next + 1_000)).await?.is_taken());
    Ok(())
}

/// Nobody's sign-in is completed by an app password that is revoked, ended, or another's by then.
pub async fn a_sign_in_by_an_app_password_that_ended_meanwhile_is_overtaken<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_app_password(&*store, "anna", 100).await?;
    let ben = with_app_password(&*store, "ben", 1_000_000).await?;
    let ended = completed(&*store, by_app_password(&anna, 1, 100)).await?;
    assert_eq!(ended, Completed::Overtaken);
    let mut another_s = by_app_password(&anna, 2, 20);
    another_s.session.credential = by_app_password(&ben, 2, 20).session.credential;
    assert_eq!(completed(&*store, another_s).await?, Completed::Overtaken);
    let phone = by_app_password(&ben, 3, 20).session.credential;
    let revoked = Kind::AppPasswordRevoked {
        credential: phone.clone(),
    };
    let revoked = event(15, revoked, &ben);
    assert!(store.revoke_app_password(&phone, at(15), revoked).await?);
    let late = completed(&*store, by_app_password(&ben, 3, 20)).await?;
    assert_eq!(late, Completed::Overtaken);
    for handle in 1..=3 {
        assert!(store.session(key(handle), at(21)).await?.is_none());
    }
    Ok(())
}
