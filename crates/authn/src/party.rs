//! Relying parties, as the policy knows them: by the name of their trust and by what they call themselves.
//!
//! What a trust is, the security token service knows. Start at [`Party::is_called`].

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One name of a relying party, as somebody wrote it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PartyName(pub String);

impl fmt::Display for PartyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A relying party that somebody signs in for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// What its trust is called; no other is, in any case of letters.
    pub name: String,
    /// What it calls itself, by any of which it may ask.
    pub identifiers: BTreeSet<String>,
}

impl Party {
    /// Whether it is called so: its trust in any case of letters, itself to the letter.
    ///
    /// SECURITY: by which of its identifiers it asks is of no account, as whoever asks chooses that.
    #[must_use]
    pub fn is_called(&self, name: &PartyName) -> bool {
        self.name.to_lowercase() == name.0.to_lowercase() || self.identifiers.contains(&name.0)
    }
}

impl From<&PartyName> for Party {
    /// One that is called so and no other way.
    fn from(name: &PartyName) -> Self {
        Self {
            name: name.0.clone(),
            identifiers: [name.0.clone()].into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_party_is_known_by_each_of_its_names() {
        let party = Party {
            name: "Intranet".to_owned(),
            identifiers: ["urn:intranet", "https://intranet.contoso.com/"]
                .map(str::to_owned)
                .into(),
        };
        let is_called = |name: &str| party.is_called(&PartyName(name.to_owned()));
        for name in [
            "Intranet",
            "INTRANET",
            "urn:intranet",
            "https://intranet.contoso.com/",
        ] {
            assert!(is_called(name), "{name}");
        }
        for name in [
            "",
            "urn:Intranet",
            "intranet ",
            "https://intranet.contoso.com",
        ] {
            assert!(!is_called(name), "{name}");
        }
        let named = PartyName("urn:a".to_owned());
        assert!(Party::from(&named).is_called(&named));
    }
}
