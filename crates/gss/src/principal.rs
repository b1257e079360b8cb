//! Names of people and services in one realm, checked so that nothing in them has a second meaning.

use std::fmt;
use std::str::FromStr;

/// Longest part of a name, in bytes.
const MAX_PART: usize = 255;

/// A name that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no {what}")]
pub struct BadName {
    name: String,
    what: &'static str,
}

/// A realm: an Active Directory domain in capital letters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Realm(String);

impl FromStr for Realm {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let is_label = |label: &str| {
            let mut letters = label.bytes();
            !label.is_empty()
                && letters.all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == b'-')
        };
        if text.len() > MAX_PART || !text.split('.').all(is_label) {
            return Err(bad(text, "realm in capital letters"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A person or a machine: `alice@CONTOSO.TEST`, `gateway$@CONTOSO.TEST`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal(String);

impl Principal {
    /// The account of a sAMAccountName, exactly as the directory spells it.
    ///
    /// # Errors
    ///
    /// No account can have that name ([MS-SAMR] 3.1.1.8.4); a UPN is none either, as a back end would see it
    /// as `alice\@contoso.test@CONTOSO.TEST`.
    pub fn new(account: &str, realm: &Realm) -> Result<Self, BadName> {
        let forbidden = |it: char| it.is_control() || "\"/\\[]:;|=,+*?<>@".contains(it);
        if account.is_empty() || account.len() > MAX_PART || account.contains(forbidden) {
            return Err(bad(account, "sAMAccountName"));
        }
        Ok(Self(format!("{account}@{realm}")))
    }

    /// The name as Kerberos writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The sAMAccountName.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.split('@').next().unwrap_or_default()
    }
}

impl Principal {
    /// Whether both lead to one account: a domain controller knows no letter's case, and answers in the spelling that
    /// it was asked in.
    #[must_use]
    pub fn is_same_account(&self, other: &Self) -> bool {
        let small = |text: &str| text.to_lowercase();
        small(&self.0) == small(&other.0)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A service: `HTTP/lync-fe.contoso.test@CONTOSO.TEST`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service(String);

impl Service {
    /// The service of a service principal name, `HTTP/lync-fe.contoso.test`, which comes from the
    /// configuration and never from a request.
    ///
    /// # Errors
    ///
    /// It is not a class and a host.
    pub fn new(name: &str, realm: &Realm) -> Result<Self, BadName> {
        let is_part = |part: &str| {
            let mut letters = part.bytes();
            !part.is_empty()
                && part.len() <= MAX_PART
                && letters.all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it))
        };
        match name.split_once('/') {
            Some((class, host)) if is_part(class) && is_part(host) => {
                Ok(Self(format!("{name}@{realm}")))
            }
            _ => Err(bad(name, "service principal name")),
        }
    }

    /// The name as Kerberos writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn bad(name: &str, what: &'static str) -> BadName {
    BadName {
        name: name.chars().take(MAX_PART).collect(),
        what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn realm() -> Realm {
        "CONTOSO.TEST".parse().unwrap()
    }

    #[test]
    fn a_realm_is_capital_labels() {
        for good in ["CONTOSO.TEST", "A", "CORP-1.EXAMPLE.COM"] {
            assert!(good.parse::<Realm>().is_ok(), "{good}");
        }
        for bad in ["", "contoso.test", "A..B", "A B", "A\n[realms]", "A=", "A}"] {
            assert!(bad.parse::<Realm>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_is_one_part_without_second_meaning() {
        let principal = Principal::new("gateway$", &realm()).unwrap();
        assert_eq!(principal.as_str(), "gateway$@CONTOSO.TEST");
        assert!(Principal::new("jürgen müller", &realm()).is_ok());
        for bad in ["", "a@b", "a/b", "a\\@b", "a\0", "a\nb", "krbtgt/X"] {
            assert!(Principal::new(bad, &realm()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_account_is_one_account_in_every_case() {
        let of = |account: &str| Principal::new(account, &realm()).unwrap();
        assert!(of("alice").is_same_account(&of("ALICE")));
        assert!(of("jürgen").is_same_account(&of("JÜRGEN")));
        assert!(!of("alice").is_same_account(&of("alice2")));
        assert_ne!(of("alice"), of("ALICE"));
    }

    #[test]
    fn a_service_is_a_class_and_a_host() {
        let service = Service::new("HTTP/lync-fe.contoso.test", &realm()).unwrap();
        assert_eq!(service.as_str(), "HTTP/lync-fe.contoso.test@CONTOSO.TEST");
        for bad in [
            "", "HTTP", "HTTP/", "/a", "HTTP/a/b", "HTTP/a@B", "H TTP/a", "HTTP/a\\",
        ] {
            assert!(Service::new(bad, &realm()).is_err(), "{bad}");
        }
    }
}
