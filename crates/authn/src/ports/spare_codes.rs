//! The port of spare codes.

use async_trait::async_trait;

use super::Unavailable;
use crate::account::AccountId;
use crate::audit::Event;
use crate::credential::memorised_secret::SecretPlace;
use crate::credential::spare_code::{SpareKind, StoredSpareCode};
use crate::lockout::Subject;

/// Recovery codes and temporary codes.
#[async_trait]
pub trait SpareCodes: Send + Sync {
    /// The codes of a subject, used or not (an unknown subject has none, and costs the same look-up).
    async fn spare_codes_of(&self, subject: &Subject) -> Result<Vec<StoredSpareCode>, Unavailable>;
    /// Gives an account these codes in the place of all that it has of a kind, with the event; its failures are
    /// forgotten. None at all ends what there is: `false` where there is nothing to end.
    async fn set_spare_codes(
        &self,
        codes_of: (&AccountId, SpareKind),
        codes: Vec<StoredSpareCode>,
        event: Event,
    ) -> Result<bool, Unavailable>;
    /// Takes a place in the budget of spare codes by one conditional statement; `false` where it has no room.
    async fn reserve_spare(&self, place: SecretPlace) -> Result<bool, Unavailable>;
}
