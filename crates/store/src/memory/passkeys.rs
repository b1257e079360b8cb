//! The port [`Passkeys`] in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::account::{Account, AccountId};
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::passkey::{Ceremony, PasskeyUse, StoredPasskey};
use authn::handle::HandleKey;
use authn::place::Method;
use authn::ports::{Passkeys, Unavailable};
use authn::sign_in::Completed;
use jiff::Timestamp;

use super::{Memory, State};

/// The passkeys, and the ceremonies under way.
#[derive(Debug, Default)]
pub(super) struct Kept {
    of: BTreeMap<CredentialId, StoredPasskey>,
    ceremonies: BTreeMap<HandleKey, (Ceremony, Timestamp)>,
}

impl Kept {
    /// Whether an account has one.
    pub(super) fn has(&self, account: &AccountId) -> bool {
        self.of.values().any(|it| it.record.account == *account)
    }
}

impl State {
    /// Whether a passkey is its account's, which may sign in.
    pub(super) fn passkey_stands(&self, account: &AccountId, id: &CredentialId) -> bool {
        let stored = self.passkeys.of.get(id);
        let is_there = stored.is_some_and(|it| it.record.account == *account);
        let account = self.accounts.get(account);
        is_there && account.is_some_and(|account| account.may_sign_in().is_ok())
    }

    /// Why a passkey may not be used, where it may not.
    pub(super) fn passkey_fault(
        &self,
        account: &AccountId,
        used: &PasskeyUse,
    ) -> Option<Completed> {
        if !self.passkey_stands(account, &used.passkey) {
            return Some(Completed::Overtaken);
        }
        let known = self.passkeys.of.get(&used.passkey)?.record.counter;
        let goes_on = used
            .counter
            .is_none_or(|counter| counter > known || (counter, known) == (0, 0));
        (!goes_on).then_some(Completed::CountedBack)
    }

    /// Notes that a passkey was used.
    pub(super) fn passkey_used(&mut self, used: &PasskeyUse, now: Timestamp) {
        if let Some(stored) = self.passkeys.of.get_mut(&used.passkey) {
            stored.record.last_used = Some(now);
            stored.record.counter = used.counter.unwrap_or(stored.record.counter);
        }
    }
}

#[async_trait]
impl Passkeys for Memory {
    async fn passkeys_of(&self, account: &AccountId) -> Result<Vec<StoredPasskey>, Unavailable> {
        let state = self.open()?;
        let all = state.passkeys.of.values();
        let mut own: Vec<StoredPasskey> = all
            .filter(|it| it.record.account == *account)
            .cloned()
            .collect();
        own.sort_by(|a, b| (a.record.created, &a.record.id).cmp(&(b.record.created, &b.record.id)));
        Ok(own)
    }

    async fn passkey_known_as(
        &self,
        known_as: &[u8],
    ) -> Result<Option<(StoredPasskey, Account)>, Unavailable> {
        let state = self.open()?;
        let mut all = state.passkeys.of.values();
        let found = all.find(|it| it.key.known_as() == known_as);
        Ok(found.and_then(|it| Some((it.clone(), state.account(&it.record.account)?))))
    }

    async fn add_passkey(
        &self,
        passkey: &StoredPasskey,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let record = &passkey.record;
        if !state.accounts.contains_key(&record.account) {
            return Err(crate::unavailable("there is no account for that passkey"));
        }
        let mut all = state.passkeys.of.values();
        if all.any(|it| it.key.known_as() == passkey.key.known_as()) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.passkeys.of.insert(record.id.clone(), passkey.clone());
        Ok(true)
    }

    async fn rename_passkey(
        &self,
        (account, id): (&AccountId, &CredentialId),
        label: &str,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let own = state.passkeys.of.get(id);
        if own.is_none_or(|it| it.record.account != *account) {
            return Ok(false);
        }
        state.append(vec![event])?;
        if let Some(stored) = state.passkeys.of.get_mut(id) {
            stored.record.label = label.to_owned();
        }
        Ok(true)
    }

    async fn remove_passkey(
        &self,
        (account, id): (&AccountId, &CredentialId),
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let own = state.passkeys.of.get(id);
        if own.is_none_or(|it| it.record.account != *account) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.passkeys.of.remove(id);
        let rests = |credential: &CredentialId, of: &AccountId| credential == id && of == account;
        state
            .pages
            .sessions
            .retain(|_, it| !rests(&it.credential, &it.account));
        state.end_credential(id);
        Ok(true)
    }

    async fn use_passkey(
        &self,
        account: &AccountId,
        used: &PasskeyUse,
        event: Event,
    ) -> Result<Completed, Unavailable> {
        let mut state = self.open()?;
        if let Some(fault) = state.passkey_fault(account, used) {
            return Ok(fault);
        }
        let now = event.at;
        state.append(vec![event])?;
        state.passkey_used(used, now);
        state.note_second_factor(account, Method::Passkey, now);
        Ok(Completed::Written)
    }

    async fn begin_ceremony(
        &self,
        key: HandleKey,
        ceremony: &Ceremony,
        ends: Timestamp,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        let kept = (ceremony.clone(), ends);
        state.passkeys.ceremonies.insert(key, kept);
        Ok(())
    }

    async fn take_ceremony(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<Ceremony>, Unavailable> {
        let mut state = self.open()?;
        let kept = &mut state.passkeys.ceremonies;
        let is_good = kept.get(&key).is_some_and(|(_, ends)| now < *ends);
        Ok(kept.remove(&key).filter(|_| is_good).map(|(it, _)| it))
    }
}
