//! A memorised secret: what a person knows by heart, set by that person, for pages of ours and for the field of a client that
//! takes a code behind it, and never for NTLM (SP 800-63B 3.1.1). It is no domain password.
//!
//! The whole text counts, in one form of its letters (NFKC, as for names). It is kept as Argon2id alone, and that
//! sealed under a key outside the store, which is the keyed step of SP 800-63B 3.1.1.2. Whether it may be tried at all,
//! the store decides before it is hashed. Start at [`Typed::chosen_by`].

mod verdict;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use argon2::{Algorithm, Argon2, Params, Version};
use jiff::Timestamp;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroize;

use super::CredentialId;
use super::otp_token::Source;
use crate::account::{Account, AccountId};
use crate::handle::HandleKey;
use crate::lockout::{Subject, WINDOW};
use crate::ports::Unavailable;
pub use verdict::{Guessed, MAX_KNOWN, Room, Tried, VerdictTag};

/// The shortest that may be chosen, in characters (SP 800-63B 3.1.1, beside a second factor).
pub const SHORTEST: usize = 8;
/// The longest that may be chosen, in characters.
pub const LONGEST: usize = 128;
/// The longest that is looked at, in bytes.
const MOST_BYTES: usize = 4 * LONGEST;
/// How many wrong secrets of an account are looked at in a window ([`WINDOW`]), from familiar sources and from others,
/// each.
pub const MAX_IN_WINDOW: u32 = 10;
/// How many wrong secrets are looked at in a row, of each kind of source: 100 in all (SP 800-63B 3.2.2).
pub const MAX_IN_A_ROW: u32 = 50;
/// How many old secrets are looked at in one session whose owner proved two factors there and chooses another.
pub const MAX_IN_A_SESSION: u32 = 5;
/// The shortest name of an account that must not stand in its secret.
const SHORTEST_NAME: usize = 4;

/// What is known about a memorised secret, without what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemorisedSecret {
    /// Its immutable id; one that is changed gets another.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was set.
    pub set: Timestamp,
    /// When it opened something last.
    pub last_used: Option<Timestamp>,
    /// Since when it opens nothing, where its owner said that somebody else knows it.
    pub disowned: Option<Timestamp>,
}

/// A memorised secret as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredMemorisedSecret {
    /// What is known about it.
    pub record: MemorisedSecret,
    /// What proves it.
    pub hash: SecretHash,
}

impl StoredMemorisedSecret {
    /// The secret, where it opens anything.
    ///
    /// SECURITY: whoever proves one asks here; one that was disowned is as none, whoever types it.
    #[must_use]
    pub fn standing(self) -> Option<Self> {
        self.record.disowned.is_none().then_some(self)
    }
}

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory: u32,
    /// How many times it is gone over.
    pub passes: u32,
}

impl Cost {
    /// What new ones cost: 19 MiB, twice.
    pub const NEW: Self = Self {
        memory: 19 * 1_024,
        passes: 2,
    };
}

/// An Argon2id hash (RFC 9106) with all that it takes to make it again.
#[derive(Clone)]
pub struct SecretHash {
    /// What it cost.
    pub cost: Cost,
    /// Its salt.
    pub salt: [u8; 16],
    /// The hash.
    pub tag: Secret<[u8; 32]>,
}

/// A secret as it was typed, in one form of its letters.
#[derive(Clone, Debug)]
pub struct Typed(Secret<String>);

/// Why a secret may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// It is too short.
    #[error("a secret has at least {SHORTEST} characters; several words are easy to remember")]
    TooShort,
    /// It is too long.
    #[error("a secret has at most {LONGEST} characters")]
    TooLong,
    /// It has something in it that no keyboard types.
    #[error("a secret has no control characters in it")]
    Unprintable,
    /// Many people have it, or it is one character or one step repeated.
    #[error("that secret is among the first that anybody would try; choose another")]
    Common,
    /// It is one of the account's own names, with little else.
    #[error("a secret is not made of one's own name")]
    OwnName,
    /// It was disowned: somebody else knows it.
    #[error("somebody else knows that secret; choose another")]
    Disowned,
}

impl Typed {
    /// Takes what was typed to sign in; what is too long to be anybody's is nobody's.
    #[must_use]
    pub fn to_sign_in(text: &Secret<String>) -> Self {
        let text = Some(text.expose()).filter(|text| text.len() <= MOST_BYTES);
        Self(Secret::new(
            text.map(|text| text.nfkc().collect()).unwrap_or_default(),
        ))
    }

    /// Takes what an account's owner chose.
    ///
    /// # Errors
    ///
    /// It may not be chosen.
    pub fn chosen_by(account: &Account, text: &Secret<String>) -> Result<Self, SecretFault> {
        if text.expose().len() > MOST_BYTES {
            return Err(SecretFault::TooLong);
        }
        let typed = Self::to_sign_in(text);
        let length = typed.0.expose().chars().count();
        if length < SHORTEST {
            return Err(SecretFault::TooShort);
        }
        if length > LONGEST {
            return Err(SecretFault::TooLong);
        }
        if typed.0.expose().chars().any(char::is_control) {
            return Err(SecretFault::Unprintable);
        }
        let mut folded = typed.0.expose().to_lowercase();
        let fault = fault_of(&folded, account);
        folded.zeroize();
        fault.map_or(Ok(typed), Err)
    }

    /// Hashes it with a salt.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn hashed(&self, cost: Cost, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        let failed = |error: argon2::Error| Unavailable {
            what: "the hash of secrets",
            detail: error.to_string(),
        };
        let params = Params::new(cost.memory, cost.passes, 1, Some(32)).map_err(failed)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut tag = [0; 32];
        argon2
            .hash_password_into(self.0.expose().as_bytes(), &salt, &mut tag)
            .map_err(failed)?;
        let tag = Secret::new(tag);
        Ok(SecretHash { cost, salt, tag })
    }

    /// Whether a hash is of it; it costs what making the hash did.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn is_of(&self, hash: &SecretHash) -> Result<bool, Unavailable> {
        let made = self.hashed(hash.cost, hash.salt)?;
        Ok(made.tag.expose().ct_eq(hash.tag.expose()).into())
    }
}

impl SecretHash {
    /// What stands in for the hash that an account does not have: as dear as any, and no text is known to be of it.
    #[must_use]
    pub fn of_nobody() -> Self {
        Self {
            cost: Cost::NEW,
            salt: [0; 16],
            tag: Secret::new([0; 32]),
        }
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// What is wrong with a secret that is long enough, in lower case.
fn fault_of(folded: &str, account: &Account) -> Option<SecretFault> {
    static COMMON: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
        let lines = include_str!("../../data/common_passwords.txt").lines();
        lines.filter(|line| !line.starts_with('#')).collect()
    });
    if COMMON.contains(folded) || is_a_pattern(folded) {
        return Some(SecretFault::Common);
    }
    let domain = account.realm.split('.').next().unwrap_or_default();
    let names = [&account.sam, &account.domain, domain];
    let addresses = account.mail.iter().chain([&account.upn]);
    let parts = addresses.flat_map(|address| address.split('@'));
    let names = names.into_iter().chain(parts).map(str::to_lowercase);
    let is_made_of = |name: String| {
        let rest = folded.replace(&name, "").chars().count();
        name.chars().count() >= SHORTEST_NAME && folded.contains(&name) && rest < SHORTEST
    };
    names
        .into_iter()
        .any(is_made_of)
        .then_some(SecretFault::OwnName)
}

/// Whether it is one piece of at most three characters over and over, or goes on by one from each to the next.
fn is_a_pattern(folded: &str) -> bool {
    let characters: Vec<char> = folded.chars().collect();
    let repeats = |length: usize| {
        let later = characters.iter().skip(length);
        characters
            .iter()
            .zip(later)
            .all(|(one, other)| one == other)
    };
    let steps = |by: i64| {
        let numbers = characters.iter().map(|it| i64::from(u32::from(*it)));
        let later = numbers.clone().skip(1);
        numbers.zip(later).all(|(one, other)| other - one == by)
    };
    (1..=3).any(repeats) || steps(1) || steps(-1)
}

/// A place in the budget of a secret, asked for before it is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// Whose; an unknown name's as well, so that it costs the same.
    pub subject: Subject,
    /// From where.
    pub source: Source,
    /// Which of the subject's budgets.
    pub budget: Budget,
    /// What was typed, where it is known again; it takes no place then.
    pub tried: Option<Tried>,
    /// The session in which it was typed, where that has places of its own as well.
    pub session: Option<HandleKey>,
    /// The start of the window.
    pub window_start: Timestamp,
    /// Now.
    pub now: Timestamp,
}

/// What is counted of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Budget {
    /// Guesses at their secret.
    OfSecret,
    /// Hashes that only make a refusal look as if the secret were wrong: they count against nobody's secret, and there
    /// are as many of them as of guesses.
    ForLooks,
    /// Guesses at their PIN for NTLM.
    OfPin,
    /// Guesses at their secret by whoever is signed in and chooses another.
    ///
    /// SECURITY: nobody else's guesses keep the owner from that, nor do these keep anybody from signing in.
    OfChange,
}

impl Budget {
    /// How many places in a row it has, of which none was given back.
    #[must_use]
    pub fn in_a_row(self) -> Option<u32> {
        match self {
            Self::OfSecret | Self::OfPin | Self::OfChange => Some(MAX_IN_A_ROW),
            Self::ForLooks => None,
        }
    }
}

impl SecretPlace {
    /// The place of a secret now.
    #[must_use]
    pub fn now(subject: Subject, source: Source, now: Timestamp) -> Self {
        let window_start = now.checked_sub(WINDOW).unwrap_or(Timestamp::MIN);
        Self {
            subject,
            source,
            budget: Budget::OfSecret,
            tried: None,
            session: None,
            window_start,
            now,
        }
    }

    /// The place of an old secret that is typed now to choose another, in a session.
    #[must_use]
    pub fn of_change(subject: Subject, session: HandleKey, now: Timestamp) -> Self {
        Self {
            budget: Budget::OfChange,
            session: Some(session),
            ..Self::now(subject, Source::Familiar, now)
        }
    }
}

#[cfg(test)]
mod tests;
