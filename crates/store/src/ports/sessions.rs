//! The port [`Sessions`] on a database: who a browser is signed in as, and what ends that.

use async_trait::async_trait;
use authn::account::{Account, AccountId};
use authn::audit::Event;
use authn::handle::HandleKey;
use authn::ports::{ChainedEvent, Sessions, Unavailable};
use authn::revocation::Revoked;
use authn::session::Session;
use jiff::Timestamp;

use super::memorised_secrets;
use super::revocations;
use crate::Store;
use crate::engine::{Query, Reader, query};
use crate::rows;
use crate::seal::Sealed;
use crate::writer::{Done, Write, WriteError, Writing};

impl Store {
    /// The session that a statement finds, opened.
    async fn opened_session(
        &self,
        key: HandleKey,
        find: Query,
        connection: &mut Reader,
    ) -> Result<Option<Session>, Unavailable> {
        let row = find.fetch_optional(connection).await;
        let sealed = row.and_then(|row| row.as_ref().map(rows::sessions::sealed).transpose());
        let Some((used, sealed)) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let session = self.0.keys.unseal(&rows::sessions::place(key), &sealed)?;
        Ok(Some(Session { used, ..session }))
    }
}

#[async_trait]
impl Sessions for Store {
    async fn session(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, Unavailable> {
        let mut connection = self.reader().await?;
        let find = query(rows::sessions::FIND).bind(key.0.to_vec());
        let found = self.opened_session(key, find.bind(now.as_microsecond()), &mut connection);
        let Some(session) = found.await? else {
            return Ok(None);
        };
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
        let find = query(rows::sessions::KEPT).bind(key.0.to_vec());
        self.opened_session(key, find, &mut connection).await
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
        writing.append(vec![self.event.clone()])?;
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
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}
