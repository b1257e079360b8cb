//! Who of many is invited: nobody who can sign in to a page already or holds an invitation that stands, so that whoever
//! invites a whole group a second time does nothing twice.

use std::fmt;

use jiff::Timestamp;

use crate::account::Account;
use crate::lockout::Subject;
use crate::ports::Unavailable;
use crate::sign_in::Ports;

/// How somebody stands who may be invited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is there.
    New,
    /// There is a memorised secret or a passkey.
    Enrolled,
    /// There is an invitation that was not used.
    Invited {
        /// When it ends.
        ends: Timestamp,
    },
    /// The account may not sign in.
    MayNotSignIn,
}

impl Standing {
    /// Whether somebody is invited; `again` ends an invitation that stands and makes another.
    #[must_use]
    pub fn is_invited(self, again: bool) -> bool {
        match self {
            Self::New => true,
            Self::Invited { .. } => again,
            Self::Enrolled | Self::MayNotSignIn => false,
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::New => f.write_str("not invited yet"),
            Self::Enrolled => f.write_str("enrolled already"),
            Self::Invited { ends } => write!(f, "invited already, until {ends}"),
            Self::MayNotSignIn => f.write_str("the account may not sign in"),
        }
    }
}

/// How somebody stands.
///
/// # Errors
///
/// The store is away.
pub async fn standing(
    ports: &Ports,
    account: &Account,
    now: Timestamp,
) -> Result<Standing, Unavailable> {
    if account.may_sign_in().is_err() {
        return Ok(Standing::MayNotSignIn);
    }
    let subject = Subject::Account(account.id.clone());
    let secret = ports.attempt.secrets.memorised_secret(&subject).await?;
    if secret.is_some() || !ports.passkeys.passkeys_of(&account.id).await?.is_empty() {
        return Ok(Standing::Enrolled);
    }
    let ends = ports.invitations.invited_until(&account.id, now).await?;
    Ok(ends.map_or(Standing::New, |ends| Standing::Invited { ends }))
}
