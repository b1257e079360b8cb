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

    /// How it is spoken of: by its trust, or by what it calls itself where that alone is known.
    #[must_use]
    pub fn known_as(&self) -> PartyName {
        let own = self.identifiers.first();
        let own = own.filter(|_| self.name == NAMELESS);
        PartyName(own.unwrap_or(&self.name).clone())
    }
}

/// The name of a trust that cannot be: each has one that can be seen.
const NAMELESS: &str = "";

impl PartyName {
    /// Two parties that are called so and no other way: one whose trust is, in any case, and one that calls itself so, to
    /// the letter.
    #[must_use]
    pub fn parties(&self) -> [Party; 2] {
        let named = Party {
            name: self.0.clone(),
            identifiers: BTreeSet::new(),
        };
        let identified = Party {
            name: NAMELESS.to_owned(),
            identifiers: [self.0.clone()].into(),
        };
        [named, identified]
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
    }

    #[test]
    fn whoever_has_a_name_has_it_by_the_trust_in_any_case_or_calls_itself_so_to_the_letter() {
        let name = PartyName("urn:app".to_owned());
        let [named, identified] = name.parties();
        for (party, is_in_any_case) in [(named, true), (identified, false)] {
            assert!(party.is_called(&name));
            let other = PartyName("urn:App".to_owned());
            assert_eq!(party.is_called(&other), is_in_any_case);
            assert_eq!(party.known_as(), name);
        }
    }
}
