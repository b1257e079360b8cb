//! One-time code tokens: an app on a phone, or a thing on a key ring (RFC 4226, RFC 6238).
//!
//! A token knows which step of it is the next that is good; every older one is refused for ever. Whether a step is
//! taken, the store decides by one conditional statement; what is judged here is only which step a code is of.
//! Start at [`StoredOtpToken::judge`].

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use jiff::{SignedDuration, Timestamp};
use proto::otp::{Algorithm, Code, Digits, Generator, Period, Seed};
use proto::secret::Secret;
use serde::Serialize;

use super::CredentialId;
use super::sent_code::BudgetPlace;
use crate::account::AccountId;
use crate::lockout::{Subject, WINDOW};

/// How many steps before and after the one that it is thought to show a TOTP token may be (RFC 6238 5.2).
pub const AROUND: i64 = 1;
/// By how many steps the clock of a token is followed, as its codes come in; what is further takes a resynchronisation.
pub const MAX_DRIFT: i64 = 2;
/// By how many steps the clock of a token may be off when it is resynchronised: ten minutes of half a minute each.
pub const MAX_OFFSET: i64 = 20;
/// How many codes of a HOTP token may have been made and not used (RFC 4226 7.2).
pub const LOOK_AHEAD: u64 = 10;
/// The same where two codes that follow each other are shown (RFC 4226 7.4).
pub const RESYNC_AHEAD: u64 = 50;
/// How many spent codes of a HOTP token are known again, so that the audit can tell a repeat from a guess.
const LOOK_BACK: u64 = 10;
/// How many wrong codes of a token are looked at in a window ([`WINDOW`]), from familiar sources and from others, each.
pub const MAX_IN_WINDOW: u32 = 5;
/// How many wrong codes of a token are looked at in a row (SP 800-63B 3.2.2); beyond, an administrator unblocks it.
pub const MAX_IN_A_ROW: u32 = 100;
/// How many tokens an account may have.
pub const MAX_PER_ACCOUNT: usize = 5;
/// Steps and counters beyond this are no token's: no code of it would ever be the last.
pub const MAX_STEP: u64 = 1 << 62;

/// What moves a token on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum TokenKind {
    /// The time.
    Totp {
        /// How long a code is shown.
        period: Period,
    },
    /// A button.
    Hotp,
}

/// Whether a token's codes are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenState {
    /// Not before a first code has shown that the seed arrived.
    Pending,
    /// They are, where it is somebody's.
    Active,
    /// Not until an administrator unblocks it.
    Blocked,
}

/// What is known about a token, without its seed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtpToken {
    /// Its immutable id.
    pub id: CredentialId,
    /// What is printed on it, where it is a thing.
    pub serial: Option<String>,
    /// Whose it is.
    pub account: Option<AccountId>,
    /// What it is called.
    pub label: String,
    /// What moves it on.
    #[serde(flatten)]
    pub kind: TokenKind,
    /// The hash function under its codes.
    pub algorithm: Algorithm,
    /// How many digits its codes have.
    pub digits: Digits,
    /// Whether its codes are taken.
    pub state: TokenState,
    /// When it was enrolled or imported.
    pub created: Timestamp,
    /// When a code of it was accepted last.
    pub last_used: Option<Timestamp>,
    /// The lowest step or counter that is not spent.
    pub next: u64,
    /// By how many steps its clock is off, as a resynchronisation found.
    pub offset: i64,
    /// By how many more it has wandered since.
    pub drift: i64,
    /// How many wrong codes came in a row.
    pub failures: u32,
}

/// A token as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredOtpToken {
    /// What is known about it.
    pub record: OtpToken,
    /// What its codes are computed from.
    pub seed: Seed,
}

/// The step of a token that a code is of, and where its clock is thought to be then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The step or counter.
    pub number: u64,
    /// How far its clock has wandered.
    pub drift: i64,
}

/// Why a code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeFault {
    /// It is none of the token's, or of a time that is too far.
    Wrong,
    /// It was accepted before, or a later one was.
    Spent,
}

impl OtpToken {
    /// Whether a code of it may be looked at on behalf of an account.
    #[must_use]
    pub fn is_good_for(&self, account: &AccountId) -> bool {
        self.state == TokenState::Active && self.account.as_ref() == Some(account)
    }

    /// Whether so many wrong codes came that no more are looked at before it is unblocked.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.failures >= MAX_IN_A_ROW
    }

    /// The step that its clock shows at a time, as far as that is known.
    fn shown(&self, period: Period, now: Timestamp) -> u64 {
        let off = self.offset.saturating_add(self.drift);
        period.step(now.as_second()).saturating_add_signed(off)
    }
}

impl StoredOtpToken {
    /// Which step a code is of.
    ///
    /// **Proves** nothing alone: the step must still be accepted by the store.
    ///
    /// # Errors
    ///
    /// It is wrong or spent.
    pub fn judge(&self, typed: &str, now: Timestamp) -> Result<Step, CodeFault> {
        let OtpToken { next, .. } = self.record;
        let code = self.read(typed)?;
        let number = self.generator().matched(&code, self.window(now));
        let number = number.ok_or(CodeFault::Wrong)?;
        if number < next {
            return Err(CodeFault::Spent);
        }
        let drift = match self.record.kind {
            TokenKind::Totp { period } => self.drift_at(number, period, now),
            TokenKind::Hotp => 0,
        };
        Ok(Step { number, drift })
    }

    /// Every code that somebody may type, or may have typed at one of these times: what NTLM is proved by is computed from
    /// each. They prove nothing by themselves.
    #[must_use]
    pub fn typable(&self, now: Timestamp, before: &[Timestamp]) -> Vec<Secret<String>> {
        let mut steps: BTreeSet<u64> = self.window(now).collect();
        if let TokenKind::Totp { period } = self.record.kind {
            let shown = before.iter().map(|at| self.record.shown(period, *at));
            steps.extend(shown.flat_map(|step| around(step, AROUND)));
        }
        let generator = self.generator();
        let code = |step: &u64| generator.code(*step).shown().clone();
        // What is shown at this moment comes first.
        steps.iter().rev().map(code).collect()
    }

    /// The steps whose codes are looked at.
    fn window(&self, now: Timestamp) -> RangeInclusive<u64> {
        let next = self.record.next;
        match self.record.kind {
            TokenKind::Totp { period } => around(self.record.shown(period, now), AROUND),
            // SECURITY: what is spent is in the window and refused below, so that a repeat costs what a guess does.
            TokenKind::Hotp => next.saturating_sub(LOOK_BACK)..=next.saturating_add(LOOK_AHEAD),
        }
    }

    /// What the token is after two codes that follow each other said where it is: both are spent.
    ///
    /// # Errors
    ///
    /// They do not follow each other, are too far, or are spent.
    pub fn resynchronised(&self, typed: [&str; 2], now: Timestamp) -> Result<OtpToken, CodeFault> {
        let [one, next] = typed;
        let (one, following) = (self.read(one)?, self.read(next)?);
        let next = self.record.next;
        let window = match self.record.kind {
            // The second of the two is the one that may be so far off.
            TokenKind::Totp { period } => {
                let shown = period.step(now.as_second());
                around(shown.saturating_sub(1), MAX_OFFSET)
            }
            TokenKind::Hotp => next..=next.saturating_add(RESYNC_AHEAD - 1),
        };
        let number = self.generator().consecutive([&one, &following], window);
        let number = number.ok_or(CodeFault::Wrong)?;
        if number <= next {
            return Err(CodeFault::Spent);
        }
        let offset = match self.record.kind {
            TokenKind::Totp { period } => difference(number, period.step(now.as_second())),
            TokenKind::Hotp => 0,
        };
        Ok(OtpToken {
            next: number.saturating_add(1),
            offset,
            drift: 0,
            last_used: Some(now),
            ..self.record.clone()
        })
    }

    fn read(&self, typed: &str) -> Result<Code, CodeFault> {
        Code::parse(typed, self.record.digits).map_err(|_| CodeFault::Wrong)
    }

    fn generator(&self) -> Generator {
        let OtpToken {
            algorithm, digits, ..
        } = self.record;
        Generator::new(&self.seed, algorithm, digits)
    }

    fn drift_at(&self, number: u64, period: Period, now: Timestamp) -> i64 {
        let off = difference(number, period.step(now.as_second()));
        let drift = off.saturating_sub(self.record.offset);
        drift.clamp(-MAX_DRIFT, MAX_DRIFT)
    }
}

/// The steps around one.
fn around(step: u64, steps: i64) -> RangeInclusive<u64> {
    step.saturating_add_signed(-steps)..=step.saturating_add_signed(steps)
}

/// By how much a step is after another.
fn difference(step: u64, other: u64) -> i64 {
    let difference = i128::from(step) - i128::from(other);
    i64::try_from(difference).unwrap_or_default()
}

/// Whether codes come from where their owner has signed in before: each kind of source has a budget of its own, so
/// that strangers cannot spend the owner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The owner has signed in from there, or an administrator tries a code by hand.
    Familiar,
    /// Anywhere else.
    Unfamiliar,
}

/// Whose codes are about to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodesOf {
    /// Those of every active token of a subject.
    Subject(Subject),
    /// Those of one token that is not blocked.
    Token(CredentialId),
}

/// A place in the budgets of tokens, asked for before a code is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodePlace {
    /// Whose.
    pub of: CodesOf,
    /// From where.
    pub source: Source,
    /// The start of the window.
    pub window_start: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// The place of a guess at a code that was sent, where one may be meant; it is taken with the others.
    pub guess: Option<BudgetPlace>,
}

impl CodePlace {
    /// The place of a code now.
    #[must_use]
    pub fn now(of: CodesOf, source: Source, now: Timestamp) -> Self {
        let window_start = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        Self {
            of,
            source,
            window_start,
            now,
            guess: None,
        }
    }
}

/// Tokens whose codes may be looked at, and whether a failure is counted for each until it is given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeReservation {
    /// What was asked for.
    pub place: CodePlace,
    /// The tokens whose budgets had room; no other may be looked at.
    pub tokens: BTreeSet<CredentialId>,
    /// Whether a code that was sent may be looked at, as far as that was asked for.
    pub may_guess: bool,
    /// Whether it took places of its own: the same typed secret that is being looked at already is no further guess.
    pub is_counted: bool,
}

/// A step that is to be spent, and the places that are given back where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acceptance {
    /// The places.
    pub reservation: CodeReservation,
    /// The token.
    pub token: CredentialId,
    /// Whose it was when its code was judged.
    pub account: Option<AccountId>,
    /// The step.
    pub step: Step,
}

/// How long a window lasts, in words for people.
#[must_use]
pub fn window_in_minutes() -> i64 {
    SignedDuration::as_mins(&WINDOW)
}

#[cfg(test)]
mod tests;
