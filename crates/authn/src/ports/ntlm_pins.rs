//! The port of PINs for NTLM.

use async_trait::async_trait;

use super::Unavailable;
use crate::account::AccountId;
use crate::audit::Event;
use crate::credential::grant::Grant;
use crate::credential::ntlm_pin::StoredNtlmPin;
use crate::lockout::Subject;

/// PINs for NTLM: at most one an account.
#[async_trait]
pub trait NtlmPins: Send + Sync {
    /// The PIN of a subject (an unknown subject has none, and costs the same look-up).
    async fn ntlm_pin(&self, subject: &Subject) -> Result<Option<StoredNtlmPin>, Unavailable>;
    /// What a subject typed with a code before, the latest first, and no more than
    /// [`MAX_BEFORE`](crate::credential::ntlm_pin::MAX_BEFORE).
    async fn typed_before(&self, subject: &Subject) -> Result<Vec<Grant>, Unavailable>;
    /// Sets the PIN of an account in the place of the one before, with the event; what was opened by that ends, and its
    /// failures are forgotten.
    async fn set_ntlm_pin(&self, pin: &StoredNtlmPin, event: Event) -> Result<(), Unavailable>;
    /// Removes the PIN of an account with the event; what was opened by it ends. `false` where it has none.
    async fn remove_ntlm_pin(&self, account: &AccountId, event: Event)
    -> Result<bool, Unavailable>;
}
