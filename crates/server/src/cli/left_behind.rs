//! What revoking at the gate does not reach: a Lync client that signed in once holds a certificate of
//! the Lync server, good for 180 days by default, and signs in with that over the Edge. Only the
//! server can take it back, so that whoever revokes is told how.

use authn::account::Account;
use serde::Serialize;

/// The commands of the Lync Server Management Shell that take an account's certificates back.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct LyncCertificates(Vec<String>);

impl LyncCertificates {
    /// One for each SIP address.
    pub(crate) fn of(account: &Account) -> Self {
        let command = |sip: &String| {
            // In PowerShell a quote inside single quotes is written twice.
            let quoted = sip.replace('\'', "''");
            format!("Revoke-CsClientCertificate -Identity '{quoted}'")
        };
        Self(account.sip_addresses.iter().map(command).collect())
    }

    /// None, where nothing of Lync was revoked.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A sentence and the commands, to follow what was done.
    pub(crate) fn sentence(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        format!(
            "\nA Lync client that signed in with it may hold a client certificate, which outlives it. On \
             the Lync server:\n  {}",
            self.0.join("\n  ")
        )
    }
}

#[cfg(test)]
mod tests {
    use authn::account::{AccountId, AccountState};

    use super::*;

    #[test]
    fn every_sip_address_is_named_and_none_ends_the_quotes() {
        let account = Account {
            id: AccountId("1".to_owned()),
            domain: "CONTOSO".to_owned(),
            sam: "anna".to_owned(),
            upn: "anna@contoso.com".to_owned(),
            realm: "CONTOSO.COM".to_owned(),
            sid: None,
            sip_addresses: vec![
                "sip:anna@contoso.com".to_owned(),
                "sip:o'neil@x.y".to_owned(),
            ],
            mail: Vec::new(),
            state: AccountState::Active,
            directory: None,
            second_factor: None,
        };
        let said = LyncCertificates::of(&account).sentence();
        assert!(said.ends_with(
            "On the Lync server:\n  Revoke-CsClientCertificate -Identity 'sip:anna@contoso.com'\n  \
             Revoke-CsClientCertificate -Identity 'sip:o''neil@x.y'"
        ));
        assert_eq!(LyncCertificates::none().sentence(), "");
    }
}
