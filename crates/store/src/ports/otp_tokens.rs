//! The port [`OtpTokens`] on a database; seeds go in and out sealed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::grant::{Grant, GrantKey};
use authn::credential::otp_token::{
    Acceptance, CodePlace, CodeReservation, CodesOf, MAX_IN_A_ROW, MAX_IN_WINDOW, OtpToken, Source,
    StoredOtpToken, TokenState,
};
use authn::lockout::Subject;
use authn::ports::{Adding, OtpTokens, SerialsTaken, TokenChange, TokenEffect, Unavailable};
use jiff::Timestamp;
use proto::otp::Seed;
use sqlx::AssertSqlSafe;

use super::{revocations, sent_budgets, session_grants};
use crate::Store;
use crate::engine::{Connection, Query, Row, query};
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{DEADLINE, Done, Write, WriteError, Writing};

/// How long whoever adds many tokens at once waits.
const ADDING_DEADLINE: Duration = Duration::from_secs(60);
/// From how many on they are many.
const MANY: usize = 100;

#[async_trait]
impl OtpTokens for Store {
    async fn otp_tokens_of(&self, subject: &Subject) -> Result<Vec<StoredOtpToken>, Unavailable> {
        let found = self.rows_of(rows::otp_tokens::OF_ACCOUNT, subject).await?;
        let mut tokens = self.all_opened(&found)?;
        tokens.sort_by(|a, b| {
            (a.record.created, &a.record.id).cmp(&(b.record.created, &b.record.id))
        });
        Ok(tokens)
    }

    async fn otp_token(&self, called: &str) -> Result<Option<StoredOtpToken>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::otp_tokens::CALLED)
            .bind(called)
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let stored = row.as_ref().map(|row| opened(row, &self.0.keys));
        stored.transpose().map_err(|error| self.unread(error))
    }

    async fn otp_tokens(&self, after: &str, count: u32) -> Result<Vec<OtpToken>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::otp_tokens::LIST)
            .bind(after)
            .bind(i64::from(count))
            .fetch_all(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let tokens = self.all_opened(&found)?;
        Ok(tokens.into_iter().map(|token| token.record).collect())
    }

    async fn add_otp_tokens(
        &self,
        tokens: Vec<StoredOtpToken>,
        adding: Adding,
    ) -> Result<Result<(), SerialsTaken>, Unavailable> {
        let deadline = match tokens.len() {
            ..MANY => DEADLINE,
            MANY.. => ADDING_DEADLINE,
        };
        let keys = &self.0.keys;
        let sealed = tokens.into_iter().map(|token| {
            let sealed = seal(keys, &token.record, &token.seed)?;
            Ok((token.record, sealed))
        });
        let tokens = sealed.collect::<Result<_, Unavailable>>()?;
        let add = Add { tokens, adding };
        self.0.writer.submit_within(add, deadline).await
    }

    async fn change_otp_token(&self, change: TokenChange) -> Result<bool, Unavailable> {
        let keys = Arc::clone(&self.0.keys);
        self.0.writer.submit(Change { change, keys }).await
    }

    async fn remove_otp_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable> {
        let id = id.clone();
        self.0.writer.submit(Remove { id, event }).await
    }

    async fn reserve_code(
        &self,
        place: CodePlace,
        claim: Option<Grant>,
    ) -> Result<CodeReservation, Unavailable> {
        self.0.writer.submit(Reserve { place, claim }).await
    }

    async fn accept_code(&self, acceptance: Acceptance, event: Event) -> Result<bool, Unavailable> {
        self.0.writer.submit(Accept { acceptance, event }).await
    }

    async fn grant(&self, key: &GrantKey) -> Result<Option<Grant>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::session_grants::FIND)
            .bind(key.0.to_vec())
            .fetch_optional(&mut connection)
            .await;
        row.and_then(|row| row.as_ref().map(rows::session_grants::grant).transpose())
            .map_err(|error| self.failed(&error))
    }
}

impl Store {
    fn all_opened(&self, rows: &[Row]) -> Result<Vec<StoredOtpToken>, Unavailable> {
        let opened = rows.iter().map(|row| opened(row, &self.0.keys));
        let opened: Result<_, WriteError> = opened.collect();
        opened.map_err(|error| self.unread(error))
    }
}

/// Reads a row and opens its seed, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<StoredOtpToken, WriteError> {
    let record = rows::otp_tokens::record(row)?;
    let sealed = rows::otp_tokens::seed(row)?;
    let seed = keys.unseal(&rows::otp_tokens::place(&record), &sealed)?;
    Ok(StoredOtpToken { record, seed })
}

fn seal(keys: &KeyFile, record: &OtpToken, seed: &Seed) -> Result<Sealed<Seed>, Unavailable> {
    keys.seal(&rows::otp_tokens::place(record), seed)
}

struct Add {
    tokens: Vec<(OtpToken, Sealed<Seed>)>,
    adding: Adding,
}

#[async_trait]
impl Write for Add {
    type Output = Result<(), SerialsTaken>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let mut serials = Vec::new();
        let mut tokens = &*self.tokens;
        for together in rows::otp_tokens::TOGETHER {
            while let Some((some, later)) = tokens.split_at_checked(together) {
                if self.tokens.len() >= MANY {
                    writing.goes_on();
                }
                serials.extend(add(writing, some).await?);
                tokens = later;
            }
        }
        let events = match &self.adding {
            _ if !serials.is_empty() => return Ok(Done::Undo(Err(SerialsTaken { serials }))),
            Adding::OnTrial => return Ok(Done::Undo(Ok(()))),
            Adding::For(events) => events.clone(),
        };
        writing.append(events)?;
        Ok(Done::Keep(Ok(())))
    }
}

/// Adds some tokens by one statement; gives the serial numbers that are another's.
async fn add(
    writing: &mut Writing<'_>,
    tokens: &[(OtpToken, Sealed<Seed>)],
) -> Result<Vec<String>, WriteError> {
    let text = AssertSqlSafe(rows::otp_tokens::add(tokens.len()));
    let added = tokens.iter().fold(Query::of(text), bound);
    let added = ids(&added.fetch_all(&mut *writing.connection).await?)?;
    let left_out = tokens.iter().filter(|(it, _)| !added.contains(&it.id));
    Ok(left_out.filter_map(|(it, _)| it.serial.clone()).collect())
}

fn bound(statement: Query, (record, sealed): &(OtpToken, Sealed<Seed>)) -> Query {
    let (kind, period) = rows::otp_tokens::kind_columns(record.kind);
    statement
        .bind(&record.id.0)
        .bind(&record.serial)
        .bind(record.account.as_ref().map(|id| &id.0))
        .bind(&record.label)
        .bind(kind)
        .bind(period)
        .bind(record.algorithm.as_str())
        .bind(i64::from(record.digits.count()))
        .bind(rows::otp_tokens::state_text(record.state))
        .bind(record.created.as_microsecond())
        .bind(record.last_used.map(Timestamp::as_microsecond))
        .bind(rows::otp_tokens::step(record.next))
        .bind(record.offset)
        .bind(record.drift)
        .bind(sealed.as_bytes().to_vec())
}

struct Change {
    change: TokenChange,
    keys: Arc<KeyFile>,
}

#[async_trait]
impl Write for Change {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let TokenChange {
            before,
            after,
            effect,
            event,
        } = &self.change;
        let Some(token) = by_id(&mut *writing.connection, &before.id, &self.keys).await? else {
            return Ok(Done::Undo(false));
        };
        // What nobody changes here stays as it is sealed, whatever was asked for.
        let sealed = OtpToken {
            account: after.account.clone(),
            state: after.state,
            offset: after.offset,
            ..token.record
        };
        let spends = matches!(effect, TokenEffect::Spends(_));
        let changed = query(rows::otp_tokens::CHANGE)
            .bind(&before.id.0)
            .bind(before.account.as_ref().map(|id| &id.0))
            .bind(rows::otp_tokens::state_text(before.state))
            .bind(after.account.as_ref().map(|id| &id.0))
            .bind(rows::otp_tokens::state_text(after.state))
            .bind(after.offset)
            .bind(after.drift)
            .bind(after.last_used.map(Timestamp::as_microsecond))
            .bind(seal(&self.keys, &sealed, &token.seed)?.as_bytes().to_vec())
            .bind(rows::otp_tokens::step(after.next))
            .bind(i64::from(spends))
            .execute(&mut *writing.connection)
            .await?;
        if changed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        match effect {
            TokenEffect::None => {}
            TokenEffect::Spends(reservation) => give_back(writing, reservation).await?,
            TokenEffect::Forgives => {
                query(rows::otp_tokens::FORGIVE)
                    .bind(&before.id.0)
                    .execute(&mut *writing.connection)
                    .await?;
            }
        }
        let was_good = before.state == TokenState::Active && before.account.is_some();
        if was_good && (after.state != TokenState::Active || after.account != before.account) {
            revocations::end_credential(writing, &before.id).await?;
        }
        writing.append(vec![event.clone()])?;
        Ok(Done::Keep(true))
    }
}

async fn by_id(
    connection: &mut Connection,
    id: &CredentialId,
    keys: &KeyFile,
) -> Result<Option<StoredOtpToken>, WriteError> {
    let row = query(rows::otp_tokens::CALLED)
        .bind(&id.0)
        .fetch_optional(connection)
        .await?;
    row.as_ref().map(|row| opened(row, keys)).transpose()
}

struct Remove {
    id: CredentialId,
    event: Event,
}

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let removed = query(rows::otp_tokens::REMOVE)
            .bind(&self.id.0)
            .execute(&mut *writing.connection)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        revocations::end_credential(writing, &self.id).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Reserve {
    place: CodePlace,
    claim: Option<Grant>,
}

#[async_trait]
impl Write for Reserve {
    type Output = CodeReservation;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let place = &self.place;
        let reservation = |tokens, may_guess, is_counted| CodeReservation {
            place: place.clone(),
            tokens,
            may_guess,
            is_counted,
        };
        let (account, token) = match &place.of {
            CodesOf::Subject(Subject::Account(id)) => (Some(&id.0), None),
            // It costs what an account costs, and finds nothing.
            CodesOf::Subject(Subject::Unknown(_)) => (None, None),
            CodesOf::Token(id) => (None, Some(&id.0)),
        };
        if let Some(claim) = &self.claim
            && !session_grants::claim(writing, claim).await?
        {
            let active = query(rows::otp_tokens::ACTIVE_OF_ACCOUNT).bind(account);
            let active = active.fetch_all(&mut *writing.connection).await?;
            return Ok(Done::Keep(reservation(ids(&active)?, true, false)));
        }
        let statement = match place.source {
            Source::Familiar => rows::otp_tokens::RESERVE_FAMILIAR,
            Source::Unfamiliar => rows::otp_tokens::RESERVE_UNFAMILIAR,
        };
        let found = query(statement)
            .bind(account)
            .bind(token)
            .bind(place.window_start.as_microsecond())
            .bind(place.now.as_microsecond())
            .bind(i64::from(MAX_IN_WINDOW))
            .bind(i64::from(MAX_IN_A_ROW))
            .fetch_all(&mut *writing.connection)
            .await?;
        let tokens = ids(&found)?;
        let may_guess = match &place.guess {
            Some(guess) => sent_budgets::reserve(writing, guess).await?,
            None => false,
        };
        // SECURITY: without room nobody looks, and nothing is claimed.
        Ok(match tokens.is_empty() && !may_guess {
            true => Done::Undo(reservation(tokens, may_guess, true)),
            false => Done::Keep(reservation(tokens, may_guess, true)),
        })
    }
}

fn ids(rows: &[Row]) -> Result<BTreeSet<CredentialId>, sqlx::Error> {
    let ids = rows.iter().map(|row| row.try_get("id").map(CredentialId));
    ids.collect()
}

struct Accept {
    acceptance: Acceptance,
    event: Event,
}

#[async_trait]
impl Write for Accept {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        if !accept(writing, &self.acceptance).await? {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

/// Spends a step and gives its places back; `false` where it is spent already.
pub(super) async fn accept(
    writing: &mut Writing<'_>,
    acceptance: &Acceptance,
) -> Result<bool, WriteError> {
    let accepted = query(rows::otp_tokens::ACCEPT)
        .bind(&acceptance.token.0)
        .bind(acceptance.account.as_ref().map(|id| &id.0))
        .bind(rows::otp_tokens::step(acceptance.step.number))
        .bind(acceptance.step.drift)
        .bind(acceptance.reservation.place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    if accepted.rows_affected() == 0 {
        return Ok(false);
    }
    give_back(writing, &acceptance.reservation).await?;
    Ok(true)
}

pub(super) async fn give_back(
    writing: &mut Writing<'_>,
    reservation: &CodeReservation,
) -> Result<(), WriteError> {
    if !reservation.is_counted {
        return Ok(());
    }
    let statement = match reservation.place.source {
        Source::Familiar => rows::otp_tokens::GIVE_BACK_FAMILIAR,
        Source::Unfamiliar => rows::otp_tokens::GIVE_BACK_UNFAMILIAR,
    };
    for token in &reservation.tokens {
        query(statement)
            .bind(&token.0)
            .bind(reservation.place.now.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
    }
    if let Some(guess) = reservation
        .place
        .guess
        .as_ref()
        .filter(|_| reservation.may_guess)
    {
        sent_budgets::give_back(writing, guess).await?;
    }
    Ok(())
}
