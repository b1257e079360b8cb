//! What an administrator does with memorised secrets: sets one, removes one, invites somebody to choose one. None is ever
//! shown.

use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use crate::account::Account;
use crate::audit::{ByHand, Event, Kind};
use crate::credential::CredentialId;
use crate::credential::memorised_secret::{
    MemorisedSecret, SecretFault, StoredMemorisedSecret, Typed,
};
use crate::handle::Handle;
use crate::lockout::{Queue, Subject};
use crate::place::ActivityId;
use crate::ports::Unavailable;
use crate::session::{Invitation, LONGEST_INVITATION};
use crate::sign_in::Ports;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The secret may not be chosen.
    #[error(transparent)]
    Fault(#[from] SecretFault),
    /// There is none.
    #[error("the account has no memorised secret")]
    NoSecret,
    /// The invitation would not last, or for too long.
    #[error("an invitation lasts from an hour to 30 days")]
    Lasting,
    /// Whoever is invited could not sign in.
    #[error("the account may not sign in; `wicketgate user enable` releases it")]
    MayNotSignIn,
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The fresh random bytes of a new secret's record.
#[derive(Clone, Copy)]
pub struct SecretRandomness {
    /// For the id.
    pub id: [u8; 16],
    /// For the salt.
    pub salt: [u8; 16],
}

/// Sets the secret of an account; whatever rested on the one before ends.
///
/// # Errors
///
/// It may not be chosen, or the store is away.
pub async fn set(
    ports: &Ports,
    account: &Account,
    typed: &Secret<String>,
    by: &ByHand,
    random: SecretRandomness,
) -> Result<MemorisedSecret, SecretError> {
    let typed = Typed::chosen_by(account, typed)?;
    if is_disowned(ports, account, &typed).await? {
        return Err(SecretFault::Disowned.into());
    }
    let hash = ports.attempt.hasher.make(typed, random.salt).await?;
    let record = MemorisedSecret {
        id: CredentialId(ActivityId::from(random.id).0),
        account: account.id.clone(),
        set: by.at,
        last_used: None,
        disowned: None,
    };
    let kind = Kind::MemorisedSecretSet {
        credential: record.id.clone(),
    };
    let event = Event::by_hand(by, kind, Some(account.id.clone()));
    let stored = StoredMemorisedSecret { record, hash };
    ports
        .attempt
        .secrets
        .set_memorised_secret(&stored, event)
        .await?;
    Ok(stored.record)
}

/// Whether it is the secret that somebody else was found to know: chosen again, it would let them in as before.
pub(crate) async fn is_disowned(
    ports: &Ports,
    account: &Account,
    typed: &Typed,
) -> Result<bool, Unavailable> {
    let subject = Subject::Account(account.id.clone());
    let stored = ports.attempt.secrets.memorised_secret(&subject).await?;
    let Some(stored) = stored.filter(|it| it.record.disowned.is_some()) else {
        return Ok(false);
    };
    let hasher = &ports.attempt.hasher;
    hasher
        .proves(typed.clone(), stored.hash, Queue::Familiar)
        .await
}

/// Removes the secret of an account; whatever rested on it ends.
///
/// # Errors
///
/// There is none, or the store is away.
pub async fn remove(ports: &Ports, account: &Account, by: &ByHand) -> Result<(), SecretError> {
    let event = Event::by_hand(by, Kind::MemorisedSecretRemoved, Some(account.id.clone()));
    let is_removed = ports
        .attempt
        .secrets
        .remove_memorised_secret(&account.id, event)
        .await?;
    is_removed.then_some(()).ok_or(SecretError::NoSecret)
}

/// Invites somebody to choose a secret and to enrol a token; an invitation that was made before ends.
///
/// # Errors
///
/// It would not last, the account may not sign in, or the store is away.
pub async fn invite(
    ports: &Ports,
    account: &Account,
    lasting: SignedDuration,
    by: &ByHand,
    random: [u8; 32],
) -> Result<(Handle, Timestamp), SecretError> {
    let may_last = SignedDuration::from_hours(1)..=LONGEST_INVITATION;
    let ends = by
        .at
        .checked_add(lasting)
        .ok()
        .filter(|_| may_last.contains(&lasting));
    let ends = ends.ok_or(SecretError::Lasting)?;
    account
        .may_sign_in()
        .map_err(|_| SecretError::MayNotSignIn)?;
    let handle = Handle::made_from(random);
    let invitation = Invitation {
        account: account.id.clone(),
        made: by.at,
        ends,
    };
    let event = Event::by_hand(by, Kind::Invited { ends }, Some(account.id.clone()));
    ports
        .invitations
        .invite(handle.key(), &invitation, event)
        .await?;
    Ok((handle, ends))
}
