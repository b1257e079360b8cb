//! The port [`Attempts`] on a database: counters, and settlements with their audit events.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::credential::grant::{CodeSettlement, REMEMBERED};
use authn::lockout::{Counts, Place, Subject};
use authn::place::SourceNetwork;
use authn::ports::{Attempts, Reservation, Settled, Settlement, Succeeded, Unavailable};
use authn::session::LONGEST_STAY;
use jiff::{SignedDuration, Timestamp};

use super::sent_codes::Waiting;
use super::{
    client_codes, memorised_secrets, ntlm_pins, second_factors, secret_verdicts, session_grants,
};
use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

/// After how many reservations and tickets old rows are looked for.
const FORGET_EVERY: u32 = 4_096;
/// After how many seconds they are looked for by whoever comes next.
const FORGET_AT_LEAST_SECONDS: i64 = 3_600;
/// How long a counter is kept untouched, and a ticket after its end; longer than any window.
const KEPT: SignedDuration = SignedDuration::from_hours(24);

#[async_trait]
impl Attempts for Store {
    async fn reserve(&self, place: Place) -> Result<Option<Reservation>, Unavailable> {
        // Zero places hold nothing, and an upsert would make the first row unasked.
        if place.limit == Some(0) {
            return Ok(None);
        }
        let now = place.now;
        let reservation = self.0.writer.submit(Reserve(place)).await?;
        self.forget_where_due(now).await;
        Ok(reservation)
    }

    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable> {
        let message = match &settlement.code {
            CodeSettlement::Sends(order) => {
                Some(Waiting::sealed(&self.0.keys, order.message.clone())?)
            }
            _ => None,
        };
        let settle = Settle {
            settlement,
            message,
        };
        self.0.writer.submit(settle).await
    }
}

impl Store {
    /// Forgets what is old after so many reservations and tickets, and where that was long ago: a gate where
    /// few sign in keeps nothing for ever.
    pub(super) async fn forget_where_due(&self, now: Timestamp) {
        let number = self.0.reservations.fetch_add(1, Ordering::Relaxed);
        let second = now.as_second();
        let forgot = self.0.forgot.load(Ordering::Relaxed);
        let is_long_ago = second.saturating_sub(forgot) >= FORGET_AT_LEAST_SECONDS;
        if !number.wrapping_add(1).is_multiple_of(FORGET_EVERY) && !is_long_ago {
            return;
        }
        self.0.forgot.store(second, Ordering::Relaxed);
        let forget = Forget {
            before: now.checked_sub(KEPT).unwrap_or(Timestamp::MIN),
            stayed_since: now.checked_sub(LONGEST_STAY).unwrap_or(Timestamp::MIN),
            familiar_since: SourceNetwork::familiar_since(now),
            remembered_since: now.checked_sub(REMEMBERED).unwrap_or(Timestamp::MIN),
            ledger_since: now.checked_sub(sts::ledger::KEPT).unwrap_or(Timestamp::MIN),
        };
        if let Err(error) = self.0.writer.submit(forget).await {
            tracing::warn!(store.failure = %error, "old counters and tickets were not forgotten");
        }
    }
}

struct Reserve(Place);

#[async_trait]
impl Write for Reserve {
    type Output = Option<Reservation>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let Self(place) = self;
        let (kind, name) = rows::counters::subject_key(&place.subject);
        let account = match &place.subject {
            Subject::Account(id) => Some(&id.0),
            Subject::Unknown(_) => None,
        };
        let found = query(rows::counters::TAKE)
            .bind(kind)
            .bind(name)
            .bind(&place.source.0)
            .bind(place.window_start.as_microsecond())
            .bind(place.now.as_microsecond())
            .bind(place.limit.map_or(i64::MAX, i64::from))
            .bind(account)
            .bind(SourceNetwork::familiar_since(place.now).as_microsecond())
            .fetch_all(&mut *writing.connection)
            .await?;
        let (mut subject, mut source) = (None, None);
        for row in &found {
            let counted = rows::counters::counted(row)?;
            if counted.is_source {
                source = Some(counted)
            } else {
                subject = Some(counted)
            }
        }
        let (Some(subject), Some(source)) = (subject, source) else {
            return Ok(Done::Keep(None));
        };
        let counts = Counts {
            subject: subject.total,
            source: source.total,
            source_is_familiar: subject.is_familiar,
        };
        Ok(Done::Keep(Some(Reservation {
            place: place.clone(),
            counts,
            secret: None,
        })))
    }
}

struct Settle {
    settlement: Settlement,
    /// The message of a code that it sends, sealed.
    message: Option<Waiting>,
}

#[async_trait]
impl Write for Settle {
    type Output = Settled;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Settled>, WriteError> {
        let settlement = &self.settlement;
        if let Some(succeeded) = &settlement.succeeded {
            let place = &settlement.reservation.place;
            give_back(writing, place).await?;
            if !stands(writing, succeeded, place.now).await? {
                return Ok(Done::Undo(Settled::Overtaken));
            }
            if let Some(guessed) = &settlement.reservation.secret {
                memorised_secrets::give_back(writing, &guessed.place).await?;
            }
            if let Some(method) = succeeded.second_factor {
                second_factors::note(writing, (&succeeded.account, method), place.now).await?;
            }
            query(rows::counters::FAMILIARISE)
                .bind(&succeeded.account.0)
                .bind(SourceNetwork::from(succeeded.source).0)
                .bind(place.now.as_microsecond())
                .execute(&mut *writing.connection)
                .await?;
        }
        let now = settlement.reservation.place.now;
        match session_grants::settle(writing, &settlement.code, now).await? {
            session_grants::Settled::Written => {}
            session_grants::Settled::Spent => return Ok(Done::Undo(Settled::Spent)),
            session_grants::Settled::CountedBefore => {
                give_back_of_subject(writing, &settlement.reservation.place).await?;
            }
            session_grants::Settled::OfNobody => {
                let place = Place {
                    subject: Subject::Account(AccountId(String::new())),
                    ..settlement.reservation.place.clone()
                };
                give_back_of_subject(writing, &place).await?;
            }
        }
        if let (None, Some(guessed)) = (&settlement.succeeded, &settlement.reservation.secret)
            && !secret_verdicts::note(writing, guessed).await?
        {
            memorised_secrets::take_back(writing, &guessed.place).await?;
        }
        let mut events = Vec::new();
        if let (CodeSettlement::Sends(order), Some(message)) = (&settlement.code, &self.message) {
            events.extend(client_codes::order(writing, order, message).await?);
        }
        events.extend(settlement.events.iter().cloned());
        let alarm = match &settlement.alarm {
            Some(alarm) if is_due(writing, &settlement.reservation.place).await? => Some(alarm),
            Some(_) | None => None,
        };
        events.extend(alarm.cloned());
        writing.append(events)?;
        Ok(Done::Keep(Settled::Written {
            is_alarmed: alarm.is_some(),
        }))
    }
}

/// Whether what was proved still stands; the use of an app password, a memorised secret or a PIN is noted.
async fn stands(
    writing: &mut Writing<'_>,
    succeeded: &Succeeded,
    now: Timestamp,
) -> Result<bool, WriteError> {
    if succeeded.credential.is_kerberos_of(&succeeded.account) {
        let active = query(rows::accounts::ACTIVE)
            .bind(&succeeded.account.0)
            .fetch_optional(&mut *writing.connection)
            .await?;
        return Ok(active.is_some());
    }
    let used = query(rows::app_passwords::USED)
        .bind(&succeeded.credential.0)
        .bind(now.as_microsecond())
        .bind(succeeded.source.to_string())
        .bind(&succeeded.device)
        .execute(&mut *writing.connection)
        .await?;
    if used.rows_affected() > 0 {
        return Ok(true);
    }
    let used = query(rows::memorised_secrets::USED)
        .bind(&succeeded.account.0)
        .bind(&succeeded.credential.0)
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(used.rows_affected() > 0 || ntlm_pins::note_use(writing, succeeded, now).await?)
}

/// Whether no alarm was raised for the subject since the window began; it is noted then.
async fn is_due(writing: &mut Writing<'_>, place: &Place) -> Result<bool, WriteError> {
    let (kind, name) = rows::counters::subject_key(&place.subject);
    let noted = query(rows::counters::ALARM)
        .bind(kind)
        .bind(name)
        .bind(place.now.as_microsecond())
        .bind(place.window_start.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(noted.rows_affected() > 0)
}

pub(super) async fn give_back(writing: &mut Writing<'_>, place: &Place) -> Result<(), WriteError> {
    let (kind, name) = rows::counters::subject_key(&place.subject);
    query(rows::counters::GIVE_BACK)
        .bind(kind)
        .bind(name)
        .bind(&place.source.0)
        .bind(place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

/// Gives back the place of a subject alone.
///
/// SECURITY: what is counted of a source decides how soon a refusal is told; it counts each, whatever was typed.
async fn give_back_of_subject(writing: &mut Writing<'_>, place: &Place) -> Result<(), WriteError> {
    let (kind, name) = rows::counters::subject_key(&place.subject);
    query(rows::counters::GIVE_BACK_OF_SUBJECT)
        .bind(kind)
        .bind(name)
        .bind(place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

/// Forgets what nobody can ask for any more, so that strangers cannot fill the disk.
struct Forget {
    before: Timestamp,
    /// Nobody stays signed in who signed in before this.
    stayed_since: Timestamp,
    familiar_since: Timestamp,
    remembered_since: Timestamp,
    ledger_since: Timestamp,
}

#[async_trait]
impl Write for Forget {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        for (statement, before) in [
            (rows::counters::FORGET_QUIET, self.before),
            (rows::tickets::FORGET_ENDED, self.before),
            (rows::sign_ins::FORGET_ENDED, self.before),
            (rows::ceremonies::FORGET_ENDED, self.before),
            (rows::sessions::FORGET_OLD, self.stayed_since),
            (rows::invitations::FORGET_ENDED, self.before),
            (rows::memorised_secrets::FORGET_UNKNOWN, self.before),
            (rows::secret_verdicts::FORGET_OLD, self.before),
            (rows::sent_budgets::FORGET_OLD, self.before),
            (rows::client_codes::FORGET_ENDED, self.before),
            (rows::sent_messages::FORGET_UNSENT, self.before),
            (rows::sent_messages::FORGET_ENDED, self.familiar_since),
            (rows::counters::FORGET_UNSEEN, self.familiar_since),
            (rows::session_grants::FORGET_ENDED, self.remembered_since),
            (rows::token_ledger::FORGET_ENDED, self.ledger_since),
            (rows::used_assertions::FORGET_ENDED, self.before),
        ] {
            query(statement)
                .bind(before.as_microsecond())
                .execute(&mut *writing.connection)
                .await?;
        }
        Ok(Done::Keep(()))
    }
}
