//! The port [`Credentials`] on SQLite; NT hashes go in and out sealed.

use async_trait::async_trait;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::app_password::{AppPassword, AppPasswordHashes, StoredAppPassword};
use authn::lockout::Subject;
use authn::ports::{Credentials, Unavailable};
use authn::revocation::Revoked;
use jiff::Timestamp;

use super::writer::{Done, Write, WriteError, Writing};
use super::{Store, revocations};
use crate::rows;
use crate::seal::Sealed;

#[async_trait]
impl Credentials for Store {
    async fn app_passwords(
        &self,
        subject: &Subject,
    ) -> Result<Vec<StoredAppPassword>, Unavailable> {
        let is_account = matches!(subject, Subject::Account(_));
        let (_, name) = rows::counters::subject_key(subject);
        let mut connection = self.reader().await?;
        let found = sqlx::query(rows::app_passwords::OF_ACCOUNT)
            .bind(name)
            .bind(i64::from(is_account))
            .fetch_all(&mut *connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let mut passwords = Vec::with_capacity(found.len());
        for row in &found {
            let (record, sealed) = rows::app_passwords::record(row)
                .and_then(|record| Ok((record, rows::app_passwords::hashes(row)?)))
                .map_err(|error| self.failed(&error))?;
            let hashes = self.0.keys.unseal(&record.id.0, &sealed)?;
            passwords.push(StoredAppPassword { record, hashes });
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
        let sealed = self.0.keys.seal(&password.record.id.0, &password.hashes)?;
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
        let row = sqlx::query(rows::app_passwords::BY_ID)
            .bind(&id.0)
            .fetch_optional(&mut *connection)
            .await;
        row.and_then(|row| row.as_ref().map(rows::app_passwords::record).transpose())
            .map_err(|error| self.failed(&error))
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
            })
            .await
    }
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
        sqlx::query(rows::app_passwords::ADD)
            .bind(&record.id.0)
            .bind(&record.account.0)
            .bind(&record.label)
            .bind(&record.device)
            .bind(rows::app_passwords::scope_text(&record.scope))
            .bind(record.created.as_microsecond())
            .bind(record.expires.map(Timestamp::as_microsecond))
            .bind(last_used.map(Timestamp::as_microsecond))
            .bind(last_used_from.map(|address| address.to_string()))
            .bind(record.revoked.map(Timestamp::as_microsecond))
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()]).await?;
        Ok(Done::Keep(()))
    }
}

struct Revoke {
    id: CredentialId,
    at: Timestamp,
    event: Event,
}

#[async_trait]
impl Write for Revoke {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let revoked = sqlx::query(rows::app_passwords::REVOKE)
            .bind(&self.id.0)
            .bind(self.at.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        if revoked.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        sqlx::query(rows::tickets::DROP_OF_CREDENTIAL)
            .bind(&self.id.0)
            .execute(&mut *writing.connection)
            .await?;
        revocations::note(writing, &Revoked::Credential(self.id.clone())).await?;
        writing.append(vec![self.event.clone()]).await?;
        Ok(Done::Keep(true))
    }
}
