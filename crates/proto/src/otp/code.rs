//! A code as somebody typed it: ASCII digits, exactly as many as the token shows.

use std::fmt;

use serde::Serialize;
use subtle::{Choice, ConstantTimeEq};

use crate::secret::Secret;

/// How many digits a code has: 6 to 8 (RFC 4226 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Digits(u8);

impl Digits {
    /// Six, as nearly every token shows.
    pub const SIX: Self = Self(6);
    /// The most.
    pub const MOST: usize = 8;

    /// As many, where codes may have so many.
    #[must_use]
    pub fn of(count: u8) -> Option<Self> {
        matches!(count, 6..=8).then_some(Self(count))
    }

    /// How many.
    #[must_use]
    pub fn count(self) -> u8 {
        self.0
    }

    /// Ten to the power of how many.
    pub(super) fn modulus(self) -> u32 {
        10_u32.pow(u32::from(self.0))
    }
}

/// A code; whoever sees it has it, so that it is never printed and compared in constant time.
#[derive(Clone)]
pub struct Code {
    value: Secret<u32>,
    digits: Digits,
}

/// A text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has exactly {} digits, 0 to 9, and nothing else", digits.count())]
pub struct NotACode {
    /// How many digits it should have.
    pub digits: Digits,
}

impl Code {
    /// Reads a code as it was typed.
    ///
    /// SECURITY: nothing is trimmed, folded or skipped. A code that was spent would be new again in another
    /// spelling (T-OTP-3, CVE-2025-6014).
    ///
    /// # Errors
    ///
    /// It is anything but so many ASCII digits.
    pub fn parse(text: &str, digits: Digits) -> Result<Self, NotACode> {
        let is_code = text.len() == usize::from(digits.count())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        let value = text.parse().ok().filter(|_| is_code);
        let value = value.ok_or(NotACode { digits })?;
        Ok(Self::of(value, digits))
    }

    pub(super) fn of(value: u32, digits: Digits) -> Self {
        Self {
            value: Secret::new(value),
            digits,
        }
    }

    /// The code as a token shows it.
    #[must_use]
    pub fn shown(&self) -> Secret<String> {
        let (value, width) = (self.value.expose(), usize::from(self.digits.count()));
        Secret::new(format!("{value:0width$}"))
    }

    /// Whether it is another; how many digits it has is no secret.
    pub(super) fn is(&self, other: &Self) -> Choice {
        let is_as_long = self.digits.count().ct_eq(&other.digits.count());
        is_as_long & self.value.expose().ct_eq(other.value.expose())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_otp_3_a_code_has_one_spelling() {
        let read = |text| Code::parse(text, Digits::SIX);
        assert_eq!(read("012345").unwrap().shown().expose(), "012345");
        for text in [
            "",
            "12345",
            "1234567",
            " 123456",
            "123456 ",
            "123 456",
            "123456\0",
            "123456\n",
            "+12345",
            "-12345",
            "+123456",
            "12345a",
            "0x1234",
            "12345.",
            "\u{ff11}23456",
            "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}\u{ff16}",
            "\u{661}\u{662}\u{663}",
        ] {
            assert_eq!(
                read(text).unwrap_err(),
                NotACode {
                    digits: Digits::SIX
                },
                "{text}"
            );
        }
    }

    #[test]
    fn codes_have_six_to_eight_digits() {
        let counts: Vec<u8> = (0..=u8::MAX)
            .filter(|it| Digits::of(*it).is_some())
            .collect();
        assert_eq!(counts, [6, 7, 8]);
        let eight = Digits::of(8).unwrap();
        assert_eq!(
            Code::parse("99999999", eight).unwrap().shown().expose(),
            "99999999"
        );
        assert!(Code::parse("999999", eight).is_err());
    }

    #[test]
    fn a_code_does_not_print_itself() {
        let code = Code::parse("123456", Digits::SIX).unwrap();
        assert_eq!(format!("{code:?}"), "Code(..)");
    }

    #[test]
    fn a_longer_code_is_another() {
        let six = Code::parse("000001", Digits::SIX).unwrap();
        let seven = Code::parse("0000001", Digits::of(7).unwrap()).unwrap();
        assert!(!bool::from(six.is(&seven)));
        assert!(bool::from(six.is(&six.clone())));
    }
}
