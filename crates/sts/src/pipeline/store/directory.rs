//! `Active Directory`: attributes of the account that we hold.
//!
//! SECURITY: it answers about the person who signed in alone; whoever else a rule asks about, and whatever filter it has,
//! it has no answer for, and the rules fail.

use authn::account::Account;
use authn::directory::{FromDirectory, GroupName, KEPT};
use claims::Row;

use super::parts;

/// What every account has.
const OWN: [&str; 7] = [
    "samaccountname",
    "userprincipalname",
    "objectsid",
    "msds-principalname",
    "mail",
    "proxyaddresses",
    "msrtcsip-primaryuseraddress",
];
/// The SIDs of somebody's groups, nested ones too.
const GROUP_SIDS: &str = "tokengroups(sid)";

/// Whether an attribute is kept of somebody, whatever a configuration says.
pub(super) fn is_kept(attribute: &str) -> bool {
    OWN.contains(&attribute.to_ascii_lowercase().as_str()) || is_of_directory(attribute)
}

/// Whether an attribute is kept of people of a directory, and of nobody else.
pub(super) fn is_of_directory(attribute: &str) -> bool {
    let name = attribute.to_ascii_lowercase();
    let is_kept = KEPT.iter().any(|it| it.eq_ignore_ascii_case(&name));
    name == GROUP_SIDS || form(&name).is_some() || is_kept
}

/// How groups are named where their names are asked for, as AD FS's rules write it.
fn form(attribute: &str) -> Option<fn(&GroupName) -> String> {
    Some(match attribute {
        "tokengroups" => |it| it.sam.clone(),
        "tokengroups(domainqualifiedname)" => |it| format!("{}\\{}", it.domain, it.sam),
        "tokengroups(fulldomainqualifiedname)" | "tokengroups(longdomainqualifiedname)" => {
            |it| format!("{}\\{}", it.dns, it.sam)
        }
        _ => return None,
    })
}

/// The names of all groups; none where one of them is not known, as a rule may be about that one.
fn named(directory: &FromDirectory, form: fn(&GroupName) -> String) -> Option<Vec<String>> {
    let names = &directory.attributes.groups;
    let groups = directory.groups.iter();
    groups.map(|sid| names.get(sid).map(form)).collect()
}

/// An attribute, in the order of its values.
fn values(account: &Account, attribute: &str) -> Option<Vec<String>> {
    let windows = || format!("{}\\{}", account.domain, account.sam);
    let name = attribute.to_ascii_lowercase();
    Some(match name.as_str() {
        "samaccountname" => vec![account.sam.clone()],
        "userprincipalname" => vec![account.upn.clone()],
        "objectsid" => account.sid.iter().cloned().collect(),
        "msds-principalname" => vec![windows()],
        "mail" => account.mail.first().into_iter().cloned().collect(),
        "proxyaddresses" => {
            let mail = account.mail.iter().map(|it| format!("smtp:{it}"));
            mail.chain(account.sip_addresses.iter().cloned()).collect()
        }
        "msrtcsip-primaryuseraddress" => {
            account.sip_addresses.first().into_iter().cloned().collect()
        }
        GROUP_SIDS => {
            let groups = account.directory.as_ref()?;
            groups.groups.clone()
        }
        _ => {
            let directory = account.directory.as_ref()?;
            match form(&name) {
                Some(form) => named(directory, form)?,
                None => directory.attributes.of(&name)?.to_vec(),
            }
        }
    })
}

/// Answers `filter;attributes;DOMAIN\user`.
pub(super) fn answer(
    account: &Account,
    text: &str,
    parameters: &[&str],
    columns: usize,
) -> Result<Vec<Row>, String> {
    let parts = parts(text, parameters)?;
    let [filter, attributes, name] = parts.as_slice() else {
        return Err("its query is not `filter;attributes;DOMAIN\\user`".to_owned());
    };
    if !filter.trim().is_empty() {
        return Err("a filter is not searched for here".to_owned());
    }
    if !is_of(account, name) {
        return Err(format!(
            "POLICY3826: `{name}` is not in domain\\user format, or somebody else"
        ));
    }
    let attributes: Vec<&str> = attributes.split(',').map(str::trim).collect();
    if attributes.len() != columns {
        let got = attributes.len();
        return Err(format!(
            "its query has {got} attributes for {columns} types"
        ));
    }
    let columns = attributes.iter().map(|attribute| {
        let values = values(account, attribute);
        values.ok_or_else(|| format!("the attribute `{attribute}` is not kept of this account"))
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let longest = columns.iter().map(Vec::len).max().unwrap_or_default();
    let row = |at: usize| columns.iter().map(|it| it.get(at).cloned()).collect();
    Ok((0..longest).map(row).collect())
}

fn is_of(account: &Account, name: &str) -> bool {
    name.trim().split_once('\\').is_some_and(|(domain, user)| {
        let is_domain = domain.eq_ignore_ascii_case(&account.domain);
        is_domain && user.eq_ignore_ascii_case(&account.sam)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use authn::account::{AccountId, AccountState};
    use authn::directory::{Attributes, Standing};

    use super::*;

    fn anna() -> Account {
        Account {
            id: AccountId("1".to_owned()),
            domain: "CONTOSO".to_owned(),
            sam: "anna".to_owned(),
            upn: "anna@contoso.com".to_owned(),
            realm: "CONTOSO.COM".to_owned(),
            sid: Some("S-1-5-21-1-2-3-1105".to_owned()),
            sip_addresses: vec!["sip:anna@contoso.com".to_owned()],
            mail: vec!["anna@contoso.com".to_owned(), "a@contoso.com".to_owned()],
            state: AccountState::Active,
            directory: None,
            second_factor: None,
        }
    }

    fn of_directory() -> Account {
        let finance = GroupName {
            domain: "CONTOSO".to_owned(),
            dns: "contoso.com".to_owned(),
            sam: "Finance".to_owned(),
        };
        let sid = "S-1-5-21-1-2-3-1201".to_owned();
        let values = [
            ("displayname", vec!["Anna Karenina"]),
            ("memberof", vec!["CN=a,DC=b", "CN=c,DC=b"]),
            ("department", vec![]),
        ];
        let values = values.map(|(name, values)| {
            let values = values.into_iter().map(str::to_owned).collect();
            (name.to_owned(), values)
        });
        Account {
            directory: Some(FromDirectory {
                standing: Standing::Active,
                not_delegable: None,
                groups: vec![sid.clone()],
                attributes: Attributes {
                    values: BTreeMap::from(values),
                    groups: BTreeMap::from([(sid, finance)]),
                },
                read: None,
            }),
            ..anna()
        }
    }

    fn ask(text: &str, parameters: &[&str], columns: usize) -> Result<Vec<Row>, String> {
        answer(&anna(), text, parameters, columns)
    }

    #[test]
    fn it_answers_of_whoever_signed_in() {
        let rows = ask(";mail,objectSid;{0}", &["CONTOSO\\anna"], 2).unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows,
            [vec![some("anna@contoso.com"), some("S-1-5-21-1-2-3-1105")]]
        );
        let rows = ask("; proxyAddresses ;{0}", &["contoso\\ANNA"], 1).unwrap();
        assert_eq!(rows.len(), 3);
    }

    #[test]
    fn it_answers_with_what_the_directory_said_when_it_was_read() {
        let ask = |attributes: &str, columns| {
            let text = format!(";{attributes};{{0}}");
            let rows = answer(&of_directory(), &text, &["CONTOSO\\anna"], columns)?;
            Ok::<_, String>(rows.concat().into_iter().flatten().collect::<Vec<_>>())
        };
        for (attribute, values) in [
            ("displayName", ["Anna Karenina"].as_slice()),
            ("memberOf", &["CN=a,DC=b", "CN=c,DC=b"]),
            ("Department", &[]),
            ("tokenGroups", &["Finance"]),
            ("tokenGroups(domainQualifiedName)", &["CONTOSO\\Finance"]),
            (
                "tokenGroups(fullDomainQualifiedName)",
                &["contoso.com\\Finance"],
            ),
            (
                "tokenGroups(longDomainQualifiedName)",
                &["contoso.com\\Finance"],
            ),
            ("tokenGroups(SID)", &["S-1-5-21-1-2-3-1201"]),
        ] {
            assert_eq!(ask(attribute, 1).unwrap(), values, "{attribute}");
            assert!(is_kept(attribute), "{attribute}");
        }
        let both = ask("displayName,memberOf", 2).unwrap();
        assert_eq!(both.len(), 3, "each value once");
        assert!(ask("sn", 1).is_err(), "it was not read");
    }

    #[test]
    fn groups_of_which_one_has_no_known_name_are_not_told_in_part() {
        let mut account = of_directory();
        let directory = account.directory.as_mut().unwrap();
        directory.groups.push("S-1-5-21-9-9-9-1".to_owned());
        let ask = |attribute: &str| {
            let text = format!(";{attribute};{{0}}");
            answer(&account, &text, &["CONTOSO\\anna"], 1)
        };
        assert!(ask("tokenGroups").is_err());
        assert_eq!(ask("tokenGroups(SID)").unwrap().len(), 2);
    }

    #[test]
    fn it_answers_of_nobody_else_and_of_nothing_that_is_not_kept() {
        for (text, parameters, columns) in [
            (";mail;{0}", ["CONTOSO\\ben"], 1),
            (";mail;{0}", ["anna@contoso.com"], 1),
            (";mail;{0}", ["FABRIKAM\\anna"], 1),
            (";mail;{1}", ["CONTOSO\\anna"], 1),
            (";mail;{x}", ["CONTOSO\\anna"], 1),
            (";mail;{0", ["CONTOSO\\anna"], 1),
            (";department;{0}", ["CONTOSO\\anna"], 1),
            (";tokenGroups(SID);{0}", ["CONTOSO\\anna"], 1),
            (";mail,sn;{0}", ["CONTOSO\\anna"], 1),
            ("(cn=*);mail;{0}", ["CONTOSO\\anna"], 1),
            (";mail", ["CONTOSO\\anna"], 1),
            (";mail;{0};more", ["CONTOSO\\anna"], 1),
        ] {
            assert!(ask(text, &parameters, columns).is_err(), "{text}");
        }
    }

    #[test]
    fn a_value_is_no_part_of_its_own() {
        let error = ask(";mail;{0}", &["x;mail;CONTOSO\\anna"], 1);
        assert!(error.is_err());
    }
}
