//! The port [`SecondFactors`] on a database, and what a settlement notes by the same statement.

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::place::Method;
use authn::ports::{SecondFactors, Unavailable};
use jiff::Timestamp;

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl SecondFactors for Store {
    async fn note_second_factor(
        &self,
        account: &AccountId,
        method: Method,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let account = account.clone();
        let noting = Noting {
            account,
            method,
            event,
        };
        self.0.writer.submit(noting).await
    }
}

struct Noting {
    account: AccountId,
    method: Method,
    event: Event,
}

#[async_trait]
impl Write for Noting {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        if !note(writing, (&self.account, self.method), self.event.at).await? {
            return Ok(Done::Undo(false));
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(true))
    }
}

/// Notes what was proved, within whatever is being written; `false` where there is no such account.
pub(super) async fn note(
    writing: &mut Writing<'_>,
    (account, method): (&AccountId, Method),
    at: Timestamp,
) -> Result<bool, WriteError> {
    let noted = query(rows::second_factors::NOTE)
        .bind(&account.0)
        .bind(method.as_str())
        .bind(at.as_microsecond())
        .execute(&mut *writing.connection)
        .await?;
    Ok(noted.rows_affected() > 0)
}
