//! `Active Directory`: attributes of the account that we hold.
//!
//! SECURITY: it answers about the person who signed in alone; whoever else a rule asks about, and whatever filter it has,
//! it has no answer for, and the rules fail.

use authn::account::Account;
use claims::Row;

use super::parts;

/// An attribute, in the order of its values.
fn values(account: &Account, attribute: &str) -> Option<Vec<String>> {
    let windows = || format!("{}\\{}", account.domain, account.sam);
    Some(match attribute.to_ascii_lowercase().as_str() {
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
        "tokengroups(sid)" => {
            let groups = account.directory.as_ref()?;
            groups.groups.clone()
        }
        _ => return None,
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
        values.ok_or_else(|| format!("the attribute `{attribute}` is not kept here"))
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
    use authn::account::{AccountId, AccountState};

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
