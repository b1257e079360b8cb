//! What an administrator does with PINs for NTLM: sets one, removes one. None is ever shown.

use proto::secret::Secret;

use crate::account::Account;
use crate::attempt::Ports;
use crate::audit::{ByHand, Event, Kind};
use crate::credential::CredentialId;
use crate::credential::ntlm_pin::{NtlmPin, Pin, PinFault, StoredNtlmPin};
use crate::place::ActivityId;
use crate::ports::Unavailable;

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The PIN may not be chosen.
    #[error(transparent)]
    Fault(#[from] PinFault),
    /// There is none.
    #[error("the account has no PIN for NTLM")]
    NoPin,
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Sets the PIN of an account; whatever rested on the one before ends.
///
/// # Errors
///
/// It may not be chosen, or the store is away.
pub async fn set(
    ports: &Ports,
    account: &Account,
    typed: &Secret<String>,
    by: &ByHand,
    id: [u8; 16],
) -> Result<NtlmPin, PinError> {
    let pin = Pin::chosen(typed)?;
    let record = NtlmPin {
        id: CredentialId(ActivityId::from(id).0),
        account: account.id.clone(),
        set: by.at,
        last_used: None,
    };
    let kind = Kind::NtlmPinSet {
        credential: record.id.clone(),
    };
    let event = Event::by_hand(by, kind, Some(account.id.clone()));
    let stored = StoredNtlmPin { record, pin };
    ports.pins.set_ntlm_pin(&stored, event).await?;
    Ok(stored.record)
}

/// Removes the PIN of an account; whatever rested on it ends.
///
/// # Errors
///
/// There is none, or the store is away.
pub async fn remove(ports: &Ports, account: &Account, by: &ByHand) -> Result<(), PinError> {
    let event = Event::by_hand(by, Kind::NtlmPinRemoved, Some(account.id.clone()));
    let is_removed = ports.pins.remove_ntlm_pin(&account.id, event).await?;
    is_removed.then_some(()).ok_or(PinError::NoPin)
}
