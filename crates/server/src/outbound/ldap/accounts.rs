//! The accounts that matter to the gate's Kerberos: its own, and those that hold a name of a back end or a published
//! one; as facts for the doctor, in the form that the script writes them down.

use std::collections::BTreeSet;

use authn::ports::Unavailable;
use ldap3::Scope;
use proto::facts::{Account, ActiveDirectory};

use super::entry::Entry;
use super::filter::Filter;
use super::session::{Search, SessionError};
use super::{AT_ONCE, Asked, Ldap, unavailable};
use crate::clock;

/// What is read of each account.
const ATTRIBUTES: [&str; 8] = [
    "sAMAccountName",
    "objectClass",
    "userAccountControl",
    "msDS-SupportedEncryptionTypes",
    "pwdLastSet",
    "dNSHostName",
    "servicePrincipalName",
    "msDS-AllowedToDelegateTo",
];

impl Ldap {
    /// The gate's account, whoever holds one of these services, and whoever holds one that the gate may delegate to.
    ///
    /// # Errors
    ///
    /// A domain cannot be read.
    pub(crate) async fn facts(
        &self,
        gateway: &str,
        services: &BTreeSet<String>,
    ) -> Result<ActiveDirectory, Unavailable> {
        let mut accounts = Vec::new();
        let mut domains = self.each_domain().await?;
        for asked in &mut domains {
            let own = Filter::is("sAMAccountName", gateway);
            accounts.extend(within(asked, vec![own]).await?);
        }
        let listed = accounts.iter().flat_map(|it: &Account| &it.delegates_to);
        let services: BTreeSet<String> = services.iter().chain(listed).cloned().collect();
        for asked in &mut domains {
            let held = services.iter().flat_map(|it| names_of(it));
            let held = held.map(|it| Filter::is("servicePrincipalName", &it));
            for found in within(asked, held.collect()).await? {
                if !accounts.contains(&found) {
                    accounts.push(found);
                }
            }
        }
        Ok(ActiveDirectory {
            gateway: Some(gateway.to_owned()),
            accounts,
        })
    }
}

/// A service's name, and that of its machine, whose account AD takes where none holds the first (`sPNMappings`).
fn names_of(spn: &str) -> [String; 2] {
    let rest = spn.split('/').nth(1).unwrap_or_default();
    let host = rest.split(':').next().unwrap_or_default();
    [spn.to_owned(), format!("HOST/{host}")]
}

/// The accounts of a domain of which any of these holds.
async fn within(asked: &mut Asked, any: Vec<Filter>) -> Result<Vec<Account>, Unavailable> {
    let mut found = Vec::new();
    for any in any.chunks(AT_ONCE) {
        let filter = Filter::Any(any.to_vec());
        let search = Search {
            base: &asked.root.base,
            scope: Scope::Subtree,
            filter: &filter,
            attributes: &ATTRIBUTES,
            enough: None,
        };
        let said = |error: SessionError| format!("`{}`: {error}", asked.controller);
        let entries = asked.session.search(search).await;
        let entries = entries.map_err(|error| unavailable(said(error)))?;
        found.extend(entries.iter().filter_map(|(_, entry)| account(entry)));
    }
    Ok(found)
}

fn account(entry: &Entry) -> Option<Account> {
    let number = |name: &str| entry.text(name).and_then(|it| it.parse::<i64>().ok());
    let texts = |name: &str| -> Vec<String> {
        let texts = entry.all(name).iter();
        let texts = texts.filter_map(|it| str::from_utf8(it).ok());
        texts.map(str::to_owned).collect()
    };
    Some(Account {
        name: entry.text("sAMAccountName")?.to_owned(),
        // The most special class comes last ([MS-ADTS] 3.1.1.1.4).
        class: texts("objectClass").pop(),
        user_account_control: number("userAccountControl"),
        encryption_types: number("msDS-SupportedEncryptionTypes"),
        password_age: number("pwdLastSet").and_then(age),
        dns_host_name: entry.text("dNSHostName").map(str::to_owned),
        spns: texts("servicePrincipalName"),
        delegates_to: texts("msDS-AllowedToDelegateTo"),
    })
}

/// How many days ago a moment of Windows (100 ns since 1601) was; nothing where it was never.
fn age(set: i64) -> Option<i64> {
    const SECOND: i64 = 10_000_000;
    const DAY: i64 = 86_400;
    /// From 1601 to 1970, in seconds.
    const BEFORE_1970: i64 = 11_644_473_600;
    let since = clock::now().as_second() - (set / SECOND - BEFORE_1970);
    (set > 0).then_some(since / DAY)
}
