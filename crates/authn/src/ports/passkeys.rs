//! The port of passkeys, and of ceremonies under way with them.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Unavailable;
use crate::account::{Account, AccountId};
use crate::audit::Event;
use crate::credential::CredentialId;
use crate::credential::passkey::{Ceremony, PasskeyUse, StoredPasskey};
use crate::handle::HandleKey;
use crate::sign_in::Completed;

/// Passkeys.
#[async_trait]
pub trait Passkeys: Send + Sync {
    /// The passkeys of an account, those that were added first before the others.
    async fn passkeys_of(&self, account: &AccountId) -> Result<Vec<StoredPasskey>, Unavailable>;
    /// Finds the passkey that a device knows by this, with its account.
    async fn passkey_known_as(
        &self,
        known_as: &[u8],
    ) -> Result<Option<(StoredPasskey, Account)>, Unavailable>;
    /// Adds a passkey, with the event; `false` where a device knows one by the same already.
    async fn add_passkey(&self, passkey: &StoredPasskey, event: Event)
    -> Result<bool, Unavailable>;
    /// Calls a passkey of an account something else, with the event; `false` where it has none with that id.
    async fn rename_passkey(
        &self,
        passkey: (&AccountId, &CredentialId),
        label: &str,
        event: Event,
    ) -> Result<bool, Unavailable>;
    /// Removes a passkey of an account, with the event, and ends what rests on it; `false` where it has none with that
    /// id.
    async fn remove_passkey(
        &self,
        passkey: (&AccountId, &CredentialId),
        event: Event,
    ) -> Result<bool, Unavailable>;
    /// Notes that the owner of an account, who is signed in, used a passkey of it: what its device counted to, and that a
    /// second factor was proved, with the event.
    async fn use_passkey(
        &self,
        account: &AccountId,
        used: &PasskeyUse,
        event: Event,
    ) -> Result<Completed, Unavailable>;
    /// Keeps a ceremony until a time, beside the sign-in or session that it belongs to; one that was under way there
    /// ends.
    async fn begin_ceremony(
        &self,
        key: HandleKey,
        ceremony: &Ceremony,
        ends: Timestamp,
    ) -> Result<(), Unavailable>;
    /// Takes a ceremony that has not ended by one conditional statement, so that its challenge is answered once.
    async fn take_ceremony(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<Ceremony>, Unavailable>;
}
