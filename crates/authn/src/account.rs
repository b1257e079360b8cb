//! Accounts: one immutable id, and every name that leads to it.
//!
//! Start at [`Account`]; the spellings are in [`crate::name`].

use proto::kerberos::Sid;
use serde::{Deserialize, Serialize};

use crate::audit::Reason;
use crate::credential::second_factor::SecondFactor;
use crate::directory::FromDirectory;
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
    /// Whether it may sign in, as far as it is ours to say.
    pub state: AccountState,
    /// What the directory says of it, where it came from there; its id is the objectGUID then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<FromDirectory>,
    /// The second factors that its owner proved, as far as that is remembered; no part of the account's own row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second_factor: Option<SecondFactor>,
}

impl Account {
    /// Every canonical spelling that leads to this account.
    #[must_use]
    pub fn name_keys(&self) -> Vec<NameKey> {
        let mut keys = self.windows_keys();
        for address in self.sip_addresses.iter().chain(&self.mail) {
            keys.extend(NameKey::candidates(address, "", None));
        }
        keys.sort();
        keys.dedup();
        keys
    }

    /// The canonical spellings of the names that Windows knows it by: all but addresses.
    pub(crate) fn windows_keys(&self) -> Vec<NameKey> {
        let mut keys = NameKey::candidates(&self.sam, &self.domain, None);
        keys.extend(NameKey::candidates(&self.sam, &self.realm, None));
        keys.extend(NameKey::candidates(&self.upn, "", None));
        keys
    }

    /// Whether it may sign in: neither we nor the directory switched it off.
    ///
    /// # Errors
    ///
    /// Why not, for the audit.
    pub fn may_sign_in(&self) -> Result<(), Reason> {
        match self.state {
            AccountState::Active => {}
            AccountState::Disabled => return Err(Reason::AccountDisabled),
            AccountState::Locked => return Err(Reason::AccountLocked),
        }
        match &self.directory {
            Some(directory) => directory.standing.may_sign_in(),
            None => Ok(()),
        }
    }

    /// Whether a SIP URI is one of the account's, letter by letter but for ASCII case.
    ///
    /// SECURITY: the back end reads the same text by its own rules, so that nothing is folded here
    /// that it might read as somebody else's.
    #[must_use]
    pub fn owns_sip_uri(&self, uri: &str) -> bool {
        let mut owned = self.sip_addresses.iter();
        owned.any(|own| own.is_ascii() && own.eq_ignore_ascii_case(uri))
    }
}

/// Why something is not what an account needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountParseError {
    /// Not `user@domain`.
    #[error("`{0}` is not of the form user@domain")]
    NotAnAddress(String),
    /// Not the name of a domain or a user.
    #[error("`{0}` is not the name of a domain or a user")]
    NotAName(String),
    /// Not a SIP URI.
    #[error("`{0}` is not a SIP URI such as sip:user@domain")]
    NotASipUri(String),
    /// Not a SID.
    #[error("`{0}` is not a SID such as S-1-5-21-...")]
    NotASid(String),
}

impl Account {
    /// Checks that every part of the account is of its form.
    ///
    /// # Errors
    ///
    /// The first part that is not.
    pub fn checked(self) -> Result<Self, AccountParseError> {
        for (name, domain) in [(&self.sam, &self.domain), (&self.sam, &self.realm)] {
            let is_plain = !name.contains(['\\', '/', '@']);
            if !is_plain || NameKey::candidates(name, domain, None).is_empty() {
                return Err(AccountParseError::NotAName(format!("{domain}\\{name}")));
            }
        }
        let is_address =
            |text: &str| text.contains('@') && !NameKey::candidates(text, "", None).is_empty();
        for address in self.mail.iter().chain([&self.upn]) {
            if !is_address(address) {
                return Err(AccountParseError::NotAnAddress(address.clone()));
            }
        }
        for uri in &self.sip_addresses {
            let is_sip = uri.to_ascii_lowercase().starts_with("sip:");
            if !is_sip || !is_address(uri) {
                return Err(AccountParseError::NotASipUri(uri.clone()));
            }
        }
        if let Some(sid) = self.sid.as_ref().filter(|sid| sid.parse::<Sid>().is_err()) {
            return Err(AccountParseError::NotASid(sid.clone()));
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn anna() -> Account {
        Account {
            id: AccountId("1".to_owned()),
            domain: "CONTOSO".to_owned(),
            sam: "anna".to_owned(),
            upn: "anna@contoso.com".to_owned(),
            realm: "CONTOSO.COM".to_owned(),
            sid: Some("S-1-5-21-1-2-3-1104".to_owned()),
            sip_addresses: vec![
                "sip:anna@contoso.com".to_owned(),
                "sip:a.k@contoso.com".to_owned(),
            ],
            mail: vec!["anna.karenina@contoso.com".to_owned()],
            state: AccountState::Active,
            directory: None,
            second_factor: None,
        }
    }

    #[test]
    fn a_sip_uri_belongs_to_its_owner_in_any_case_and_in_no_other_spelling() {
        for uri in [
            "sip:anna@contoso.com",
            "SIP:ANNA@CONTOSO.COM",
            "sip:A.K@contoso.com",
        ] {
            assert!(anna().owns_sip_uri(uri), "{uri}");
        }
        for uri in [
            "sip:ben@contoso.com",
            "sip:anna@contoso.com;gruu",
            "sip:anna@contoso.com?x=1",
            "",
            "sip:",
            "CONTOSO\\anna",
            "sip:anna@contoso.com.evil",
            "anna@contoso.com",
            "sips:anna@contoso.com",
            "mailto:anna@contoso.com",
            "sip:anna@contoso.com.",
            "sip:anna@contoso.com ",
            " sip:anna@contoso.com",
            "sip:\u{ff41}nna@contoso.com",
        ] {
            assert!(!anna().owns_sip_uri(uri), "{uri}");
        }
    }

    #[test]
    fn every_name_of_an_account_is_a_key() {
        let keys: Vec<String> = anna()
            .name_keys()
            .iter()
            .map(|key| key.as_str().to_owned())
            .collect();
        assert_eq!(
            keys,
            [
                "a.k@contoso.com",
                "anna.karenina@contoso.com",
                "anna@contoso.com",
                "contoso.com\\anna",
                "contoso\\anna",
            ]
        );
    }

    #[test]
    fn parts_that_are_not_of_their_form_are_refused() {
        use AccountParseError as Error;
        let refused = |change: fn(&mut Account)| {
            let mut account = anna();
            change(&mut account);
            account.checked().unwrap_err()
        };
        assert_eq!(anna().checked(), Ok(anna()));
        assert!(matches!(
            refused(|it| it.upn = "anna".to_owned()),
            Error::NotAnAddress(_)
        ));
        assert!(matches!(
            refused(|it| it.sam = "a\\b".to_owned()),
            Error::NotAName(_)
        ));
        assert!(matches!(
            refused(|it| it.domain.clear()),
            Error::NotAName(_)
        ));
        assert!(matches!(
            refused(|it| it.sid = Some("S-1-x".to_owned())),
            Error::NotASid(_)
        ));
        let no_scheme = |it: &mut Account| it.sip_addresses = vec!["anna@contoso.com".to_owned()];
        assert!(matches!(refused(no_scheme), Error::NotASipUri(_)));
    }
}
