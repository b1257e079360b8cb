//! The port [`OwnPasswords`] on a database.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{OwnPasswords, Unavailable};
use proto::secret::Secret;

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::rows::own_passwords::Passwords;
use crate::seal::Sealed;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl OwnPasswords for Store {
    async fn keep_own(
        &self,
        account: &str,
        passwords: &[Secret<String>],
        event: Option<Event>,
    ) -> Result<(), Unavailable> {
        let place = rows::own_passwords::place(account);
        let sealed = match passwords {
            [] => None,
            some => Some(self.0.keys.seal(&place, &Passwords(some.to_vec()))?),
        };
        let account = account.to_owned();
        let keep = Keep {
            account,
            sealed,
            event,
        };
        self.0.writer.submit(keep).await
    }

    async fn own(&self, account: &str) -> Result<Vec<Secret<String>>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::own_passwords::READ)
            .bind(account)
            .fetch_optional(&mut connection)
            .await;
        let sealed = row.and_then(|row| {
            let sealed = row.as_ref().map(rows::own_passwords::passwords);
            sealed.transpose()
        });
        let Some(sealed) = sealed.map_err(|error| self.failed(&error))? else {
            return Ok(Vec::new());
        };
        let place = rows::own_passwords::place(account);
        let Passwords(passwords) = self.0.keys.unseal(&place, &sealed)?;
        Ok(passwords)
    }
}

struct Keep {
    account: String,
    sealed: Option<Sealed<Passwords>>,
    event: Option<Event>,
}

#[async_trait]
impl Write for Keep {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::own_passwords::FORGET)
            .bind(&self.account)
            .execute(&mut *writing.connection)
            .await?;
        if let Some(sealed) = &self.sealed {
            query(rows::own_passwords::WRITE)
                .bind(&self.account)
                .bind(sealed.as_bytes().to_vec())
                .execute(&mut *writing.connection)
                .await?;
        }
        writing.append(self.event.iter().cloned().collect())?;
        Ok(Done::Keep(()))
    }
}
