//! The port [`Audit`] on SQLite.

use async_trait::async_trait;
use authn::audit::{Chain, Event};
use authn::ports::{Audit, ChainedEvent, Unavailable};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::writer::{Done, Write, WriteError, Writing};
use super::{Store, StoreError};
use crate::chain::Head;
use crate::rows;

/// How many events are checked at a time.
const PAGE: u32 = 1_024;

#[async_trait]
impl Audit for Store {
    async fn append(&self, events: Vec<Event>) -> Result<(), Unavailable> {
        self.0.writer.submit(Append(events)).await
    }

    async fn read(&self, first: i64, count: u32) -> Result<Vec<ChainedEvent>, Unavailable> {
        let mut connection = self.reader().await?;
        read(&mut connection, first, count)
            .await
            .map_err(|error| self.failed(&error))
    }
}

/// Checks a whole chain and says how long it is.
///
/// # Errors
///
/// An event was changed, taken out or put in.
pub(super) async fn verify(connection: &mut SqliteConnection) -> Result<i64, StoreError> {
    let mut chain = Chain::default();
    loop {
        let page = rows_from(connection, chain.length().saturating_add(1), PAGE).await?;
        if page.is_empty() {
            return Ok(chain.length());
        }
        for row in &page {
            rows::audit::extend(&mut chain, row)?;
        }
    }
}

async fn read(
    connection: &mut SqliteConnection,
    first: i64,
    count: u32,
) -> Result<Vec<ChainedEvent>, sqlx::Error> {
    let found = rows_from(connection, first, count).await?;
    found.iter().map(rows::audit::chained).collect()
}

async fn rows_from(
    connection: &mut SqliteConnection,
    first: i64,
    count: u32,
) -> Result<Vec<SqliteRow>, sqlx::Error> {
    sqlx::query(rows::audit::READ)
        .bind(first)
        .bind(i64::from(count))
        .fetch_all(connection)
        .await
}

/// Appends events behind a head and says what the head is then.
pub(super) async fn append(
    connection: &mut SqliteConnection,
    head: Head,
    events: Vec<Event>,
) -> Result<Head, WriteError> {
    let chained = head.link(events)?;
    for chained in &chained {
        sqlx::query(rows::audit::APPEND)
            .bind(chained.number)
            .bind(&chained.text)
            .bind(chained.previous.to_vec())
            .bind(chained.hash.to_vec())
            .execute(&mut *connection)
            .await?;
    }
    Ok(chained.last().map_or(head, Head::of))
}

/// Reads the head of the chain.
pub(super) async fn head(connection: &mut SqliteConnection) -> Result<Head, sqlx::Error> {
    let row = sqlx::query(rows::audit::HEAD)
        .fetch_optional(connection)
        .await?;
    Ok(row
        .as_ref()
        .map(rows::audit::head)
        .transpose()?
        .unwrap_or(Head::EMPTY))
}

struct Append(Vec<Event>);

#[async_trait]
impl Write for Append {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        writing.append(self.0.clone()).await?;
        Ok(Done::Keep(()))
    }
}
