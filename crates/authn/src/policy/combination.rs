//! Combinations: methods that are enough where all of them are proved, as `app-password + one-time-code`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::place::Method;

/// Methods that are enough together; at least one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Combination(BTreeSet<Method>);

/// Why a text is no combination.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CombinationParseError {
    /// No method has this name.
    #[error("there is no method `{0}`")]
    Unknown(String),
    /// A method stands in it twice, and is proved once all the same.
    #[error("`{0}` stands in it twice; one secret is one proof")]
    Twice(Method),
}

impl Combination {
    /// A PIN for NTLM and what must stand behind it.
    #[must_use]
    pub fn of_pin() -> Self {
        Self::from(Method::NtlmPin).and(Method::OneTimeCode)
    }

    /// The same with one more method that is needed.
    #[must_use]
    pub fn and(mut self, method: Method) -> Self {
        self.0.insert(method);
        self
    }

    /// Whether a method is needed.
    #[must_use]
    pub fn needs(&self, method: Method) -> bool {
        self.0.contains(&method)
    }

    /// Whether what was proved, or can be, is enough.
    #[must_use]
    pub fn is_met_by(&self, proved: &BTreeSet<Method>) -> bool {
        self.0.is_subset(proved)
    }

    /// The methods, each once.
    pub fn methods(&self) -> impl Iterator<Item = Method> {
        self.0.iter().copied()
    }
}

impl From<Method> for Combination {
    fn from(method: Method) -> Self {
        Self([method].into())
    }
}

impl FromStr for Combination {
    type Err = CombinationParseError;

    /// Reads `app-password + one-time-code`; the spaces may be left out.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut methods = BTreeSet::new();
        for word in text.split('+').map(str::trim) {
            let method = Method::named(word);
            let method = method.ok_or_else(|| CombinationParseError::Unknown(word.to_owned()))?;
            if !methods.insert(method) {
                return Err(CombinationParseError::Twice(method));
            }
        }
        // INVARIANT: a text has at least one part, and each part is a method.
        Ok(Self(methods))
    }
}

impl fmt::Display for Combination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<&str> = self.methods().map(Method::as_str).collect();
        f.write_str(&words.join(" + "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_combination_is_read_as_it_is_written() {
        for method in Method::ALL {
            assert_eq!(method.as_str().parse(), Ok(Combination::from(method)));
            let word = serde_json::to_string(&method).unwrap();
            assert_eq!(word, format!("\"{method}\""));
        }
        let both = Combination::from(Method::OneTimeCode).and(Method::AppPassword);
        for text in [
            "app-password + one-time-code",
            "one-time-code+app-password",
            " app-password  +one-time-code ",
        ] {
            assert_eq!(text.parse().as_ref(), Ok(&both), "{text}");
        }
        assert_eq!(both.to_string(), "app-password + one-time-code");
    }

    #[test]
    fn what_is_no_combination_says_which_word_it_is() {
        let unknown = |word: &str| Err(CombinationParseError::Unknown(word.to_owned()));
        for (text, error) in [
            ("", unknown("")),
            ("+", unknown("")),
            ("app-password +", unknown("")),
            ("app-password + code", unknown("code")),
            ("App-Password", unknown("App-Password")),
            (
                "kerberos + kerberos",
                Err(CombinationParseError::Twice(Method::Kerberos)),
            ),
        ] {
            assert_eq!(text.parse::<Combination>(), error, "{text}");
        }
    }

    #[test]
    fn all_of_it_must_be_proved() {
        let both = Combination::from(Method::AppPassword).and(Method::OneTimeCode);
        let met = |proved: &[Method]| both.is_met_by(&proved.iter().copied().collect());
        assert!(met(&Method::ALL));
        assert!(met(&[Method::AppPassword, Method::OneTimeCode]));
        assert!(!met(&[Method::AppPassword]) && !met(&[Method::OneTimeCode]) && !met(&[]));
    }
}
