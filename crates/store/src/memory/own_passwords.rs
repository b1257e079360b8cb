//! The port [`OwnPasswords`] in memory.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{OwnPasswords, Unavailable};
use proto::secret::Secret;

use super::Memory;

#[async_trait]
impl OwnPasswords for Memory {
    async fn keep_own(
        &self,
        account: &str,
        passwords: &[Secret<String>],
        event: Option<Event>,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.append(event.into_iter().collect())?;
        let passwords = passwords.to_vec();
        state.own_passwords.insert(account.to_owned(), passwords);
        Ok(())
    }

    async fn own(&self, account: &str) -> Result<Vec<Secret<String>>, Unavailable> {
        let state = self.open()?;
        let own = state.own_passwords.get(account);
        Ok(own.cloned().unwrap_or_default())
    }
}
