//! The port [`UsedAssertions`] on a database.

use async_trait::async_trait;
use authn::ports::Unavailable;
use jiff::Timestamp;
use sts::ports::{AssertionKey, UsedAssertions};

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl UsedAssertions for Store {
    async fn take_assertion(
        &self,
        assertion: &AssertionKey,
        (now, ends): (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        self.forget_where_due(now).await;
        self.0.writer.submit(Take(*assertion, ends)).await
    }
}

struct Take(AssertionKey, Timestamp);

#[async_trait]
impl Write for Take {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let Self(assertion, ends) = self;
        let taken = query(rows::used_assertions::TAKE)
            .bind(assertion.as_bytes().to_vec())
            .bind(ends.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(taken.rows_affected() > 0))
    }
}
