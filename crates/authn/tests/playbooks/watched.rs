//! Ports that stand before the store in memory: they write down what they were asked and fail where
//! a playbook says so.
//!
//! A call is written down by its method and shape (how many names, which limit, how many events),
//! never by an id, so that two lists of calls can be compared.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use authn::account::{Account, AccountId, AccountState};
use authn::attempt::Ports;
use authn::audit::{Actor, ByHand, Event, Kind};
use authn::credential::CredentialId;
use authn::credential::app_password::{AppPassword, StoredAppPassword};
use authn::credential::grant::{Bought, Client, CodeSettlement, Grant, GrantKey, Spends};
use authn::credential::memorised_secret::{
    Cost, Room, SecretHash, SecretPlace, StoredMemorisedSecret, Typed,
};
use authn::credential::ntlm_pin::StoredNtlmPin;
use authn::credential::otp_token::{
    Acceptance, CodePlace, CodeReservation, OtpToken, StoredOtpToken,
};
use authn::credential::sent_code::{
    BudgetPlace, Carrier, ClientCode, Destination, Message, Queued, Queueing,
};
use authn::handle::HandleKey;
use authn::lockout::{Counts, Place, Queue, Subject};
use authn::name::NameKey;
use authn::ports::{
    Accounts, Adding, Attempts, Audit, ChainedEvent, Credentials, MemorisedSecrets, NameTaken,
    NtlmPins, OtpTokens, PasswordHasher, Reservation, SentCodes, SerialsTaken, Settled, Settlement,
    Succeeded, Tickets, TokenChange, Unavailable,
};
use authn::revocation::Revoked;
use authn::ticket::{Grounds, RelayedTicket, Relaying, TicketKey};
use jiff::Timestamp;
use store::memory::Memory;

/// What a call does that a playbook makes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It does nothing.
    Before,
    /// It does its work, and the answer is lost.
    After,
}

/// The store in memory, watched.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    memory: Memory,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    calls: Vec<String>,
    reserved: Vec<(Subject, Counts)>,
    settled: Vec<Option<Succeeded>>,
    fault: Option<(&'static str, usize, Fault)>,
    limit: Option<u32>,
    overtaking: Option<Revoked>,
    outrunning: Option<Client>,
}

impl Watched {
    /// The store behind, for what no attempt does.
    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The ports as `authn` takes them.
    pub(crate) fn ports(&self) -> Ports {
        let ports = Arc::new(self.clone());
        Ports {
            accounts: ports.clone(),
            credentials: ports.clone(),
            otp_tokens: ports.clone(),
            secrets: ports.clone(),
            pins: ports.clone(),
            hasher: ports.clone(),
            sent_codes: ports.clone(),
            attempts: ports.clone(),
            tickets: ports.clone(),
            audit: ports,
            kerberos: None,
        }
    }

    /// The calls since this was asked last.
    pub(crate) fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().calls)
    }

    /// The places that were given since this was asked last, and what the counters held.
    pub(crate) fn reserved(&self) -> Vec<(Subject, Counts)> {
        std::mem::take(&mut self.seen.lock().unwrap().reserved)
    }

    /// What the settlements since this was asked last gave back.
    pub(crate) fn settled(&self) -> Vec<Option<Succeeded>> {
        std::mem::take(&mut self.seen.lock().unwrap().settled)
    }

    /// Makes the `number`th call (from 1) of a method fail, once.
    pub(crate) fn fail(&self, method: &'static str, number: usize, fault: Fault) {
        self.seen.lock().unwrap().fault = Some((method, number, fault));
    }

    /// Whether a fault that was asked for did not come about yet.
    pub(crate) fn is_waiting_to_fail(&self) -> bool {
        self.seen.lock().unwrap().fault.is_some()
    }

    /// Gives every subject so many places, as memorised secrets have it.
    pub(crate) fn limit(&self, places: u32) {
        self.seen.lock().unwrap().limit = Some(places);
    }

    /// Revokes something between the look at the secrets and the next settlement.
    pub(crate) fn overtake(&self, what: Revoked) {
        self.seen.lock().unwrap().overtaking = Some(what);
    }

    /// Lets another client be faster with the code of the next sign-in, between the look at it and its settlement.
    pub(crate) fn outrun(&self, by: Client) {
        self.seen.lock().unwrap().outrunning = Some(by);
    }

    /// The whole audit trail; this is no call of a port.
    pub(crate) async fn trail(&self) -> Vec<ChainedEvent> {
        self.memory.read(1, u32::MAX).await.unwrap()
    }

    /// Writes a call down and says whether it is to fail.
    fn call(&self, method: &'static str, shape: &str) -> Option<Fault> {
        let mut seen = self.seen.lock().unwrap();
        seen.calls.push(format!("{method}({shape})"));
        match &mut seen.fault {
            Some((named, left, fault)) if *named == method => {
                let fault = *fault;
                *left -= 1;
                if *left > 0 {
                    return None;
                }
                seen.fault = None;
                Some(fault)
            }
            _ => None,
        }
    }

    /// Makes a call of the store in memory, or does not.
    async fn pass<T>(
        &self,
        (method, shape): (&'static str, String),
        work: impl Future<Output = Result<T, Unavailable>> + Send,
    ) -> Result<T, Unavailable> {
        match self.call(method, &shape) {
            None => work.await,
            Some(Fault::Before) => Err(broken()),
            Some(Fault::After) => {
                work.await?;
                Err(broken())
            }
        }
    }
}

/// What a call answers that fails.
fn broken() -> Unavailable {
    Unavailable {
        what: "the store",
        detail: "a playbook broke it".to_owned(),
    }
}

#[async_trait]
impl Accounts for Watched {
    async fn by_names(&self, names: &[NameKey]) -> Result<Option<Account>, Unavailable> {
        let call = ("by_names", format!("{} names", names.len()));
        self.pass(call, self.memory.by_names(names)).await
    }

    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        let call = ("by_id", String::new());
        self.pass(call, self.memory.by_id(id)).await
    }

    async fn list(&self) -> Result<Vec<Account>, Unavailable> {
        self.pass(("list", String::new()), self.memory.list()).await
    }

    async fn add(
        &self,
        account: &Account,
        event: Event,
    ) -> Result<Result<(), NameTaken>, Unavailable> {
        let call = ("add", String::new());
        self.pass(call, self.memory.add(account, event)).await
    }

    async fn set_state(
        &self,
        id: &AccountId,
        state: AccountState,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let call = ("set_state", format!("{state:?}"));
        let work = self.memory.set_state(id, state, event);
        self.pass(call, work).await
    }
}

#[async_trait]
impl Credentials for Watched {
    async fn app_passwords(
        &self,
        subject: &Subject,
    ) -> Result<Vec<StoredAppPassword>, Unavailable> {
        let call = ("app_passwords", String::new());
        self.pass(call, self.memory.app_passwords(subject)).await
    }

    async fn add_app_password(
        &self,
        password: &StoredAppPassword,
        event: Event,
    ) -> Result<(), Unavailable> {
        let call = ("add_app_password", String::new());
        let work = self.memory.add_app_password(password, event);
        self.pass(call, work).await
    }

    async fn app_password(&self, id: &CredentialId) -> Result<Option<AppPassword>, Unavailable> {
        let call = ("app_password", String::new());
        self.pass(call, self.memory.app_password(id)).await
    }

    async fn revoke_app_password(
        &self,
        id: &CredentialId,
        at: Timestamp,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let call = ("revoke_app_password", String::new());
        let work = self.memory.revoke_app_password(id, at, event);
        self.pass(call, work).await
    }
}

#[async_trait]
impl OtpTokens for Watched {
    async fn otp_tokens_of(&self, subject: &Subject) -> Result<Vec<StoredOtpToken>, Unavailable> {
        let call = ("otp_tokens_of", String::new());
        self.pass(call, self.memory.otp_tokens_of(subject)).await
    }

    async fn otp_token(&self, called: &str) -> Result<Option<StoredOtpToken>, Unavailable> {
        let call = ("otp_token", String::new());
        self.pass(call, self.memory.otp_token(called)).await
    }

    async fn otp_tokens(&self, after: &str, count: u32) -> Result<Vec<OtpToken>, Unavailable> {
        let call = ("otp_tokens", format!("{count} tokens"));
        self.pass(call, self.memory.otp_tokens(after, count)).await
    }

    async fn add_otp_tokens(
        &self,
        tokens: Vec<StoredOtpToken>,
        adding: Adding,
    ) -> Result<Result<(), SerialsTaken>, Unavailable> {
        let call = ("add_otp_tokens", format!("{} tokens", tokens.len()));
        self.pass(call, self.memory.add_otp_tokens(tokens, adding))
            .await
    }

    async fn change_otp_token(&self, change: TokenChange) -> Result<bool, Unavailable> {
        let call = ("change_otp_token", String::new());
        self.pass(call, self.memory.change_otp_token(change)).await
    }

    async fn remove_otp_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable> {
        let call = ("remove_otp_token", String::new());
        self.pass(call, self.memory.remove_otp_token(id, event))
            .await
    }

    async fn reserve_code(
        &self,
        place: CodePlace,
        claim: Option<Grant>,
    ) -> Result<CodeReservation, Unavailable> {
        let call = ("reserve_code", String::new());
        self.pass(call, self.memory.reserve_code(place, claim))
            .await
    }

    async fn accept_code(&self, acceptance: Acceptance, event: Event) -> Result<bool, Unavailable> {
        let call = ("accept_code", String::new());
        self.pass(call, self.memory.accept_code(acceptance, event))
            .await
    }

    async fn grant(&self, key: &GrantKey) -> Result<Option<Grant>, Unavailable> {
        let call = ("grant", String::new());
        self.pass(call, self.memory.grant(key)).await
    }
}

#[async_trait]
impl Attempts for Watched {
    async fn reserve(&self, place: Place) -> Result<Option<Reservation>, Unavailable> {
        let limit = self.seen.lock().unwrap().limit.or(place.limit);
        let call = ("reserve", format!("limit {limit:?}"));
        let place = Place { limit, ..place };
        let reserved = self.pass(call, self.memory.reserve(place)).await?;
        if let Some(given) = &reserved {
            let held = (given.place.subject.clone(), given.counts);
            self.seen.lock().unwrap().reserved.push(held);
        }
        Ok(reserved)
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        let ended = match &settlement.succeeded {
            Some(_) => "succeeded",
            None => "failed",
        };
        let text = match (&settlement.succeeded, &settlement.code) {
            (Some(_), _) | (None, CodeSettlement::None) => "",
            (None, _) => ", a text",
        };
        let shape = format!("{ended}, {} events{text}", settlement.events.len());
        let succeeded = settlement.succeeded.clone();
        let overtaking = self.seen.lock().unwrap().overtaking.take();
        let now = settlement.reservation.place.now;
        let by = ByHand {
            at: now,
            actor: Actor::named("root"),
            origin: None,
        };
        match overtaking {
            Some(Revoked::Credential(id)) => {
                let event = Event::by_hand(&by, Kind::StoreRestored, None);
                self.memory.revoke_app_password(&id, now, event).await?;
            }
            Some(Revoked::Account(id)) => {
                let event = Event::by_hand(&by, Kind::StoreRestored, Some(id.clone()));
                let state = AccountState::Disabled;
                self.memory.set_state(&id, state, event).await?;
            }
            None => {}
        }
        let outrunning = self.seen.lock().unwrap().outrunning.take();
        if let (Some(client), CodeSettlement::Buys(bought)) = (outrunning, &settlement.code) {
            let Bought { spends, mut grant } = (**bought).clone();
            // It came while the code was being looked at, and took no place of its own.
            let spends = match spends {
                Spends::OfToken(mut acceptance) => {
                    acceptance.reservation.is_counted = false;
                    Spends::OfToken(acceptance)
                }
                Spends::Sent(code, mut reservation) => {
                    reservation.is_counted = false;
                    Spends::Sent(code, reservation)
                }
            };
            grant.client = client;
            let faster = Settlement {
                code: CodeSettlement::Buys(Box::new(Bought { spends, grant })),
                ..settlement.clone()
            };
            let settled = self.memory.settle(faster).await?;
            assert!(matches!(settled, Settled::Written { .. }));
        }
        let settled = self
            .pass(("settle", shape), self.memory.settle(settlement))
            .await?;
        self.seen.lock().unwrap().settled.push(succeeded);
        Ok(settled)
    }
}

#[async_trait]
impl Tickets for Watched {
    async fn record(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable> {
        let call = ("record", String::new());
        self.pass(call, self.memory.record(relaying, heard)).await
    }

    async fn find(
        &self,
        key: &TicketKey,
        now: Timestamp,
    ) -> Result<Option<(RelayedTicket, Account)>, Unavailable> {
        let call = ("find", String::new());
        self.pass(call, self.memory.find(key, now)).await
    }

    async fn stands(&self, grounds: &Grounds<'_>, now: Timestamp) -> Result<bool, Unavailable> {
        let call = ("stands", String::new());
        self.pass(call, self.memory.stands(grounds, now)).await
    }

    async fn was_relayed(&self, key: &TicketKey) -> Result<bool, Unavailable> {
        let call = ("was_relayed", String::new());
        self.pass(call, self.memory.was_relayed(key)).await
    }

    async fn spend_token(&self, key: &TicketKey) -> Result<bool, Unavailable> {
        let call = ("spend_token", String::new());
        self.pass(call, self.memory.spend_token(key)).await
    }

    async fn take_token(
        &self,
        key: &TicketKey,
        times: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        let call = ("take_token", String::new());
        self.pass(call, self.memory.take_token(key, times)).await
    }
}

#[async_trait]
impl Audit for Watched {
    async fn append(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        let call = ("append", format!("{} events", events.len()));
        self.pass(call, self.memory.append(events)).await
    }

    async fn read(&self, first: i64, count: u32) -> Result<Vec<ChainedEvent>, Unavailable> {
        let call = ("read", format!("{count} events"));
        self.pass(call, self.memory.read(first, count)).await
    }
}

/// What a hash costs here: nobody waits for a playbook.
const CHEAP: Cost = Cost {
    memory: 64,
    passes: 1,
};

#[async_trait]
impl PasswordHasher for Watched {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        typed.hashed(CHEAP, salt)
    }

    async fn proves(
        &self,
        typed: Typed,
        hash: SecretHash,
        queue: Queue,
    ) -> Result<bool, Unavailable> {
        let cheap = SecretHash {
            cost: CHEAP,
            ..hash
        };
        let call = ("proves", format!("{queue:?}"));
        self.pass(call, async { typed.is_of(&cheap) }).await
    }
}

#[async_trait]
impl NtlmPins for Watched {
    async fn ntlm_pin(&self, subject: &Subject) -> Result<Option<StoredNtlmPin>, Unavailable> {
        let call = ("ntlm_pin", String::new());
        self.pass(call, self.memory.ntlm_pin(subject)).await
    }

    async fn typed_before(&self, subject: &Subject) -> Result<Vec<Grant>, Unavailable> {
        let call = ("typed_before", String::new());
        self.pass(call, self.memory.typed_before(subject)).await
    }

    async fn set_ntlm_pin(&self, pin: &StoredNtlmPin, event: Event) -> Result<(), Unavailable> {
        self.memory.set_ntlm_pin(pin, event).await
    }

    async fn remove_ntlm_pin(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable> {
        self.memory.remove_ntlm_pin(account, event).await
    }
}

#[async_trait]
impl MemorisedSecrets for Watched {
    async fn memorised_secret(
        &self,
        subject: &Subject,
    ) -> Result<Option<StoredMemorisedSecret>, Unavailable> {
        let call = ("memorised_secret", String::new());
        self.pass(call, self.memory.memorised_secret(subject)).await
    }

    async fn set_memorised_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<(), Unavailable> {
        self.memory.set_memorised_secret(secret, event).await
    }

    async fn set_first_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
        told: Message,
    ) -> Result<bool, Unavailable> {
        self.memory.set_first_secret(secret, event, told).await
    }

    async fn remove_memorised_secret(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable> {
        self.memory.remove_memorised_secret(account, event).await
    }

    async fn disown_memorised_secret(
        &self,
        account: &AccountId,
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<(), Unavailable> {
        let call = ("disown_memorised_secret", String::new());
        let disowned = self.memory.disown_memorised_secret(account, but, event);
        self.pass(call, disowned).await
    }

    async fn reserve_secret(&self, place: SecretPlace) -> Result<Room, Unavailable> {
        let call = ("reserve_secret", String::new());
        self.pass(call, self.memory.reserve_secret(place)).await
    }
}

#[async_trait]
impl SentCodes for Watched {
    async fn destinations(&self, subject: &Subject) -> Result<Vec<Destination>, Unavailable> {
        let call = ("destinations", String::new());
        self.pass(call, self.memory.destinations(subject)).await
    }

    async fn set_destination(
        &self,
        destination: &Destination,
        messages: Vec<Message>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let set = self.memory.set_destination(destination, messages, event);
        set.await
    }

    async fn remove_destination(
        &self,
        destination: (&AccountId, Carrier),
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let removed = self.memory.remove_destination(destination, but, event);
        removed.await
    }

    async fn tell_of_lapse(
        &self,
        account: &AccountId,
        proved: Timestamp,
        told: Message,
    ) -> Result<bool, Unavailable> {
        let call = ("tell_of_lapse", String::new());
        let told = self.memory.tell_of_lapse(account, proved, told);
        self.pass(call, told).await
    }

    async fn client_code(
        &self,
        subject: &Subject,
        client: &Client,
    ) -> Result<Option<ClientCode>, Unavailable> {
        let call = ("client_code", String::new());
        self.pass(call, self.memory.client_code(subject, client))
            .await
    }

    async fn reserve_guess(&self, place: BudgetPlace) -> Result<bool, Unavailable> {
        self.memory.reserve_guess(place).await
    }

    async fn queue_code(&self, queueing: Queueing) -> Result<Queued, Unavailable> {
        self.memory.queue_code(queueing).await
    }
}
