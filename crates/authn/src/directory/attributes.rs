//! What claim rules may ask of somebody beside their names: the attributes of their entry, and what their groups are called.
//!
//! Nothing here is a proof of anything: it is what the directory said when it was read last. Start at [`Attributes`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The attributes that are read of everybody, by their names in the directory: those that AD FS's own form offers for claims,
/// and those that published rules ask for.
pub const KEPT: [&str; 36] = [
    "c",
    "cn",
    "co",
    "company",
    "department",
    "description",
    "displayName",
    "distinguishedName",
    "division",
    "employeeID",
    "employeeNumber",
    "employeeType",
    "facsimileTelephoneNumber",
    "givenName",
    "initials",
    "ipPhone",
    "l",
    "mailNickname",
    "manager",
    "memberOf",
    "mobile",
    "mS-DS-ConsistencyGuid",
    "name",
    "o",
    "objectGUID",
    "ou",
    "physicalDeliveryOfficeName",
    "postalCode",
    "preferredLanguage",
    "sn",
    "st",
    "street",
    "streetAddress",
    "telephoneNumber",
    "title",
    "wWWHomePage",
];
/// How many more a configuration may name.
pub const MAX_MORE: usize = 64;
/// How many values of one attribute are kept; of one that has more, none is.
pub const MAX_VALUES: usize = 1_024;
/// How many bytes a value has at most; of an attribute with a longer one, none is kept.
pub const MAX_VALUE: usize = 4_096;

/// What an account keeps for claim rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// The values by the attribute's name in lower case. One without values was read, and the directory has none; one that is not
    /// here was not read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Vec<String>>,
    /// What groups are called, by their SIDs; one that is not here could not be read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<String, GroupName>,
}

/// What a group is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupName {
    /// The NetBIOS name of its domain.
    pub domain: String,
    /// The DNS name of its domain.
    pub dns: String,
    /// The sAMAccountName.
    pub sam: String,
}

impl Attributes {
    /// Whether nothing was read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty() && self.groups.is_empty()
    }

    /// The values of an attribute, in any case of its name; `None` where it was not read.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<&[String]> {
        let values = self.values.get(&name.to_ascii_lowercase());
        values.map(Vec::as_slice)
    }
}

impl GroupName {
    /// Whether a name is one of a group in its domain, as `DOMAIN\group`; a group without its domain is anybody's.
    #[must_use]
    pub fn is_qualified(name: &str) -> bool {
        let parts = name.split_once('\\');
        let is_part = |part: &str| !part.trim().is_empty() && !part.contains('\\');
        parts.is_some_and(|(domain, group)| is_part(domain) && is_part(group))
    }

    /// Whether it is meant by `DOMAIN\group`, of either name of its domain and in any case of the letters.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let is = |own: &str, said: &str| own.to_lowercase() == said.trim().to_lowercase();
        name.split_once('\\').is_some_and(|(domain, group)| {
            (is(&self.domain, domain) || is(&self.dns, domain)) && is(&self.sam, group)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_meant_by_its_name_with_its_domain_alone() {
        let finance = GroupName {
            domain: "CONTOSO".to_owned(),
            dns: "contoso.com".to_owned(),
            sam: "Finance".to_owned(),
        };
        for name in [
            "CONTOSO\\Finance",
            "contoso\\FINANCE",
            "contoso.com\\finance",
        ] {
            assert!(finance.is(name) && GroupName::is_qualified(name), "{name}");
        }
        for name in [
            "Finance",
            "FABRIKAM\\Finance",
            "CONTOSO\\Fin",
            "CONTOSO\\",
            "\\Finance",
            "",
        ] {
            assert!(!finance.is(name), "{name}");
        }
        for name in ["Finance", "CONTOSO\\", "\\Finance", "a\\b\\c", " \\ ", ""] {
            assert!(!GroupName::is_qualified(name), "{name}");
        }
    }

    #[test]
    fn what_was_read_and_is_empty_is_not_what_was_not_read() {
        let attributes = Attributes {
            values: BTreeMap::from([("sn".to_owned(), Vec::new())]),
            ..Attributes::default()
        };
        assert_eq!(attributes.of("SN"), Some(&[][..]));
        assert_eq!(attributes.of("givenName"), None);
    }
}
