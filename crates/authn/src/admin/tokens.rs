//! What an administrator does with one-time code tokens, each act with its audit event in the same transaction.
//!
//! A code that is tried by hand is an oracle as any other: its place is taken before it is looked at (T-CRED-6).
//! Start at [`enrol`] and [`import`].

mod new;

use proto::otp::{KeyUri, Moving};

use super::MAX_LABEL;
use crate::account::{Account, AccountId};
use crate::attempt::Ports;
use crate::audit::{ByHand, Event, Kind, TokenAct};
use crate::credential::otp_token::{
    Acceptance, CodeFault, CodePlace, CodeReservation, CodesOf, MAX_IN_A_ROW, MAX_IN_WINDOW,
    MAX_PER_ACCOUNT, OtpToken, Source, StoredOtpToken, TokenKind, TokenState, window_in_minutes,
};
use crate::credential::sent_code::{BudgetPlace, MAX_TRIED};
use crate::lockout::Subject;
use crate::ports::{SerialsTaken, TokenChange, TokenEffect, Unavailable};

pub use new::{Enrolling, MAX_IMPORT, NewToken, TokenRandomness, Trial, enrol, import, of_a_phone};

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is no such token.
    #[error("no token has that id or serial number; `wicketgate token list` shows them")]
    NoSuchToken,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// Nobody could tell it from another.
    #[error("a label, serial number or issuer has 1 to {MAX_LABEL} printable characters")]
    UnusableLabel,
    /// A serial number is another's.
    #[error(transparent)]
    SerialsTaken(#[from] SerialsTaken),
    /// An account would have too many.
    #[error("an account may have {MAX_PER_ACCOUNT} tokens; remove one that is not used")]
    TooMany,
    /// An import is larger than any.
    #[error("one import brings {MAX_IMPORT} tokens at the most; split it")]
    TooManyAtOnce,
    /// A counter is so high that none would follow.
    #[error("the counter of a token is beyond every counter")]
    CounterTooHigh,
    /// It is somebody's.
    #[error("the token is somebody's already; `wicketgate token unassign` takes it from them")]
    AssignedAlready,
    /// It is nobody's.
    #[error("the token is nobody's; `wicketgate token assign` gives it to somebody")]
    Unassigned,
    /// Its first code has not come.
    #[error(
        "the token waits for its first code; `wicketgate token confirm` takes it, \
         `wicketgate token remove` removes the token"
    )]
    Pending,
    /// Its first code has come.
    #[error("the token is confirmed already")]
    ConfirmedAlready,
    /// Its codes are not taken.
    #[error("the token is blocked; `wicketgate token unblock` releases it")]
    Blocked,
    /// The code is none of the token's, or of a time that is too far.
    #[error(
        "the code is wrong; if it was read off the token just then, \
         `wicketgate token resync` finds out where the token is"
    )]
    WrongCode,
    /// The codes do not follow each other, or the token is too far off.
    #[error("these are not two codes of the token that follow each other, or it is too far off")]
    WrongCodes,
    /// The code was accepted before, or a later one was.
    #[error("the code was used before, or a later one was; wait for the next")]
    SpentCode,
    /// No more codes are looked at.
    #[error(
        "too many wrong codes: {MAX_IN_WINDOW} in {} minutes or {MAX_IN_A_ROW} in a row; \
         `wicketgate token unblock` forgets them",
        window_in_minutes()
    )]
    TooManyFailures,
    /// No more codes are tried by hand.
    #[error(
        "{MAX_TRIED} codes of the token were tried by hand in a day; its owner signs in as ever"
    )]
    TriedTooOften,
    /// Somebody else changed it meanwhile.
    #[error("the token was changed meanwhile; look at it and try again")]
    ChangedMeanwhile,
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Takes the first code of a token, which shows that its seed arrived.
///
/// # Errors
///
/// There is no such token, it does not wait for a code, the code is wrong or one too many, or the store is away.
pub async fn confirm(
    ports: &Ports,
    called: &str,
    typed: &str,
    by: &ByHand,
) -> Result<OtpToken, TokenError> {
    let token = found(ports, called).await?;
    match token.record.state {
        TokenState::Pending => {}
        TokenState::Active => return Err(TokenError::ConfirmedAlready),
        TokenState::Blocked => return Err(TokenError::Blocked),
    }
    let judge = || token.judge(typed, by.at);
    let (reservation, step) = looked_at(ports, &token.record, by, judge).await?;
    let after = OtpToken {
        state: TokenState::Active,
        next: step.number.saturating_add(1),
        drift: step.drift,
        last_used: Some(by.at),
        ..token.record.clone()
    };
    let spends = TokenEffect::Spends(reservation);
    change(
        ports,
        token.record,
        after,
        (spends, TokenAct::Confirmed),
        by,
    )
    .await
}

/// Tries a code of a token and spends it.
///
/// # Errors
///
/// There is no such token, it is not active, the code is wrong, spent or one too many, so many were tried in a day, or the
/// store is away.
pub async fn test(
    ports: &Ports,
    called: &str,
    typed: &str,
    by: &ByHand,
) -> Result<OtpToken, TokenError> {
    let token = found(ports, called).await?;
    must_be_active(&token.record)?;
    // SECURITY: unblocking gives nothing of this back, or whoever may do both would guess without end.
    let place = BudgetPlace::of_try(&token.record.id, by.at);
    if !ports.sent_codes.reserve_guess(place).await? {
        failed(ports, &token.record, by).await?;
        return Err(TokenError::TriedTooOften);
    }
    let judge = || token.judge(typed, by.at);
    let (reservation, step) = looked_at(ports, &token.record, by, judge).await?;
    let acceptance = Acceptance {
        reservation,
        token: token.record.id.clone(),
        account: token.record.account.clone(),
        step,
    };
    let tested = event(by, &token.record, TokenAct::Tested);
    if !ports.otp_tokens.accept_code(acceptance, tested).await? {
        failed(ports, &token.record, by).await?;
        return Err(TokenError::SpentCode);
    }
    Ok(OtpToken {
        next: step.number.saturating_add(1),
        drift: step.drift,
        last_used: Some(by.at),
        ..token.record
    })
}

/// Finds out where a token is, by two codes that follow each other.
///
/// # Errors
///
/// There is no such token, it is not active, the codes are wrong, spent or one too many, or the store is away.
pub async fn resync(
    ports: &Ports,
    called: &str,
    typed: [&str; 2],
    by: &ByHand,
) -> Result<OtpToken, TokenError> {
    let token = found(ports, called).await?;
    must_be_active(&token.record)?;
    let judge = || token.resynchronised(typed, by.at);
    let looked_at = looked_at(ports, &token.record, by, judge).await;
    let (reservation, after) = looked_at.map_err(|error| match error {
        TokenError::WrongCode => TokenError::WrongCodes,
        other => other,
    })?;
    let spends = TokenEffect::Spends(reservation);
    change(
        ports,
        token.record,
        after,
        (spends, TokenAct::Resynchronised),
        by,
    )
    .await
}

/// Gives a token that is nobody's to an account.
///
/// # Errors
///
/// There is no such token, it is somebody's, the account has too many, or the store is away.
pub async fn assign(
    ports: &Ports,
    called: &str,
    account: &AccountId,
    by: &ByHand,
) -> Result<OtpToken, TokenError> {
    let before = found(ports, called).await?.record;
    if before.account.is_some() {
        return Err(TokenError::AssignedAlready);
    }
    has_room(ports, account, 1).await?;
    let after = OtpToken {
        account: Some(account.clone()),
        ..before.clone()
    };
    change(
        ports,
        before,
        after,
        (TokenEffect::None, TokenAct::Assigned),
        by,
    )
    .await
}

/// Takes a token from its owner; whatever rests on it ends.
///
/// # Errors
///
/// There is no such token, it is nobody's or was not confirmed, or the store is away.
pub async fn unassign(ports: &Ports, called: &str, by: &ByHand) -> Result<OtpToken, TokenError> {
    let before = found(ports, called).await?.record;
    if before.account.is_none() {
        return Err(TokenError::Unassigned);
    }
    if before.state == TokenState::Pending {
        return Err(TokenError::Pending);
    }
    let after = OtpToken {
        account: None,
        ..before.clone()
    };
    change(
        ports,
        before,
        after,
        (TokenEffect::None, TokenAct::Unassigned),
        by,
    )
    .await
}

/// Blocks a token; whatever rests on it ends.
///
/// # Errors
///
/// There is no such token, it is not active, or the store is away.
pub async fn block(ports: &Ports, called: &str, by: &ByHand) -> Result<OtpToken, TokenError> {
    let before = found(ports, called).await?.record;
    must_be_active(&before)?;
    let after = OtpToken {
        state: TokenState::Blocked,
        ..before.clone()
    };
    change(
        ports,
        before,
        after,
        (TokenEffect::None, TokenAct::Blocked),
        by,
    )
    .await
}

/// Releases a token that was blocked, or that had too many wrong codes.
///
/// # Errors
///
/// There is no such token, it was not confirmed, or the store is away.
pub async fn unblock(ports: &Ports, called: &str, by: &ByHand) -> Result<OtpToken, TokenError> {
    let before = found(ports, called).await?.record;
    if before.state == TokenState::Pending {
        return Err(TokenError::Pending);
    }
    let after = OtpToken {
        state: TokenState::Active,
        failures: 0,
        ..before.clone()
    };
    change(
        ports,
        before,
        after,
        (TokenEffect::Forgives, TokenAct::Unblocked),
        by,
    )
    .await
}

/// Removes a token; whatever rests on it ends.
///
/// # Errors
///
/// There is no such token, or the store is away.
pub async fn remove(ports: &Ports, called: &str, by: &ByHand) -> Result<OtpToken, TokenError> {
    let record = found(ports, called).await?.record;
    let event = event(by, &record, TokenAct::Removed);
    let is_removed = ports.otp_tokens.remove_otp_token(&record.id, event).await?;
    is_removed.then_some(record).ok_or(TokenError::NoSuchToken)
}

async fn found(ports: &Ports, called: &str) -> Result<StoredOtpToken, TokenError> {
    let found = ports.otp_tokens.otp_token(called).await?;
    found.ok_or(TokenError::NoSuchToken)
}

fn must_be_active(token: &OtpToken) -> Result<(), TokenError> {
    match token.state {
        TokenState::Active => Ok(()),
        TokenState::Pending => Err(TokenError::Pending),
        TokenState::Blocked => Err(TokenError::Blocked),
    }
}

async fn has_room(ports: &Ports, account: &AccountId, more: usize) -> Result<(), TokenError> {
    let subject = Subject::Account(account.clone());
    let has = ports.otp_tokens.otp_tokens_of(&subject).await?.len();
    let has_room = has.saturating_add(more) <= MAX_PER_ACCOUNT;
    has_room.then_some(()).ok_or(TokenError::TooMany)
}

/// Looks at what was typed once its place is taken; whatever is wrong is audited.
async fn looked_at<T>(
    ports: &Ports,
    token: &OtpToken,
    by: &ByHand,
    judge: impl FnOnce() -> Result<T, CodeFault>,
) -> Result<(CodeReservation, T), TokenError> {
    let of = CodesOf::Token(token.id.clone());
    let place = CodePlace::now(of, Source::Familiar, by.at);
    let reservation = ports.otp_tokens.reserve_code(place, None).await?;
    let error = if !reservation.tokens.contains(&token.id) {
        TokenError::TooManyFailures
    } else {
        match judge() {
            Ok(judged) => return Ok((reservation, judged)),
            Err(CodeFault::Wrong) => TokenError::WrongCode,
            Err(CodeFault::Spent) => TokenError::SpentCode,
        }
    };
    failed(ports, token, by).await?;
    Err(error)
}

async fn failed(ports: &Ports, token: &OtpToken, by: &ByHand) -> Result<(), Unavailable> {
    let event = event(by, token, TokenAct::TestFailed);
    ports.audit.append(vec![event]).await
}

async fn change(
    ports: &Ports,
    before: OtpToken,
    after: OtpToken,
    (effect, act): (TokenEffect, TokenAct),
    by: &ByHand,
) -> Result<OtpToken, TokenError> {
    // Whoever loses a token is who it is about, as well as whoever gets one.
    let about = match after.account {
        Some(_) => &after,
        None => &before,
    };
    let change = TokenChange {
        event: event(by, about, act),
        before,
        after: after.clone(),
        effect,
    };
    let is_changed = ports.otp_tokens.change_otp_token(change).await?;
    is_changed
        .then_some(after)
        .ok_or(TokenError::ChangedMeanwhile)
}

fn event(by: &ByHand, token: &OtpToken, act: TokenAct) -> Event {
    let kind = Kind::OtpToken {
        token: token.id.clone(),
        act,
    };
    Event::by_hand(by, kind, token.account.clone())
}

/// What a phone takes of a token that waits for its first code: it may be shown until that has come.
#[must_use]
pub fn shown_again(account: &Account, token: &StoredOtpToken) -> Option<KeyUri> {
    let record = &token.record;
    let is_theirs = record.account.as_ref() == Some(&account.id);
    (is_theirs && record.state == TokenState::Pending).then(|| KeyUri {
        issuer: Some("Wicketgate".to_owned()),
        name: account.upn.clone(),
        seed: token.seed.clone(),
        algorithm: record.algorithm,
        digits: record.digits,
        moving: match record.kind {
            TokenKind::Totp { period } => Moving::Time(period),
            TokenKind::Hotp => Moving::Counter(record.next),
        },
    })
}
