//! The port [`NtlmPins`] on a database; PINs go in and out sealed.

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::grant::Grant;
use authn::credential::ntlm_pin::{MAX_BEFORE, NtlmPin, Pin, StoredNtlmPin};
use authn::lockout::Subject;
use authn::ports::{NtlmPins, Succeeded, Unavailable};
use jiff::Timestamp;

use super::memorised_secrets::end_secret;
use crate::Store;
use crate::engine::{Row, query};
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl NtlmPins for Store {
    async fn ntlm_pin(&self, subject: &Subject) -> Result<Option<StoredNtlmPin>, Unavailable> {
        let found = self.rows_of(rows::ntlm_pins::OF_ACCOUNT, subject).await?;
        let stored = found.first().map(|row| opened(row, &self.0.keys));
        stored.transpose().map_err(|error| self.unread(error))
    }

    async fn typed_before(&self, subject: &Subject) -> Result<Vec<Grant>, Unavailable> {
        let is_account = matches!(subject, Subject::Account(_));
        let (_, name) = rows::counters::subject_key(subject);
        let mut connection = self.reader().await?;
        let found = query(rows::session_grants::LATEST_OF_ACCOUNT)
            .bind(name)
            .bind(i64::from(is_account))
            .bind(i64::from(MAX_BEFORE))
            .fetch_all(&mut connection)
            .await;
        let grants = found.and_then(|rows| rows.iter().map(rows::session_grants::grant).collect());
        grants.map_err(|error| self.failed(&error))
    }

    async fn set_ntlm_pin(&self, pin: &StoredNtlmPin, event: Event) -> Result<(), Unavailable> {
        let record = pin.record.clone();
        let sealed = self
            .0
            .keys
            .seal(&rows::ntlm_pins::place(&record), &pin.pin)?;
        let set = Set {
            record,
            sealed,
            event,
        };
        self.0.writer.submit(set).await
    }

    async fn remove_ntlm_pin(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let account = account.clone();
        self.0.writer.submit(Remove { account, event }).await
    }
}

/// Reads a row and opens its PIN, which proves what the row says.
fn opened(row: &Row, keys: &KeyFile) -> Result<StoredNtlmPin, WriteError> {
    let record = rows::ntlm_pins::record(row)?;
    let sealed = rows::ntlm_pins::pin(row)?;
    let pin = keys.unseal(&rows::ntlm_pins::place(&record), &sealed)?;
    Ok(StoredNtlmPin { record, pin })
}

/// Notes that a PIN was used, where it is what was proved and stands.
pub(super) async fn note_use(
    writing: &mut Writing<'_>,
    succeeded: &Succeeded,
    now: Timestamp,
) -> Result<bool, WriteError> {
    let used = query(rows::ntlm_pins::USED)
        .bind(&succeeded.account.0)
        .bind(&succeeded.credential.0)
        .bind(now.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(used.rows_affected() > 0)
}

/// Ends what was opened by the PIN of an account, where it has one; what was typed is known on.
async fn end_what_rests_on(
    writing: &mut Writing<'_>,
    account: &AccountId,
    now: Timestamp,
) -> Result<(), WriteError> {
    let row = query(rows::ntlm_pins::OF_ACCOUNT)
        .bind(&account.0)
        .bind(1_i64)
        .fetch_optional(&mut *writing.connection)
        .await?;
    if let Some(row) = row {
        let before = rows::ntlm_pins::record(&row)?;
        end_secret(writing, &before.id, now).await?;
    }
    Ok(())
}

struct Set {
    record: NtlmPin,
    sealed: Sealed<Pin>,
    event: Event,
}

#[async_trait]
impl Write for Set {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let NtlmPin {
            id, account, set, ..
        } = &self.record;
        end_what_rests_on(writing, account, *set).await?;
        query(rows::ntlm_pins::SET)
            .bind(&account.0)
            .bind(&id.0)
            .bind(set.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        query(rows::ntlm_pins::FORGIVE)
            .bind(&account.0)
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
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
        end_what_rests_on(writing, &self.account, self.event.at).await?;
        let removed = query(rows::ntlm_pins::REMOVE)
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
