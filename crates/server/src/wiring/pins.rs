//! What the command line does with PINs for NTLM.

use authn::admin::ntlm_pins::{self, PinError};
use proto::secret::Secret;

use super::Desk;
use crate::cli::CliError;
use crate::clock;
use crate::operator::by_hand;

impl Desk {
    /// Sets the PIN of an account.
    ///
    /// # Errors
    ///
    /// PINs are off, the name leads nowhere, the PIN may not be chosen, or the store is unavailable.
    pub(crate) async fn set_pin(&self, name: &str, typed: &Secret<String>) -> Result<(), CliError> {
        if !self.has_pins {
            return Err(CliError::refused(
                "PINs for NTLM are off: [ntlm] of the configuration says `pin = true` where they are wanted",
            ));
        }
        let account = self.account(name).await?;
        let id = clock::random()?;
        let set = ntlm_pins::set(&self.ports, &account, typed, &by_hand(), id).await;
        set.map(drop).map_err(of_pin)
    }

    /// Removes the PIN of an account, also where they are off by now.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, there is none, or the store is unavailable.
    pub(crate) async fn remove_pin(&self, name: &str) -> Result<(), CliError> {
        let account = self.account(name).await?;
        let removed = ntlm_pins::remove(&self.ports, &account, &by_hand()).await;
        removed.map_err(of_pin)
    }
}

fn of_pin(error: PinError) -> CliError {
    match error {
        PinError::Unavailable(error) => error.into(),
        other => CliError::refused(other.to_string()),
    }
}
