//! The port [`Passkeys`] on a database; keys and ceremonies go in and out sealed.

use async_trait::async_trait;
use authn::account::{Account, AccountId};
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::passkey::{Ceremony, PasskeyUse, PublicKey, StoredPasskey};
use authn::handle::HandleKey;
use authn::place::Method;
use authn::ports::{Passkeys, Unavailable};
use authn::sign_in::Completed;
use jiff::Timestamp;

use super::{revocations, second_factors};
use crate::Store;
use crate::engine::{Row, query};
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl Passkeys for Store {
    async fn passkeys_of(&self, account: &AccountId) -> Result<Vec<StoredPasskey>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::passkeys::OF_ACCOUNT)
            .bind(&account.0)
            .fetch_all(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let opened = found.iter().map(|row| opened(row, &self.0.keys));
        let opened: Result<_, WriteError> = opened.collect();
        opened.map_err(|error| self.unread(error))
    }

    async fn passkey_known_as(
        &self,
        known_as: &[u8],
    ) -> Result<Option<(StoredPasskey, Account)>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::passkeys::KNOWN_AS)
            .bind(known_as.to_vec())
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let stored = row.as_ref().map(|row| opened(row, &self.0.keys));
        let stored = stored.transpose().map_err(|error| self.unread(error))?;
        let Some(stored) = stored else {
            return Ok(None);
        };
        let row = query(rows::accounts::BY_ID)
            .bind(&stored.record.account.0)
            .fetch_optional(&mut connection)
            .await;
        let account = row.and_then(|row| row.as_ref().map(rows::accounts::account).transpose());
        let account = account.map_err(|error| self.failed(&error))?;
        Ok(account.map(|account| (stored, account)))
    }

    async fn add_passkey(
        &self,
        passkey: &StoredPasskey,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let place = rows::passkeys::place(&passkey.record, passkey.key.known_as());
        let sealed = self.0.keys.seal(&place, &passkey.key)?;
        let passkey = passkey.clone();
        let add = Add {
            passkey,
            sealed,
            event,
        };
        self.0.writer.submit(add).await
    }

    async fn rename_passkey(
        &self,
        (account, id): (&AccountId, &CredentialId),
        label: &str,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let (account, id, label) = (account.clone(), id.clone(), label.to_owned());
        let rename = Rename {
            account,
            id,
            label,
            event,
        };
        self.0.writer.submit(rename).await
    }

    async fn remove_passkey(
        &self,
        (account, id): (&AccountId, &CredentialId),
        event: Event,
    ) -> Result<bool, Unavailable> {
        let (account, id) = (account.clone(), id.clone());
        self.0.writer.submit(Remove { account, id, event }).await
    }

    async fn use_passkey(
        &self,
        account: &AccountId,
        used: &PasskeyUse,
        event: Event,
    ) -> Result<Completed, Unavailable> {
        let (account, used) = (account.clone(), used.clone());
        let touch = Touch {
            account,
            used,
            event,
        };
        self.0.writer.submit(touch).await
    }

    async fn begin_ceremony(
        &self,
        key: HandleKey,
        ceremony: &Ceremony,
        ends: Timestamp,
    ) -> Result<(), Unavailable> {
        let place = rows::ceremonies::place(key);
        let sealed = self.0.keys.seal(&place, ceremony)?;
        self.0.writer.submit(Begin { key, ends, sealed }).await
    }

    async fn take_ceremony(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<Ceremony>, Unavailable> {
        let Some(sealed) = self.0.writer.submit(Take(key, now)).await? else {
            return Ok(None);
        };
        let sealed = Sealed::of_stored(sealed);
        let place = rows::ceremonies::place(key);
        self.0.keys.unseal(&place, &sealed).map(Some)
    }
}

/// Reads a row and opens its key, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<StoredPasskey, WriteError> {
    let record = rows::passkeys::record(row)?;
    let (known_as, sealed) = rows::passkeys::key(row)?;
    let key = keys.unseal(&rows::passkeys::place(&record, &known_as), &sealed)?;
    Ok(StoredPasskey { record, key })
}

/// Notes that a passkey was used to sign in to an account; what came to nothing, where it did.
pub(super) async fn note_use(
    writing: &mut Writing<'_>,
    (account, used): (&AccountId, &PasskeyUse),
    now: Timestamp,
) -> Result<Option<Completed>, WriteError> {
    let stands = query(rows::passkeys::STANDS)
        .bind(&used.passkey.0)
        .bind(&account.0)
        .fetch_optional(&mut *writing.connection)
        .await?;
    if stands.is_none() {
        return Ok(Some(Completed::Overtaken));
    }
    let counted = query(rows::passkeys::USE)
        .bind(&used.passkey.0)
        .bind(&account.0)
        .bind(now.as_microsecond())
        .bind(used.counter.map_or(0, i64::from))
        .bind(i64::from(used.counter.is_some()))
        .execute(&mut *writing.connection)
        .await?;
    Ok((counted.rows_affected() == 0).then_some(Completed::CountedBack))
}

struct Add {
    passkey: StoredPasskey,
    sealed: Sealed<PublicKey>,
    event: Event,
}

#[async_trait]
impl Write for Add {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let StoredPasskey { record, key } = &self.passkey;
        let added = query(rows::passkeys::ADD)
            .bind(&record.id.0)
            .bind(&record.account.0)
            .bind(key.known_as().to_vec())
            .bind(&record.label)
            .bind(record.created.as_microsecond())
            .bind(i64::from(record.counter))
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        if added.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Rename {
    account: AccountId,
    id: CredentialId,
    label: String,
    event: Event,
}

#[async_trait]
impl Write for Rename {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let renamed = query(rows::passkeys::RENAME)
            .bind(&self.id.0)
            .bind(&self.account.0)
            .bind(&self.label)
            .execute(&mut *writing.connection)
            .await?;
        if renamed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Remove {
    account: AccountId,
    id: CredentialId,
    event: Event,
}

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let removed = query(rows::passkeys::REMOVE)
            .bind(&self.id.0)
            .bind(&self.account.0)
            .execute(&mut *writing.connection)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        query(rows::sessions::END_OF_CREDENTIAL)
            .bind(&self.account.0)
            .bind(&self.id.0)
            .execute(&mut *writing.connection)
            .await?;
        revocations::end_credential(writing, &self.id).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Touch {
    account: AccountId,
    used: PasskeyUse,
    event: Event,
}

#[async_trait]
impl Write for Touch {
    type Output = Completed;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Completed>, WriteError> {
        let (account, now) = (&self.account, self.event.at);
        if let Some(fault) = note_use(writing, (account, &self.used), now).await? {
            return Ok(Done::Undo(fault));
        }
        second_factors::note(writing, (account, Method::Passkey), now).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(Completed::Written))
    }
}

struct Begin {
    key: HandleKey,
    ends: Timestamp,
    sealed: Sealed<Ceremony>,
}

#[async_trait]
impl Write for Begin {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::ceremonies::BEGIN)
            .bind(self.key.0.to_vec())
            .bind(self.ends.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(()))
    }
}

struct Take(HandleKey, Timestamp);

#[async_trait]
impl Write for Take {
    type Output = Option<Vec<u8>>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let Self(key, now) = self;
        let taken = query(rows::ceremonies::TAKE)
            .bind(key.0.to_vec())
            .bind(now.as_microsecond())
            .fetch_optional(&mut *writing.connection)
            .await?;
        let sealed = taken.as_ref().map(rows::ceremonies::sealed).transpose()?;
        Ok(Done::Keep(sealed.map(|it| it.as_bytes().to_vec())))
    }
}
