//! What was revoked, in the order in which it was: whoever keeps something open follows this.

use crate::account::AccountId;
use crate::authenticated::Authenticated;
use crate::credential::CredentialId;

/// What was revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revoked {
    /// Everything of an account: it is not active.
    Account(AccountId),
    /// One credential, or a token.
    Credential(CredentialId),
}

/// One revocation in its place; written in the same transaction as what it tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Its number; later ones have higher numbers.
    pub number: i64,
    /// What was revoked.
    pub what: Revoked,
}

impl Revoked {
    /// Whether somebody's being here rests on what was revoked.
    #[must_use]
    pub fn ends(&self, who: &Authenticated) -> bool {
        match self {
            Self::Account(account) => who.account_id() == account,
            Self::Credential(credential) => who.rests_on(credential),
        }
    }
}
