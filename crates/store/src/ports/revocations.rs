//! The port [`Revocations`] on a database; they are written by whoever revokes, in its transaction.

use async_trait::async_trait;
use authn::account::AccountId;
use authn::credential::CredentialId;
use authn::ports::{Revocations, Unavailable};
use authn::revocation::{Revocation, Revoked};

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{WriteError, Writing};

#[async_trait]
impl Revocations for Store {
    async fn since(&self, number: i64, count: u32) -> Result<Vec<Revocation>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::revocations::SINCE)
            .bind(number)
            .bind(i64::from(count))
            .fetch_all(&mut connection)
            .await;
        found
            .and_then(|rows| rows.iter().map(rows::revocations::revocation).collect())
            .map_err(|error| self.failed(&error))
    }

    async fn last(&self) -> Result<i64, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::revocations::LAST)
            .fetch_one(&mut connection)
            .await;
        row.and_then(|row| row.try_get("number"))
            .map_err(|error| self.failed(&error))
    }
}

/// Drops what rests on a credential or a token, and notes that it was revoked.
pub(super) async fn end_credential(
    writing: &mut Writing<'_>,
    id: &CredentialId,
) -> Result<(), WriteError> {
    for statement in [
        rows::tickets::REVOKE_OF_CREDENTIAL,
        rows::session_grants::DROP_OF_CREDENTIAL,
    ] {
        query(statement)
            .bind(&id.0)
            .execute(&mut *writing.connection)
            .await?;
    }
    note(writing, &Revoked::Credential(id.clone())).await
}

/// Drops what rests on an account, unless it may sign in.
pub(super) async fn drop_of_inactive(
    writing: &mut Writing<'_>,
    id: &AccountId,
) -> Result<(), WriteError> {
    for statement in [
        rows::tickets::REVOKE_OF_INACTIVE_ACCOUNT,
        rows::session_grants::DROP_OF_INACTIVE_ACCOUNT,
        rows::sessions::DROP_OF_INACTIVE_ACCOUNT,
    ] {
        query(statement)
            .bind(&id.0)
            .execute(&mut *writing.connection)
            .await?;
    }
    Ok(())
}

/// Notes what was revoked.
pub(super) async fn note(writing: &mut Writing<'_>, what: &Revoked) -> Result<(), WriteError> {
    let (account, credential) = rows::revocations::columns(what);
    query(rows::revocations::ADD)
        .bind(account)
        .bind(credential)
        .execute(&mut *writing.connection)
        .await?;
    Ok(())
}
