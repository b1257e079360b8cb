//! The port [`NtlmPins`] in memory.

use std::cmp::Reverse;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::grant::Grant;
use authn::credential::ntlm_pin::{MAX_BEFORE, StoredNtlmPin};
use authn::lockout::Subject;
use authn::ports::{NtlmPins, Succeeded, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};

impl State {
    /// Whether a PIN is its account's.
    pub(super) fn pin_stands(&self, account: &AccountId, id: &CredentialId) -> bool {
        let stored = self.pins.get(account);
        stored.is_some_and(|it| it.record.id == *id)
    }

    /// Notes that the PIN of an account was used, where it is what was proved.
    pub(super) fn pin_was_used(&mut self, succeeded: &Succeeded, now: Timestamp) {
        let stored = self.pins.get_mut(&succeeded.account);
        if let Some(stored) = stored.filter(|it| it.record.id == succeeded.credential) {
            stored.record.last_used = Some(now);
        }
    }

    fn end_what_rests_on_pin(&mut self, account: &AccountId, now: Timestamp) {
        if let Some(stored) = self.pins.get(account) {
            let id = stored.record.id.clone();
            self.retire_grants(&id, now);
            self.end_credential(&id);
        }
    }
}

#[async_trait]
impl NtlmPins for Memory {
    async fn ntlm_pin(&self, subject: &Subject) -> Result<Option<StoredNtlmPin>, Unavailable> {
        let state = self.open()?;
        Ok(match subject {
            Subject::Account(account) => state.pins.get(account).cloned(),
            Subject::Unknown(_) => None,
        })
    }

    async fn typed_before(&self, subject: &Subject) -> Result<Vec<Grant>, Unavailable> {
        let state = self.open()?;
        let grants = state.known_grants();
        let is_theirs = |it: &Grant| *subject == Subject::Account(it.account.clone());
        let mut grants: Vec<Grant> = grants.filter(|it| is_theirs(it)).cloned().collect();
        grants.sort_by_key(|it| Reverse((it.made, it.key.clone())));
        grants.truncate(usize::try_from(MAX_BEFORE).unwrap_or(usize::MAX));
        Ok(grants)
    }

    async fn set_ntlm_pin(&self, pin: &StoredNtlmPin, event: Event) -> Result<(), Unavailable> {
        let state = &mut *self.open()?;
        let account = &pin.record.account;
        if !state.accounts.contains_key(account) {
            return Err(crate::unavailable("there is no account for that PIN"));
        }
        state.append(vec![event])?;
        state.end_what_rests_on_pin(account, pin.record.set);
        state.forgive_pin(account);
        state.pins.insert(account.clone(), pin.clone());
        Ok(())
    }

    async fn remove_ntlm_pin(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let state = &mut *self.open()?;
        if !state.pins.contains_key(account) {
            return Ok(false);
        }
        let now = event.at;
        state.append(vec![event])?;
        state.end_what_rests_on_pin(account, now);
        Ok(state.pins.remove(account).is_some())
    }
}
