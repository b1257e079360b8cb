//! The ports [`SignIns`], [`Sessions`] and [`Invitations`] on a database.

use std::sync::Arc;

use async_trait::async_trait;
use authn::account::{Account, AccountId};
use authn::audit::Event;
use authn::credential::memorised_secret::StoredMemorisedSecret;
use authn::handle::HandleKey;
use authn::place::SourceNetwork;
use authn::ports::{ChainedEvent, Invitations, Sessions, SignIns, Unavailable};
use authn::revocation::Revoked;
use authn::session::{IDLE, Invitation, MAX_PER_ACCOUNT, OVERALL, Session};
use authn::sign_in::{Completed, Completion, SignIn};
use jiff::Timestamp;

use super::memorised_secrets::{self, New};
use super::{attempts, otp_tokens, passkeys, revocations, second_factors, sent_codes, spare_codes};
use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::seal::{KeyFile, Sealed};
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
        writing
            .append(events.into_iter().flatten().collect())
            .await?;
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

#[async_trait]
impl Sessions for Store {
    async fn session(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::sessions::FIND)
            .bind(key.0.to_vec())
            .bind(now.as_microsecond())
            .fetch_optional(&mut connection)
            .await;
        let sealed = row.and_then(|row| row.as_ref().map(rows::sessions::sealed).transpose());
        let Some((used, sealed)) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let session = self.0.keys.unseal(&rows::sessions::place(key), &sealed)?;
        let session = Session { used, ..session };
        let row = query(rows::accounts::BY_ID)
            .bind(&session.account.0)
            .fetch_optional(&mut connection)
            .await;
        let account = row.and_then(|row| row.as_ref().map(rows::accounts::account).transpose());
        let account = account.map_err(|error| self.failed(&error))?;
        Ok(account
            .filter(|_| session.lasts(now))
            .map(|account| (session, account)))
    }

    async fn kept_session(&self, key: HandleKey) -> Result<Option<Session>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::sessions::KEPT)
            .bind(key.0.to_vec())
            .fetch_optional(&mut connection)
            .await;
        let sealed = row.and_then(|row| row.as_ref().map(rows::sessions::sealed).transpose());
        let Some((used, sealed)) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let session = self.0.keys.unseal(&rows::sessions::place(key), &sealed)?;
        Ok(Some(Session { used, ..session }))
    }

    async fn use_session(&self, key: HandleKey, used: &Session) -> Result<(), Unavailable> {
        let sealed = self.0.keys.seal(&rows::sessions::place(key), used)?;
        let at = used.used;
        self.0.writer.submit(Use { key, at, sealed }).await
    }

    async fn drop_session(&self, key: HandleKey) -> Result<(), Unavailable> {
        self.0.writer.submit(DropOne(key)).await
    }

    async fn end_session(&self, key: HandleKey, event: Event) -> Result<(), Unavailable> {
        self.0.writer.submit(End { key, event }).await
    }

    async fn end_sign_in(
        &self,
        key: HandleKey,
        session: &Session,
        event: Event,
    ) -> Result<(), Unavailable> {
        let session = session.clone();
        let end = End { key, event };
        self.0.writer.submit(EndSignIn { end, session }).await
    }

    async fn spend_freshness(&self, key: HandleKey, now: Timestamp) -> Result<bool, Unavailable> {
        self.0.writer.submit(Spend(key, now)).await
    }

    async fn end_sessions_of(
        &self,
        account: &AccountId,
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<(), Unavailable> {
        let account = account.clone();
        let end = EndOf {
            account,
            but,
            event,
        };
        self.0.writer.submit(end).await
    }

    async fn latest_of(
        &self,
        account: &AccountId,
        count: u32,
    ) -> Result<Vec<ChainedEvent>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::audit::LATEST_OF)
            .bind(&account.0)
            .bind(i64::from(count))
            .fetch_all(&mut connection)
            .await;
        let found = found.and_then(|rows| rows.iter().map(rows::audit::chained).collect());
        let mut found: Vec<ChainedEvent> = found.map_err(|error| self.failed(&error))?;
        // SECURITY: the column is for finding; whose an event is, its text says.
        found.retain(|chained| chained.event.account.as_ref() == Some(account));
        Ok(found)
    }
}

struct Use {
    key: HandleKey,
    at: Timestamp,
    sealed: Sealed<Session>,
}

#[async_trait]
impl Write for Use {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::sessions::USE)
            .bind(self.key.0.to_vec())
            .bind(self.at.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(()))
    }
}

struct DropOne(HandleKey);

#[async_trait]
impl Write for DropOne {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let Self(key) = self;
        query(rows::sessions::END)
            .bind(key.0.to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(()))
    }
}

struct End {
    key: HandleKey,
    event: Event,
}

#[async_trait]
impl Write for End {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::sessions::END)
            .bind(self.key.0.to_vec())
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()]).await?;
        Ok(Done::Keep(()))
    }
}

struct EndSignIn {
    end: End,
    session: Session,
}

#[async_trait]
impl Write for EndSignIn {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let session = &self.session;
        let proved = session.second_factor_proved();
        query(rows::tickets::REVOKE_OF_SIGN_IN)
            .bind(&session.account.0)
            .bind(&session.credential.0)
            .bind(proved.map_or(-1, Timestamp::as_microsecond))
            .execute(&mut *writing.connection)
            .await?;
        revocations::note(writing, &Revoked::Credential(session.sign_in())).await?;
        self.end.write(writing).await
    }
}

struct Spend(HandleKey, Timestamp);

#[async_trait]
impl Write for Spend {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let Self(key, now) = self;
        let spent = query(rows::sessions::SPEND)
            .bind(key.0.to_vec())
            .bind(now.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(spent.rows_affected() == 1))
    }
}

struct EndOf {
    account: AccountId,
    but: Option<HandleKey>,
    event: Event,
}

#[async_trait]
impl Write for EndOf {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::sessions::END_OF_ACCOUNT)
            .bind(&self.account.0)
            .bind(self.but.map(|key| key.0.to_vec()).unwrap_or_default())
            .execute(&mut *writing.connection)
            .await?;
        let now = self.event.at;
        memorised_secrets::end_what_clients_opened(writing, &self.account, now).await?;
        writing.append(vec![self.event.clone()]).await?;
        Ok(Done::Keep(()))
    }
}

#[async_trait]
impl Invitations for Store {
    async fn invite(
        &self,
        key: HandleKey,
        invitation: &Invitation,
        event: Event,
    ) -> Result<(), Unavailable> {
        let sealed = self
            .0
            .keys
            .seal(&rows::invitations::place(key), invitation)?;
        let invitation = invitation.clone();
        let invite = Invite {
            key,
            invitation,
            sealed,
            event,
        };
        self.0.writer.submit(invite).await
    }

    async fn invitation(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Invitation, Account)>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::invitations::FIND)
            .bind(key.0.to_vec())
            .bind(now.as_microsecond())
            .fetch_optional(&mut connection)
            .await;
        let sealed = row.and_then(|row| row.as_ref().map(rows::invitations::sealed).transpose());
        let Some(sealed) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let invitation = opened(&self.0.keys, key, &sealed, now)?;
        let Some(invitation) = invitation else {
            return Ok(None);
        };
        let row = query(rows::accounts::BY_ID)
            .bind(&invitation.account.0)
            .fetch_optional(&mut connection)
            .await;
        let account = row.and_then(|row| row.as_ref().map(rows::accounts::account).transpose());
        let account = account.map_err(|error| self.failed(&error))?;
        Ok(account.map(|account| (invitation, account)))
    }

    async fn invited_until(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::invitations::ENDS_OF_ACCOUNT)
            .bind(&account.0)
            .bind(now.as_microsecond())
            .fetch_optional(&mut connection)
            .await;
        let ends = row.and_then(|row| row.as_ref().map(rows::invitations::ends).transpose());
        ends.map_err(|error| self.failed(&error))
    }

    async fn redeem(
        &self,
        key: HandleKey,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let new = New::sealed(&self.0.keys, secret)?;
        let keys = Arc::clone(&self.0.keys);
        let at = secret.record.set;
        let redeem = Redeem {
            key,
            at,
            new,
            event,
            keys,
        };
        self.0.writer.submit(redeem).await
    }
}

/// Opens an invitation that, as it was sealed, has not ended.
fn opened(
    keys: &KeyFile,
    key: HandleKey,
    sealed: &Sealed<Invitation>,
    now: Timestamp,
) -> Result<Option<Invitation>, Unavailable> {
    let invitation = keys.unseal(&rows::invitations::place(key), sealed)?;
    Ok(Some(invitation).filter(|it| now < it.ends))
}

struct Invite {
    key: HandleKey,
    invitation: Invitation,
    sealed: Sealed<Invitation>,
    event: Event,
}

#[async_trait]
impl Write for Invite {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let account = &self.invitation.account.0;
        query(rows::invitations::END_OF_ACCOUNT)
            .bind(account)
            .execute(&mut *writing.connection)
            .await?;
        query(rows::invitations::ADD)
            .bind(self.key.0.to_vec())
            .bind(account)
            .bind(self.invitation.ends.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()]).await?;
        Ok(Done::Keep(()))
    }
}

struct Redeem {
    key: HandleKey,
    at: Timestamp,
    new: New,
    event: Event,
    keys: Arc<KeyFile>,
}

#[async_trait]
impl Write for Redeem {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let row = query(rows::invitations::FIND)
            .bind(self.key.0.to_vec())
            .bind(self.at.as_microsecond())
            .fetch_optional(&mut *writing.connection)
            .await?;
        let sealed = row.as_ref().map(rows::invitations::sealed).transpose()?;
        let Some(sealed) = sealed else {
            return Ok(Done::Undo(false));
        };
        let invitation = opened(&self.keys, self.key, &sealed, self.at)?;
        let account = self.new.account();
        if invitation.is_none_or(|it| it.account != *account) {
            return Ok(Done::Undo(false));
        }
        let used = query(rows::invitations::USE)
            .bind(self.key.0.to_vec())
            .bind(&account.0)
            .bind(self.at.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        if used.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        self.new.set(writing).await?;
        writing.append(vec![self.event.clone()]).await?;
        Ok(Done::Keep(true))
    }
}
