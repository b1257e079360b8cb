//! The ports [`SignIns`], [`Sessions`] and [`Invitations`] in memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use async_trait::async_trait;
use authn::account::{Account, AccountId};
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{MAX_IN_A_SESSION, StoredMemorisedSecret};
use authn::handle::HandleKey;
use authn::ports::{ChainedEvent, Invitations, Sessions, SignIns, Unavailable};
use authn::session::{Invitation, MAX_PER_ACCOUNT, Session};
use authn::sign_in::{Completed, Completion, SignIn};
use jiff::Timestamp;

use super::{Memory, State};

/// What browsers and letters hold, by what the store knows it.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) sign_ins: BTreeMap<HandleKey, SignIn>,
    pub(super) sessions: BTreeMap<HandleKey, Session>,
    /// Those that were taken for a new sign-in that was asked for.
    spent: BTreeSet<HandleKey>,
    /// How many old secrets were typed in them to choose another.
    guesses: BTreeMap<HandleKey, u32>,
    pub(super) invitations: BTreeMap<HandleKey, Invitation>,
}

impl Pages {
    /// Whether a session is there that has a place left for an old secret.
    pub(super) fn may_guess(&self, key: HandleKey) -> bool {
        let guesses = self.guesses.get(&key).copied().unwrap_or_default();
        self.sessions.contains_key(&key) && guesses < MAX_IN_A_SESSION
    }

    /// Takes a place of a session for an old secret.
    pub(super) fn guessed(&mut self, key: HandleKey) {
        *self.guesses.entry(key).or_default() += 1;
    }
}

impl State {
    /// Whether an app password is its account's, which may sign in, and stands at a time.
    fn app_password_stands(&self, account: &AccountId, id: &CredentialId, now: Timestamp) -> bool {
        let stored = self.passwords.get(id);
        let ends = stored.and_then(|it| it.record.expires);
        stored.is_some() && self.stands_for(id, account) && ends.is_none_or(|ends| now < ends)
    }

    /// Notes that what was typed on a page was used.
    fn typed_was_used(&mut self, session: &Session, used: (Timestamp, IpAddr)) {
        if !session.is_by_app_password() {
            self.secret_used(&session.account, used.0);
        } else if let Some(stored) = self.passwords.get_mut(&session.credential) {
            stored.record.last_used = Some(used);
        }
    }

    fn begin_session(&mut self, (key, replaced): (HandleKey, Option<HandleKey>), session: Session) {
        let (account, now) = (session.account.clone(), session.begun);
        let sessions = &mut self.pages.sessions;
        let goes = |key: &HandleKey, it: &Session| Some(*key) == replaced || !it.lasts(now);
        sessions.retain(|key, it| it.account != account || !goes(key, it));
        sessions.insert(key, session);
        let of_it = sessions
            .iter()
            .filter(|(_, session)| session.account == account);
        let mut of_it: Vec<_> = of_it.map(|(key, it)| (Reverse(it.begun), *key)).collect();
        of_it.sort();
        let kept = usize::try_from(MAX_PER_ACCOUNT).unwrap_or(usize::MAX);
        for (_, key) in of_it.iter().skip(kept) {
            sessions.remove(key);
        }
    }
}

#[async_trait]
impl SignIns for Memory {
    async fn begin_sign_in(&self, key: HandleKey, sign_in: &SignIn) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        if state.pages.sign_ins.contains_key(&key) {
            return Err(crate::unavailable("a sign-in has that handle already"));
        }
        state.pages.sign_ins.insert(key, sign_in.clone());
        Ok(())
    }

    async fn sign_in(&self, key: HandleKey, now: Timestamp) -> Result<Option<SignIn>, Unavailable> {
        let state = self.open()?;
        let found = state.pages.sign_ins.get(&key);
        Ok(found.filter(|it| now < it.ends).cloned())
    }

    async fn take_step(&self, key: HandleKey, step: u32) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let found = state.pages.sign_ins.get_mut(&key);
        let Some(sign_in) = found.filter(|it| it.step == step) else {
            return Ok(false);
        };
        sign_in.step += 1;
        Ok(true)
    }

    async fn move_on(&self, key: HandleKey, sign_in: &SignIn) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let found = state.pages.sign_ins.get_mut(&key);
        let Some(kept) = found.filter(|it| it.step == sign_in.step) else {
            return Ok(false);
        };
        *kept = sign_in.clone();
        Ok(true)
    }

    async fn complete(&self, completion: Completion) -> Result<Completed, Unavailable> {
        let mut state = self.open()?;
        let (session, now) = (&completion.session, completion.session.begun);
        let sign_in = state.pages.sign_ins.get(&completion.sign_in);
        if sign_in.is_none_or(|it| it.step != completion.step || it.ends <= now) {
            return Ok(Completed::Gone);
        }
        let fault = match &completion.passkey {
            Some(used) => state.passkey_fault(&session.account, used),
            None => {
                let (account, credential) = (&session.account, &session.credential);
                let stands = match session.is_by_app_password() {
                    true => state.app_password_stands(account, credential, now),
                    false => {
                        state.secret_stands(account, credential)
                            && !state.is_disowned(account, credential)
                    }
                };
                (!stands).then_some(Completed::Overtaken)
            }
        };
        if let Some(fault) = fault {
            return Ok(fault);
        }
        if completion
            .code
            .as_ref()
            .is_some_and(|code| !state.can_accept(code))
        {
            return Ok(Completed::Spent);
        }
        if let Some(used) = &completion.spare
            && !state.can_use_spare(&session.account, used, now)
        {
            return Ok(Completed::Spent);
        }
        let spare = completion.spare.as_ref().map(|used| used.event.clone());
        let events = [Some(completion.event.clone()), spare];
        state.append(events.into_iter().flatten().collect())?;
        if let Some(used) = &completion.spare {
            state.use_spare(used);
        }
        state.pages.sign_ins.remove(&completion.sign_in);
        match &completion.passkey {
            Some(used) => state.passkey_used(used, now),
            None => state.typed_was_used(session, (now, completion.source)),
        }
        match &completion.secret {
            Some(place) if session.is_by_app_password() => state.take_secret_back(place),
            Some(place) => state.give_secret_back(place),
            None => {}
        }
        if let Some(code) = &completion.code {
            state.accept(code);
        }
        if let Some(guessed) = &completion.guessed {
            state.give_guess_back(guessed);
        }
        for place in &completion.places {
            state.give_back(place);
        }
        let source = completion.source.into();
        state
            .familiar
            .insert((session.account.clone(), source), now);
        if let Some(method) = completion.session.second_factor() {
            let account = completion.session.account.clone();
            state.note_second_factor(&account, method, now);
        }
        let keys = (completion.key, completion.replaced);
        state.begin_session(keys, completion.session);
        Ok(Completed::Written)
    }
}

#[async_trait]
impl Sessions for Memory {
    async fn session(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, Unavailable> {
        let state = self.open()?;
        let found = state.pages.sessions.get(&key).filter(|it| it.lasts(now));
        let stands = |session: &&Session| {
            let (account, credential) = (&session.account, &session.credential);
            let stands = state.secret_stands(account, credential)
                || state.passkey_stands(account, credential)
                || state.app_password_stands(account, credential, now);
            stands && state.token_stands(session.token.as_ref(), &session.account)
        };
        let found = found.filter(stands);
        Ok(found.and_then(|it| Some((it.clone(), state.account(&it.account)?))))
    }

    async fn kept_session(&self, key: HandleKey) -> Result<Option<Session>, Unavailable> {
        let state = self.open()?;
        Ok(state.pages.sessions.get(&key).cloned())
    }

    async fn use_session(&self, key: HandleKey, used: &Session) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        let kept = state.pages.sessions.get_mut(&key);
        if let Some(session) = kept.filter(|it| it.used < used.used) {
            *session = used.clone();
        }
        Ok(())
    }

    async fn drop_session(&self, key: HandleKey) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.pages.sessions.remove(&key);
        Ok(())
    }

    async fn end_session(&self, key: HandleKey, event: Event) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.append(vec![event])?;
        state.pages.sessions.remove(&key);
        Ok(())
    }

    async fn end_sign_in(
        &self,
        key: HandleKey,
        session: &Session,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.append(vec![event])?;
        state.pages.sessions.remove(&key);
        state.pages.spent.remove(&key);
        state.end_sign_in(&session.account, &session.sign_in());
        Ok(())
    }

    async fn spend_freshness(&self, key: HandleKey, _: Timestamp) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let is_there = state.pages.sessions.contains_key(&key);
        Ok(is_there && state.pages.spent.insert(key))
    }

    async fn end_sessions_of(
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
        Ok(())
    }

    async fn latest_of(
        &self,
        account: &AccountId,
        count: u32,
    ) -> Result<Vec<ChainedEvent>, Unavailable> {
        let state = self.open()?;
        let own = state.chain.iter().rev();
        let own = own.filter(|chained| chained.event.account.as_ref() == Some(account));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Ok(own.take(count).cloned().collect())
    }
}

#[async_trait]
impl Invitations for Memory {
    async fn invite(
        &self,
        key: HandleKey,
        invitation: &Invitation,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.append(vec![event])?;
        let invitations = &mut state.pages.invitations;
        invitations.retain(|_, it| it.account != invitation.account);
        invitations.insert(key, invitation.clone());
        Ok(())
    }

    async fn invitation(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Invitation, Account)>, Unavailable> {
        let state = self.open()?;
        let found = state.pages.invitations.get(&key).filter(|it| now < it.ends);
        Ok(found.and_then(|it| Some((it.clone(), state.account(&it.account)?))))
    }

    async fn invited_until(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Unavailable> {
        let state = self.open()?;
        let mut invitations = state.pages.invitations.values();
        let found = invitations.find(|it| it.account == *account && now < it.ends);
        Ok(found.map(|it| it.ends))
    }

    async fn redeem(
        &self,
        key: HandleKey,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let record = &secret.record;
        let found = state.pages.invitations.get(&key);
        if found.is_none_or(|it| it.account != record.account || it.ends <= record.set) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.pages.invitations.remove(&key);
        state.set_secret(secret);
        Ok(true)
    }
}
