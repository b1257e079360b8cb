//! The port [`Credentials`] on a database; NT hashes go in and out sealed.

use std::sync::Arc;

use async_trait::async_trait;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::app_password::{AppPassword, AppPasswordHashes, StoredAppPassword};
use authn::lockout::Subject;
use authn::ports::{Credentials, Unavailable};
use jiff::Timestamp;

use super::revocations;
use crate::Store;
use crate::engine::{Connection, Row, query};
use crate::rows;
use crate::seal::{KeyFile, Sealed};
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl Credentials for Store {
    async fn app_passwords(
        &self,
        subject: &Subject,
    ) -> Result<Vec<StoredAppPassword>, Unavailable> {
        let found = self
            .rows_of(rows::app_passwords::OF_ACCOUNT, subject)
            .await?;
        let mut passwords = Vec::with_capacity(found.len());
        for row in &found {
            passwords.push(opened(row, &self.0.keys).map_err(|error| self.unread(error))?);
        }
        passwords.sort_by(|a, b| {
            (a.record.created, &a.record.id).cmp(&(b.record.created, &b.record.id))
        });
        Ok(passwords)
    }

    async fn add_app_password(
        &self,
        password: &StoredAppPassword,
        event: Event,
    ) -> Result<(), Unavailable> {
        let sealed = seal(&self.0.keys, &password.record, &password.hashes)?;
        self.0
            .writer
            .submit(Add {
                record: password.record.clone(),
                sealed,
                event,
            })
            .await
    }

    async fn app_password(&self, id: &CredentialId) -> Result<Option<AppPassword>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::app_passwords::BY_ID)
            .bind(&id.0)
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let stored = row.as_ref().map(|row| opened(row, &self.0.keys));
        let stored = stored.transpose().map_err(|error| self.unread(error))?;
        Ok(stored.map(|stored| stored.record))
    }

    async fn revoke_app_password(
        &self,
        id: &CredentialId,
        at: Timestamp,
        event: Event,
    ) -> Result<bool, Unavailable> {
        self.0
            .writer
            .submit(Revoke {
                id: id.clone(),
                at,
                event,
                keys: Arc::clone(&self.0.keys),
            })
            .await
    }
}

/// Reads a row and opens its hashes, which proves what the row says.
pub(crate) fn opened(row: &Row, keys: &KeyFile) -> Result<StoredAppPassword, WriteError> {
    let record = rows::app_passwords::record(row)?;
    let sealed = rows::app_passwords::hashes(row)?;
    let hashes = keys.unseal(&rows::app_passwords::place(&record), &sealed)?;
    Ok(StoredAppPassword { record, hashes })
}

fn seal(
    keys: &KeyFile,
    record: &AppPassword,
    hashes: &AppPasswordHashes,
) -> Result<Sealed<AppPasswordHashes>, Unavailable> {
    keys.seal(&rows::app_passwords::place(record), hashes)
}

struct Add {
    record: AppPassword,
    sealed: Sealed<AppPasswordHashes>,
    event: Event,
}

#[async_trait]
impl Write for Add {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let record = &self.record;
        let (last_used, last_used_from) = record.last_used.unzip();
        query(rows::app_passwords::ADD)
            .bind(&record.id.0)
            .bind(&record.account.0)
            .bind(&record.label)
            .bind(&record.device)
            .bind(rows::app_passwords::scope_text(&record.scope))
            .bind(record.created.as_microsecond())
            .bind(record.expires.map(Timestamp::as_microsecond))
            .bind(last_used.map(Timestamp::as_microsecond))
            .bind(last_used_from.map(|address| address.to_string()))
            .bind(&record.seen_device)
            .bind(record.revoked.map(Timestamp::as_microsecond))
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}

struct Revoke {
    id: CredentialId,
    at: Timestamp,
    event: Event,
    keys: Arc<KeyFile>,
}

#[async_trait]
impl Write for Revoke {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        if !revoke(&mut *writing.connection, &self.keys, (&self.id, self.at)).await? {
            return Ok(Done::Undo(false));
        }
        revocations::end_credential(writing, &self.id).await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

/// Marks an app password revoked and seals it anew in that state; `false` where there is none or it
/// was revoked already.
pub(crate) async fn revoke(
    connection: &mut Connection,
    keys: &KeyFile,
    (id, at): (&CredentialId, Timestamp),
) -> Result<bool, WriteError> {
    let row = query(rows::app_passwords::BY_ID)
        .bind(&id.0)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else { return Ok(false) };
    let StoredAppPassword { mut record, hashes } = opened(&row, keys)?;
    if record.revoked.is_some() {
        return Ok(false);
    }
    record.revoked = Some(at);
    let sealed = seal(keys, &record, &hashes)?;
    let revoked = query(rows::app_passwords::REVOKE)
        .bind(&id.0)
        .bind(at.as_microsecond())
        .bind(sealed.as_bytes().to_vec())
        .execute(&mut *connection)
        .await?;
    Ok(revoked.rows_affected() == 1)
}
