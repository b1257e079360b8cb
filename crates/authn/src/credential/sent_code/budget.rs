//! Budgets of codes that are sent, and of guesses at them: so many in a window, taken before anything is sent or compared.

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use super::client::{MAX_UNANSWERED, UNANSWERED};
use super::{Destination, LIFE, MAX_GUESSES, MAX_GUESSES_IN_A_ROW, MAX_IN_WINDOW, MAX_LIVING};
use crate::account::AccountId;
use crate::credential::CredentialId;
use crate::credential::otp_token::{CodeReservation, Source};
use crate::handle::hexadecimal;
use crate::lockout::{Subject, WINDOW};

/// How many codes of a token are tried by hand in a day, right ones as well.
pub const MAX_TRIED: u32 = 20;
/// In which they are.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Wrong codes from sources that are familiar.
    GuessFamiliar,
    /// Wrong codes from others.
    GuessUnfamiliar,
    /// Codes of a person that live.
    Living,
    /// Codes to a person.
    Person,
    /// Codes to a number or an address that live.
    LivingAddress,
    /// Codes to a number or an address.
    Address,
    /// Codes to what begins alike.
    Prefix,
    /// Codes of a person that a client asked for and nobody typed.
    Unanswered,
    /// Codes of a token that somebody tried by hand.
    Tried,
}

impl Counted {
    /// Its word, in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GuessFamiliar => "guess-familiar",
            Self::GuessUnfamiliar => "guess-unfamiliar",
            Self::Living => "living",
            Self::Person => "person",
            Self::LivingAddress => "living-address",
            Self::Address => "address",
            Self::Prefix => "prefix",
            Self::Unanswered => "unanswered",
            Self::Tried => "tried",
        }
    }
}

/// A place in a budget: so many in a window, and so many in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetPlace {
    /// What is counted.
    pub counted: Counted,
    /// Whose; nothing where it is nobody's, so that it costs the same.
    pub name: String,
    /// The start of the window.
    pub window_start: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// How many there may be in the window.
    pub at_most: u32,
    /// How many there may be in a row, of which none was given back.
    pub in_a_row: u32,
}

impl BudgetPlace {
    /// The place of a guess at the codes of somebody.
    #[must_use]
    pub fn of_guess(subject: &Subject, source: Source, now: Timestamp) -> Self {
        let counted = match source {
            Source::Familiar => Counted::GuessFamiliar,
            Source::Unfamiliar => Counted::GuessUnfamiliar,
        };
        let name = match subject {
            Subject::Account(account) => Some(account.0.clone()),
            Subject::Unknown(_) => None,
        };
        Self {
            in_a_row: match name {
                Some(_) => MAX_GUESSES_IN_A_ROW,
                None => u32::MAX,
            },
            ..Self::of((counted, name), (WINDOW, MAX_GUESSES), now)
        }
    }

    /// The places of a code that is to be sent; those of nobody always have room. A number is counted by its MAC under a
    /// key that all nodes have, so that nobody reads it in the store.
    #[must_use]
    pub fn of_code(
        to: Option<&Destination>,
        (per_prefix, key): (u32, &Secret<Vec<u8>>),
        now: Timestamp,
    ) -> Vec<Self> {
        let person = to.map(|to| to.account.0.clone());
        let counted = |to: &Destination, what: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
            let what = format!("wicketgate destination\0{}:{what}", to.address.carrier());
            hexadecimal(hmac::sign(&key, what.as_bytes()).as_ref())
        };
        let address = to.map(|to| counted(to, to.address.as_str()));
        let prefix = to.map(|to| counted(to, &to.address.prefix()));
        [
            ((Counted::Living, person.clone()), (LIFE, MAX_LIVING)),
            ((Counted::Person, person), (WINDOW, MAX_IN_WINDOW)),
            (
                (Counted::LivingAddress, address.clone()),
                (LIFE, MAX_LIVING),
            ),
            ((Counted::Address, address), (WINDOW, MAX_IN_WINDOW)),
            ((Counted::Prefix, prefix), (WINDOW, per_prefix)),
        ]
        .map(|(whose, limit)| Self::of(whose, limit, now))
        .into()
    }

    /// The place of a code that a client asked for, until its owner types it.
    #[must_use]
    pub fn of_unanswered(account: Option<&AccountId>, now: Timestamp) -> Self {
        let name = account.map(|account| account.0.clone());
        let limit = (UNANSWERED, MAX_UNANSWERED);
        Self::of((Counted::Unanswered, name), limit, now)
    }

    /// The place of a code of a token that somebody tries by hand.
    #[must_use]
    pub fn of_try(token: &CredentialId, now: Timestamp) -> Self {
        let name = Some(token.0.clone());
        Self::of((Counted::Tried, name), (A_DAY, MAX_TRIED), now)
    }

    fn of(
        (counted, name): (Counted, Option<String>),
        (window, at_most): (SignedDuration, u32),
        now: Timestamp,
    ) -> Self {
        Self {
            counted,
            window_start: now.checked_sub(window).unwrap_or(Timestamp::MIN),
            now,
            at_most: match name {
                Some(_) => at_most,
                None => u32::MAX,
            },
            in_a_row: u32::MAX,
            name: name.unwrap_or_default(),
        }
    }
}

/// What is given back where a sign-in with a code is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guessed {
    /// The place of the guess.
    pub place: BudgetPlace,
    /// The places of tokens, where it was no token's code that was right.
    pub tokens: Option<CodeReservation>,
}
