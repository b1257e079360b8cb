//! Spellings of a name, brought to one form before anything is counted (T-CRED-4).
//!
//! `CONTOSO\anna`, `anna@contoso.com`, `sip:Anna@Contoso.com`, full-width letters, a trailing dot
//! or space: all must lead to one account, or a counter could be walked around.
//! Regressions: Vault CVE-2025-6004, Authelia CVE-2025-24806.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The longest name that is looked at, in bytes; AD's longest UPN is 1,024 characters.
const MAX_NAME: usize = 1_024;

/// One canonical spelling of a name: `domain\user` or `user@domain`, folded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NameKey(String);

impl NameKey {
    /// The canonical spellings that a typed user and domain may mean, likeliest first; none where
    /// the name is no name. `default_domain` is what a bare user name is looked up in.
    #[must_use]
    pub fn candidates(user: &str, domain: &str, default_domain: Option<&str>) -> Vec<Self> {
        let (Some(user), Some(domain)) = (folded(user), folded(domain)) else {
            return Vec::new();
        };
        let user = without_scheme(&user);
        if let Some((inner, user)) = user.split_once(['\\', '/']) {
            return Self::down_level(trimmed(inner), trimmed(user))
                .into_iter()
                .collect();
        }
        if user.contains('@') {
            // INTEROP: clients put their own name, `MicrosoftAccount` or nothing beside a UPN; the
            // UPN decides.
            return Self::at(user).into_iter().collect();
        }
        let domains = [Some(domain), default_domain.and_then(folded)];
        let mut keys: Vec<Self> = Vec::new();
        for domain in domains.into_iter().flatten() {
            let key = Self::down_level(trimmed(&domain), trimmed(user));
            keys.extend(key.filter(|key| !keys.contains(key)));
        }
        keys
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn down_level(domain: &str, user: &str) -> Option<Self> {
        let is_name = |part: &str| !part.is_empty() && !part.contains(['\\', '/', '@', ':']);
        (is_name(domain) && is_name(user)).then(|| Self(format!("{domain}\\{user}")))
    }

    fn at(name: &str) -> Option<Self> {
        let (user, domain) = name.rsplit_once('@')?;
        let (user, domain) = (trimmed(user), trimmed(domain));
        let is_name = |part: &str| !part.is_empty() && !part.contains(['\\', '/', '@', ':', ';']);
        (is_name(user) && is_name(domain)).then(|| Self(format!("{user}@{domain}")))
    }
}

/// What follows on the `@` of a name, in its one canonical spelling.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NameSuffix(String);

impl NameSuffix {
    /// The canonical spelling of a suffix, without its `@`; `None` where no name ends so.
    #[must_use]
    pub fn parse(suffix: &str) -> Option<Self> {
        let folded = folded(suffix)?;
        let is_suffix = !folded.is_empty()
            && !folded.contains(['\\', '/', '@', ':', ';'])
            && !folded.contains(char::is_whitespace);
        is_suffix.then_some(Self(folded))
    }

    /// The canonical text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a domain or lies below it.
    #[must_use]
    pub fn is_within(&self, domain: &Self) -> bool {
        let above = self.0.strip_suffix(domain.as_str());
        above.is_some_and(|it| it.is_empty() || it.ends_with('.'))
    }

    /// Whether a name ends so.
    #[must_use]
    pub fn is_of(&self, name: &NameKey) -> bool {
        let suffix = name.0.rsplit_once('@').map(|(_, suffix)| suffix);
        suffix == Some(self.as_str())
    }
}

/// NFKC, one case, trimmed; `None` for what no name has in it.
///
/// Case is taken before and after: NFKC of a lower-case letter can be a capital, and the other way
/// round.
fn folded(text: &str) -> Option<String> {
    if text.len() > MAX_NAME {
        return None;
    }
    let once: String = text.nfkc().flat_map(one_case).collect();
    let twice: String = once.nfkc().flat_map(one_case).collect();
    let folded: String = twice.nfkc().collect();
    let is_forbidden = |character: char| {
        character.is_control() || is_invisible(character) || character == '\u{fffd}'
    };
    (!folded.contains(is_forbidden)).then(|| trimmed(&folded).to_owned())
}

/// Up and down again, letter by letter as Windows does: a sigma is the same at the end of a word.
fn one_case(letter: char) -> impl Iterator<Item = char> {
    let mut capitals = letter.to_uppercase();
    let capital = match (capitals.next(), capitals.next()) {
        (Some(capital), None) => capital,
        _ => letter,
    };
    capital.to_lowercase()
}

/// Characters that show nothing and would make two names look alike.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{206f}' | '\u{feff}')
}

/// Without the spaces around it and the dots at its end, which Windows ignores too.
fn trimmed(text: &str) -> &str {
    text.trim_start()
        .trim_end_matches(|end: char| end == '.' || end.is_whitespace())
}

fn without_scheme(text: &str) -> &str {
    let scheme = ["sips:", "sip:", "mailto:"]
        .into_iter()
        .find(|scheme| text.starts_with(scheme));
    scheme
        .and_then(|scheme| text.strip_prefix(scheme))
        .map_or(text, trimmed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(user: &str, domain: &str) -> Vec<String> {
        let found = NameKey::candidates(user, domain, Some("CONTOSO"));
        found.into_iter().map(|key| key.0).collect()
    }

    #[test]
    fn every_spelling_of_a_down_level_name_is_one_key() {
        for (user, domain) in [
            ("anna", "CONTOSO"),
            ("ANNA", "contoso"),
            ("CONTOSO\\anna", ""),
            ("contoso/Anna", ""),
            ("CONTOSO\\anna", "PHONE"),
            ("anna ", "CONTOSO "),
            ("anna.", "CONTOSO."),
            (" anna", " CONTOSO"),
            ("ａｎｎａ", "CONTOSO"),
            ("anna", ""),
            ("Contoso \\ anna", ""),
            ("\u{ff23}ontoso\u{ff3c}anna", ""),
        ] {
            assert!(
                keys(user, domain).contains(&"contoso\\anna".to_owned()),
                "{user} {domain}"
            );
        }
    }

    #[test]
    fn a_suffix_is_that_of_its_names_in_every_spelling() {
        let contoso = NameSuffix::parse("contoso.com").unwrap();
        for spelled in [
            "CONTOSO.com",
            "contoso.com.",
            "\u{ff43}ontoso.com",
            " contoso.com",
        ] {
            assert_eq!(
                NameSuffix::parse(spelled).as_ref(),
                Some(&contoso),
                "{spelled}"
            );
        }
        let anna = NameKey::candidates("Anna@Contoso.COM", "", None);
        assert!(anna.iter().all(|it| contoso.is_of(it)));
        for other in [
            "anna@sub.contoso.com",
            "anna@notcontoso.com",
            "anna@contoso.com.evil",
        ] {
            let names = NameKey::candidates(other, "", None);
            assert!(!names.iter().any(|it| contoso.is_of(it)), "{other}");
        }
        let windows = NameKey::candidates("anna", "contoso.com", None);
        assert!(!windows.iter().any(|it| contoso.is_of(it)));
        for (suffix, is_within) in [
            ("contoso.com", true),
            ("a.Contoso.com", true),
            ("notcontoso.com", false),
            ("com", false),
            ("contoso.com.evil", false),
        ] {
            let suffix = NameSuffix::parse(suffix).unwrap();
            assert_eq!(suffix.is_within(&contoso), is_within, "{suffix:?}");
        }
        for none in ["", ".", "a b", "a@b", "a/b", "contoso\u{200b}.com"] {
            assert_eq!(NameSuffix::parse(none), None, "{none}");
        }
    }

    #[test]
    fn every_spelling_of_a_upn_is_one_key() {
        for (user, domain) in [
            ("anna@contoso.com", ""),
            ("Anna@Contoso.COM", ""),
            ("anna@contoso.com.", ""),
            ("sip:anna@contoso.com", ""),
            ("SIP:Anna@contoso.com", ""),
            ("anna@contoso.com ", ""),
            ("anna@contoso.com", "MicrosoftAccount"),
            ("anna@contoso.com", "WORKSTATION"),
            ("anna＠contoso.com", ""),
            ("sips: anna@contoso.com", ""),
            ("mailto:anna@contoso.com", ""),
            ("anna @ contoso.com", ""),
        ] {
            assert_eq!(keys(user, domain), ["anna@contoso.com"], "{user} {domain}");
        }
    }

    #[test]
    fn a_bare_name_is_looked_up_in_its_own_domain_and_then_in_the_default_one() {
        assert_eq!(keys("anna", "PHONE"), ["phone\\anna", "contoso\\anna"]);
        assert_eq!(NameKey::candidates("anna", "", None), []);
    }

    #[test]
    fn what_is_no_name_leads_nowhere() {
        let long = "a".repeat(2_000);
        for user in [
            "",
            " ",
            ".",
            "@",
            "anna@",
            "@contoso.com",
            "\\",
            "\\anna",
            "CONTOSO\\",
            "a\0nna",
            "an\nna",
            "anna@contoso.com;gruu",
            "a@b@c",
            "an\u{200b}na",
            "\u{feff}anna",
            &long,
            "sip:",
            "CONTOSO\\a\\b",
            "x:anna@contoso.com",
        ] {
            assert_eq!(keys(user, ""), Vec::<String>::new(), "{user:?}");
        }
    }

    #[test]
    fn a_letter_has_one_form_wherever_it_stands() {
        for (one, other) in [
            ("ΝΙΚΟΣ.ΠΑΠ", "νικος.παπ"),
            ("ΝΙΚΟΣ", "νικοσ"),
            ("straße", "STRAßE"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        assert_ne!(folded("straße"), folded("strasse"), "two names to Windows");
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for text in ["ẞ", "İ", "ǅ", "Å", "ﬁ", "Σς", "ϓ", "Ⅷ", "㎏"] {
            let once = folded(text).unwrap();
            assert_eq!(folded(&once).as_deref(), Some(once.as_str()), "{text}");
        }
    }
}
