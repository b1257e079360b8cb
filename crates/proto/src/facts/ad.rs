//! The accounts of Active Directory that the gate has, asks tickets for, or shares a name with.

use super::read::Reader;
use super::{FactsError, add};

/// `userAccountControl` ([MS-ADTS] 2.2.16): the account is disabled.
const ACCOUNT_DISABLE: i64 = 0x2;
/// It is a domain controller's.
const SERVER_TRUST_ACCOUNT: i64 = 0x2000;
/// It may pass users on to every service.
const TRUSTED_FOR_DELEGATION: i64 = 0x8_0000;
/// It may act for users who did not sign in to it by Kerberos (protocol transition).
const TRUSTED_TO_AUTH_FOR_DELEGATION: i64 = 0x100_0000;
/// Tickets for it come without a PAC.
const NO_AUTH_DATA_REQUIRED: i64 = 0x200_0000;
/// `msDS-SupportedEncryptionTypes` ([MS-KILE] 2.2.7): AES-128 and AES-256.
const AES: i64 = 0x18;
/// DES and RC4.
const OLD: i64 = 0x7;
/// The parts of a FILETIME, of 100 ns each, in a day.
const A_DAY: i64 = 864_000_000_000;

/// What is known of Active Directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// The account that the script took for the gate's.
    pub gateway: Option<String>,
    /// The accounts.
    pub accounts: Vec<Account>,
}

/// An account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its `sAMAccountName`.
    pub name: String,
    /// The last of its `objectClass`.
    pub class: Option<String>,
    /// Its `userAccountControl`.
    pub user_account_control: Option<i64>,
    /// Its `msDS-SupportedEncryptionTypes`; AD takes RC4 where it is not set.
    pub encryption_types: Option<i64>,
    /// How many days ago its password was set, seen from the moment that the file was written.
    pub password_age: Option<i64>,
    /// The machine that it is of.
    pub dns_host_name: Option<String>,
    /// Its service principal names.
    pub spns: Vec<String>,
    /// The services that it may reach as a user.
    pub delegates_to: Vec<String>,
}

impl Account {
    /// Whether it is a computer's or a managed service account, which wrong passwords do not lock; not
    /// known where the file does not say.
    #[must_use]
    pub fn is_computer(&self) -> Option<bool> {
        let class = self.class.as_ref()?.to_ascii_lowercase();
        let computers = [
            "computer",
            "msds-groupmanagedserviceaccount",
            "msds-managedserviceaccount",
        ];
        Some(computers.contains(&class.as_str()))
    }

    /// Whether a machine runs as it: it holds `HOST/…`, or is a domain controller. An account of Lync or
    /// Exchange that no machine has is a computer's, too, but holds no `HOST/…`.
    #[must_use]
    pub fn is_machine(&self) -> bool {
        let is_host = |spn: &String| {
            spn.split_once('/')
                .is_some_and(|(class, _)| class.eq_ignore_ascii_case("HOST"))
        };
        self.spns.iter().any(is_host) || self.says(SERVER_TRUST_ACCOUNT) == Some(true)
    }

    /// Whether it is disabled.
    #[must_use]
    pub fn is_disabled(&self) -> Option<bool> {
        self.says(ACCOUNT_DISABLE)
    }

    /// Whether it may pass users on to every service.
    #[must_use]
    pub fn is_trusted_for_delegation(&self) -> Option<bool> {
        self.says(TRUSTED_FOR_DELEGATION)
    }

    /// Whether it may act for users who signed in otherwise.
    #[must_use]
    pub fn has_protocol_transition(&self) -> Option<bool> {
        self.says(TRUSTED_TO_AUTH_FOR_DELEGATION)
    }

    /// Whether tickets for it come without a PAC, and so without the word of the domain whose they are.
    #[must_use]
    pub fn is_without_pac(&self) -> Option<bool> {
        self.says(NO_AUTH_DATA_REQUIRED)
    }

    /// Whether its keys may be AES.
    #[must_use]
    pub fn has_aes(&self) -> bool {
        self.encryption_types.unwrap_or_default() & AES != 0
    }

    /// Whether its keys may be RC4 or DES as well.
    #[must_use]
    pub fn has_old_types(&self) -> bool {
        self.encryption_types.unwrap_or_default() & OLD != 0
    }

    /// Whether it holds a service principal name; AD compares without regard to case.
    #[must_use]
    pub fn holds(&self, spn: &str) -> bool {
        self.spns.iter().any(|it| it.eq_ignore_ascii_case(spn))
    }

    fn says(&self, flag: i64) -> Option<bool> {
        self.user_account_control.map(|it| it & flag != 0)
    }
}

impl Directory {
    /// Reads the part `ad`, of a file that was written then (a FILETIME).
    pub(super) fn read(
        part: &mut Reader<'_, '_>,
        written: Option<i64>,
    ) -> Result<Self, FactsError> {
        Ok(Self {
            gateway: part.text("gateway")?,
            accounts: part.each("accounts", |entry| {
                let set = entry.number("password_last_set")?;
                Ok(Account {
                    name: entry.text("name")?.unwrap_or_default(),
                    class: entry.text("class")?,
                    user_account_control: entry.number("user_account_control")?,
                    encryption_types: entry.number("encryption_types")?,
                    password_age: age(written, set),
                    dns_host_name: entry.text("dns_host_name")?,
                    spns: entry.texts("spns")?,
                    delegates_to: entry.texts("delegates_to")?,
                })
            })?,
        })
    }

    /// What two files say.
    pub(super) fn merged(mut self, other: Self) -> Self {
        self.gateway = self.gateway.or(other.gateway);
        let names: Vec<String> = self.accounts.iter().map(|it| it.name.clone()).collect();
        let is_new = |account: &Account| {
            let mut names = names.iter();
            !names.any(|name| name.eq_ignore_ascii_case(&account.name))
        };
        let more = other.accounts.into_iter().filter(is_new).collect();
        add(&mut self.accounts, more);
        self
    }
}

fn age(written: Option<i64>, set: Option<i64>) -> Option<i64> {
    let since = written?.checked_sub(set?)?;
    Some(since / A_DAY)
}
