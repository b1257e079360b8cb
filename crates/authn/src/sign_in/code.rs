//! Which code was right of those that may be meant by what was typed: a token's, or the one that was sent.

use crate::account::Account;
use crate::audit::Reason;
use crate::credential::CredentialId;
use crate::credential::otp_token::{
    Acceptance, CodeFault, CodeReservation, Step, StoredOtpToken, TokenState,
};
use crate::credential::sent_code::{BudgetPlace, Guessed};
use crate::place::Method;

use super::At;

/// Which code was right.
pub(super) enum Found {
    /// One of a token.
    OfToken(CredentialId, Step),
    /// The one that was sent.
    Sent,
}

/// What a right code spends and gives back.
pub(super) struct Coded {
    /// Which kind it is.
    pub(super) method: Method,
    /// The step of a token that is spent.
    pub(super) code: Option<Acceptance>,
    /// The places.
    pub(super) guessed: Guessed,
}

impl Found {
    /// Which kind it is.
    pub(super) fn method(&self) -> Method {
        match self {
            Self::OfToken(..) => Method::OneTimeCode,
            Self::Sent => Method::SentCode,
        }
    }

    /// What it spends and gives back.
    pub(super) fn coded(
        self,
        account: &Account,
        (place, reservation): (BudgetPlace, CodeReservation),
    ) -> Coded {
        let method = self.method();
        match self {
            Self::OfToken(token, step) => Coded {
                method,
                code: Some(Acceptance {
                    reservation,
                    token,
                    account: Some(account.id.clone()),
                    step,
                }),
                guessed: Guessed {
                    place,
                    tokens: None,
                },
            },
            Self::Sent => Coded {
                method,
                code: None,
                guessed: Guessed {
                    place,
                    tokens: Some(reservation),
                },
            },
        }
    }
}

/// The code that was right; where none was, what is wrong, as far as it says more.
pub(super) fn one_of(
    of_token: Result<(CredentialId, Step), Reason>,
    of_sent: Result<(), Reason>,
    was_sent: bool,
) -> Result<Found, Reason> {
    match (of_sent, of_token) {
        (Ok(()), _) => Ok(Found::Sent),
        (_, Ok((token, step))) => Ok(Found::OfToken(token, step)),
        (Err(sent), Err(token)) => Err(match (token, sent) {
            (Reason::NoToken | Reason::WrongCode, sent) if was_sent => sent,
            (token, _) => token,
        }),
    }
}

/// The token that a code is of, among those that have room.
pub(super) fn judge(
    stored: Vec<StoredOtpToken>,
    reservation: &CodeReservation,
    typed: &str,
    at: &At,
) -> Result<(CredentialId, Step), Reason> {
    if reservation.tokens.is_empty() {
        let is_active = |it: &StoredOtpToken| it.record.state == TokenState::Active;
        return Err(match stored.iter().any(is_active) {
            true => Reason::TooManyCodes,
            false => Reason::NoToken,
        });
    }
    let mut fault = CodeFault::Wrong;
    let mut found = None;
    let with_room = stored
        .into_iter()
        .filter(|it| reservation.tokens.contains(&it.record.id));
    // Every one is tried, whichever is right.
    for token in with_room {
        match token.judge(typed, at.now) {
            Ok(step) => found = found.or(Some((token.record.id, step))),
            Err(CodeFault::Spent) => fault = CodeFault::Spent,
            Err(CodeFault::Wrong) => {}
        }
    }
    found.ok_or(match fault {
        CodeFault::Wrong => Reason::WrongCode,
        CodeFault::Spent => Reason::CodeSpent,
    })
}
