//! Conformance of texts that were typed for a memorised secret: each is known once it was refused, right or wrong, and
//! takes one place.

use std::sync::Arc;

use ::authn::account::Account;
use ::authn::credential::CredentialId;
use ::authn::credential::grant::{CodeSettlement, Grant, GrantKey};
use ::authn::credential::memorised_secret::{
    Budget, Guessed, MAX_IN_A_ROW, MAX_IN_WINDOW, MAX_KNOWN, Room, SecretPlace, Tried,
};
use ::authn::credential::otp_token::Source;
use ::authn::lockout::Subject;
use ::authn::place::SourceNetwork;
use ::authn::ports::{Settled, Settlement, Unavailable};
use proto::secret::Secret;

use super::pages::with_secret;
use super::{Conforming, all_at_once, at, from_home, of_account, taken};

/// What somebody typed for the secret of an account.
fn typed(text: &str, account: &Account) -> Tried {
    let key = Secret::new(vec![7; 32]);
    let text = Secret::new(text.to_owned());
    let home = SourceNetwork("10.0.0.0/24".to_owned());
    Tried::of(&key, (&account.sam, &home, None), (&text, None))
}

fn place(text: &str, account: &Account, seconds: i64) -> SecretPlace {
    SecretPlace {
        tried: Some(typed(text, account)),
        ..SecretPlace::now(
            Subject::Account(account.id.clone()),
            Source::Unfamiliar,
            at(seconds),
        )
    }
}

/// Settles an attempt by a text that was hashed.
async fn settle<S: Conforming>(
    store: &S,
    account: &Account,
    (place, is_right): (&SecretPlace, bool),
    is_in: bool,
) -> Result<(), Unavailable> {
    let seconds = place.now.duration_since(at(0)).as_secs();
    let mut reservation = taken(store, of_account(account, seconds)).await?;
    let verdict = place
        .tried
        .as_ref()
        .map(|tried| tried.tag(is_right).clone());
    reservation.secret = verdict.map(|verdict| Guessed {
        place: place.clone(),
        verdict,
    });
    let credential = CredentialId(format!("secret-of-{}", account.sam));
    let settlement = Settlement {
        reservation,
        succeeded: is_in.then(|| from_home(account, &credential)),
        code: CodeSettlement::None,
        events: Vec::new(),
        alarm: None,
    };
    let settled = store.settle(settlement).await?;
    assert!(matches!(settled, Settled::Written { .. }));
    Ok(())
}

/// How many places are left in a budget of an account.
async fn left<S: Conforming>(
    store: &S,
    account: &Account,
    budget: Budget,
) -> Result<u32, Unavailable> {
    let place = SecretPlace {
        budget,
        tried: None,
        ..place("", account, 20)
    };
    let mut left = 0;
    while store.reserve_secret(place.clone()).await?.is_taken() {
        left += 1;
    }
    Ok(left)
}

/// With what was found then, however often it comes; but where the budget has no room, nothing is told.
pub async fn a_text_that_was_refused_is_known_and_takes_one_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    for (text, is_right) in [("horses", true), ("a guess", false)] {
        let first = place(text, &anna, 20);
        assert_eq!(store.reserve_secret(first.clone()).await?, Room::Taken);
        settle(&*store, &anna, (&first, is_right), false).await?;
        for _ in 0..3 * MAX_IN_A_ROW {
            let again = store.reserve_secret(place(text, &anna, 20)).await?;
            assert_eq!(again, Room::Known { is_right }, "{text}");
        }
    }
    let ben = with_secret(&*store, "ben").await?;
    let of_ben = SecretPlace {
        tried: Some(typed("horses", &anna)),
        ..place("", &ben, 20)
    };
    let of_ben = store.reserve_secret(of_ben).await?;
    assert_eq!(of_ben, Room::Taken, "what is known is one subject's");
    let left = left(&*store, &anna, Budget::OfSecret).await?;
    assert_eq!(left, MAX_IN_WINDOW - 2);
    let known = store.reserve_secret(place("horses", &anna, 20)).await?;
    assert_eq!(known, Room::Full, "a guesser must not learn what is known");
    let unknown = store.reserve_secret(place("another", &anna, 20)).await?;
    assert_eq!(unknown, Room::Full);
    Ok(())
}

/// Each has a place until they are settled.
pub async fn a_text_that_comes_at_once_over_many_connections_takes_one_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let places = all_at_once(&store, 8, |store, _| {
        let place = place("horses", &anna, 20);
        async move {
            let room = store.reserve_secret(place.clone()).await?;
            Ok((room, place))
        }
    });
    let places = places.await?;
    assert!(places.iter().all(|(room, _)| room.is_taken()));
    all_at_once(&store, 8, |store, number| {
        let place = usize::try_from(number).ok().and_then(|it| places.get(it));
        let (anna, place) = (anna.clone(), place.map(|it| it.1.clone()));
        async move {
            let place = place.ok_or_else(|| crate::unavailable("there is no place"))?;
            settle(&*store, &anna, (&place, false), false).await
        }
    })
    .await?;
    let left = left(&*store, &anna, Budget::OfSecret).await?;
    assert_eq!(left, MAX_IN_WINDOW - 1);
    Ok(())
}

/// And makes nothing known.
pub async fn a_sign_in_gives_the_place_of_its_secret_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    for _ in 0..3 * MAX_IN_WINDOW {
        let right = place("horses", &anna, 20);
        assert_eq!(store.reserve_secret(right.clone()).await?, Room::Taken);
        settle(&*store, &anna, (&right, true), true).await?;
    }
    let subject = Subject::Account(anna.id.clone());
    let used = store.memorised_secret(&subject).await?;
    let used = used.and_then(|it| it.record.last_used);
    assert_eq!(used, Some(at(20)));
    let left = left(&*store, &anna, Budget::OfSecret).await?;
    assert_eq!(left, MAX_IN_WINDOW);
    Ok(())
}

/// Those that came last stay, and one that comes again is one of them.
pub async fn the_texts_of_one_subject_are_so_many_and_no_more<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let known = async |text: &str, seconds| {
        let room = store.reserve_secret(place(text, &anna, seconds)).await?;
        Ok::<_, Unavailable>(matches!(room, Room::Known { .. }))
    };
    for number in 0..=i64::from(MAX_KNOWN) {
        let (text, seconds) = (format!("guess {number}"), number);
        settle(
            &*store,
            &anna,
            (&place(&text, &anna, seconds), false),
            false,
        )
        .await?;
        assert!(known("guess 0", seconds).await?, "{number}");
    }
    assert!(!known("guess 1", 100).await?, "it came before all others");
    assert!(known("guess 2", 100).await?);
    Ok(())
}

/// It has as many in a window, and they do not add up to a row.
pub async fn what_is_hashed_for_looks_takes_no_place_of_a_secret<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let for_looks = |text: &str, seconds| SecretPlace {
        budget: Budget::ForLooks,
        ..place(text, &anna, seconds)
    };
    for number in 0..2 * i64::from(MAX_IN_A_ROW) {
        let once = for_looks(&format!("{number}"), number * 1_000);
        assert!(store.reserve_secret(once).await?.is_taken(), "{number}");
    }
    let left_for_looks = left(&*store, &anna, Budget::ForLooks).await?;
    assert_eq!(left_for_looks, MAX_IN_WINDOW - 1);
    assert_eq!(left(&*store, &anna, Budget::OfSecret).await?, MAX_IN_WINDOW);
    Ok(())
}

/// Its owner is not locked by it, and the answer to it is held back as that to any other.
pub async fn a_text_that_is_counted_once_counts_each_time_against_its_source<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = with_secret(&*store, "anna").await?;
    let spent = Grant {
        key: GrantKey([1; 32]),
        account: anna.id.clone(),
        credential: CredentialId("secret-of-anna".to_owned()),
        token: None,
        client: std::net::IpAddr::from([192, 0, 2, 7]).into(),
        made: at(0),
        used: at(0),
        ends: at(0),
    };
    let remembers = CodeSettlement::Remembers(Box::new(spent.clone()));
    let again = std::iter::repeat_n(CodeSettlement::Again(spent.key, None), 30);
    for code in std::iter::once(remembers).chain(again) {
        let settlement = Settlement {
            reservation: taken(&*store, of_account(&anna, 20)).await?,
            succeeded: None,
            code,
            events: Vec::new(),
            alarm: None,
        };
        store.settle(settlement).await?;
    }
    let counts = taken(&*store, of_account(&anna, 20)).await?.counts;
    assert_eq!((counts.subject, counts.source), (3, 32));
    Ok(())
}
