//! Telephone numbers in the international form (E.164): a plus, a country code, and digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How many digits a number has at least; shorter ones are emergency and service numbers.
pub const MIN_DIGITS: usize = 7;
/// How many digits a number has at most (E.164, 6).
pub const MAX_DIGITS: usize = 15;
/// How many digits say where a number is, down to who sells numbers there: budgets are kept for them.
const PREFIX_DIGITS: usize = 6;

/// A number as it is dialled from anywhere: a plus and 7 to 15 digits, the first of which is no nought.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(String);

/// A text is no telephone number.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "that is no telephone number in the international form (E.164): a plus, the country code and 7 to 15 digits in all, \
     as +46701234567"
)]
pub struct PhoneNumberParseError;

impl PhoneNumber {
    /// Reads a number; single spaces and hyphens between its digits are left out.
    ///
    /// # Errors
    ///
    /// It is none, or not in the international form.
    pub fn parse(text: &str) -> Result<Self, PhoneNumberParseError> {
        let digits = text.trim().strip_prefix('+').ok_or(PhoneNumberParseError)?;
        let mut number = String::from("+");
        let mut follows_digit = false;
        for byte in digits.bytes() {
            match byte {
                b'0'..=b'9' => number.push(char::from(byte)),
                b' ' | b'-' if follows_digit => {}
                _ => return Err(PhoneNumberParseError),
            }
            follows_digit = byte.is_ascii_digit();
        }
        let is_long_enough = (MIN_DIGITS..=MAX_DIGITS).contains(&number.len().saturating_sub(1));
        match follows_digit && is_long_enough && !number.starts_with("+0") {
            true => Ok(Self(number)),
            false => Err(PhoneNumberParseError),
        }
    }

    /// A number that nobody has: its country code is given to none (E.164.1).
    #[must_use]
    pub fn of_nobody() -> Self {
        Self("+21000000000".to_owned())
    }

    /// The number with its plus.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits alone.
    #[must_use]
    pub fn digits(&self) -> &str {
        self.0.strip_prefix('+').unwrap_or_default()
    }

    /// How it begins: what is counted together of one country and seller.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.0.get(..=PREFIX_DIGITS).unwrap_or(&self.0)
    }

    /// How it is shown where it need not be known: its country at most, and its end.
    #[must_use]
    pub fn masked(&self) -> String {
        let begins = self.0.get(..3).unwrap_or_default();
        let ends = self
            .0
            .get(self.0.len().saturating_sub(2)..)
            .unwrap_or_default();
        let between = self.0.len().saturating_sub(5);
        format!("{begins}{}{ends}", "*".repeat(between))
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneNumberParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = PhoneNumberParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({})", self.masked())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_the_international_form_alone() {
        for (typed, read) in [
            ("+46701234567", "+46701234567"),
            (" +46 70-123 45 67 ", "+46701234567"),
            ("+1234567", "+1234567"),
            ("+123456789012345", "+123456789012345"),
        ] {
            let number = PhoneNumber::parse(typed).unwrap();
            assert_eq!(number.as_str(), read, "{typed}");
            assert_eq!(Some(number.digits()), read.strip_prefix('+'));
        }
        for typed in [
            "",
            "+",
            "0701234567",
            "46701234567",
            "+0701234567",
            "+123456",
            "+1234567890123456",
            "+46 70  123 45 67",
            "+46701234567-",
            "+-46701234567",
            "+46(0)701234567",
            "+4670123456a",
            "+46701234567\n+46709999999",
            "+4670123456\u{664}",
            "tel:+46701234567",
            "++46701234567",
        ] {
            assert_eq!(
                PhoneNumber::parse(typed),
                Err(PhoneNumberParseError),
                "{typed}"
            );
        }
    }

    #[test]
    fn a_number_is_shown_masked_and_counted_by_how_it_begins() {
        let number = PhoneNumber::parse("+46701234567").unwrap();
        assert_eq!(number.masked(), "+46*******67");
        assert_eq!(format!("{number:?}"), "PhoneNumber(+46*******67)");
        assert_eq!(number.prefix(), "+467012");
        assert_eq!(PhoneNumber::parse("+1234567").unwrap().masked(), "+12***67");
    }

    #[test]
    fn what_is_stored_is_read_as_strictly_as_what_is_typed() {
        let number = PhoneNumber::parse("+46701234567").unwrap();
        let text = serde_json::to_string(&number).unwrap();
        assert_eq!(text, "\"+46701234567\"");
        assert_eq!(serde_json::from_str::<PhoneNumber>(&text).unwrap(), number);
        assert!(serde_json::from_str::<PhoneNumber>("\"0701234567\"").is_err());
    }
}
