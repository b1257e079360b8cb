//! The ports [`SentCodes`] and [`Outbox`] on a database; numbers and codes go in and out sealed.

use std::sync::Arc;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::grant::Client;
use authn::credential::sent_code::{
    Became, BudgetPlace, Carrier, Claimed, ClientCode, Delivery, Destination, Guessed, Message,
    MessageRecord, MessageState, Queued, Queueing,
};
use authn::handle::HandleKey;
use authn::lockout::Subject;
use authn::ports::{Outbox, SentCodes, Unavailable};
use authn::sign_in::SignIn;
use jiff::Timestamp;

use super::{otp_tokens, revocations, sent_budgets};
use crate::Store;
use crate::engine::{Row, query};
use crate::rows;
use crate::rows::destinations::{Kept, SealedAddress};
use crate::rows::sent_messages::Said;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl SentCodes for Store {
    async fn destinations(&self, subject: &Subject) -> Result<Vec<Destination>, Unavailable> {
        let found = self
            .rows_of(rows::destinations::OF_ACCOUNT, subject)
            .await?;
        let opened = found.iter().map(|row| opened(row, &self.0.keys));
        let opened: Result<_, WriteError> = opened.collect();
        opened.map_err(|error| self.unread(error))
    }

    async fn set_destination(
        &self,
        destination: &Destination,
        messages: Vec<Message>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let keys = &self.0.keys;
        let (address, carrier) = (&destination.address, destination.address.carrier());
        let times = (destination.set, destination.held_until);
        let place = rows::destinations::place(&destination.account, carrier, times);
        let sealed = keys.seal(&place, &SealedAddress(address.as_str().to_owned()))?;
        let messages = messages.into_iter().map(|it| Waiting::sealed(keys, it));
        let set = Set {
            messages: messages.collect::<Result<_, Unavailable>>()?,
            destination: destination.clone(),
            sealed,
            event,
        };
        self.0.writer.submit(set).await
    }

    async fn remove_destination(
        &self,
        (account, carrier): (&AccountId, Carrier),
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let account = account.clone();
        let remove = Remove {
            account,
            carrier,
            but,
            event,
        };
        self.0.writer.submit(remove).await
    }

    async fn tell_of_lapse(
        &self,
        account: &AccountId,
        proved: Timestamp,
        told: Message,
    ) -> Result<bool, Unavailable> {
        let told = Waiting::sealed(&self.0.keys, told)?;
        let account = account.clone();
        let tell = TellOfLapse {
            account,
            proved,
            told,
        };
        self.0.writer.submit(tell).await
    }

    async fn client_code(
        &self,
        subject: &Subject,
        client: &Client,
    ) -> Result<Option<ClientCode>, Unavailable> {
        let is_account = matches!(subject, Subject::Account(_));
        let (_, name) = rows::counters::subject_key(subject);
        let mut connection = self.reader().await?;
        let row = query(rows::client_codes::FIND)
            .bind(name)
            .bind(i64::from(is_account))
            .bind(&client.0)
            .fetch_optional(&mut connection)
            .await;
        row.and_then(|row| row.as_ref().map(rows::client_codes::code).transpose())
            .map_err(|error| self.failed(&error))
    }

    async fn reserve_guess(&self, place: BudgetPlace) -> Result<bool, Unavailable> {
        self.0.writer.submit(Reserve(place)).await
    }

    async fn queue_code(&self, queueing: Queueing) -> Result<Queued, Unavailable> {
        let keys = &self.0.keys;
        let place = rows::sign_ins::place(queueing.key);
        let queue = Queue {
            queued: keys.seal(&place, &queueing.queued)?,
            refused: keys.seal(&place, &queueing.refused)?,
            message: Waiting::sealed(keys, queueing.message.clone())?,
            queueing,
        };
        self.0.writer.submit(queue).await
    }
}

/// Reads a row and opens its address, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<Destination, WriteError> {
    let kept = Kept::of(row)?;
    let address = keys.unseal(&kept.place(), kept.sealed())?;
    let opened = kept.opened(&address);
    opened.ok_or_else(|| crate::unavailable("a destination is none").into())
}

/// A message as it is stored.
pub(super) struct Waiting {
    message: Message,
    sealed: Sealed<Said>,
}

impl Waiting {
    pub(super) fn sealed(keys: &KeyFile, message: Message) -> Result<Self, Unavailable> {
        let times = (message.queued, message.ends);
        let place = rows::sent_messages::place(&message.id, message.account.as_ref(), times);
        let sealed = keys.seal(&place, &Said::of(&message))?;
        Ok(Self { message, sealed })
    }

    pub(super) async fn add(&self, writing: &mut Writing<'_>) -> Result<(), WriteError> {
        self.add_of(self.message.account.as_ref(), writing).await
    }

    /// Adds it as one of nobody, which is never read.
    pub(super) async fn add_of_nobody(&self, writing: &mut Writing<'_>) -> Result<(), WriteError> {
        self.add_of(None, writing).await
    }

    async fn add_of(
        &self,
        account: Option<&AccountId>,
        writing: &mut Writing<'_>,
    ) -> Result<(), WriteError> {
        let Self { message, sealed } = self;
        let (state, next) = match account {
            Some(_) => (MessageState::Queued.as_str(), Some(message.queued)),
            None => (rows::sent_messages::OF_NOBODY, None),
        };
        query(rows::sent_messages::ADD)
            .bind(&message.id)
            .bind(account.map(|id| &id.0))
            .bind(message.address.carrier().as_str())
            .bind(message.address.masked())
            .bind(state)
            .bind(message.queued.as_microsecond())
            .bind(message.ends.as_microsecond())
            .bind(next.map(Timestamp::as_microsecond))
            .bind(sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(())
    }
}

struct Set {
    destination: Destination,
    sealed: Sealed<SealedAddress>,
    messages: Vec<Waiting>,
    event: Event,
}

#[async_trait]
impl Write for Set {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let destination = &self.destination;
        let account = query(rows::accounts::BY_ID)
            .bind(&destination.account.0)
            .fetch_optional(&mut *writing.connection)
            .await?;
        if account.is_none() {
            return Ok(Done::Undo(false));
        }
        let carrier = destination.address.carrier();
        end_destination(writing, (&destination.account, carrier)).await?;
        query(rows::destinations::SET)
            .bind(&destination.account.0)
            .bind(destination.address.carrier().as_str())
            .bind(destination.set.as_microsecond())
            .bind(destination.held_until.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        query(rows::sent_budgets::FORGIVE)
            .bind(&destination.account.0)
            .execute(&mut *writing.connection)
            .await?;
        end_sessions(writing, &destination.account, None).await?;
        for message in &self.messages {
            message.add(writing).await?;
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

/// Ends what rests on the destination of an account by a carrier, where there is one: what its codes bought, and those that
/// wait for a client.
async fn end_destination(
    writing: &mut Writing<'_>,
    (account, carrier): (&AccountId, Carrier),
) -> Result<(), WriteError> {
    let found = query(rows::destinations::OF_ACCOUNT)
        .bind(&account.0)
        .bind(1_i64)
        .fetch_all(&mut *writing.connection)
        .await?;
    let found: Result<Vec<Kept>, sqlx::Error> = found.iter().map(Kept::of).collect();
    for before in found?.into_iter().filter(|it| it.carrier == carrier) {
        let id = CredentialId::of_destination(account, carrier, before.set);
        revocations::end_credential(writing, &id).await?;
    }
    query(rows::client_codes::DROP_OF_ACCOUNT)
        .bind(&account.0)
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

async fn end_sessions(
    writing: &mut Writing<'_>,
    account: &AccountId,
    but: Option<HandleKey>,
) -> Result<(), WriteError> {
    query(rows::sessions::END_OF_ACCOUNT)
        .bind(&account.0)
        .bind(but.map(|key| key.0.to_vec()).unwrap_or_default())
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

struct Remove {
    account: AccountId,
    carrier: Carrier,
    but: Option<HandleKey>,
    event: Event,
}

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        end_destination(writing, (&self.account, self.carrier)).await?;
        let removed = query(rows::destinations::REMOVE)
            .bind(&self.account.0)
            .bind(self.carrier.as_str())
            .execute(&mut *writing.connection)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        end_sessions(writing, &self.account, self.but).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct TellOfLapse {
    account: AccountId,
    proved: Timestamp,
    told: Waiting,
}

#[async_trait]
impl Write for TellOfLapse {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let first = query(rows::second_factors::TELL)
            .bind(&self.account.0)
            .bind(self.proved.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        if first.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        self.told.add(writing).await?;
        Ok(Done::Keep(true))
    }
}

struct Reserve(BudgetPlace);

#[async_trait]
impl Write for Reserve {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        Ok(Done::Keep(sent_budgets::reserve(writing, &self.0).await?))
    }
}

/// Gives back what a sign-in with a code took.
pub(super) async fn give_back(
    writing: &mut Writing<'_>,
    guessed: &Guessed,
) -> Result<(), WriteError> {
    sent_budgets::give_back(writing, &guessed.place).await?;
    if let Some(reservation) = &guessed.tokens {
        otp_tokens::give_back(writing, reservation).await?;
    }
    Ok(())
}

struct Queue {
    queueing: Queueing,
    queued: Sealed<SignIn>,
    refused: Sealed<SignIn>,
    message: Waiting,
}

#[async_trait]
impl Write for Queue {
    type Output = Queued;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Queued>, WriteError> {
        let queueing = &self.queueing;
        let has_room = sent_budgets::take_all(writing, &queueing.places).await?;
        let [event, refused] = queueing.events.clone();
        let (sealed, event) = match has_room {
            true => (&self.queued, event),
            false => (&self.refused, refused),
        };
        let moved = query(rows::sign_ins::MOVE_ON)
            .bind(queueing.key.0.to_vec())
            .bind(i64::from(queueing.queued.step))
            .bind(sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        if moved.rows_affected() == 0 {
            return Ok(Done::Undo(Queued::Gone));
        }
        if has_room {
            self.message.add(writing).await?;
        }
        writing.append(event.into_iter().collect())?;
        Ok(Done::Keep(match has_room {
            true => Queued::Written,
            false => Queued::NoRoom,
        }))
    }
}

#[async_trait]
impl Outbox for Store {
    async fn is_due(&self, now: Timestamp) -> Result<bool, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::sent_messages::DUE)
            .bind(now.as_microsecond())
            .bind(1_i64)
            .fetch_optional(&mut connection)
            .await;
        Ok(row.map_err(|error| self.failed(&error))?.is_some())
    }

    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        count: u32,
    ) -> Result<Vec<Claimed>, Unavailable> {
        let keys = Arc::clone(&self.0.keys);
        let claim = Claim {
            now,
            until,
            count,
            keys,
        };
        self.0.writer.submit(claim).await
    }

    async fn delivered(&self, delivery: Delivery) -> Result<bool, Unavailable> {
        self.0.writer.submit(Deliver(delivery)).await
    }

    async fn messages(
        &self,
        account: Option<&AccountId>,
        count: u32,
    ) -> Result<Vec<MessageRecord>, Unavailable> {
        let mut connection = self.reader().await?;
        let statement = match account {
            Some(account) => query(rows::sent_messages::LATEST_OF).bind(&account.0),
            None => query(rows::sent_messages::LATEST),
        };
        let found = statement
            .bind(i64::from(count))
            .fetch_all(&mut connection)
            .await;
        found
            .and_then(|rows| rows.iter().map(rows::sent_messages::record).collect())
            .map_err(|error| self.failed(&error))
    }
}

struct Claim {
    now: Timestamp,
    until: Timestamp,
    count: u32,
    keys: Arc<KeyFile>,
}

#[async_trait]
impl Write for Claim {
    type Output = Vec<Claimed>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let found = query(rows::sent_messages::DUE)
            .bind(self.now.as_microsecond())
            .bind(i64::from(self.count))
            .fetch_all(&mut *writing.connection)
            .await?;
        let mut claimed = Vec::new();
        for row in &found {
            let due = rows::sent_messages::due(row)?;
            let is_ours = query(rows::sent_messages::CLAIM)
                .bind(&due.id)
                .bind(self.now.as_microsecond())
                .bind(self.until.as_microsecond())
                .execute(&mut *writing.connection)
                .await?;
            if is_ours.rows_affected() == 0 {
                continue;
            }
            let times = (due.queued, due.ends);
            let place = rows::sent_messages::place(&due.id, due.account.as_ref(), times);
            let Said {
                address,
                content,
                language,
            } = self.keys.unseal(&place, &due.sealed)?;
            claimed.push(Claimed {
                until: self.until,
                message: Message {
                    id: due.id,
                    account: due.account,
                    address,
                    content,
                    language,
                    queued: due.queued,
                    ends: due.ends,
                },
            });
        }
        Ok(Done::Keep(claimed))
    }
}

struct Deliver(Delivery);

#[async_trait]
impl Write for Deliver {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let delivery = &self.0;
        let (state, provider, event) = match &delivery.became {
            Became::Sent { provider, event } => (MessageState::Sent, Some(provider), event),
            Became::Failed { event } => (MessageState::Failed, None, event),
            Became::Again { at } => {
                let again = query(rows::sent_messages::AGAIN)
                    .bind(&delivery.id)
                    .bind(delivery.until.as_microsecond())
                    .bind(at.as_microsecond())
                    .bind(&delivery.said)
                    .execute(&mut *writing.connection)
                    .await?;
                return Ok(Done::Keep(again.rows_affected() > 0));
            }
        };
        let ended = query(rows::sent_messages::END)
            .bind(&delivery.id)
            .bind(delivery.until.as_microsecond())
            .bind(state.as_str())
            .bind(delivery.at.as_microsecond())
            .bind(provider)
            .bind(&delivery.said)
            .bind(Vec::<u8>::new())
            .execute(&mut *writing.connection)
            .await?;
        if ended.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![event.clone()])?;
        Ok(Done::Keep(true))
    }
}
