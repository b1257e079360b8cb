//! Everything in memory: the store of playbooks, with the semantics of the durable ones.
//!
//! One mutex, held for the length of one port call and never across an await. Nothing here is
//! durable; [`crate::conformance`] says what must nevertheless hold. Start at [`Memory`].

mod api_tokens;
mod counter;
mod directory;
mod grants;
mod hasher;
mod memorised_secrets;
mod metadata_readers;
mod ntlm_pins;
mod otp_tokens;
mod own_names;
mod own_passwords;
mod pages;
mod partner_readings;
mod passkeys;
mod second_factors;
mod sent_codes;
mod signing_keys;
mod spare_codes;
mod tickets;
mod trail;
mod trusts;
mod used_assertions;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use authn::account::{Account, AccountId, AccountState};
use authn::admin::api_tokens::ApiToken;
use authn::audit::{ByHand, Event};
use authn::credential::CredentialId;
use authn::credential::app_password::{AppPassword, StoredAppPassword};
use authn::credential::grant::GrantKey;
use authn::credential::ntlm_pin::StoredNtlmPin;
use authn::credential::second_factor::SecondFactor;
use authn::directory::Standing;
use authn::drain::{Drain, Drained, NoneLeft};
use authn::handle::HandleKey;
use authn::lockout::{Counts, Place, Subject};
use authn::name::NameKey;
use authn::place::SourceNetwork;
use authn::ports::{
    Accounts, Attempts, Audit, ChainedEvent, Credentials, Drains, NameTaken, Reservation,
    Revocations, Settled, Settlement, Succeeded, Tickets, Unavailable,
};
use authn::revocation::{Revocation, Revoked};
use authn::ticket::{Grounds, MAX_PER_CREDENTIAL, RelayedTicket, Relaying, TicketKey};
use jiff::Timestamp;
use proto::secret::Secret;
use sts::ports::MetadataReader;

use self::counter::Counter;
use self::grants::{KnownGrant, SettledCode};
pub use self::hasher::AtOnce;
use self::otp_tokens::Kept;

/// A store that lives as long as its last clone.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<State>>);

impl Memory {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes every further call answer [`Unavailable`], as a store does that was lost.
    pub fn break_down(&self) {
        self.lock().is_broken = true;
    }

    /// Ends what [`Memory::break_down`] began.
    pub fn mend(&self) {
        self.lock().is_broken = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<MutexGuard<'_, State>, Unavailable> {
        let state = self.lock();
        if state.is_broken {
            return Err(crate::unavailable("it was broken on purpose"));
        }
        Ok(state)
    }
}

#[derive(Debug, Default)]
struct State {
    is_broken: bool,
    accounts: BTreeMap<AccountId, Account>,
    names: BTreeMap<NameKey, AccountId>,
    passwords: BTreeMap<CredentialId, StoredAppPassword>,
    subjects: BTreeMap<Subject, Counter>,
    sources: BTreeMap<SourceNetwork, Counter>,
    familiar: BTreeMap<(AccountId, SourceNetwork), Timestamp>,
    tickets: BTreeMap<TicketKey, RelayedTicket>,
    revoked_tickets: BTreeSet<TicketKey>,
    revocations: Vec<Revocation>,
    drained: BTreeSet<Drained>,
    directory_read: Option<Timestamp>,
    second_factors: BTreeMap<AccountId, SecondFactor>,
    directory_password: Option<(String, Secret<String>)>,
    own_passwords: BTreeMap<String, Vec<Secret<String>>>,
    otp_tokens: BTreeMap<CredentialId, Kept>,
    grants: BTreeMap<GrantKey, KnownGrant>,
    secrets: memorised_secrets::Secrets,
    pins: BTreeMap<AccountId, StoredNtlmPin>,
    pages: pages::Pages,
    sent: sent_codes::Sent,
    passkeys: passkeys::Kept,
    spares: spare_codes::Spares,
    trusts: trusts::Trusts,
    signing: signing_keys::Signing,
    used_assertions: BTreeSet<[u8; 32]>,
    readers: BTreeMap<String, Vec<(Timestamp, MetadataReader)>>,
    partner_readings: BTreeMap<i64, partner_readings::Kept>,
    api_tokens: BTreeMap<HandleKey, ApiToken>,
    chain: Vec<ChainedEvent>,
    trail: trail::Kept,
}

impl State {
    /// Appends events to the chain; first of all changes, for it may fail.
    fn append(&mut self, events: Vec<Event>) -> Result<(), Unavailable> {
        let head = self.head();
        self.chain.extend(head.link(events)?);
        Ok(())
    }

    fn revoke(&mut self, what: Revoked) {
        let number = self.revocations.last().map_or(1, |last| last.number + 1);
        self.revocations.push(Revocation { number, what });
    }

    /// Whether a credential is an active account's and may still be used.
    fn stands_for(&self, credential: &CredentialId, account: &AccountId) -> bool {
        let found = self.accounts.get(account);
        let stored = self.passwords.get(credential);
        let stands = credential.is_kerberos_of(account)
            || stored.is_some_and(|stored| {
                stored.record.account == *account && stored.record.revoked.is_none()
            })
            || self.secret_stands(account, credential)
            || self.pin_stands(account, credential)
            || self.passkey_stands(account, credential);
        stands && found.is_some_and(|account| account.may_sign_in().is_ok())
    }

    /// Whether what somebody signed in by stands at a time.
    fn grounds_stand(&self, grounds: &Grounds<'_>, now: Timestamp) -> bool {
        let password = self.passwords.get(grounds.credential);
        let ends = password.and_then(|stored| stored.record.expires);
        self.stands_for(grounds.credential, grounds.account)
            && self.token_stands(grounds.token, grounds.account)
            && ends.is_none_or(|ends| now < ends)
    }

    /// An account, with when the directory was read and which second factors were proved.
    fn account(&self, id: &AccountId) -> Option<Account> {
        let mut account = self.accounts.get(id)?.clone();
        account.second_factor = self.second_factors.get(id).copied();
        if let Some(directory) = &mut account.directory {
            directory.read = self.directory_read;
        }
        Some(account)
    }

    /// Leads all names to an account, unless one is another's who is still there.
    fn lead_names(&mut self, account: &Account) -> Result<(), NameTaken> {
        let keys = account.name_keys();
        let is_taken = |key: &&NameKey| {
            let owner = self.names.get(key);
            let owner = owner.and_then(|owner| self.accounts.get(owner));
            owner.is_some_and(|owner| {
                let directory = owner.directory.as_ref();
                directory.is_none_or(|it| it.standing != Standing::Deleted)
            })
        };
        if let Some(taken) = keys.iter().find(is_taken) {
            return Err(NameTaken {
                name: taken.as_str().to_owned(),
            });
        }
        let led = keys.into_iter().map(|key| (key, account.id.clone()));
        self.names.extend(led);
        Ok(())
    }

    /// Drops those tickets of a credential that are too many, those that were relayed first.
    fn drop_beyond(&mut self, credential: &CredentialId, pool: &str) {
        let of_it = self
            .tickets
            .values()
            .filter(|it| it.credential == *credential && it.pool == pool);
        let mut of_it: Vec<_> = of_it
            .map(|it| (Reverse(it.relayed), it.key.clone()))
            .collect();
        of_it.sort();
        let kept = usize::try_from(MAX_PER_CREDENTIAL).unwrap_or(usize::MAX);
        for (_, key) in of_it.iter().skip(kept) {
            self.tickets.remove(key);
        }
    }

    /// Gives back a place in the counters.
    fn give_back(&mut self, place: &Place) {
        self.give_back_of_subject(place);
        if let Some(counter) = self.sources.get_mut(&place.source) {
            counter.give_back(place.now);
        }
    }

    /// Gives back the place of a subject; its source's stays taken.
    fn give_back_of_subject(&mut self, place: &Place) {
        if let Some(counter) = self.subjects.get_mut(&place.subject) {
            counter.give_back(place.now);
        }
    }

    fn is_familiar(&self, place: &Place) -> bool {
        match &place.subject {
            Subject::Account(id) => {
                let seen = self.familiar.get(&(id.clone(), place.source.clone()));
                seen.is_some_and(|seen| *seen >= SourceNetwork::familiar_since(place.now))
            }
            Subject::Unknown(_) => false,
        }
    }
}

#[async_trait]
impl Accounts for Memory {
    async fn by_names(&self, names: &[NameKey]) -> Result<Option<Account>, Unavailable> {
        let state = self.open()?;
        let id = names.iter().find_map(|name| state.names.get(name));
        Ok(id.and_then(|id| state.account(id)))
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        Ok(self.open()?.account(id))
    }

    async fn list(&self) -> Result<Vec<Account>, Unavailable> {
        let state = self.open()?;
        let ids = state.accounts.keys();
        let mut accounts: Vec<Account> = ids.filter_map(|id| state.account(id)).collect();
        accounts.sort_by(|a, b| (&a.upn, &a.id).cmp(&(&b.upn, &b.id)));
        Ok(accounts)
    }

    async fn add(
        &self,
        account: &Account,
        event: Event,
    ) -> Result<Result<(), NameTaken>, Unavailable> {
        let mut state = self.open()?;
        let names = state.names.clone();
        if let Err(taken) = state.lead_names(account) {
            return Ok(Err(taken));
        }
        if state.accounts.contains_key(&account.id) {
            state.names = names;
            return Err(crate::unavailable("an account has that id already"));
        }
        if let Err(error) = state.append(vec![event]) {
            state.names = names;
            return Err(error);
        }
        state.accounts.insert(account.id.clone(), account.clone());
        Ok(Ok(()))
    }

    async fn set_state(
        &self,
        id: &AccountId,
        account_state: AccountState,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let Some(mut account) = state.accounts.get(id).cloned() else {
            return Ok(false);
        };
        state.append(vec![event])?;
        account.state = account_state;
        state.accounts.insert(id.clone(), account);
        if account_state != AccountState::Active {
            state.end_account(id);
            state.revoke(Revoked::Account(id.clone()));
        }
        Ok(true)
    }
}

#[async_trait]
impl Credentials for Memory {
    async fn app_passwords(
        &self,
        subject: &Subject,
    ) -> Result<Vec<StoredAppPassword>, Unavailable> {
        let state = self.open()?;
        let Subject::Account(id) = subject else {
            return Ok(Vec::new());
        };
        let of_account = state
            .passwords
            .values()
            .filter(|stored| stored.record.account == *id);
        let mut found: Vec<StoredAppPassword> = of_account.cloned().collect();
        found.sort_by(|a, b| {
            (a.record.created, &a.record.id).cmp(&(b.record.created, &b.record.id))
        });
        Ok(found)
    }

    async fn add_app_password(
        &self,
        password: &StoredAppPassword,
        event: Event,
    ) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        if !state.accounts.contains_key(&password.record.account) {
            return Err(crate::unavailable(
                "there is no account for that app password",
            ));
        }
        if state.passwords.contains_key(&password.record.id) {
            return Err(crate::unavailable("an app password has that id already"));
        }
        state.append(vec![event])?;
        state
            .passwords
            .insert(password.record.id.clone(), password.clone());
        Ok(())
    }

    async fn app_password(&self, id: &CredentialId) -> Result<Option<AppPassword>, Unavailable> {
        Ok(self
            .open()?
            .passwords
            .get(id)
            .map(|stored| stored.record.clone()))
    }

    async fn revoke_app_password(
        &self,
        id: &CredentialId,
        at: Timestamp,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let Some(mut stored) = state.passwords.get(id).cloned() else {
            return Ok(false);
        };
        if stored.record.revoked.is_some() {
            return Ok(false);
        }
        state.append(vec![event])?;
        stored.record.revoked = Some(at);
        state.passwords.insert(id.clone(), stored);
        state.end_credential(id);
        Ok(true)
    }
}

#[async_trait]
impl Attempts for Memory {
    async fn reserve(&self, place: Place) -> Result<Option<Reservation>, Unavailable> {
        let mut state = self.open()?;
        let source = Counter::take(&mut state.sources, place.source.clone(), &place, None);
        let subject = Counter::take(
            &mut state.subjects,
            place.subject.clone(),
            &place,
            place.limit,
        );
        let (Some(subject), Some(source)) = (subject, source) else {
            return Ok(None);
        };
        let source_is_familiar = state.is_familiar(&place);
        let counts = Counts {
            subject,
            source,
            source_is_familiar,
        };
        Ok(Some(Reservation {
            place,
            counts,
            secret: None,
        }))
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        let mut state = self.open()?;
        if let Some(Succeeded {
            account,
            credential,
            ..
        }) = &settlement.succeeded
            && (!state.stands_for(credential, account) || state.is_disowned(account, credential))
        {
            return Ok(Settled::Overtaken);
        }
        let place = &settlement.reservation.place;
        let code = state.can_settle(&settlement.code, place.now);
        if code == SettledCode::Spent {
            return Ok(Settled::Spent);
        }
        let mut events = Vec::from_iter(state.order_code(&settlement.code));
        events.extend(settlement.events);
        let counter = state.subjects.get(&place.subject);
        let is_due = counter.is_some_and(|counter| counter.is_alarm_due(place));
        let alarm = settlement.alarm.filter(|_| is_due);
        let is_alarmed = alarm.is_some();
        events.extend(alarm);
        state.append(events)?;
        let counter = state.subjects.get_mut(&place.subject);
        if let Some(counter) = counter.filter(|_| is_alarmed) {
            counter.alarm(place.now);
        }
        state.settle_code(settlement.code, place.now);
        let Reservation { place, secret, .. } = settlement.reservation;
        if let Some(guessed) = &secret {
            match &settlement.succeeded {
                Some(_) => state.give_secret_back(&guessed.place),
                None => state.note_verdict(guessed),
            }
        }
        if settlement.succeeded.is_some() {
            state.give_back(&place);
        } else if code == SettledCode::CountedBefore {
            state.give_back_of_subject(&place);
        }
        if let Some(succeeded) = settlement.succeeded {
            state.secret_was_used(&succeeded, place.now);
            state.pin_was_used(&succeeded, place.now);
            if let Some(stored) = state.passwords.get_mut(&succeeded.credential) {
                stored.record.last_used = Some((place.now, succeeded.source));
                stored.record.seen_device = succeeded.device.or(stored.record.seen_device.take());
            }
            if let Some(method) = succeeded.second_factor {
                state.note_second_factor(&succeeded.account, method, place.now);
            }
            let source = succeeded.source.into();
            state
                .familiar
                .insert((succeeded.account, source), place.now);
        }
        Ok(Settled::Written { is_alarmed })
    }
}

#[async_trait]
impl Tickets for Memory {
    async fn record(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable> {
        let mut state = self.open()?;
        state.may_record(&relaying.ticket, heard)?;
        state.append(relaying.events.clone())?;
        state.record_ticket(relaying);
        Ok(())
    }

    async fn find(
        &self,
        key: &TicketKey,
        now: Timestamp,
    ) -> Result<Option<(RelayedTicket, Account)>, Unavailable> {
        let state = self.open()?;
        let Some(ticket) = state.tickets.get(key) else {
            return Ok(None);
        };
        let stands = state.grounds_stand(&ticket.grounds(), now);
        let account = state.account(&ticket.account);
        Ok(account
            .filter(|_| stands && ticket.expires > now)
            .map(|account| (ticket.clone(), account)))
    }

    async fn stands(&self, grounds: &Grounds<'_>, now: Timestamp) -> Result<bool, Unavailable> {
        let state = self.open()?;
        let is_disowned = state.is_disowned(grounds.account, grounds.credential);
        Ok(!is_disowned && state.grounds_stand(grounds, now))
    }

    async fn was_relayed(&self, key: &TicketKey) -> Result<bool, Unavailable> {
        let state = self.open()?;
        Ok(state.tickets.contains_key(key) || state.revoked_tickets.contains(key))
    }

    async fn spend_token(&self, key: &TicketKey) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let was_there = state.tickets.remove(key).is_some();
        if was_there {
            state.revoked_tickets.insert(key.clone());
        }
        Ok(was_there)
    }

    async fn take_token(
        &self,
        key: &TicketKey,
        _: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        Ok(self.open()?.used_assertions.insert(key.0))
    }
}

#[async_trait]
impl Revocations for Memory {
    async fn since(&self, number: i64, count: u32) -> Result<Vec<Revocation>, Unavailable> {
        let state = self.open()?;
        let later = state.revocations.iter().filter(|it| it.number > number);
        Ok(later
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }

    async fn last(&self) -> Result<i64, Unavailable> {
        let state = self.open()?;
        Ok(state.revocations.last().map_or(0, |last| last.number))
    }
}

#[async_trait]
impl Drains for Memory {
    async fn drain(
        &self,
        drain: Drain,
        by: &ByHand,
    ) -> Result<Result<Vec<String>, NoneLeft>, Unavailable> {
        let mut state = self.open()?;
        let of_farm = state.drained.iter().filter(|it| it.farm == drain.farm);
        let of_farm = of_farm.map(|it| it.member.clone()).collect();
        let new = match drain.on(&of_farm) {
            Ok(new) => new,
            Err(none_left) => return Ok(Err(none_left)),
        };
        let drained = |member: &String| Drained {
            farm: drain.farm.clone(),
            member: member.clone(),
        };
        state.append(new.iter().map(|it| drained(it).begins(by)).collect())?;
        state.drained.extend(new.iter().map(drained));
        Ok(Ok(new))
    }

    async fn undrain(
        &self,
        farm: &str,
        members: Vec<String>,
        by: &ByHand,
    ) -> Result<Vec<String>, Unavailable> {
        let mut state = self.open()?;
        let drained = |member: &String| Drained {
            farm: farm.to_owned(),
            member: member.clone(),
        };
        let given_back: Vec<String> = members
            .into_iter()
            .filter(|member| state.drained.contains(&drained(member)))
            .collect();
        state.append(given_back.iter().map(|it| drained(it).ends(by)).collect())?;
        for member in &given_back {
            state.drained.remove(&drained(member));
        }
        Ok(given_back)
    }

    async fn drained(&self) -> Result<BTreeSet<Drained>, Unavailable> {
        Ok(self.open()?.drained.clone())
    }
}

#[async_trait]
impl Audit for Memory {
    async fn append(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        self.open()?.append(events)
    }

    async fn read(&self, first: i64, count: u32) -> Result<Vec<ChainedEvent>, Unavailable> {
        let state = self.open()?;
        let wanted = state.chain.iter().filter(|chained| chained.number >= first);
        Ok(wanted
            .take(usize::try_from(count).unwrap_or(usize::MAX))
            .cloned()
            .collect())
    }
}
