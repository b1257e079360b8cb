//! A token as the file of a vendor describes it, whatever its format: what an import takes over.
//!
//! Nothing is known of accounts or stores here; of whom a token is to be, a file only gives a hint.

use jiff::Timestamp;

use crate::otp::{Algorithm, Digits, Moving, Seed};
use crate::unseen::is_unseen;

/// Longest serial number, manufacturer or hint, in characters.
pub const MAX_TEXT: usize = 100;
/// Largest counter that a file may begin with: no button is pressed that often.
pub const MAX_COUNTER: u64 = 1 << 40;

/// A token of a file.
#[derive(Clone, Debug)]
pub struct ImportedToken {
    /// What stands on its back, or what its file calls it by; no two of one file have the same.
    pub serial: String,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// What moves it on.
    pub moving: Moving,
    /// The hash function under its codes.
    pub algorithm: Algorithm,
    /// How many digits its codes have.
    pub digits: Digits,
    /// What it shares with us.
    pub seed: Seed,
    /// From when on its codes may be taken.
    pub valid_from: Option<Timestamp>,
    /// When its codes may be taken for the last time.
    pub valid_until: Option<Timestamp>,
    /// Whose it is to be, as the file says: nobody has looked whether there is such an account.
    pub account: Option<String>,
}

/// A text for people to read: no control characters, not endless, nothing around it; `None` where it is none.
pub(crate) fn text(given: &str) -> Option<String> {
    let given = given.trim();
    let is_text = (1..=MAX_TEXT).contains(&given.chars().count()) && !given.contains(is_unseen);
    is_text.then(|| given.to_owned())
}

/// A number in ASCII digits and nothing else.
pub(crate) fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// The algorithm of a word as vendors write it: `SHA1`, `sha-256`, `HMAC-SHA512`.
pub(crate) fn algorithm(word: &str) -> Option<Algorithm> {
    let word: String = word
        .chars()
        .filter(|it| !matches!(it, '-' | '_'))
        .map(|it| it.to_ascii_uppercase())
        .collect();
    Algorithm::of(word.strip_prefix("HMAC").unwrap_or(&word))
}
