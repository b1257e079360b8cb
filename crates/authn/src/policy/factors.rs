//! Factors: how many kinds of secret a combination asks for (design 13, two factors).

use std::collections::BTreeSet;

use super::{Combination, Rule};
use crate::place::Method;

/// What somebody must have stolen to get in by a combination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Factors {
    /// The domain password, by which tickets of the domain are had.
    Domain,
    /// One secret.
    One,
    /// Two kinds of secret, of which one need not be new: a temporary code that never ends.
    Endless,
    /// An app password that lives by its owner's second factor.
    Leased,
    /// Two kinds of secret.
    Two,
}

/// A kind of secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A device keeps it.
    Kept,
    /// A head keeps it.
    Known,
    /// It is new each time.
    Code,
}

impl Factors {
    /// What a combination asks for under a rule.
    #[must_use]
    pub fn of(combination: &Combination, rule: &Rule) -> Self {
        if combination.needs(Method::Kerberos) {
            return Self::Domain;
        }
        let kinds: BTreeSet<Kind> = combination.methods().flat_map(kinds).copied().collect();
        let is_endless = combination.needs(Method::TemporaryCode) && rule.fresh.is_none();
        if kinds.len() > 1 && is_endless {
            Self::Endless
        } else if kinds.len() > 1 {
            Self::Two
        } else if *combination == Combination::from(Method::AppPassword) && rule.lease.is_some() {
            Self::Leased
        } else {
            Self::One
        }
    }

    /// Whether it is enough outside.
    #[must_use]
    pub fn are_two(self) -> bool {
        match self {
            Self::Two | Self::Leased => true,
            Self::Domain | Self::One | Self::Endless => false,
        }
    }

    /// What gets in, in words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Domain => "the domain password",
            Self::One => "one factor",
            Self::Endless => "a temporary code without an end",
            Self::Leased => "an app password with a lease",
            Self::Two => "two factors",
        }
    }
}

/// A passkey verifies its user by itself; that is a head's secret, or as good as one.
///
/// SECURITY: a PIN counts as nothing: with its code it is guessed from an exchange that somebody heard, and whoever has the
/// store and the key file reads it.
fn kinds(method: Method) -> &'static [Kind] {
    match method {
        Method::AppPassword | Method::Kerberos => &[Kind::Kept],
        Method::NtlmPin => &[],
        Method::MemorisedSecret => &[Kind::Known],
        Method::OneTimeCode | Method::SentCode | Method::RecoveryCode | Method::TemporaryCode => {
            &[Kind::Code]
        }
        Method::Passkey => &[Kind::Kept, Kind::Known],
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn two_kinds_are_two_factors_and_two_of_a_kind_are_one() {
        let plain = Rule::default();
        let hour = Some(SignedDuration::from_hours(1));
        let leased = Rule {
            lease: hour,
            ..Rule::default()
        };
        let fresh = Rule {
            fresh: hour,
            ..Rule::default()
        };
        for (rule, text, factors) in [
            (&plain, "app-password", Factors::One),
            (&leased, "app-password", Factors::Leased),
            (&fresh, "app-password", Factors::One),
            (&leased, "memorised-secret", Factors::One),
            (&leased, "one-time-code", Factors::One),
            (&plain, "one-time-code + sent-code", Factors::One),
            (&plain, "one-time-code + recovery-code", Factors::One),
            (&plain, "app-password + one-time-code", Factors::Two),
            (&plain, "memorised-secret + sent-code", Factors::Two),
            (&plain, "ntlm-pin + one-time-code", Factors::One),
            (&fresh, "ntlm-pin + one-time-code", Factors::One),
            (&plain, "passkey", Factors::Two),
            (
                &plain,
                "memorised-secret + temporary-code",
                Factors::Endless,
            ),
            (&fresh, "memorised-secret + temporary-code", Factors::Two),
            (&leased, "kerberos", Factors::Domain),
            (&plain, "kerberos + one-time-code", Factors::Domain),
        ] {
            let combination = text.parse().unwrap();
            assert_eq!(Factors::of(&combination, rule), factors, "{text}");
        }
    }
}
