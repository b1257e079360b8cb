//! The port [`ApiTokens`] on a database; what a token may do goes in and out sealed.

use async_trait::async_trait;
use authn::admin::api_tokens::ApiToken;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::handle::HandleKey;
use authn::ports::{ApiTokens, Unavailable};

use crate::Store;
use crate::engine::{Row, query};
use crate::rows;
use crate::seal::Sealed;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl ApiTokens for Store {
    async fn add_api_token(
        &self,
        key: HandleKey,
        token: &ApiToken,
        event: Event,
    ) -> Result<(), Unavailable> {
        let sealed = self.0.keys.seal(&rows::api_tokens::place(key), token)?;
        let add = Add {
            key,
            token: token.clone(),
            sealed,
            event,
        };
        self.0.writer.submit(add).await
    }

    async fn api_token(&self, key: HandleKey) -> Result<Option<ApiToken>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::api_tokens::FIND)
            .bind(key.0.to_vec())
            .fetch_optional(&mut connection)
            .await;
        let row = row.map_err(|error| self.failed(&error))?;
        row.as_ref().map(|row| self.opened(row)).transpose()
    }

    async fn api_tokens(&self) -> Result<Vec<ApiToken>, Unavailable> {
        let mut connection = self.reader().await?;
        let rows = query(rows::api_tokens::LIST)
            .fetch_all(&mut connection)
            .await;
        let rows = rows.map_err(|error| self.failed(&error))?;
        rows.iter().map(|row| self.opened(row)).collect()
    }

    async fn remove_api_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable> {
        let id = id.clone();
        self.0.writer.submit(Remove { id, event }).await
    }
}

impl Store {
    /// Opens what is sealed in a row, which proves all of it.
    fn opened(&self, row: &Row) -> Result<ApiToken, Unavailable> {
        let key = rows::api_tokens::key(row).map_err(|error| self.failed(&error))?;
        let sealed = rows::api_tokens::sealed(row).map_err(|error| self.failed(&error))?;
        let place = rows::api_tokens::place(key);
        self.0.keys.unseal(&place, &sealed)
    }
}

struct Add {
    key: HandleKey,
    token: ApiToken,
    sealed: Sealed<ApiToken>,
    event: Event,
}

#[async_trait]
impl Write for Add {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        query(rows::api_tokens::ADD)
            .bind(self.key.0.to_vec())
            .bind(&self.token.id.0)
            .bind(self.token.made.as_microsecond())
            .bind(self.sealed.as_bytes().to_vec())
            .execute(&mut *writing.connection)
            .await?;
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}

struct Remove {
    id: CredentialId,
    event: Event,
}

#[async_trait]
impl Write for Remove {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let removed = query(rows::api_tokens::REMOVE)
            .bind(&self.id.0)
            .execute(&mut *writing.connection)
            .await?;
        if removed.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}
