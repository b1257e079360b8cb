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
        times: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        take(self, *assertion.as_bytes(), times).await
    }
}

/// Takes what is known by these bytes, whoever issued it and for whom.
pub(super) async fn take(
    store: &Store,
    known_by: [u8; 32],
    (now, ends): (Timestamp, Timestamp),
) -> Result<bool, Unavailable> {
    store.forget_where_due(now).await;
    store.0.writer.submit(Take(known_by, ends)).await
}

struct Take([u8; 32], Timestamp);

#[async_trait]
impl Write for Take {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let Self(known_by, ends) = self;
        let taken = query(rows::used_assertions::TAKE)
            .bind(known_by.to_vec())
            .bind(ends.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(taken.rows_affected() > 0))
    }
}
