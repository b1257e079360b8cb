//! Spare codes, for whoever has no token at hand: recovery codes, of a list that their owner made for a bad day, and a
//! temporary code, that the help desk gave and that ends (SP 800-63B 3.1.2).
//!
//! They are typed where a code of a token is, and told from one by how many digits they have. They are kept as sealed
//! hashes; whether one may be looked at, and that each is spent once, the store decides. Start at [`Typed::parse`].

use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::CredentialId;
use super::memorised_secret::SecretPlace;
use crate::account::AccountId;
use crate::audit::Event;
use crate::place::Method;

/// How many digits a recovery code has: 66 bits.
pub const RECOVERY_DIGITS: usize = 20;
/// How many digits a temporary code has: 39 bits, behind a memorised secret and a budget.
pub const TEMPORARY_DIGITS: usize = 12;
/// How many recovery codes a list has.
pub const LIST: usize = 10;
/// How long a temporary code lasts at the most.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(72);
/// How often a temporary code may be used at the most.
pub const MOST_USES: u32 = 10;
/// How many wrong spare codes of an account are looked at in a window, from familiar sources and from others, each.
pub const MAX_IN_WINDOW: u32 = 5;
/// How many wrong ones are looked at in a row, of each kind of source: 100 in all (SP 800-63B 3.2.2); new codes begin
/// anew.
pub const MAX_IN_A_ROW: u32 = 50;
/// The longest text that is looked at.
const MAX_TYPED: usize = 64;
/// How a code is shown: so many digits, and a dash.
const GROUP: usize = 4;
/// What the hash of a code is made with.
const CONTEXT: &[u8] = b"wicketgate spare code";

/// Which kind of spare code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SpareKind {
    /// One of a list that its owner made.
    Recovery,
    /// One that the help desk gave.
    Temporary,
}

impl SpareKind {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Recovery, Self::Temporary];

    /// What it proves.
    #[must_use]
    pub fn method(self) -> Method {
        match self {
            Self::Recovery => Method::RecoveryCode,
            Self::Temporary => Method::TemporaryCode,
        }
    }

    /// How many digits it has, by which it is told from any other.
    #[must_use]
    pub fn digits(self) -> usize {
        match self {
            Self::Recovery => RECOVERY_DIGITS,
            Self::Temporary => TEMPORARY_DIGITS,
        }
    }
}

/// What is known about a spare code, without the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpareCode {
    /// Its immutable id.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// Which kind.
    pub kind: SpareKind,
    /// When it was made.
    pub made: Timestamp,
    /// When it ends; recovery codes end when others are made.
    pub ends: Option<Timestamp>,
    /// How often it may still be used.
    pub uses: u32,
}

/// A spare code as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredSpareCode {
    /// What is known about it.
    pub record: SpareCode,
    /// What proves it.
    pub hash: SpareHash,
}

/// The hash of a code.
#[derive(Clone, Debug)]
pub struct SpareHash(pub Secret<[u8; 32]>);

/// A spare code as it was typed: its digits alone.
#[derive(Clone, Debug)]
pub struct Typed {
    /// Which kind it has the form of.
    pub kind: SpareKind,
    digits: Secret<String>,
}

/// Why a spare code is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpareFault {
    /// It is none of the account's.
    Wrong,
    /// It was used as often as it may be.
    Spent,
    /// Its time is over.
    Ended,
}

/// A spare code that is used: what is written where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpareUse {
    /// Which.
    pub code: CredentialId,
    /// The place in the budget that is given back.
    pub place: SecretPlace,
    /// What is audited beside the sign-in.
    pub event: Event,
}

impl Typed {
    /// Reads what was typed where it has the form of a spare code: so many ASCII digits, with single dashes or spaces
    /// between them if anybody likes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_between = |byte: u8| matches!(byte, b'-' | b' ');
        let bytes = text.as_bytes();
        let is_form = text.len() <= MAX_TYPED
            && text.bytes().all(|it| it.is_ascii_digit() || is_between(it))
            && !bytes.first().is_none_or(|it| is_between(*it))
            && !bytes.last().is_none_or(|it| is_between(*it))
            && !bytes
                .windows(2)
                .any(|pair| pair.iter().all(|it| is_between(*it)));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let kind = SpareKind::ALL
            .into_iter()
            .find(|kind| is_form && kind.digits() == digits.len())?;
        let digits = Secret::new(digits);
        Some(Self { kind, digits })
    }

    /// Makes a fresh one of random bytes.
    #[must_use]
    pub fn fresh(kind: SpareKind, random: [u8; 16]) -> Self {
        // INVARIANT: 128 bits over 10^20 leave no digit more likely than another by more than 2^-61.
        let number = u128::from_be_bytes(random);
        let width = kind.digits();
        let all = format!("{number:039}");
        let (_, digits) = all
            .split_at_checked(all.len().saturating_sub(width))
            .unwrap_or(("", &all));
        let digits = Secret::new(digits.to_owned());
        Self { kind, digits }
    }

    /// How it is shown: in groups.
    #[must_use]
    pub fn shown(&self) -> Secret<String> {
        let digits: Vec<char> = self.digits.expose().chars().collect();
        let groups: Vec<String> = digits.chunks(GROUP).map(|it| it.iter().collect()).collect();
        Secret::new(groups.join("-"))
    }

    /// Its hash, as the code that has an id.
    #[must_use]
    pub fn hash(&self, id: &CredentialId) -> SpareHash {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(CONTEXT);
        let length = u64::try_from(id.0.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(id.0.as_bytes());
        context.update(self.digits.expose().as_bytes());
        let hash = context.finish();
        SpareHash(Secret::new(
            hash.as_ref().first_chunk().copied().unwrap_or_default(),
        ))
    }
}

/// Which of an account's codes was typed.
///
/// **Proves** nothing alone: the code must still be spent by the store.
///
/// # Errors
///
/// It is none of them, or may not be used any more.
pub fn judge<'c>(
    codes: &'c [StoredSpareCode],
    typed: &Typed,
    now: Timestamp,
) -> Result<&'c SpareCode, SpareFault> {
    let mut found = None;
    // All are looked at, whichever it is.
    for code in codes {
        let hash = typed.hash(&code.record.id);
        let is_right = hash.0.expose().ct_eq(code.hash.0.expose());
        if bool::from(is_right) && code.record.kind == typed.kind {
            found = Some(&code.record);
        }
    }
    let record = found.ok_or(SpareFault::Wrong)?;
    match record {
        SpareCode {
            ends: Some(ends), ..
        } if *ends <= now => Err(SpareFault::Ended),
        SpareCode { uses: 0, .. } => Err(SpareFault::Spent),
        record => Ok(record),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spare_code_is_told_by_how_many_digits_it_has() {
        let kind = |text: &str| Typed::parse(text).map(|it| it.kind);
        for text in [
            "1234-5678-9012",
            "123456789012",
            " 1234 5678 9012 ",
            "12-3456789012",
        ] {
            assert_eq!(kind(text), Some(SpareKind::Temporary), "{text}");
        }
        for text in ["1234-5678-9012-3456-7890", "12345678901234567890"] {
            assert_eq!(kind(text), Some(SpareKind::Recovery), "{text}");
        }
        let long = "1 ".repeat(40);
        for text in [
            "",
            "123456",
            "12345678",
            "1234--5678-9012",
            "-1234-5678-9012",
            "1234-5678-9012-",
            "1234_5678_9012",
            "１２３４５６７８９０１２",
            "+123456789012",
            "1234567890123",
            "1234-5678-9012\0",
            "1234-5678- 9012",
            &long,
        ] {
            assert_eq!(kind(text), None, "{text}");
        }
    }

    #[test]
    fn a_fresh_code_is_shown_in_groups_and_read_again() {
        for kind in SpareKind::ALL {
            for random in [[0; 16], [255; 16], [7; 16]] {
                let fresh = Typed::fresh(kind, random);
                let shown = fresh.shown();
                let read = Typed::parse(shown.expose()).unwrap();
                assert_eq!(
                    (read.kind, read.digits.expose()),
                    (kind, fresh.digits.expose())
                );
            }
        }
        let shown = Typed::fresh(SpareKind::Temporary, [7; 16]).shown();
        assert_eq!(shown.expose().len(), 14);
    }

    #[test]
    fn a_code_is_right_under_its_own_id_until_it_ends_or_is_spent() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let typed = Typed::fresh(SpareKind::Temporary, [7; 16]);
        let stored = |id: &str, ends, uses| {
            let id = CredentialId(id.to_owned());
            let hash = typed.hash(&id);
            let record = SpareCode {
                id,
                account: AccountId("1".to_owned()),
                kind: SpareKind::Temporary,
                made: at(0),
                ends,
                uses,
            };
            StoredSpareCode { record, hash }
        };
        let judged = |codes: &[StoredSpareCode], now| judge(codes, &typed, at(now)).cloned();
        let good = stored("good", Some(at(10)), 1);
        assert_eq!(
            judged(std::slice::from_ref(&good), 9),
            Ok(good.record.clone())
        );
        assert_eq!(
            judged(std::slice::from_ref(&good), 10),
            Err(SpareFault::Ended)
        );
        assert_eq!(
            judged(&[stored("spent", None, 0)], 1),
            Err(SpareFault::Spent)
        );
        let mut moved = good;
        moved.record.id = CredentialId("another".to_owned());
        assert_eq!(judged(&[moved], 1), Err(SpareFault::Wrong));
        assert_eq!(judged(&[], 1), Err(SpareFault::Wrong));
    }
}
