//! The port [`DirectoryCopy`] in memory.

use async_trait::async_trait;
use authn::audit::Event;
use authn::directory::Step;
use authn::ports::{DirectoryCopy, NameTaken, Unavailable};
use authn::revocation::Revoked;
use jiff::Timestamp;
use proto::secret::Secret;

use super::Memory;

#[async_trait]
impl DirectoryCopy for Memory {
    async fn keep(&self, mut steps: Vec<Step>) -> Result<Result<(), NameTaken>, Unavailable> {
        let mut state = self.open()?;
        let state = &mut *state;
        steps.retain(|step| {
            let known = state.accounts.get(&step.account.id);
            let known = known.and_then(|known| known.directory.as_ref());
            known.is_some_and(|known| known.standing == step.before)
        });
        let (names, accounts) = (state.names.clone(), state.accounts.clone());
        for step in &steps {
            if let Some(known) = state.accounts.get_mut(&step.account.id) {
                let state = known.state;
                known.clone_from(&step.account);
                known.state = state;
            }
        }
        let renamed = || steps.iter().filter(|step| step.is_renamed);
        for step in renamed() {
            state.names.retain(|_, owner| *owner != step.account.id);
        }
        let led = renamed().try_for_each(|step| state.lead_names(&step.account));
        let events = steps.iter().flat_map(|step| step.events.iter().cloned());
        let appended = match &led {
            Ok(()) => state.append(events.collect()),
            Err(_) => Ok(()),
        };
        if led.is_err() || appended.is_err() {
            (state.names, state.accounts) = (names, accounts);
            return appended.map(|()| led);
        }
        for step in steps {
            let id = step.account.id;
            let account = state.accounts.get(&id);
            if account.is_some_and(|account| account.may_sign_in().is_err()) {
                state.end_account(&id);
            }
            if step.ends {
                state.revoke(Revoked::Account(id));
            }
        }
        Ok(Ok(()))
    }

    async fn was_read(&self, at: Timestamp) -> Result<(), Unavailable> {
        self.open()?.directory_read = Some(at);
        Ok(())
    }

    async fn last_read(&self) -> Result<Option<Timestamp>, Unavailable> {
        Ok(self.open()?.directory_read)
    }

    async fn set_password(
        &self,
        account: &str,
        password: &Secret<String>,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.append(vec![event])?;
        let password = password.clone();
        state.directory_password = Some((account.to_owned(), password));
        Ok(())
    }

    async fn password(&self, account: &str) -> Result<Option<Secret<String>>, Unavailable> {
        let state = self.open()?;
        let set = state.directory_password.as_ref();
        let password = set.filter(|(set_for, _)| set_for == account);
        Ok(password.map(|(_, password)| password.clone()))
    }
}
