//! The port [`DirectoryCopy`] on a database.

use async_trait::async_trait;
use authn::audit::Event;
use authn::directory::Step;
use authn::ports::{DirectoryCopy, NameTaken, Unavailable};
use authn::revocation::Revoked;
use jiff::Timestamp;
use proto::secret::Secret;

use super::accounts::{described, lead_names};
use super::revocations;
use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::rows::directory::Password;
use crate::seal::Sealed;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl DirectoryCopy for Store {
    async fn keep(&self, steps: Vec<Step>) -> Result<Result<(), NameTaken>, Unavailable> {
        self.0.writer.submit(Keep(steps)).await
    }

    async fn was_read(&self, at: Timestamp) -> Result<(), Unavailable> {
        self.0.writer.submit(WasRead(at)).await
    }

    async fn last_read(&self) -> Result<Option<Timestamp>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::directory::LAST_READ)
            .bind(rows::directory::ROW)
            .fetch_optional(&mut connection)
            .await;
        row.and_then(|row| row.as_ref().map(rows::directory::read_at).transpose())
            .map_err(|error| self.failed(&error))
    }

    async fn set_password(
        &self,
        account: &str,
        password: &Secret<String>,
        event: Event,
    ) -> Result<(), Unavailable> {
        let secret = Password(password.clone());
        let sealed = self
            .0
            .keys
            .seal(&rows::directory::place(account), &secret)?;
        let account = account.to_owned();
        let set = SetPassword {
            account,
            sealed,
            event,
        };
        self.0.writer.submit(set).await
    }

    async fn password(&self, account: &str) -> Result<Option<Secret<String>>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::directory::PASSWORD)
            .bind(account)
            .fetch_optional(&mut connection)
            .await;
        let sealed = row.and_then(|row| row.as_ref().map(rows::directory::password).transpose());
        let Some(sealed) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let place = rows::directory::place(account);
        let Password(password) = self.0.keys.unseal(&place, &sealed)?;
        Ok(Some(password))
    }
}

struct Keep(Vec<Step>);

#[async_trait]
impl Write for Keep {
    type Output = Result<(), NameTaken>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let mut kept = Vec::new();
        for step in &self.0 {
            let followed = described(query(rows::accounts::FOLLOW), &step.account)
                .bind(rows::accounts::standing_text(step.before))
                .execute(&mut *writing.connection)
                .await?;
            if followed.rows_affected() == 1 {
                kept.push(step);
            }
        }
        // All names first: people may have changed theirs with one another.
        let renamed = || kept.iter().filter(|step| step.is_renamed);
        for step in renamed() {
            query(rows::accounts::DROP_NAMES)
                .bind(&step.account.id.0)
                .execute(&mut *writing.connection)
                .await?;
        }
        for step in renamed() {
            if let Err(taken) = lead_names(writing, &step.account).await? {
                return Ok(Done::Undo(Err(taken)));
            }
        }
        for step in &kept {
            revocations::drop_of_inactive(writing, &step.account.id).await?;
            if step.ends {
                let id = step.account.id.clone();
                revocations::note(writing, &Revoked::Account(id)).await?;
            }
        }
        let events = kept.iter().flat_map(|step| step.events.iter().cloned());
        writing.append(events.collect())?;
        Ok(Done::Keep(Ok(())))
    }
}

struct WasRead(Timestamp);

#[async_trait]
impl Write for WasRead {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::directory::WAS_READ)
            .bind(rows::directory::ROW)
            .bind(self.0.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(()))
    }
}

struct SetPassword {
    account: String,
    sealed: Sealed<Password>,
    event: Event,
}

#[async_trait]
impl Write for SetPassword {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::directory::FORGET_PASSWORDS)
            .execute(&mut *writing.connection)
            .await?;
        query(rows::directory::WRITE_PASSWORD)
            .bind(&self.account)
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}
