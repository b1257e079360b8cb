//! Kerberos: a domain controller vouches for somebody, and nothing of ours is proved.
//!
//! There is no secret here that could be revoked: what rests on such a sign-in ends with the account, and after
//! [`LONGEST`] in any case. Start at [`Logon`].

use std::time::Duration;

use jiff::SignedDuration;
use proto::channel_binding::EndPoint;
use proto::kerberos::pac::Owner;
use serde::{Deserialize, Serialize};

use super::CredentialId;
use crate::account::{Account, AccountId};
use crate::audit::Reason;
use crate::directory::NotDelegable;

/// How long a sign-in by Kerberos lasts, with all that was bought by it: as long as Windows' tickets.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(10);
/// A token, checked by its keys, its time, the replay cache and its binding; whether its bearer may come in, it
/// does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logon {
    /// Whose it is, as Kerberos writes names: `alice@CONTOSO.TEST`.
    pub initiator: String,
    /// Their account as the domain has it, where their ticket says that.
    pub owner: Option<Owner>,
    /// Whether it is bound to the connection that it came over.
    pub is_bound: bool,
    /// How long its ticket still lasts.
    pub lasts: Duration,
    /// What the client gets in answer, where it asked for one.
    pub answer: Option<Vec<u8>>,
}

/// To what a token may be bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bindings {
    /// It is not looked at.
    Ignored,
    /// To one of these certificates, or to nothing.
    AnyOf(Vec<EndPoint>),
}

/// What is wrong with a token, as the audit says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TokenFault {
    /// It is bound to another connection.
    WrongBinding,
    /// It was used before.
    Replayed,
    /// No key of ours opens its ticket.
    NotForUs,
    /// Its ticket has ended, or is not good yet.
    OutOfTime,
    /// The client's clock is off.
    ClockSkew,
    /// Its encryption is too weak to be taken.
    Weak,
    /// It is none, or one of a kind that is not taken.
    Malformed,
}

/// The name of whoever comes, in its parts; `None` of a name that no account of people has: a service's, an
/// enterprise name's, one with escapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Initiator<'a> {
    /// The sAMAccountName.
    pub sam: &'a str,
    /// The realm.
    pub realm: &'a str,
}

impl<'a> Initiator<'a> {
    /// Takes a principal apart.
    #[must_use]
    pub fn of(principal: &'a str) -> Option<Self> {
        let (sam, realm) = principal.split_once('@')?;
        let is_plain = |part: &str| !part.is_empty() && !part.contains(['@', '/', '\\']);
        (is_plain(sam) && is_plain(realm)).then_some(Self { sam, realm })
    }

    /// Whether it is an account's: its realm letter by letter, and its name in any case, as a domain controller
    /// takes it.
    ///
    /// SECURITY: spellings are folded further where an account is looked up; two accounts of a domain may
    /// differ in what is folded there.
    #[must_use]
    pub fn is(&self, account: &Account) -> bool {
        let directory = account.directory.as_ref();
        let not_delegable = directory.and_then(|it| it.not_delegable.as_ref());
        // Its name here is not the directory's, and so not the ticket's.
        not_delegable != Some(&NotDelegable::NamesNotTaken)
            && self.realm == account.realm
            && self.sam.to_lowercase() == account.sam.to_lowercase()
    }
}

impl Logon {
    /// Whether the ticket is the account's that its name leads to, and not of somebody who had that name before.
    ///
    /// SECURITY: a ticket lives for ten hours, and a name may change its owner meanwhile. A SID never does. An account
    /// without one is known by the name that the domain signed into the ticket, and not by the one that was asked for:
    /// where there is no `alice`, a domain controller may take `alice$` for it, which any user of the domain can make.
    ///
    /// # Errors
    ///
    /// Why not, for the audit.
    pub fn is_of(&self, account: &Account) -> Result<(), Reason> {
        let Some(owner) = &self.owner else {
            return Err(Reason::WithoutSid);
        };
        let is_theirs = match account.sid.as_deref() {
            Some(sid) => sid.parse().as_ref() == Ok(&owner.sid),
            None => owner.is_called(&account.sam),
        };
        match is_theirs {
            true => Ok(()),
            false => Err(Reason::AnotherAccount),
        }
    }
}

impl CredentialId {
    /// How the id of such a credential begins; the account's follows. Those of app passwords are UUIDs.
    pub const KERBEROS: &str = "kerberos:";

    /// What stands for an account's sign-ins by Kerberos, all of them.
    #[must_use]
    pub fn kerberos_of(account: &AccountId) -> Self {
        Self(format!("{}{}", Self::KERBEROS, account.0))
    }

    /// Whether this stands for an account's sign-ins by Kerberos.
    #[must_use]
    pub fn is_kerberos_of(&self, account: &AccountId) -> bool {
        self.0.strip_prefix(Self::KERBEROS) == Some(account.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_principal_is_a_name_and_a_realm_and_nothing_else() {
        let alice = Initiator::of("alice@CONTOSO.TEST").unwrap();
        assert_eq!((alice.sam, alice.realm), ("alice", "CONTOSO.TEST"));
        for none in [
            "",
            "alice",
            "@CONTOSO.TEST",
            "alice@",
            "HTTP/a@CONTOSO.TEST",
            "alice\\@contoso.test@CONTOSO.TEST",
            "alice@contoso.test@CONTOSO.TEST",
        ] {
            assert_eq!(Initiator::of(none), None, "{none}");
        }
    }

    #[test]
    fn the_credential_is_one_accounts() {
        let (one, other) = (AccountId("1".to_owned()), AccountId("11".to_owned()));
        let credential = CredentialId::kerberos_of(&one);
        assert!(credential.is_kerberos_of(&one));
        assert!(!credential.is_kerberos_of(&other));
        assert!(!CredentialId("1".to_owned()).is_kerberos_of(&one));
    }
}
