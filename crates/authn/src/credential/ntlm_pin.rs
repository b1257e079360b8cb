//! A PIN for NTLM: typed with a one-time code behind it where a client has nothing but NTLM, off unless the configuration
//! switches it on (S37).
//!
//! SECURITY: NTLM never carries what was typed, so that the server must know every text that may have been: the PIN itself is
//! kept, sealed, and the codes that somebody may type are put behind it. A short text is guessed from an exchange that somebody
//! heard, without asking us; so a PIN is no factor of its own, whatever stands beside it. Start at [`StoredNtlmPin::typable`].

use std::fmt;

use jiff::Timestamp;
use proto::ntlm::NtHash;
use proto::secret::Secret;
use serde::Serialize;

use super::CredentialId;
use super::grant::Grant;
use super::otp_token::StoredOtpToken;
use crate::account::AccountId;

/// The shortest that may be chosen, in characters.
pub const SHORTEST: usize = 6;
/// The longest that may be chosen, in characters.
pub const LONGEST: usize = 64;
/// How many texts are tried of one exchange, whoever is named: the codes of five tokens, and of what was typed before.
pub const TRIED: usize = 160;
/// Of how many texts that were typed before the codes are tried again.
pub const MAX_BEFORE: u32 = 16;

/// What is known about a PIN, without the PIN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NtlmPin {
    /// Its immutable id; one that is changed gets another.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// When it was set.
    pub set: Timestamp,
    /// When it opened something last.
    pub last_used: Option<Timestamp>,
}

/// A PIN as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredNtlmPin {
    /// What is known about it.
    pub record: NtlmPin,
    /// The PIN.
    pub pin: Pin,
}

/// A PIN that may be chosen.
#[derive(Clone)]
pub struct Pin(Secret<String>);

/// Why a PIN may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinFault {
    /// It is too short or too long.
    #[error("a PIN has {SHORTEST} to {LONGEST} characters")]
    Length,
    /// It has something in it that not every client sends alike.
    #[error("a PIN is made of the letters, digits and signs of ASCII, without a space")]
    Letters,
    /// It is one character or one step repeated.
    #[error("that PIN is among the first that anybody would try; choose another")]
    Common,
}

/// A text that somebody may have typed, and what NTLM proves it by.
pub struct Typable {
    /// The PIN with a code behind it.
    pub text: Secret<String>,
    /// The code.
    pub code: Secret<String>,
    /// The hash of the text.
    pub hash: NtHash,
}

impl Pin {
    /// Takes what was chosen.
    ///
    /// # Errors
    ///
    /// It may not be chosen.
    pub fn chosen(text: &Secret<String>) -> Result<Self, PinFault> {
        let bytes = text.expose().as_bytes();
        if !(SHORTEST..=LONGEST).contains(&bytes.len()) {
            return Err(PinFault::Length);
        }
        if !bytes.iter().all(u8::is_ascii_graphic) {
            return Err(PinFault::Letters);
        }
        let steps = bytes.iter().zip(bytes.iter().skip(1));
        let mut steps = steps.map(|(one, next)| i16::from(*next) - i16::from(*one));
        let first = steps.next();
        let is_even = first.is_some_and(|first| first.abs() <= 1 && steps.all(|it| it == first));
        match is_even {
            true => Err(PinFault::Common),
            false => Ok(Self(text.clone())),
        }
    }

    /// Takes a PIN as it was stored.
    #[must_use]
    pub fn of_stored(text: Secret<String>) -> Self {
        Self(text)
    }

    /// The PIN, for sealing.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

impl StoredNtlmPin {
    /// Every text that its owner may type now, or typed before behind it; [`TRIED`] at the most.
    #[must_use]
    pub fn typable(
        &self,
        tokens: &[StoredOtpToken],
        before: &[Grant],
        now: Timestamp,
    ) -> Vec<Typable> {
        let account = &self.record.account;
        let before = before.iter().filter(|it| it.credential == self.record.id);
        let before: Vec<Timestamp> = before.map(|it| it.made).collect();
        let good = tokens.iter().filter(|it| it.record.is_good_for(account));
        let codes = good.flat_map(|token| token.typable(now, &before));
        codes.take(TRIED).map(|code| self.with(code)).collect()
    }

    fn with(&self, code: Secret<String>) -> Typable {
        let text = Secret::new([self.pin.expose(), code.expose()].concat());
        Typable {
            hash: NtHash::of_password(text.expose()),
            text,
            code,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_is_six_signs_and_none_of_the_first_guesses() {
        let chosen = |text: &str| Pin::chosen(&Secret::new(text.to_owned())).map(|_| ());
        for text in ["493817", "blue-7", "4938171234567890"] {
            assert_eq!(chosen(text), Ok(()), "{text}");
        }
        for text in ["", "49381", &"49".repeat(33)] {
            assert_eq!(chosen(text), Err(PinFault::Length), "{text}");
        }
        for text in ["4938 17", "4938\u{e5}17", "493817\n"] {
            assert_eq!(chosen(text), Err(PinFault::Letters), "{text}");
        }
        for text in ["123456", "000000", "987654321", "abcdefg"] {
            assert_eq!(chosen(text), Err(PinFault::Common), "{text}");
        }
        let pin = Pin::chosen(&Secret::new("493817".to_owned())).unwrap();
        assert_eq!(format!("{pin:?}"), "Pin(..)");
    }
}
