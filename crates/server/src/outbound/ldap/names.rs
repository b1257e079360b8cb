//! What is searched for where somebody is asked for by a name.

use authn::directory::Person;

use super::filter::Filter;

/// Somebody's name, as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// `DOMAIN\user`, or a user name alone.
    Windows {
        domain: Option<String>,
        user: String,
    },
    /// `user@domain`: a UPN or a mail address.
    Address(String),
    /// `sip:user@domain`.
    Sip(String),
}

impl Wanted {
    /// `None` where it is no name.
    pub(crate) fn of(typed: &str) -> Option<Self> {
        let typed = typed.trim();
        if let Some((domain, user)) = typed.split_once('\\') {
            let is_whole = !domain.is_empty() && !user.is_empty();
            return is_whole.then(|| Self::Windows {
                domain: Some(domain.to_owned()),
                user: user.to_owned(),
            });
        }
        let scheme = typed
            .get(..4)
            .filter(|scheme| scheme.eq_ignore_ascii_case("sip:"));
        if scheme.is_some() {
            return typed
                .get(4..)
                .filter(|it| it.contains('@'))
                .map(|it| Self::Sip(it.to_owned()));
        }
        if typed.contains('@') {
            return Some(Self::Address(typed.to_owned()));
        }
        (!typed.is_empty()).then(|| Self::Windows {
            domain: None,
            user: typed.to_owned(),
        })
    }

    /// What finds whoever is called that.
    pub(crate) fn filter(&self) -> Filter {
        let sip = |address: &str| {
            let uri = format!("sip:{address}");
            [
                Filter::is("proxyAddresses", &uri),
                Filter::is("msRTCSIP-PrimaryUserAddress", &uri),
            ]
        };
        Filter::person(match self {
            Self::Windows { user, .. } => Filter::is("sAMAccountName", user),
            Self::Sip(address) => Filter::Any(sip(address).into()),
            Self::Address(address) => {
                let mut any = vec![
                    Filter::is("userPrincipalName", address),
                    Filter::is("mail", address),
                    Filter::is("proxyAddresses", format!("smtp:{address}")),
                ];
                any.extend(sip(address));
                Filter::Any(any)
            }
        })
    }

    /// Whether somebody is of the domain that was named, where one was.
    pub(crate) fn is_of_domain(&self, person: &Person) -> bool {
        let Self::Windows {
            domain: Some(domain),
            ..
        } = self
        else {
            return true;
        };
        [&person.domain, &person.realm]
            .iter()
            .any(|it| it.eq_ignore_ascii_case(domain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_name_is_searched_for_where_it_stands() {
        let filter = |name: &str| Wanted::of(name).map(|it| it.filter().to_string());
        let person = "(&(objectCategory=person)(objectClass=user)";
        for name in ["anna", " anna ", "CONTOSO\\anna"] {
            assert_eq!(
                filter(name),
                Some(format!("{person}(sAMAccountName=anna))"))
            );
        }
        assert_eq!(
            filter("SIP:anna@contoso.com"),
            Some(format!(
                "{person}(|(proxyAddresses=sip:anna@contoso.com)\
                 (msRTCSIP-PrimaryUserAddress=sip:anna@contoso.com)))"
            ))
        );
        let by_address = filter("anna@contoso.com").unwrap();
        for part in [
            "userPrincipalName=anna@",
            "mail=anna@",
            "smtp:anna@",
            "=sip:anna@",
        ] {
            assert!(by_address.contains(part), "{by_address}");
        }
        for none in ["", " ", "\\anna", "CONTOSO\\", "sip:", "sip:anna"] {
            assert_eq!(Wanted::of(none), None, "{none}");
        }
    }

    #[test]
    fn no_name_is_more_than_a_value() {
        for name in [
            "*",
            "anna)(sAMAccountName=*",
            "a*@contoso.com",
            "X\\*",
            "sip:*@*",
            "\u{e4}\0",
        ] {
            let filter = Wanted::of(name).map(|it| it.filter().to_string()).unwrap();
            assert!(!filter.contains(['*', '\0']), "{filter}");
            let opened = filter.matches('(').count();
            assert_eq!(opened, filter.matches(')').count());
            assert!(filter.matches('(').count() <= 10, "{filter}");
        }
    }
}
