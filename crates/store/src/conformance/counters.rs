//! Conformance of [`Attempts`](authn::ports::Attempts): counters that nobody walks around.

use std::sync::Arc;

use ::authn::account::{Account, AccountId};
use ::authn::credential::grant::CodeSettlement;
use ::authn::lockout::{Place, Subject};
use ::authn::ports::{Settlement, Unavailable};

use super::{
    Conforming, ELSEWHERE, HOME, account, all_at_once, anna_with, from_home, of_account, place,
    sign_in, taken,
};

/// The check and the count are one step (T-CRED-3).
pub async fn of_500_parallel_attempts_exactly_the_limit_get_a_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let given = all_at_once(&store, 500, |store, _| {
        let place = Place {
            limit: Some(10),
            ..of_account(&anna, 0)
        };
        async move { store.reserve(place).await }
    })
    .await?;
    let mut counts: Vec<u32> = given
        .into_iter()
        .flatten()
        .map(|reservation| reservation.counts.subject)
        .collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=10).collect::<Vec<u32>>());
    Ok(())
}

/// And each is counted.
pub async fn without_a_limit_every_attempt_gets_a_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let given = all_at_once(&store, 200, |store, _| {
        let place = of_account(&anna, 0);
        async move { taken(&*store, place).await }
    })
    .await?;
    let mut counts: Vec<(u32, u32)> = given
        .into_iter()
        .map(|reservation| (reservation.counts.subject, reservation.counts.source))
        .collect();
    counts.sort_unstable();
    assert_eq!(
        counts,
        (1..=200).map(|count| (count, count)).collect::<Vec<_>>()
    );
    Ok(())
}

/// Not even the first.
pub async fn a_limit_of_nothing_gives_no_place<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let none = Place {
        limit: Some(0),
        ..of_account(&account("anna"), 0)
    };
    assert_eq!(store.reserve(none).await?, None);
    assert_eq!(
        taken(&*store, of_account(&account("anna"), 0))
            .await?
            .counts
            .subject,
        1
    );
    Ok(())
}

/// So that a source which tries on is slowed on; its subject is not counted further.
pub async fn a_refused_attempt_counts_against_its_source<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, bert) = (account("anna"), account("bert"));
    let limited = || Place {
        limit: Some(2),
        ..of_account(&anna, 0)
    };
    for _ in 0..2 {
        taken(&*store, limited()).await?;
    }
    for _ in 0..3 {
        assert_eq!(store.reserve(limited()).await?, None);
    }
    assert_eq!(taken(&*store, of_account(&bert, 0)).await?.counts.source, 6);
    assert_eq!(
        taken(&*store, of_account(&anna, 0)).await?.counts.subject,
        3
    );
    Ok(())
}

/// Its limit with it.
pub async fn a_counter_begins_anew_after_a_window_of_silence<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    for _ in 0..3 {
        taken(&*store, of_account(&anna, 0)).await?;
    }
    let limited = |seconds| Place {
        limit: Some(3),
        ..of_account(&anna, seconds)
    };
    assert_eq!(
        store.reserve(limited(900)).await?,
        None,
        "the window is not over"
    );
    let counts = taken(&*store, limited(901)).await?.counts;
    assert_eq!(counts.subject, 1);
    Ok(())
}

/// Neither for the subject nor for the source, and it forgets in time.
pub async fn a_counter_never_drops_to_nothing_while_failures_go_on<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = account("anna");
    let mut counts = Vec::new();
    for minute in 0..120 {
        let counted = taken(&*store, of_account(&anna, minute * 60)).await?.counts;
        assert_eq!(counted.subject, counted.source);
        counts.push(counted.subject);
    }
    let later: Vec<u32> = counts.iter().skip(15).copied().collect();
    assert!(
        later.iter().all(|count| *count >= 16),
        "a whole window is held: {counts:?}"
    );
    assert!(
        later.iter().all(|count| *count <= 32),
        "and no more than two: {counts:?}"
    );
    let limited = Place {
        limit: Some(10),
        ..of_account(&anna, 120 * 60)
    };
    assert_eq!(store.reserve(limited).await?, None);
    Ok(())
}

/// In both counters, and a failure keeps its own.
pub async fn a_success_gives_its_place_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let failed = taken(&*store, of_account(&anna, 0)).await?;
    store
        .settle(Settlement {
            code: CodeSettlement::None,
            reservation: failed,
            succeeded: None,
            events: vec![],
            alarm: None,
        })
        .await?;
    all_at_once(&store, 64, |store, _| {
        let anna = anna.clone();
        async move { sign_in(&*store, of_account(&anna, 1), (&anna, "phone", HOME)).await }
    })
    .await?;
    let counts = taken(&*store, of_account(&anna, 2)).await?.counts;
    assert_eq!((counts.subject, counts.source), (2, 2));
    Ok(())
}

/// A place is given back to the window it was taken in.
pub async fn a_success_after_the_window_rolled_takes_nothing_from_later_failures<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let first = taken(&*store, of_account(&anna, 0)).await?;
    taken(&*store, of_account(&anna, 800)).await?;
    let rolled = taken(&*store, of_account(&anna, 1_000)).await?.counts;
    assert_eq!(rolled.subject, 3);
    let credential = app_password_id("phone");
    let succeeded = Some(from_home(&anna, &credential));
    store
        .settle(Settlement {
            code: CodeSettlement::None,
            reservation: first,
            succeeded,
            events: vec![],
            alarm: None,
        })
        .await?;
    assert_eq!(
        taken(&*store, of_account(&anna, 1_001))
            .await?
            .counts
            .subject,
        3
    );

    let forgotten = taken(&*store, of_account(&anna, 1_002)).await?;
    assert_eq!(
        taken(&*store, of_account(&anna, 9_000))
            .await?
            .counts
            .subject,
        1
    );
    let succeeded = Some(from_home(&anna, &credential));
    store
        .settle(Settlement {
            code: CodeSettlement::None,
            reservation: forgotten,
            succeeded,
            events: vec![],
            alarm: None,
        })
        .await?;
    assert_eq!(
        taken(&*store, of_account(&anna, 9_001))
            .await?
            .counts
            .subject,
        2
    );
    Ok(())
}

/// Connections come to the counter in another order than they looked at the clock.
pub async fn late_places_do_not_upset_the_window<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    taken(&*store, of_account(&anna, 5)).await?;
    sign_in(&*store, of_account(&anna, 3), (&anna, "phone", HOME)).await?;
    assert_eq!(
        taken(&*store, of_account(&anna, 5)).await?.counts.subject,
        2
    );
    assert_eq!(
        taken(&*store, of_account(&anna, -100))
            .await?
            .counts
            .subject,
        3
    );
    let limited = Place {
        limit: Some(3),
        ..of_account(&anna, 800)
    };
    assert_eq!(store.reserve(limited).await?, None);
    Ok(())
}

/// An account is no bucket, whatever its id; a source is one, whoever is tried from it.
pub async fn subjects_and_sources_are_counted_apart<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let seven = Account {
        id: AccountId("7".to_owned()),
        ..account("seven")
    };
    let counts = taken(&*store, of_account(&seven, 0)).await?.counts;
    assert_eq!((counts.subject, counts.source), (1, 1));
    let counts = taken(&*store, place(Subject::Unknown(7), HOME, 0))
        .await?
        .counts;
    assert_eq!((counts.subject, counts.source), (1, 2));
    let named_like_the_source = AccountId(of_account(&seven, 0).source.0);
    let subject = Subject::Account(named_like_the_source);
    let counts = taken(&*store, place(subject, ELSEWHERE, 0)).await?.counts;
    assert_eq!((counts.subject, counts.source), (1, 1));
    let counts = taken(&*store, place(Subject::Unknown(8), HOME, 0))
        .await?
        .counts;
    assert_eq!((counts.subject, counts.source), (1, 3));
    Ok(())
}

/// And to nobody else.
pub async fn a_source_is_familiar_to_whoever_signed_in_from_it<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let first = taken(&*store, of_account(&anna, 0)).await?;
    assert!(!first.counts.source_is_familiar);
    store
        .settle(Settlement {
            code: CodeSettlement::None,
            reservation: first,
            succeeded: None,
            events: vec![],
            alarm: None,
        })
        .await?;
    assert!(
        !taken(&*store, of_account(&anna, 1))
            .await?
            .counts
            .source_is_familiar
    );
    for seconds in [2, 3] {
        sign_in(&*store, of_account(&anna, seconds), (&anna, "phone", HOME)).await?;
        assert!(
            taken(&*store, of_account(&anna, seconds))
                .await?
                .counts
                .source_is_familiar
        );
    }
    let anna_elsewhere = place(Subject::Account(anna.id.clone()), ELSEWHERE, 3);
    assert!(
        !taken(&*store, anna_elsewhere)
            .await?
            .counts
            .source_is_familiar
    );
    assert!(
        !taken(&*store, of_account(&account("bert"), 3))
            .await?
            .counts
            .source_is_familiar
    );
    let unknown = place(Subject::Unknown(3), HOME, 3);
    assert!(!taken(&*store, unknown).await?.counts.source_is_familiar);
    Ok(())
}

/// To the second, and anew with the next sign-in; each one begins the time anew.
pub async fn a_source_that_was_not_seen_for_90_days_is_familiar_no_more<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let anna = anna_with(&*store, "phone").await?;
    let days = |days: i64| days * 24 * 60 * 60;
    for seconds in [0, days(80)] {
        sign_in(&*store, of_account(&anna, seconds), (&anna, "phone", HOME)).await?;
    }
    let last = days(80 + 90);
    for (seconds, is_familiar) in [(days(91), true), (last, true), (last + 1, false)] {
        let counts = taken(&*store, of_account(&anna, seconds)).await?.counts;
        assert_eq!(counts.source_is_familiar, is_familiar, "{seconds}");
    }
    let again = of_account(&anna, last + 2);
    sign_in(&*store, again, (&anna, "phone", HOME)).await?;
    let counts = taken(&*store, of_account(&anna, last + 3)).await?.counts;
    assert!(counts.source_is_familiar);
    Ok(())
}

fn app_password_id(id: &str) -> ::authn::credential::CredentialId {
    ::authn::credential::CredentialId(id.to_owned())
}
