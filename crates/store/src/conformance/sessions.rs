//! Sessions of browsers: how long each lasts, what ends it, and how many an account has.

use std::sync::Arc;

use ::authn::account::{Account, AccountState};
use ::authn::audit::Kind;
use ::authn::ports::Unavailable;
use ::authn::session::{Browser, IDLE, LONGEST_STAY, MAX_PER_ACCOUNT, Session};
use ::authn::sign_in::{Completed, Completion, SignIn};

use super::pages::{begun, completion, key, set, signed_in, with_secret};
use super::{Conforming, HOME, all_at_once, at, event, of_account, taken};

/// Notes that a session is used by a browser that calls itself so.
async fn used<S: Conforming>(
    store: &S,
    handle: u8,
    (seconds, agent): (i64, &str),
) -> Result<(), Unavailable> {
    let session = store.kept_session(key(handle)).await?;
    let noted = Session {
        used: at(seconds),
        browser: Some(Browser::of(HOME, agent)),
        ..session.ok_or_else(missing)?
    };
    store.use_session(key(handle), &noted).await
}

pub(super) async fn is_there<S: Conforming>(
    store: &S,
    handle: u8,
    seconds: i64,
) -> Result<bool, Unavailable> {
    Ok(store.session(key(handle), at(seconds)).await?.is_some())
}

pub(super) fn missing() -> Unavailable {
    Unavailable {
        what: "a session",
        detail: "it is not there".to_owned(),
    }
}

/// A session ends with its owner's word, its secret, its account, and by itself.
pub async fn a_session_ends_with_what_it_rests_on<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let ben = with_secret(&*store, "ben").await?;
    for handle in 1..=3 {
        signed_in(&*store, &anna, handle, 100).await?;
    }
    signed_in(&*store, &ben, 9, 100).await?;
    let idle = IDLE.as_secs();
    assert!(is_there(&*store, 1, 99 + idle).await? && !is_there(&*store, 1, 100 + idle).await?);
    used(&*store, 1, (200, "Firefox")).await?;
    assert!(is_there(&*store, 1, 199 + idle).await?);
    store
        .end_session(key(1), event(101, Kind::SignedOut, &anna))
        .await?;
    assert!(!is_there(&*store, 1, 102).await? && is_there(&*store, 2, 102).await?);
    let ended = event(103, Kind::SessionsEnded, &anna);
    store.end_sessions_of(&anna.id, Some(key(3)), ended).await?;
    assert!(!is_there(&*store, 2, 104).await? && is_there(&*store, 3, 104).await?);
    set(&*store, "another", &anna, 105).await?;
    assert!(!is_there(&*store, 3, 106).await?, "the secret is another");
    set(&*store, "secret-of-anna", &anna, 107).await?;
    assert!(!is_there(&*store, 3, 108).await?, "it does not come back");
    signed_in(&*store, &anna, 4, 109).await?;
    for state in [AccountState::Disabled, AccountState::Active] {
        let changed = event(110, Kind::AccountStateChanged { state }, &anna);
        assert!(store.set_state(&anna.id, state, changed).await?);
        assert!(!is_there(&*store, 4, 111).await?, "{state:?}");
    }
    assert!(is_there(&*store, 9, 111).await?, "another's stands");
    let removed = |seconds| event(seconds, Kind::MemorisedSecretRemoved, &ben);
    assert!(store.remove_memorised_secret(&ben.id, removed(112)).await?);
    assert!(!store.remove_memorised_secret(&ben.id, removed(113)).await?);
    assert!(!is_there(&*store, 9, 114).await?);
    Ok(())
}

/// Signs a browser in that stays as long as one may.
async fn stays_in<S: Conforming>(
    store: &S,
    account: &Account,
    handle: u8,
    seconds: i64,
) -> Result<(), Unavailable> {
    let sign_in = SignIn {
        ends: at(1_000_000),
        ..begun()
    };
    store.begin_sign_in(key(handle), &sign_in).await?;
    let mut completion = completion(account, (handle, handle), seconds);
    completion.session.stays = Some(at(seconds + LONGEST_STAY.as_secs()));
    assert_eq!(store.complete(completion).await?, Completed::Written);
    Ok(())
}

/// Whoever stays signed in does so to the end of it, used or not, through what is forgotten meanwhile; and whatever ends a
/// session ends theirs.
pub async fn who_stays_signed_in_does_so_until_the_end_of_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let stays = LONGEST_STAY.as_secs();
    for handle in 1..=4 {
        stays_in(&*store, &anna, handle, 100).await?;
    }
    signed_in(&*store, &anna, 9, 100).await?;
    let late = 99 + stays;
    // A day later the store forgets what is old, with whatever is written next.
    taken(&*store, of_account(&anna, late)).await?;
    assert!(!is_there(&*store, 9, late).await?, "it ends like any other");
    for handle in 1..=4 {
        assert!(is_there(&*store, handle, late).await?, "{handle}");
        assert!(!is_there(&*store, handle, late + 1).await?, "{handle}");
    }
    let found = store.session(key(1), at(late)).await?.ok_or_else(missing)?;
    assert_eq!(found.0.stays, Some(at(100 + stays)));
    store
        .end_session(key(1), event(late, Kind::SignedOut, &anna))
        .await?;
    assert!(!is_there(&*store, 1, late).await? && is_there(&*store, 2, late).await?);
    let ended = event(late, Kind::SessionsEnded, &anna);
    store.end_sessions_of(&anna.id, Some(key(3)), ended).await?;
    assert!(!is_there(&*store, 2, late).await? && is_there(&*store, 3, late).await?);
    set(&*store, "another", &anna, late).await?;
    assert!(!is_there(&*store, 3, late).await?, "the secret is another");
    Ok(())
}

/// A session is once the new sign-in that a party asked for.
pub async fn of_16_parallel_uses_of_a_new_sign_in_one_is_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    signed_in(&*store, &anna, 1, 20).await?;
    let spend = |store: Arc<S>, _| async move { store.spend_freshness(key(1), at(21)).await };
    let spent = all_at_once(&store, 16, spend).await?;
    assert_eq!(spent.iter().filter(|it| **it).count(), 1);
    assert!(
        !store.spend_freshness(key(2), at(21)).await?,
        "there is none"
    );
    Ok(())
}

/// The sessions of an account are so many and no more; the oldest ends.
pub async fn the_sessions_of_an_account_are_so_many_and_no_more<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let last = u8::try_from(MAX_PER_ACCOUNT).unwrap_or(u8::MAX);
    for handle in 0..=last {
        signed_in(&*store, &anna, handle, 100 + i64::from(handle)).await?;
    }
    assert!(!is_there(&*store, 0, 200).await?);
    for handle in 1..=last {
        assert!(is_there(&*store, handle, 200).await?, "{handle}");
    }
    Ok(())
}

/// Sessions that ended by themselves take the place of none that lasts, however many sign-ins there were since.
pub async fn what_ended_by_itself_ends_nothing_that_lasts<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    stays_in(&*store, &anna, 100, 100).await?;
    let (hours, most) = (IDLE.as_secs(), u8::try_from(MAX_PER_ACCOUNT).unwrap_or(99));
    for handle in 1..=most + 5 {
        signed_in(&*store, &anna, handle, 100 + i64::from(handle) * hours).await?;
    }
    let last = 100 + i64::from(most + 5) * hours;
    assert!(is_there(&*store, 100, last).await?, "it lasts");
    assert!(is_there(&*store, most + 5, last).await?);
    let dropped = store.kept_session(key(most + 4)).await?;
    assert_eq!(dropped, None, "it ended at this moment");
    // Of those that last the oldest ends, as ever.
    for handle in 101..=100 + most {
        signed_in(&*store, &anna, handle, last + 1).await?;
    }
    assert!(!is_there(&*store, 100, last + 1).await?);
    Ok(())
}

/// A use notes the browser of it, and no use takes one back that was noted later; what ended is not there again by it.
pub async fn a_use_notes_its_browser<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    signed_in(&*store, &anna, 1, 100).await?;
    let began = store.kept_session(key(1)).await?.ok_or_else(missing)?;
    for (seconds, agent) in [(200, "Chrome"), (150, "Opera")] {
        used(&*store, 1, (seconds, agent)).await?;
        let found = store.session(key(1), at(200)).await?.ok_or_else(missing)?;
        let expected = Session {
            used: at(200),
            browser: Some(Browser::of(HOME, "Chrome")),
            ..began.clone()
        };
        assert_eq!(found.0, expected, "{agent}");
    }
    let ended = event(300, Kind::SignedOut, &anna);
    store.end_session(key(1), ended).await?;
    store.use_session(key(1), &began).await?;
    assert_eq!(store.kept_session(key(1)).await?, None);
    Ok(())
}

/// A session is found to be ended though nobody may use it, and one is dropped without anybody's word.
pub async fn a_session_that_nobody_may_use_can_be_ended<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    signed_in(&*store, &anna, 1, 100).await?;
    signed_in(&*store, &anna, 2, 101).await?;
    assert_eq!(store.kept_session(key(3)).await?, None);
    let late = 101 + IDLE.as_secs();
    assert!(!is_there(&*store, 1, late).await?);
    let kept = store.kept_session(key(1)).await?.ok_or_else(missing)?;
    assert_eq!((kept.account, kept.used), (anna.id.clone(), at(100)));
    store.drop_session(key(1)).await?;
    assert_eq!(store.kept_session(key(1)).await?, None);
    assert!(is_there(&*store, 2, 200).await?);
    Ok(())
}

/// A sign-in that is complete ends the session that its browser brought, of the same account and of no other.
pub async fn a_new_sign_in_ends_the_session_that_its_browser_brought<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let ben = with_secret(&*store, "ben").await?;
    for (handle, whose) in [(1, &anna), (2, &anna), (3, &ben)] {
        signed_in(&*store, whose, handle, 100).await?;
    }
    for (handle, brought) in [(11, 1), (12, 3), (13, 99)] {
        store.begin_sign_in(key(handle), &begun()).await?;
        let failed = Completion {
            step: 7,
            replaced: Some(key(brought)),
            ..completion(&anna, (handle, handle), 110)
        };
        assert_eq!(store.complete(failed).await?, Completed::Gone);
        let is_brought = brought != 99;
        assert_eq!(is_there(&*store, brought, 111).await?, is_brought);
        let done = Completion {
            replaced: Some(key(brought)),
            ..completion(&anna, (handle, handle), 110)
        };
        assert_eq!(store.complete(done).await?, Completed::Written);
        assert!(is_there(&*store, handle, 111).await?, "{handle}");
    }
    assert!(!is_there(&*store, 1, 111).await?, "it was replaced");
    for stands in [2, 3] {
        assert!(is_there(&*store, stands, 111).await?, "{stands}");
    }
    Ok(())
}
