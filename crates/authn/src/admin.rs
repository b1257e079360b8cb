//! What an administrator does: accounts and app passwords, each change with its audit event in the
//! same transaction. The command line and, later, the portal come here.

pub mod api_tokens;
pub mod destinations;
pub mod invitations;
pub mod ntlm_pins;
pub mod passkeys;
pub mod role;
pub mod secrets;
pub mod spare_codes;
pub mod tokens;

use std::collections::BTreeSet;

use jiff::Timestamp;
use proto::secret::Secret;
use proto::unseen::is_unseen;

use crate::account::{Account, AccountId, AccountParseError, AccountState};
use crate::attempt::Ports;
use crate::audit::{ByHand, Event, Kind};
use crate::credential::CredentialId;
use crate::credential::app_password::{self, AppPassword, AppPasswordHashes, StoredAppPassword};
use crate::directory::{Person, RefusedGroups};
use crate::drain::{Drain, NoneLeft};
use crate::lockout::Subject;
use crate::place::{ActivityId, Method, Service};
use crate::ports::{Drains, NameTaken, SecondFactors, Unavailable};

/// How many characters a label or the name of a device may have.
pub const MAX_LABEL: usize = 100;

/// How many app passwords an account may have that are neither revoked nor at their end.
pub const MAX_APP_PASSWORDS: usize = 20;

/// A new account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    /// The NetBIOS domain.
    pub domain: String,
    /// The sAMAccountName.
    pub sam: String,
    /// The userPrincipalName.
    pub upn: String,
    /// The Kerberos realm.
    pub realm: String,
    /// The objectSid.
    pub sid: Option<String>,
    /// The SIP URIs.
    pub sip_addresses: Vec<String>,
    /// The mail addresses.
    pub mail: Vec<String>,
}

/// What is asked of a new app password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAppPassword {
    /// What its owner calls it.
    pub label: String,
    /// The device it is for.
    pub device: Option<String>,
    /// The services it opens.
    pub scope: BTreeSet<Service>,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// The fresh random bytes of a new app password; its id tells nothing of its secret.
#[derive(Clone)]
pub struct Randomness {
    /// For the id.
    pub id: [u8; 16],
    /// For the secret.
    pub secret: [u8; 64],
}

/// Why a change was not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// A part of the account is not of its form.
    #[error(transparent)]
    Malformed(#[from] AccountParseError),
    /// A name is another account's.
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// Somebody of the directory has an account here.
    #[error("that person of the directory has an account already")]
    KnownAlready,
    /// There is no such account.
    #[error("there is no such account")]
    NoSuchAccount,
    /// There is no such app password.
    #[error("no app password has that id; `wicketgate app-password list NAME` shows them")]
    NoSuchAppPassword,
    /// No app password that still stands is of such a device.
    #[error(
        "the account has no app password for a device `{device}` that is not revoked; \
         `wicketgate app-password list NAME` shows them"
    )]
    NoSuchDevice {
        /// What the device was called.
        device: String,
    },
    /// It was revoked already.
    #[error("the app password was revoked already")]
    RevokedAlready,
    /// It would open nothing.
    #[error("an app password needs at least one service")]
    EmptyScope,
    /// Nobody could tell it from another.
    #[error("an app password needs a label of 1 to {MAX_LABEL} printable characters")]
    UnusableLabel,
    /// Each further one makes every sign-in of the account dearer.
    #[error(
        "the account has {MAX_APP_PASSWORDS} app passwords already; revoke one that is not used"
    )]
    TooMany,
    /// It would end before it was used.
    #[error("the app password would have ended already")]
    EndsInThePast,
    /// It is proved alone, and renews nothing.
    #[error("`{method}` is no second factor")]
    NoSecondFactor {
        /// What it is.
        method: Method,
    },
    /// Nobody would be left to serve.
    #[error(transparent)]
    NoneLeft(#[from] NoneLeft),
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Adds an account.
///
/// # Errors
///
/// A part is malformed, a name is taken, or the store is away.
pub async fn add_account(
    ports: &Ports,
    new: NewAccount,
    by: &ByHand,
    random: [u8; 16],
) -> Result<Account, AdminError> {
    let account = Account {
        id: AccountId(ActivityId::from(random).0),
        domain: new.domain,
        sam: new.sam,
        upn: new.upn,
        realm: new.realm,
        sid: new.sid,
        sip_addresses: new.sip_addresses,
        mail: new.mail,
        state: AccountState::Active,
        directory: None,
        second_factor: None,
    }
    .checked()?;
    let event = Event::by_hand(by, Kind::AccountCreated, Some(account.id.clone()));
    ports.accounts.add(&account, event).await??;
    Ok(account)
}

/// Adds an account for somebody of the directory; its id is theirs.
///
/// # Errors
///
/// A part is malformed, a name is taken, the person is known already, or the store is away.
pub async fn add_person(
    ports: &Ports,
    person: &Person,
    refused: &RefusedGroups,
    by: &ByHand,
) -> Result<Account, AdminError> {
    let account = person.account(refused).checked()?;
    if ports.accounts.by_id(&account.id).await?.is_some() {
        return Err(AdminError::KnownAlready);
    }
    let event = Event::by_hand(by, Kind::AccountCreated, Some(account.id.clone()));
    ports.accounts.add(&account, event).await??;
    Ok(account)
}

/// Changes an account's state.
///
/// # Errors
///
/// There is no such account, or the store is away.
pub async fn set_account_state(
    ports: &Ports,
    id: &AccountId,
    state: AccountState,
    by: &ByHand,
) -> Result<(), AdminError> {
    let event = Event::by_hand(by, Kind::AccountStateChanged { state }, Some(id.clone()));
    let is_changed = ports.accounts.set_state(id, state, event).await?;
    is_changed.then_some(()).ok_or(AdminError::NoSuchAccount)
}

/// Notes that the owner of an account proved a second factor where no attempt is settled, as to whoever enrols one.
///
/// **Trusts** that it was checked: whoever calls this has just consumed a code or seen a passkey.
///
/// # Errors
///
/// The method is no second factor, there is no such account, or the store is away.
pub async fn note_second_factor(
    factors: &dyn SecondFactors,
    account: &AccountId,
    method: Method,
    by: &ByHand,
) -> Result<(), AdminError> {
    if !method.is_second_factor() {
        return Err(AdminError::NoSecondFactor { method });
    }
    let event = Event::by_hand(
        by,
        Kind::SecondFactorProved { method },
        Some(account.clone()),
    );
    let is_noted = factors.note_second_factor(account, method, event).await?;
    is_noted.then_some(()).ok_or(AdminError::NoSuchAccount)
}

/// Makes an app password; its text is given once and kept nowhere.
///
/// # Errors
///
/// It would open nothing, has no label or ended already, there are too many, or the store is away.
pub async fn issue_app_password(
    ports: &Ports,
    account: &AccountId,
    new: NewAppPassword,
    by: &ByHand,
    random: Randomness,
) -> Result<(AppPassword, Secret<String>), AdminError> {
    if new.scope.is_empty() {
        return Err(AdminError::EmptyScope);
    }
    if !is_label(&new.label)
        || new
            .device
            .as_deref()
            .is_some_and(|device| !is_label(device))
    {
        return Err(AdminError::UnusableLabel);
    }
    if new.expires.is_some_and(|expires| expires <= by.at) {
        return Err(AdminError::EndsInThePast);
    }
    let subject = Subject::Account(account.clone());
    let stored = ports.credentials.app_passwords(&subject).await?;
    let is_live = |password: &&StoredAppPassword| {
        let record = &password.record;
        record.revoked.is_none() && record.expires.is_none_or(|expires| expires > by.at)
    };
    if stored.iter().filter(is_live).count() >= MAX_APP_PASSWORDS {
        return Err(AdminError::TooMany);
    }
    let shown = app_password::made_from(random.secret);
    let record = AppPassword {
        id: CredentialId(ActivityId::from(random.id).0),
        account: account.clone(),
        label: new.label,
        device: new.device,
        scope: new.scope,
        created: by.at,
        expires: new.expires,
        last_used: None,
        seen_device: None,
        revoked: None,
    };
    let kind = Kind::AppPasswordCreated {
        credential: record.id.clone(),
    };
    let event = Event::by_hand(by, kind, Some(account.clone()));
    let stored = StoredAppPassword {
        record: record.clone(),
        hashes: AppPasswordHashes::of(&shown),
    };
    ports.credentials.add_app_password(&stored, event).await?;
    Ok((record, shown))
}

/// Revokes an app password.
///
/// # Errors
///
/// There is none with that id, it was revoked already, or the store is away.
pub async fn revoke_app_password(
    ports: &Ports,
    id: &CredentialId,
    by: &ByHand,
) -> Result<AppPassword, AdminError> {
    let found = ports.credentials.app_password(id).await?;
    let record = found.ok_or(AdminError::NoSuchAppPassword)?;
    let kind = Kind::AppPasswordRevoked {
        credential: id.clone(),
    };
    let event = Event::by_hand(by, kind, Some(record.account.clone()));
    if !ports
        .credentials
        .revoke_app_password(id, by.at, event)
        .await?
    {
        return Err(AdminError::RevokedAlready);
    }
    Ok(AppPassword {
        revoked: Some(by.at),
        ..record
    })
}

/// Revokes whatever an account's device holds: each app password that was made for a device of that name,
/// or last used by one that calls itself so (ActiveSync's DeviceId), in any case of letters.
///
/// Each is a transaction of its own. Where the store goes away between two, the same again does the rest; it
/// gives those that were revoked before as well, so that nobody loses what is yet to be done about them.
///
/// # Errors
///
/// Nothing was ever of that device, or the store is away.
pub async fn revoke_device(
    ports: &Ports,
    account: &AccountId,
    device: &str,
    by: &ByHand,
) -> Result<Vec<AppPassword>, AdminError> {
    let subject = Subject::Account(account.clone());
    let stored = ports.credentials.app_passwords(&subject).await?;
    let records = stored.into_iter().map(|stored| stored.record);
    let mut revoked = Vec::new();
    for record in records.filter(|it| it.is_of_device(device)) {
        revoked.push(match record.revoked {
            Some(_) => record,
            None => match revoke_app_password(ports, &record.id, by).await {
                // Somebody else was faster; it is revoked all the same.
                Err(AdminError::RevokedAlready) => AppPassword {
                    revoked: Some(by.at),
                    ..record
                },
                record => record?,
            },
        });
    }
    if revoked.is_empty() {
        let device = device.to_owned();
        return Err(AdminError::NoSuchDevice { device });
    }
    Ok(revoked)
}

/// Drains members of a farm; gives those that were not drained yet.
///
/// # Errors
///
/// None would be left in use, or the store is away.
pub async fn drain(
    drains: &dyn Drains,
    order: Drain,
    by: &ByHand,
) -> Result<Vec<String>, AdminError> {
    Ok(drains.drain(order, by).await??)
}

pub(crate) fn is_label(text: &str) -> bool {
    let is_printable = !text.contains(is_unseen);
    !text.trim().is_empty() && text.chars().count() <= MAX_LABEL && is_printable
}
