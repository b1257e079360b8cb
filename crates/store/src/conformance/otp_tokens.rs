//! Conformance of [`OtpTokens`](authn::ports::OtpTokens): a code works once, and guesses are counted before they are
//! looked at.

use std::sync::Arc;

use ::authn::account::{Account, AccountId};
use ::authn::audit::{Kind, TokenAct};
use ::authn::credential::CredentialId;
use ::authn::credential::otp_token::{
    Acceptance, CodePlace, CodeReservation, CodesOf, MAX_IN_A_ROW, MAX_IN_WINDOW, OtpToken, Source,
    Step, StoredOtpToken, TokenKind, TokenState,
};
use ::authn::lockout::Subject;
use ::authn::ports::{Adding, TokenChange, TokenEffect, Unavailable};
use proto::otp::{Algorithm, Digits, Period, Seed};

use super::{Conforming, WINDOW, account, all_at_once, at, event};

/// An active token of an account, whose first hundred steps are spent.
pub(crate) fn otp_token(id: &str, account: &Account) -> StoredOtpToken {
    let kind = TokenKind::Totp {
        period: Period::HALF_A_MINUTE,
    };
    let record = OtpToken {
        id: CredentialId(id.to_owned()),
        serial: Some(format!("serial of {id}")),
        account: Some(account.id.clone()),
        label: format!("the \"{id}\""),
        kind,
        algorithm: Algorithm::Sha1,
        digits: Digits::SIX,
        state: TokenState::Active,
        created: at(0),
        last_used: None,
        next: 100,
        offset: 0,
        drift: 0,
        failures: 0,
    };
    let seed = Seed::made_from([7; 20]);
    StoredOtpToken { record, seed }
}

pub(super) fn done(account: &Account, id: &CredentialId, act: TokenAct) -> ::authn::audit::Event {
    let token = id.clone();
    event(1, Kind::OtpToken { token, act }, account)
}

async fn add<S: Conforming>(
    store: &S,
    account: &Account,
    tokens: Vec<StoredOtpToken>,
) -> Result<(), Unavailable> {
    let ids = tokens.iter().map(|token| &token.record.id);
    let events = ids
        .map(|id| done(account, id, TokenAct::Enrolled))
        .collect();
    let added = store.add_otp_tokens(tokens, Adding::For(events)).await?;
    assert_eq!(added, Ok(()));
    Ok(())
}

/// An account with this token of it.
pub(crate) async fn owner_of<S: Conforming>(
    store: &S,
    make: impl FnOnce(&Account) -> StoredOtpToken,
) -> Result<(Account, StoredOtpToken), Unavailable> {
    let anna = account("anna");
    let added = store
        .add(&anna, event(0, Kind::AccountCreated, &anna))
        .await?;
    assert_eq!(added, Ok(()));
    let token = make(&anna);
    add(store, &anna, vec![token.clone()]).await?;
    Ok((anna, token))
}

pub(super) fn phone(account: &Account) -> StoredOtpToken {
    otp_token("phone", account)
}

pub(super) fn guess(token: &OtpToken, source: Source, seconds: i64) -> CodePlace {
    CodePlace {
        of: CodesOf::Token(token.id.clone()),
        source,
        window_start: at(seconds - WINDOW.as_secs()),
        now: at(seconds),
        guess: None,
    }
}

/// A step that is to be spent, no place having been taken.
pub(crate) fn spending(token: &OtpToken, number: u64) -> Acceptance {
    let place = guess(token, Source::Familiar, 2);
    let tokens = [].into();
    Acceptance {
        reservation: CodeReservation {
            place,
            tokens,
            may_guess: false,
            is_counted: true,
        },
        token: token.id.clone(),
        account: token.account.clone(),
        step: Step { number, drift: 1 },
    }
}

pub(super) async fn accepts<S: Conforming>(
    store: &S,
    account: &Account,
    acceptance: Acceptance,
) -> Result<bool, Unavailable> {
    let tested = done(account, &acceptance.token, TokenAct::Tested);
    store.accept_code(acceptance, tested).await
}

pub(super) async fn record<S: Conforming>(
    store: &S,
    id: &CredentialId,
) -> Result<OtpToken, Unavailable> {
    let missing = Unavailable {
        what: "a token",
        detail: "it is gone".to_owned(),
    };
    let found = store.otp_token(&id.0).await?;
    found.map(|found| found.record).ok_or(missing)
}

/// Its seed included, under its id and its serial number, in the order in which they were made.
pub async fn a_token_keeps_all_its_fields<S: Conforming>(store: Arc<S>) -> Result<(), Unavailable> {
    let (anna, second) = owner_of(&*store, |anna| otp_token("second", anna)).await?;
    let mut first = otp_token("first", &anna);
    first.record = OtpToken {
        serial: None,
        kind: TokenKind::Hotp,
        algorithm: Algorithm::Sha512,
        digits: Digits::of(8).unwrap_or(Digits::SIX),
        state: TokenState::Pending,
        created: at(-1),
        last_used: Some(at(3)),
        next: 1 << 62,
        offset: -20,
        drift: -2,
        ..first.record
    };
    add(&*store, &anna, vec![first.clone()]).await?;
    let found = store
        .otp_tokens_of(&Subject::Account(anna.id.clone()))
        .await?;
    assert_eq!(found.len(), 2);
    for (found, expected) in found.iter().zip([&first, &second]) {
        assert_eq!(found.record, expected.record);
        assert_eq!(found.seed.as_bytes(), expected.seed.as_bytes());
        assert_eq!(record(&*store, &expected.record.id).await?, expected.record);
    }
    let by_serial = store.otp_token("serial of second").await?;
    assert_eq!(by_serial.map(|it| it.record), Some(second.record));
    assert!(store.otp_token("serial of first").await?.is_none());
    let listed = store.otp_tokens("", 1).await?;
    assert_eq!(listed, [first.record]);
    let listed = store.otp_tokens("first", 9).await?;
    assert_eq!(listed.len(), 1);
    assert!(store.otp_tokens("second", 9).await?.is_empty());
    Ok(())
}

/// Not even where an account's id reads like its bucket.
pub async fn an_unknown_subject_has_no_tokens<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let seven = Account {
        id: AccountId("7".to_owned()),
        ..account("seven")
    };
    let added = store
        .add(&seven, event(0, Kind::AccountCreated, &seven))
        .await?;
    assert_eq!(added, Ok(()));
    add(&*store, &seven, vec![phone(&seven)]).await?;
    assert_eq!(
        store
            .otp_tokens_of(&Subject::Account(seven.id))
            .await?
            .len(),
        1
    );
    assert!(store.otp_tokens_of(&Subject::Unknown(7)).await?.is_empty());
    let place = CodePlace {
        of: CodesOf::Subject(Subject::Unknown(7)),
        ..guess(&phone(&account("anna")).record, Source::Familiar, 0)
    };
    assert!(store.reserve_code(place, None).await?.tokens.is_empty());
    Ok(())
}

/// And an import with one that is taken changes nothing; nor does one on trial.
pub async fn a_serial_number_is_one_token_s<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let named = |id: &str, serial: &str| {
        let mut token = otp_token(id, &anna);
        token.record.serial = Some(serial.to_owned());
        token
    };
    let taken = vec![
        named("2", "new"),
        named("3", "serial of phone"),
        named("4", "newer"),
        named("5", "newer"),
    ];
    for adding in [Adding::OnTrial, Adding::For(Vec::new())] {
        let added = store.add_otp_tokens(taken.clone(), adding).await?;
        let serials = added.err().map(|taken| taken.serials);
        let expected = ["serial of phone", "newer"].map(str::to_owned);
        assert_eq!(serials, Some(expected.to_vec()));
    }
    let free = vec![named("2", "new"), named("4", "newer")];
    let tried = store.add_otp_tokens(free.clone(), Adding::OnTrial).await?;
    assert_eq!(tried, Ok(()));
    assert_eq!(store.otp_tokens("", 9).await?, [phone.record]);
    add(&*store, &anna, free).await?;
    assert_eq!(store.otp_tokens("", 9).await?.len(), 3);
    Ok(())
}

/// Whoever comes at once (T-OTP-1, T-OTP-2).
pub async fn of_64_parallel_codes_exactly_one_is_accepted<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    for round in 0..20 {
        let accepted = all_at_once(&store, 64, |store, _| {
            let (anna, spending) = (anna.clone(), spending(&phone.record, 100 + round));
            async move { accepts(&*store, &anna, spending).await }
        })
        .await?;
        let accepted = accepted.into_iter().filter(|it| *it).count();
        assert_eq!(accepted, 1, "round {round}");
    }
    Ok(())
}

/// For ever (T-OTP-4), and what was accepted is kept.
pub async fn a_spent_step_and_what_is_older_is_refused<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let spends = |number| accepts(&*store, &anna, spending(&phone.record, number));
    assert!(!spends(99).await?);
    assert!(spends(102).await?);
    for number in [102, 101, 100, 0] {
        assert!(!spends(number).await?, "{number}");
    }
    let after = record(&*store, &phone.record.id).await?;
    assert_eq!((after.next, after.drift), (103, 1));
    assert_eq!(after.last_used, Some(at(2)));
    assert!(spends(103).await?);
    Ok(())
}

/// While it is active.
pub async fn a_code_is_accepted_for_its_owner_alone<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    for other in [None, Some(AccountId("id-of-ben".to_owned()))] {
        let of_another = Acceptance {
            account: other,
            ..spending(&phone.record, 100)
        };
        assert!(!accepts(&*store, &anna, of_another).await?);
    }
    for (state, id) in [(TokenState::Pending, "2"), (TokenState::Blocked, "3")] {
        let mut other = otp_token(id, &anna);
        other.record.state = state;
        add(&*store, &anna, vec![other.clone()]).await?;
        let spending = spending(&other.record, 100);
        assert!(!accepts(&*store, &anna, spending).await?, "{state:?}");
    }
    let mut nobodys = otp_token("4", &anna);
    nobodys.record.account = None;
    add(&*store, &anna, vec![nobodys.clone()]).await?;
    assert!(accepts(&*store, &anna, spending(&nobodys.record, 100)).await?);
    assert!(accepts(&*store, &anna, spending(&phone.record, 100)).await?);
    Ok(())
}

/// The check and the count are one step (T-CRED-5).
pub async fn of_64_parallel_guesses_five_are_looked_at<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (_, phone) = owner_of(&*store, phone).await?;
    let given = all_at_once(&store, 64, |store, _| {
        let place = guess(&phone.record, Source::Unfamiliar, 0);
        async move { store.reserve_code(place, None).await }
    })
    .await?;
    let given = given.iter().filter(|it| !it.tokens.is_empty()).count();
    assert_eq!(given, 5);
    assert_eq!(
        record(&*store, &phone.record.id).await?.failures,
        MAX_IN_WINDOW
    );
    Ok(())
}

/// Strangers do not spend what the owner has (T-CRED-3), and the next window brings more.
pub async fn each_kind_of_source_has_a_budget_of_its_own<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let record = phone.record;
    let has_room = async |source, seconds| {
        let place = guess(&record, source, seconds);
        Ok::<_, Unavailable>(!store.reserve_code(place, None).await?.tokens.is_empty())
    };
    for second in 0..10 {
        let expected = second < 5;
        assert_eq!(
            has_room(Source::Unfamiliar, second).await?,
            expected,
            "{second}"
        );
    }
    let place = CodePlace {
        of: CodesOf::Subject(Subject::Account(anna.id.clone())),
        ..guess(&record, Source::Unfamiliar, 10)
    };
    assert!(store.reserve_code(place, None).await?.tokens.is_empty());
    assert!(has_room(Source::Familiar, 10).await?);
    let window = WINDOW.as_secs();
    assert!(!has_room(Source::Unfamiliar, window).await?);
    assert!(has_room(Source::Unfamiliar, window + 1).await?);
    Ok(())
}

/// However long that takes (T-CRED-9), until somebody unblocks it.
pub async fn after_a_hundred_wrong_codes_in_a_row_none_is_looked_at<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let mut looked_at = 0;
    for round in 0..120 {
        let seconds = round * (WINDOW.as_secs() + 1);
        for source in [Source::Unfamiliar, Source::Familiar] {
            let place = guess(&phone.record, source, seconds);
            looked_at += store.reserve_code(place, None).await?.tokens.len();
        }
    }
    assert_eq!(looked_at, 100);
    let before = record(&*store, &phone.record.id).await?;
    assert_eq!(before.failures, MAX_IN_A_ROW);
    let id = before.id.clone();
    let unblock = TokenChange {
        after: before.clone(),
        before,
        effect: TokenEffect::Forgives,
        event: done(&anna, &id, TokenAct::Unblocked),
    };
    assert!(store.change_otp_token(unblock).await?);
    assert_eq!(record(&*store, &id).await?.failures, 0);
    let place = guess(&phone.record, Source::Unfamiliar, 120 * WINDOW.as_secs());
    assert_eq!(store.reserve_code(place, None).await?.tokens.len(), 1);
    Ok(())
}

/// Of every token that was looked at, and no other failure is forgotten (T-CRED-7).
pub async fn an_accepted_code_gives_its_places_back<S: Conforming>(
    store: Arc<S>,
) -> Result<(), Unavailable> {
    let (anna, phone) = owner_of(&*store, phone).await?;
    let tablet = otp_token("tablet", &anna);
    add(&*store, &anna, vec![tablet.clone()]).await?;
    let place = || CodePlace {
        of: CodesOf::Subject(Subject::Account(anna.id.clone())),
        ..guess(&phone.record, Source::Unfamiliar, 1)
    };
    let wrong = store.reserve_code(place(), None).await?;
    assert_eq!(wrong.tokens.len(), 2);
    for number in 100..110 {
        let acceptance = Acceptance {
            reservation: store.reserve_code(place(), None).await?,
            ..spending(&phone.record, number)
        };
        assert_eq!(acceptance.reservation.tokens.len(), 2, "{number}");
        assert!(accepts(&*store, &anna, acceptance).await?);
    }
    for id in [phone.record.id, tablet.record.id] {
        assert_eq!(record(&*store, &id).await?.failures, 1);
    }
    Ok(())
}
