//! The port [`MemorisedSecrets`] in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::memorised_secret::{
    Budget as Counted, Guessed, MAX_IN_WINDOW, MAX_KNOWN, Room, SecretPlace, StoredMemorisedSecret,
    VerdictTag,
};
use authn::credential::otp_token::Source;
use authn::credential::sent_code::Message;
use authn::handle::HandleKey;
use authn::lockout::Subject;
use authn::ports::{MemorisedSecrets, Succeeded, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};

/// The secrets, and the budgets of whoever was named.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    of: BTreeMap<AccountId, StoredMemorisedSecret>,
    budgets: BTreeMap<BudgetKey, Budget>,
    verdicts: BTreeMap<(Subject, VerdictTag), Timestamp>,
}

/// Whose budget, and which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct BudgetKey {
    subject: Subject,
    is_familiar: bool,
    counted: Counted,
}

/// The failures in a window, and in a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    since: Timestamp,
    failures: u32,
    in_a_row: u32,
}

impl Budget {
    /// One that nobody took a place in.
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            since: now,
            failures: 0,
            in_a_row: 0,
        }
    }

    /// Takes a place, where there is room for so many in a window and so many in a row.
    pub(super) fn take(&mut self, place: &SecretPlace, (in_window, in_a_row): (u32, u32)) -> bool {
        let has_ended = self.since < place.window_start;
        if self.in_a_row >= in_a_row || (!has_ended && self.failures >= in_window) {
            return false;
        }
        if has_ended {
            (self.since, self.failures) = (place.now, 0);
        }
        self.failures += 1;
        self.in_a_row += 1;
        true
    }

    /// Gives a place back that was taken at a time, and forgets those in a row.
    pub(super) fn give_back(&mut self, taken: Timestamp) {
        self.in_a_row = 0;
        if self.since <= taken {
            self.failures = self.failures.saturating_sub(1);
        }
    }
}

fn budget_of(place: &SecretPlace) -> BudgetKey {
    BudgetKey {
        subject: place.subject.clone(),
        is_familiar: place.source == Source::Familiar,
        counted: place.budget,
    }
}

impl State {
    /// Whether there is anything by which an account could be signed in to, by a time.
    fn has_something(&self, account: &AccountId, now: Timestamp) -> bool {
        let mut passwords = self.passwords.values().map(|it| &it.record);
        let mut tokens = self.otp_tokens.values().map(|it| &it.stored.record);
        self.secrets.of.contains_key(account)
            || self.passkeys.has(account)
            || tokens.any(|it| it.account.as_ref() == Some(account))
            || passwords.any(|it| {
                let lasts = it.expires.is_none_or(|ends| ends > now);
                it.account == *account && it.revoked.is_none() && lasts
            })
    }

    /// Whether a secret is its account's, which may sign in.
    pub(super) fn secret_stands(
        &self,
        account: &AccountId,
        id: &authn::credential::CredentialId,
    ) -> bool {
        let is_there = self
            .secrets
            .of
            .get(account)
            .is_some_and(|it| it.record.id == *id);
        let account = self.accounts.get(account);
        is_there && account.is_some_and(|account| account.may_sign_in().is_ok())
    }

    /// Whether it is the secret of an account, and was disowned.
    pub(super) fn is_disowned(
        &self,
        account: &AccountId,
        id: &authn::credential::CredentialId,
    ) -> bool {
        let stored = self.secrets.of.get(account).map(|it| &it.record);
        stored.is_some_and(|it| it.id == *id && it.disowned.is_some())
    }

    /// Sets a secret; what rested on the one before ends.
    pub(super) fn set_secret(&mut self, secret: &StoredMemorisedSecret) {
        let account = secret.record.account.clone();
        self.forget_secret(&account, secret.record.set);
        self.secrets
            .budgets
            .retain(|of, _| of.subject != Subject::Account(account.clone()));
        self.secrets.of.insert(account, secret.clone());
    }

    /// Notes that a secret was used.
    pub(super) fn secret_used(&mut self, account: &AccountId, now: Timestamp) {
        if let Some(stored) = self.secrets.of.get_mut(account) {
            stored.record.last_used = Some(now);
        }
    }

    /// Notes that the secret of an account was used, where it is what was proved.
    pub(super) fn secret_was_used(&mut self, succeeded: &Succeeded, now: Timestamp) {
        if self.secret_stands(&succeeded.account, &succeeded.credential) {
            self.secret_used(&succeeded.account, now);
        }
    }

    /// Gives a place back, and forgets those in a row.
    pub(super) fn give_secret_back(&mut self, place: &SecretPlace) {
        if let Some(budget) = self.secrets.budgets.get_mut(&budget_of(place)) {
            budget.give_back(place.now);
        }
    }

    /// Takes back a place that was taken for what is no guess; those in a row stay.
    pub(super) fn take_secret_back(&mut self, place: &SecretPlace) {
        if let Some(budget) = self.secrets.budgets.get_mut(&budget_of(place)) {
            let in_a_row = budget.in_a_row.saturating_sub(1);
            budget.give_back(place.now);
            budget.in_a_row = in_a_row;
        }
    }

    /// What was found of a text before, where it is known.
    fn known_verdict(&mut self, place: &SecretPlace) -> Option<bool> {
        let tried = place.tried.as_ref()?;
        [true, false].into_iter().find(|is_right| {
            let key = (place.subject.clone(), tried.tag(*is_right).clone());
            let seen = self.secrets.verdicts.get_mut(&key);
            seen.map(|seen| *seen = place.now.max(*seen)).is_some()
        })
    }

    /// Makes a text known that was hashed and refused; where it is by then, its place is taken back.
    pub(super) fn note_verdict(&mut self, guessed: &Guessed) {
        let Guessed { place, verdict } = guessed;
        let key = (place.subject.clone(), verdict.clone());
        if self.secrets.verdicts.contains_key(&key) {
            self.take_secret_back(place);
            return;
        }
        self.secrets.verdicts.insert(key, place.now);
        let of_it = self.secrets.verdicts.iter();
        let of_it = of_it.filter(|((subject, _), _)| *subject == place.subject);
        let mut of_it: Vec<_> = of_it
            .map(|(key, seen)| (Reverse(*seen), key.clone()))
            .collect();
        of_it.sort();
        let kept = usize::try_from(MAX_KNOWN).unwrap_or(usize::MAX);
        for (_, key) in of_it.into_iter().skip(kept) {
            self.secrets.verdicts.remove(&key);
        }
    }

    /// Ends what clients opened by the secret of an account; what they typed is known on.
    pub(super) fn end_what_clients_opened(&mut self, account: &AccountId, now: Timestamp) {
        if let Some(stored) = self.secrets.of.get(account) {
            let id = stored.record.id.clone();
            self.retire_grants(&id, now);
            self.end_credential(&id);
        }
    }

    /// Forgets the failures of the PIN of an account.
    pub(super) fn forgive_pin(&mut self, account: &AccountId) {
        let subject = Subject::Account(account.clone());
        let is_it = |key: &BudgetKey| key.subject == subject && key.counted == Counted::OfPin;
        self.secrets.budgets.retain(|key, _| !is_it(key));
    }

    fn forget_secret(&mut self, account: &AccountId, now: Timestamp) -> bool {
        self.end_what_clients_opened(account, now);
        let Some(_) = self.secrets.of.remove(account) else {
            return false;
        };
        self.pages
            .sessions
            .retain(|_, session| session.account != *account);
        true
    }
}

#[async_trait]
impl MemorisedSecrets for Memory {
    async fn memorised_secret(
        &self,
        subject: &Subject,
    ) -> Result<Option<StoredMemorisedSecret>, Unavailable> {
        let state = self.open()?;
        Ok(match subject {
            Subject::Account(account) => state.secrets.of.get(account).cloned(),
            Subject::Unknown(_) => None,
        })
    }

    async fn set_memorised_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        if !state.accounts.contains_key(&secret.record.account) {
            return Err(crate::unavailable("there is no account for that secret"));
        }
        state.append(vec![event])?;
        state.set_secret(secret);
        Ok(())
    }

    async fn set_first_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
        told: Message,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let (account, now) = (&secret.record.account, secret.record.set);
        if !state.accounts.contains_key(account) {
            return Err(crate::unavailable("there is no account for that secret"));
        }
        if state.has_something(account, now) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state
            .pages
            .invitations
            .retain(|_, it| it.account != *account);
        state.set_secret(secret);
        state.add_message(&told);
        Ok(true)
    }

    async fn remove_memorised_secret(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        if !state.secrets.of.contains_key(account) {
            return Ok(false);
        }
        let now = event.at;
        state.append(vec![event])?;
        Ok(state.forget_secret(account, now))
    }

    async fn disown_memorised_secret(
        &self,
        account: &AccountId,
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        let now = event.at;
        state.append(vec![event])?;
        state.end_what_clients_opened(account, now);
        state.end_sessions(account, but);
        if let Some(stored) = state.secrets.of.get_mut(account) {
            stored.record.disowned.get_or_insert(now);
        }
        Ok(())
    }

    async fn reserve_secret(&self, place: SecretPlace) -> Result<Room, Unavailable> {
        let mut state = self.open()?;
        let known = state.known_verdict(&place);
        if place.session.is_some_and(|it| !state.pages.may_guess(it)) {
            return Ok(Room::Full);
        }
        let new = Budget::new(place.now);
        let budget = state
            .secrets
            .budgets
            .entry(budget_of(&place))
            .or_insert(new);
        let in_a_row = place.budget.in_a_row().unwrap_or(u32::MAX);
        let mut taken = *budget;
        let has_room = taken.take(&place, (MAX_IN_WINDOW, in_a_row));
        Ok(match (has_room, known) {
            (false, _) => Room::Full,
            // What is known takes no place, and is not told either where there is none.
            (true, Some(is_right)) => Room::Known { is_right },
            (true, None) => {
                *budget = taken;
                if let Some(session) = place.session {
                    state.pages.guessed(session);
                }
                Room::Taken
            }
        })
    }
}
