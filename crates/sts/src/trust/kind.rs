//! The kinds of what is kept beside each other.

use std::fmt;

/// What a written form is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A party that takes our tokens.
    RelyingParty,
    /// A party whose claims we take.
    ClaimsProvider,
    /// What is said of a claim type.
    ClaimDescription,
}

impl Kind {
    /// What it is called where it is kept and written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RelyingParty => "relying-party",
            Self::ClaimsProvider => "claims-provider",
            Self::ClaimDescription => "claim-description",
        }
    }

    /// The one of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [
            Self::RelyingParty,
            Self::ClaimsProvider,
            Self::ClaimDescription,
        ];
        all.into_iter().find(|it| it.as_str() == name)
    }
}

/// In words.
impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::RelyingParty => "relying party trust",
            Self::ClaimsProvider => "claims provider trust",
            Self::ClaimDescription => "claim description",
        })
    }
}
