//! The ports [`SentCodes`] and [`Outbox`] in memory.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::grant::{Client, CodeSettlement};
use authn::credential::sent_code::{
    Became, BudgetPlace, Carrier, Claimed, ClientCode, Counted, Delivery, Destination, Guessed,
    Message, MessageRecord, MessageState, Queued, Queueing,
};
use authn::handle::HandleKey;
use authn::lockout::Subject;
use authn::ports::{Outbox, SentCodes, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};

/// Where codes go, what is counted of them, and what waits.
#[derive(Debug, Default)]
pub(super) struct Sent {
    destinations: BTreeMap<(AccountId, Carrier), Destination>,
    budgets: BTreeMap<(Counted, String), Budget>,
    messages: BTreeMap<String, Kept>,
    client_codes: BTreeMap<(AccountId, String), ClientCode>,
    /// Of which proof's lease each account was told that it lapsed.
    lapses: BTreeMap<AccountId, Timestamp>,
}

/// What was taken in a window, and in a row.
#[derive(Clone, Copy, Debug)]
struct Budget {
    since: Timestamp,
    taken: u32,
    in_a_row: u32,
}

/// A message, and how it stands.
#[derive(Debug)]
struct Kept {
    /// What it says, until it was sent or given up.
    message: Option<Message>,
    record: MessageRecord,
    next: Option<Timestamp>,
}

impl State {
    /// Gives back what a sign-in with a code took.
    pub(super) fn give_guess_back(&mut self, guessed: &Guessed) {
        let Guessed { place, tokens } = guessed;
        self.give_sent_back(place);
        if let Some(reservation) = tokens {
            self.give_codes_back(reservation);
        }
    }

    /// Gives back a place in a budget, and forgets those in a row.
    pub(super) fn give_sent_back(&mut self, place: &BudgetPlace) {
        let key = (place.counted, place.name.clone());
        if let Some(budget) = self.sent.budgets.get_mut(&key) {
            budget.in_a_row = 0;
            if budget.since <= place.now {
                budget.taken = budget.taken.saturating_sub(1);
            }
        }
    }

    /// Keeps and queues the code that a settlement sends, where none lives and every budget has room; what is audited.
    pub(super) fn order_code(&mut self, settles: &CodeSettlement) -> Option<Event> {
        let CodeSettlement::Sends(order) = settles else {
            return None;
        };
        let [event, refused] = order.events.clone();
        let Some(code) = &order.code else {
            return event;
        };
        let key = (code.account.clone(), code.client.0.clone());
        let known = self.sent.client_codes.get(&key);
        if known.is_some_and(|known| known.ends > order.message.queued) {
            return None;
        }
        if !self.take_all_sent(&order.places) {
            self.sent.client_codes.remove(&key);
            return refused;
        }
        self.sent.client_codes.insert(key, code.clone());
        self.add_message(&order.message);
        event
    }

    /// Whether a code of a client can be spent.
    pub(super) fn can_spend(&self, code: &ClientCode, now: Timestamp) -> bool {
        let key = (code.account.clone(), code.client.0.clone());
        let known = self.sent.client_codes.get(&key);
        known.is_some_and(|known| known == code && known.ends > now)
            && self.destination_stands(&code.destination(), &code.account)
    }

    /// Spends a code that can be spent.
    pub(super) fn spend(&mut self, code: &ClientCode, now: Timestamp) {
        let key = (code.account.clone(), code.client.0.clone());
        self.sent.client_codes.remove(&key);
        self.give_sent_back(&BudgetPlace::of_unanswered(Some(&code.account), now));
    }

    /// Whether what stands for a destination is one of an account.
    pub(super) fn destination_stands(&self, id: &CredentialId, account: &AccountId) -> bool {
        let mut destinations = self.sent.destinations.values();
        destinations.any(|it| {
            let carrier = it.address.carrier();
            it.account == *account && CredentialId::of_destination(account, carrier, it.set) == *id
        })
    }

    /// Ends what rests on a destination, where there is one, and the codes that wait for a client.
    fn end_destination(&mut self, account: &AccountId, carrier: Carrier) {
        let before = self.sent.destinations.get(&(account.clone(), carrier));
        if let Some(before) = before {
            let id = CredentialId::of_destination(account, carrier, before.set);
            self.end_credential(&id);
        }
        let codes = &mut self.sent.client_codes;
        codes.retain(|(of, _), _| of != account);
    }

    /// Takes all of these places, or none.
    fn take_all_sent(&mut self, places: &[BudgetPlace]) -> bool {
        let taken: Vec<_> = places.iter().filter(|it| self.reserve_sent(it)).collect();
        let has_room = taken.len() == places.len();
        for place in taken.into_iter().filter(|_| !has_room) {
            self.undo_sent(place);
        }
        has_room
    }

    pub(super) fn reserve_sent(&mut self, place: &BudgetPlace) -> bool {
        let begun = Budget {
            since: place.now,
            taken: 0,
            in_a_row: 0,
        };
        let key = (place.counted, place.name.clone());
        let budget = self.sent.budgets.entry(key).or_insert(begun);
        let is_over = budget.since <= place.window_start;
        let has_room = is_over || budget.taken < place.at_most;
        if budget.in_a_row >= place.in_a_row || !has_room {
            return false;
        }
        if is_over {
            budget.since = place.now;
            budget.taken = 0;
        }
        budget.taken += 1;
        budget.in_a_row += 1;
        true
    }

    fn undo_sent(&mut self, place: &BudgetPlace) {
        let key = (place.counted, place.name.clone());
        if let Some(budget) = self.sent.budgets.get_mut(&key) {
            budget.taken = budget.taken.saturating_sub(1);
            budget.in_a_row = budget.in_a_row.saturating_sub(1);
        }
    }

    pub(super) fn add_message(&mut self, message: &Message) {
        let Some(account) = &message.account else {
            return;
        };
        let record = MessageRecord {
            id: message.id.clone(),
            account: account.clone(),
            carrier: message.address.carrier(),
            to: message.address.masked(),
            state: MessageState::Queued,
            queued: message.queued,
            ended: None,
            provider: None,
            said: None,
        };
        let kept = Kept {
            next: Some(message.queued),
            message: Some(message.clone()),
            record,
        };
        self.sent.messages.insert(message.id.clone(), kept);
    }

    pub(super) fn end_sessions(&mut self, account: &AccountId, but: Option<HandleKey>) {
        let sessions = &mut self.pages.sessions;
        sessions.retain(|key, session| session.account != *account || Some(*key) == but);
    }
}

#[async_trait]
impl SentCodes for Memory {
    async fn destinations(&self, subject: &Subject) -> Result<Vec<Destination>, Unavailable> {
        let state = self.open()?;
        let Subject::Account(account) = subject else {
            return Ok(Vec::new());
        };
        let mut found: Vec<_> = state.sent.destinations.values().cloned().collect();
        found.retain(|it| it.account == *account);
        found.sort_by_key(|it| it.address.carrier().as_str());
        Ok(found)
    }

    async fn set_destination(
        &self,
        destination: &Destination,
        messages: Vec<Message>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let account = &destination.account;
        if !state.accounts.contains_key(account) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.end_destination(account, destination.address.carrier());
        for counted in [
            Counted::GuessFamiliar,
            Counted::GuessUnfamiliar,
            Counted::Unanswered,
        ] {
            state.sent.budgets.remove(&(counted, account.0.clone()));
        }
        state.end_sessions(account, None);
        for message in &messages {
            state.add_message(message);
        }
        let key = (account.clone(), destination.address.carrier());
        state.sent.destinations.insert(key, destination.clone());
        Ok(true)
    }

    async fn remove_destination(
        &self,
        (account, carrier): (&AccountId, Carrier),
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let key = (account.clone(), carrier);
        if !state.sent.destinations.contains_key(&key) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.end_sessions(account, but);
        state.end_destination(account, carrier);
        state.sent.destinations.remove(&key);
        Ok(true)
    }

    async fn tell_of_lapse(
        &self,
        account: &AccountId,
        proved: Timestamp,
        told: Message,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let last = state.second_factors.get(account).map(|it| it.last);
        let said = state.sent.lapses.get(account);
        if last != Some(proved) || said.is_some_and(|said| *said >= proved) {
            return Ok(false);
        }
        state.sent.lapses.insert(account.clone(), proved);
        state.add_message(&told);
        Ok(true)
    }

    async fn client_code(
        &self,
        subject: &Subject,
        client: &Client,
    ) -> Result<Option<ClientCode>, Unavailable> {
        let state = self.open()?;
        let Subject::Account(account) = subject else {
            return Ok(None);
        };
        let key = (account.clone(), client.0.clone());
        Ok(state.sent.client_codes.get(&key).cloned())
    }

    async fn reserve_guess(&self, place: BudgetPlace) -> Result<bool, Unavailable> {
        Ok(self.open()?.reserve_sent(&place))
    }

    async fn queue_code(&self, queueing: Queueing) -> Result<Queued, Unavailable> {
        let mut state = self.open()?;
        let found = state.pages.sign_ins.get(&queueing.key);
        if found.is_none_or(|it| it.step != queueing.queued.step) {
            return Ok(Queued::Gone);
        }
        let has_room = state.take_all_sent(&queueing.places);
        let [event, refused] = queueing.events;
        let (sign_in, event) = match has_room {
            true => (queueing.queued, event),
            false => (queueing.refused, refused),
        };
        state.append(event.into_iter().collect())?;
        state.pages.sign_ins.insert(queueing.key, sign_in);
        if !has_room {
            return Ok(Queued::NoRoom);
        }
        state.add_message(&queueing.message);
        Ok(Queued::Written)
    }
}

#[async_trait]
impl Outbox for Memory {
    async fn is_due(&self, now: Timestamp) -> Result<bool, Unavailable> {
        let state = self.open()?;
        let mut messages = state.sent.messages.values();
        Ok(messages.any(|it| it.next.is_some_and(|next| next <= now)))
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        count: u32,
    ) -> Result<Vec<Claimed>, Unavailable> {
        let mut state = self.open()?;
        let messages = state.sent.messages.values_mut();
        let mut due: Vec<_> = messages
            .filter(|it| it.next.is_some_and(|next| next <= now))
            .collect();
        due.sort_by_key(|it| (it.record.queued, it.record.id.clone()));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let claimed = due.into_iter().take(count).filter_map(|kept| {
            kept.next = Some(until);
            kept.record.state = MessageState::Sending;
            let message = kept.message.clone()?;
            Some(Claimed { message, until })
        });
        Ok(claimed.collect())
    }

    async fn delivered(&self, delivery: Delivery) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let found = state.sent.messages.get(&delivery.id);
        let is_ours = found.is_some_and(|it| {
            it.next == Some(delivery.until) && it.record.state == MessageState::Sending
        });
        if !is_ours {
            return Ok(false);
        }
        let event = match &delivery.became {
            Became::Sent { event, .. } | Became::Failed { event } => Some(event.clone()),
            Became::Again { .. } => None,
        };
        state.append(event.into_iter().collect())?;
        let Some(kept) = state.sent.messages.get_mut(&delivery.id) else {
            return Ok(false);
        };
        kept.record.said = Some(delivery.said);
        match delivery.became {
            Became::Again { at } => {
                kept.record.state = MessageState::Queued;
                kept.next = Some(at);
                return Ok(true);
            }
            Became::Sent { provider, .. } => {
                kept.record.state = MessageState::Sent;
                kept.record.provider = Some(provider);
            }
            Became::Failed { .. } => kept.record.state = MessageState::Failed,
        }
        kept.record.ended = Some(delivery.at);
        kept.next = None;
        kept.message = None;
        Ok(true)
    }

    async fn messages(
        &self,
        account: Option<&AccountId>,
        count: u32,
    ) -> Result<Vec<MessageRecord>, Unavailable> {
        let state = self.open()?;
        let records = state.sent.messages.values().map(|it| it.record.clone());
        let mut records: Vec<_> = records
            .filter(|it| account.is_none_or(|account| it.account == *account))
            .collect();
        records.sort_by_key(|it| (Reverse(it.queued), it.id.clone()));
        records.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        Ok(records)
    }
}
