//! What an administrator does with passkeys: takes one away that was lost. Nobody adds one for another.

use crate::account::AccountId;
use crate::audit::{ByHand, Event, Kind, PasskeyAct};
use crate::credential::CredentialId;
use crate::ports::{Passkeys, Unavailable};

/// Removes a passkey of an account, and ends what rests on it; `false` where it has none with that id.
///
/// # Errors
///
/// The store is away.
pub async fn remove(
    passkeys: &dyn Passkeys,
    (account, id): (&AccountId, &CredentialId),
    by: &ByHand,
) -> Result<bool, Unavailable> {
    let kind = Kind::Passkey {
        passkey: id.clone(),
        act: PasskeyAct::Removed,
    };
    let event = Event::by_hand(by, kind, Some(account.clone()));
    passkeys.remove_passkey((account, id), event).await
}
