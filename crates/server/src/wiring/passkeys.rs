//! What the command line does with passkeys.

use authn::admin::passkeys;
use authn::credential::passkey::Passkey;
use authn::ports::Passkeys as _;

use super::Desk;
use crate::cli::CliError;
use crate::operator::by_hand;

impl Desk {
    /// The passkeys of an account.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, or the store is unavailable.
    pub(crate) async fn passkeys(&self, name: &str) -> Result<Vec<Passkey>, CliError> {
        let account = self.account(name).await?;
        let stored = self.store.passkeys_of(&account.id).await?;
        Ok(stored.into_iter().map(|it| it.record).collect())
    }

    /// Removes a passkey of an account.
    ///
    /// # Errors
    ///
    /// The name leads nowhere, it has none with that id, or the store is unavailable.
    pub(crate) async fn remove_passkey(&self, name: &str, id: &str) -> Result<Passkey, CliError> {
        let none = || {
            let hint = format!("`wicketgate passkey list {name}` shows them");
            CliError::refused(format!("no passkey of {name} has the id `{id}`; {hint}"))
        };
        let account = self.account(name).await?;
        let mut all = self.passkeys(name).await?.into_iter();
        let passkey = all.find(|it| it.id.0 == id).ok_or_else(none)?;
        let which = (&account.id, &passkey.id);
        let is_removed = passkeys::remove(&self.store, which, &by_hand()).await?;
        is_removed.then_some(passkey).ok_or_else(none)
    }
}
