//! The port [`MemorisedSecrets`] on a database; hashes go in and out sealed.

use std::sync::Arc;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::memorised_secret::{
    MAX_IN_A_SESSION, MAX_IN_WINDOW, MemorisedSecret, Room, SecretHash, SecretPlace,
    StoredMemorisedSecret,
};
use authn::credential::sent_code::Message;
use authn::handle::HandleKey;
use authn::lockout::Subject;
use authn::ports::{MemorisedSecrets, Unavailable};
use jiff::Timestamp;

use super::sent_codes::Waiting;
use super::{revocations, secret_verdicts};
use crate::Store;
use crate::engine::{Row, query};
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl MemorisedSecrets for Store {
    async fn memorised_secret(
        &self,
        subject: &Subject,
    ) -> Result<Option<StoredMemorisedSecret>, Unavailable> {
        let is_account = matches!(subject, Subject::Account(_));
        let (_, name) = rows::counters::subject_key(subject);
        let mut connection = self.reader().await?;
        let row = query(rows::memorised_secrets::OF_ACCOUNT)
            .bind(name)
            .bind(i64::from(is_account))
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let stored = row.as_ref().map(|row| opened(row, &self.0.keys));
        stored.transpose().map_err(|error| self.unread(error))
    }

    async fn set_memorised_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<(), Unavailable> {
        let new = New::sealed(&self.0.keys, secret)?;
        self.0.writer.submit(Set { new, event }).await
    }

    async fn set_first_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
        told: Message,
    ) -> Result<bool, Unavailable> {
        let new = New::sealed(&self.0.keys, secret)?;
        let told = Waiting::sealed(&self.0.keys, told)?;
        self.0.writer.submit(SetFirst { new, event, told }).await
    }

    async fn remove_memorised_secret(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let account = account.clone();
        self.0.writer.submit(Remove { account, event }).await
    }

    async fn disown_memorised_secret(
        &self,
        account: &AccountId,
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<(), Unavailable> {
        let disown = Disown {
            account: account.clone(),
            but,
            event,
            keys: Arc::clone(&self.0.keys),
        };
        self.0.writer.submit(disown).await
    }

    async fn reserve_secret(&self, place: SecretPlace) -> Result<Room, Unavailable> {
        self.0.writer.submit(Reserve(place)).await
    }
}

/// Reads a row and opens its hash, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<StoredMemorisedSecret, WriteError> {
    let record = rows::memorised_secrets::record(row)?;
    let sealed = rows::memorised_secrets::hash(row)?;
    let hash = keys.unseal(&rows::memorised_secrets::place(&record), &sealed)?;
    Ok(StoredMemorisedSecret { record, hash })
}

/// A secret that takes the place of another.
pub(super) struct New {
    record: MemorisedSecret,
    sealed: Sealed<SecretHash>,
}

impl New {
    pub(super) fn sealed(
        keys: &KeyFile,
        secret: &StoredMemorisedSecret,
    ) -> Result<Self, Unavailable> {
        let record = secret.record.clone();
        let sealed = keys.seal(&rows::memorised_secrets::place(&record), &secret.hash)?;
        Ok(Self { record, sealed })
    }

    /// Sets it; what rested on the one before ends, and the failures are forgotten.
    pub(super) async fn set(&self, writing: &mut Writing<'_>) -> Result<(), WriteError> {
        let account = &self.record.account;
        end_what_rests_on(writing, (account, None), self.record.set).await?;
        query(rows::memorised_secrets::SET)
            .bind(&account.0)
            .bind(&self.record.id.0)
            .bind(self.record.set.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        query(rows::memorised_secrets::FORGIVE)
            .bind(&account.0)
            .execute(&mut *writing.connection)
            .await?;
        Ok(())
    }

    pub(super) fn account(&self) -> &AccountId {
        &self.record.account
    }
}

/// Ends the sessions of an account but one, and what clients opened by its secret with a code, where it has one.
async fn end_what_rests_on(
    writing: &mut Writing<'_>,
    (account, but): (&AccountId, Option<HandleKey>),
    now: Timestamp,
) -> Result<(), WriteError> {
    query(rows::sessions::END_OF_ACCOUNT)
        .bind(&account.0)
        .bind(but.map(|key| key.0.to_vec()).unwrap_or_default())
        .execute(&mut *writing.connection)
        .await?;
    end_what_clients_opened(writing, account, now).await
}

/// Ends what clients opened by the secret of an account, where it has one; what they typed is known on.
pub(super) async fn end_what_clients_opened(
    writing: &mut Writing<'_>,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), WriteError> {
    let row = query(rows::memorised_secrets::OF_ACCOUNT)
        .bind(&account.0)
        .bind(1_i64)
        .fetch_optional(&mut *writing.connection)
        .await?;
    if let Some(row) = row {
        let before = rows::memorised_secrets::record(&row)?;
        end_secret(writing, &before.id, now).await?;
    }
    Ok(())
}

/// Ends what rests on a secret that clients type with a code; what they typed is known on.
pub(super) async fn end_secret(
    writing: &mut Writing<'_>,
    secret: &CredentialId,
    now: Timestamp,
) -> Result<(), WriteError> {
    query(rows::session_grants::END_OF_SECRET)
        .bind(&secret.0)
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    revocations::end_credential(writing, secret).await
}

struct Set {
    new: New,
    event: Event,
}

#[async_trait]
impl Write for Set {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        self.new.set(writing).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}

struct SetFirst {
    new: New,
    event: Event,
    told: Waiting,
}

#[async_trait]
impl Write for SetFirst {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let New { record, sealed } = &self.new;
        let set = query(rows::memorised_secrets::SET_FIRST)
            .bind(&record.account.0)
            .bind(&record.id.0)
            .bind(record.set.as_microsecond())
            .bind(sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        if set.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        query(rows::invitations::END_OF_ACCOUNT)
            .bind(&record.account.0)
            .execute(&mut *writing.connection)
            .await?;
        query(rows::memorised_secrets::FORGIVE)
            .bind(&record.account.0)
            .execute(&mut *writing.connection)
            .await?;
        self.told.add(writing).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Remove {
    account: AccountId,
    event: Event,
}

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        end_what_rests_on(writing, (&self.account, None), self.event.at).await?;
        let removed = query(rows::memorised_secrets::REMOVE)
            .bind(&self.account.0)
            .execute(&mut *writing.connection)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

struct Disown {
    account: AccountId,
    but: Option<HandleKey>,
    event: Event,
    keys: Arc<KeyFile>,
}

#[async_trait]
impl Write for Disown {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let now = self.event.at;
        end_what_rests_on(writing, (&self.account, self.but), now).await?;
        let row = query(rows::memorised_secrets::OF_ACCOUNT)
            .bind(&self.account.0)
            .bind(1_i64)
            .fetch_optional(&mut *writing.connection)
            .await?;
        let stored = row
            .as_ref()
            .map(|row| opened(row, &self.keys))
            .transpose()?;
        if let Some(stored) = stored.and_then(StoredMemorisedSecret::standing) {
            let disowned = MemorisedSecret {
                disowned: Some(now),
                ..stored.record
            };
            let place = rows::memorised_secrets::place(&disowned);
            let sealed = self.keys.seal(&place, &stored.hash)?;
            query(rows::memorised_secrets::DISOWN)
                .bind(&disowned.account.0)
                .bind(&disowned.id.0)
                .bind(now.as_microsecond())
                .bind(sealed.as_bytes().to_vec())
                .execute(&mut *writing.connection)
                .await?;
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}

struct Reserve(SecretPlace);

#[async_trait]
impl Write for Reserve {
    type Output = Room;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Room>, WriteError> {
        let Self(place) = self;
        let known = match &place.tried {
            Some(tried) => secret_verdicts::known(writing, place, tried).await?,
            None => None,
        };
        let (kind, name) = rows::counters::subject_key(&place.subject);
        let in_a_row = place.budget.in_a_row().map_or(i64::MAX, i64::from);
        if let Some(is_right) = known {
            // SECURITY: what is known takes no place, and is not told either where there is none.
            let full = query(rows::memorised_secrets::FULL)
                .bind(kind)
                .bind(name)
                .bind(rows::memorised_secrets::budget_text(place))
                .bind(place.window_start.as_microsecond())
                .bind(i64::from(MAX_IN_WINDOW))
                .bind(in_a_row)
                .fetch_all(&mut *writing.connection)
                .await?;
            return Ok(Done::Keep(match full.is_empty() {
                true => Room::Known { is_right },
                false => Room::Full,
            }));
        }
        if let Some(session) = place.session {
            let taken = query(rows::sessions::GUESS)
                .bind(session.0.to_vec())
                .bind(i64::from(MAX_IN_A_SESSION))
                .execute(&mut *writing.connection)
                .await?;
            if taken.rows_affected() == 0 {
                return Ok(Done::Keep(Room::Full));
            }
        }
        let taken = query(rows::memorised_secrets::RESERVE)
            .bind(kind)
            .bind(name)
            .bind(rows::memorised_secrets::budget_text(place))
            .bind(place.window_start.as_microsecond())
            .bind(place.now.as_microsecond())
            .bind(i64::from(MAX_IN_WINDOW))
            .bind(in_a_row)
            .execute(&mut *writing.connection)
            .await?;
        Ok(match taken.rows_affected() {
            // The place that was taken of the session is given back; where there is none, nothing was written.
            0 if place.session.is_some() => Done::Undo(Room::Full),
            0 => Done::Keep(Room::Full),
            _ => Done::Keep(Room::Taken),
        })
    }
}

/// Gives a place back, and forgets those in a row.
pub(super) async fn give_back(
    writing: &mut Writing<'_>,
    place: &SecretPlace,
) -> Result<(), WriteError> {
    let (kind, name) = rows::counters::subject_key(&place.subject);
    query(rows::memorised_secrets::GIVE_BACK)
        .bind(kind)
        .bind(name)
        .bind(rows::memorised_secrets::budget_text(place))
        .bind(place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}

/// Takes back a place that was taken for what is no guess; those in a row stay.
pub(super) async fn take_back(
    writing: &mut Writing<'_>,
    place: &SecretPlace,
) -> Result<(), WriteError> {
    let (kind, name) = rows::counters::subject_key(&place.subject);
    query(rows::memorised_secrets::TAKE_BACK)
        .bind(kind)
        .bind(name)
        .bind(rows::memorised_secrets::budget_text(place))
        .bind(place.now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}
