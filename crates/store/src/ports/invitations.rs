//! The port [`Invitations`] on a database: how a person's first session begins.

use std::sync::Arc;

use async_trait::async_trait;
use authn::account::{Account, AccountId};
use authn::audit::Event;
use authn::credential::memorised_secret::StoredMemorisedSecret;
use authn::handle::HandleKey;
use authn::ports::{Invitations, Unavailable};
use authn::session::Invitation;
use jiff::Timestamp;

use super::memorised_secrets::New;
use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

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
        writing.append(vec![self.event.clone()])?;
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
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}
