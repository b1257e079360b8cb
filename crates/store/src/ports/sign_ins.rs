//! The port [`SignIns`] on a database: what a browser has answered so far, and the session that the last answer begins.

use async_trait::async_trait;
use authn::handle::HandleKey;
use authn::place::SourceNetwork;
use authn::ports::{SignIns, Unavailable};
use authn::session::{IDLE, MAX_PER_ACCOUNT, OVERALL, Session};
use authn::sign_in::{Completed, Completion, SignIn};
use jiff::Timestamp;

use super::memorised_secrets;
use super::{attempts, otp_tokens, passkeys, second_factors, sent_codes, spare_codes};
use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::seal::Sealed;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl SignIns for Store {
    async fn begin_sign_in(&self, key: HandleKey, sign_in: &SignIn) -> Result<(), Unavailable> {
        let sealed = self.0.keys.seal(&rows::sign_ins::place(key), sign_in)?;
        let (step, ends) = (sign_in.step, sign_in.ends);
        let begin = Begin {
            key,
            step,
            ends,
            sealed,
        };
        self.0.writer.submit(begin).await
    }

    async fn sign_in(&self, key: HandleKey, now: Timestamp) -> Result<Option<SignIn>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::sign_ins::FIND)
            .bind(key.0.to_vec())
            .bind(now.as_microsecond())
            .fetch_optional(&mut connection)
            .await;
        let sealed = row.and_then(|row| row.as_ref().map(rows::sign_ins::sealed).transpose());
        let Some((step, sealed)) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let sign_in = self.0.keys.unseal(&rows::sign_ins::place(key), &sealed)?;
        Ok(Some(SignIn { step, ..sign_in }))
    }

    async fn take_step(&self, key: HandleKey, step: u32) -> Result<bool, Unavailable> {
        self.0.writer.submit(TakeStep(key, step)).await
    }

    async fn move_on(&self, key: HandleKey, sign_in: &SignIn) -> Result<bool, Unavailable> {
        let sealed = self.0.keys.seal(&rows::sign_ins::place(key), sign_in)?;
        let step = sign_in.step;
        self.0.writer.submit(MoveOn { key, step, sealed }).await
    }

    async fn complete(&self, completion: Completion) -> Result<Completed, Unavailable> {
        let place = rows::sessions::place(completion.key);
        let sealed = self.0.keys.seal(&place, &completion.session)?;
        self.0.writer.submit(Complete { completion, sealed }).await
    }
}

struct Begin {
    key: HandleKey,
    step: u32,
    ends: Timestamp,
    sealed: Sealed<SignIn>,
}

#[async_trait]
impl Write for Begin {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::sign_ins::BEGIN)
            .bind(self.key.0.to_vec())
            .bind(i64::from(self.step))
            .bind(self.ends.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(()))
    }
}

struct TakeStep(HandleKey, u32);

#[async_trait]
impl Write for TakeStep {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let Self(key, step) = self;
        let taken = query(rows::sign_ins::TAKE_STEP)
            .bind(key.0.to_vec())
            .bind(i64::from(*step))
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(taken.rows_affected() > 0))
    }
}

struct MoveOn {
    key: HandleKey,
    step: u32,
    sealed: Sealed<SignIn>,
}

#[async_trait]
impl Write for MoveOn {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let moved = query(rows::sign_ins::MOVE_ON)
            .bind(self.key.0.to_vec())
            .bind(i64::from(self.step))
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(moved.rows_affected() > 0))
    }
}

struct Complete {
    completion: Completion,
    sealed: Sealed<Session>,
}

#[async_trait]
impl Write for Complete {
    type Output = Completed;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Completed>, WriteError> {
        let Self { completion, sealed } = self;
        let (session, now) = (&completion.session, completion.session.begun);
        let ended = query(rows::sign_ins::END)
            .bind(completion.sign_in.0.to_vec())
            .bind(i64::from(completion.step))
            .bind(now.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        if ended.rows_affected() == 0 {
            return Ok(Done::Undo(Completed::Gone));
        }
        if let Some(fault) = note_use(writing, completion).await? {
            return Ok(Done::Undo(fault));
        }
        if let Some(code) = &completion.code
            && !otp_tokens::accept(writing, code).await?
        {
            return Ok(Done::Undo(Completed::Spent));
        }
        if let Some(guessed) = &completion.guessed {
            sent_codes::give_back(writing, guessed).await?;
        }
        if let Some(used) = &completion.spare
            && !spare_codes::note_use(writing, (&session.account, used), now).await?
        {
            return Ok(Done::Undo(Completed::Spent));
        }
        for place in &completion.places {
            attempts::give_back(writing, place).await?;
        }
        match &completion.secret {
            Some(place) if session.is_by_app_password() => {
                memorised_secrets::take_back(writing, place).await?;
            }
            Some(place) => memorised_secrets::give_back(writing, place).await?,
            None => {}
        }
        query(rows::counters::FAMILIARISE)
            .bind(&session.account.0)
            .bind(SourceNetwork::from(completion.source).0)
            .bind(now.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        if let Some(method) = session.second_factor() {
            second_factors::note(writing, (&session.account, method), now).await?;
        }
        begin_session(writing, completion, sealed).await?;
        let spare = completion.spare.as_ref().map(|used| used.event.clone());
        let events = [Some(completion.event.clone()), spare];
        writing.append(events.into_iter().flatten().collect())?;
        Ok(Done::Keep(Completed::Written))
    }
}

/// Notes that what was proved was used; what came to nothing, where it did.
async fn note_use(
    writing: &mut Writing<'_>,
    completion: &Completion,
) -> Result<Option<Completed>, WriteError> {
    let (session, now) = (&completion.session, completion.session.begun);
    if let Some(used) = &completion.passkey {
        return passkeys::note_use(writing, (&session.account, used), now).await;
    }
    if session.is_by_app_password() {
        let used = query(rows::app_passwords::USED_ON_A_PAGE)
            .bind(&session.credential.0)
            .bind(now.as_microsecond())
            .bind(completion.source.to_string())
            .bind(&session.account.0)
            .execute(&mut *writing.connection)
            .await?;
        return Ok((used.rows_affected() == 0).then_some(Completed::Overtaken));
    }
    let used = query(rows::memorised_secrets::USED)
        .bind(&session.account.0)
        .bind(&session.credential.0)
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok((used.rows_affected() == 0).then_some(Completed::Overtaken))
}

async fn begin_session(
    writing: &mut Writing<'_>,
    completion: &Completion,
    sealed: &Sealed<Session>,
) -> Result<(), WriteError> {
    let (session, now) = (&completion.session, completion.session.begun);
    if let Some(replaced) = completion.replaced {
        query(rows::sessions::END_REPLACED)
            .bind(replaced.0.to_vec())
            .bind(&session.account.0)
            .execute(&mut *writing.connection)
            .await?;
    }
    let before = |long| now.checked_sub(long).unwrap_or(Timestamp::MIN);
    query(rows::sessions::DROP_ENDED)
        .bind(&session.account.0)
        .bind(now.as_microsecond())
        .bind(before(IDLE).as_microsecond())
        .bind(before(OVERALL).as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    query(rows::sessions::ADD)
        .bind(completion.key.0.to_vec())
        .bind(&session.account.0)
        .bind(&session.credential.0)
        .bind(session.token.as_ref().map(|id| &id.0))
        .bind(session.begun.as_microsecond())
        .bind(session.used.as_microsecond())
        .bind(sealed.as_bytes().to_vec())
        .bind(session.stays.map(Timestamp::as_microsecond))
        .execute(&mut *writing.connection)
        .await?;
    query(rows::sessions::END_BEYOND)
        .bind(&session.account.0)
        .bind(i64::from(MAX_PER_ACCOUNT))
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}
