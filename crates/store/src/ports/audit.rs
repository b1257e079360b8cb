//! The port [`Audit`] on a database.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{Audit, ChainedEvent, Unavailable};
use sqlx::AssertSqlSafe;

use crate::chain::{BrokenTrail, Head};
use crate::engine::{Connection, Query, Row, query};
use crate::rows;
use crate::seal::KeyFile;
use crate::writer::{Done, Write, WriteError, Writing};
use crate::{Store, StoreError};

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

impl Store {
    /// Checks the whole trail, from the first event that is kept to its head, and says what the head is.
    ///
    /// # Errors
    ///
    /// The trail is not what was written, or the store is unavailable.
    pub async fn verify_trail(&self) -> Result<Head, StoreError> {
        let mut connection = self.0.database.to_examine().await?;
        let head = verify(&mut connection, &self.0.keys).await?;
        connection.close().await?;
        Ok(head)
    }

    /// Behind which event the kept trail begins, by its sealed record: number 0 where it is kept whole.
    ///
    /// # Errors
    ///
    /// The record was not sealed with our keys, or the store is unavailable.
    pub async fn trail_beginning(&self) -> Result<Head, StoreError> {
        let mut connection = self.0.database.to_examine().await?;
        let removed = removed(&mut connection, &self.0.keys).await?;
        connection.close().await?;
        Ok(removed)
    }

    /// Where the trail ends, by its sealed head alone: nothing before it is checked.
    ///
    /// # Errors
    ///
    /// There is no head that is sealed with our keys, or the store is unavailable.
    pub async fn trail_end(&self) -> Result<Head, StoreError> {
        let mut connection = self.0.database.to_examine().await?;
        let head = head(&mut connection, &self.0.keys).await?;
        connection.close().await?;
        Ok(head)
    }
}

/// Checks a whole trail and says what its head is.
///
/// # Errors
///
/// An event was changed, taken out or put in, or the head is not the end of it.
pub(crate) async fn verify(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Head, StoreError> {
    // Others may append meanwhile; what is read in one transaction is of one moment.
    connection.begin_reading().await?;
    let head = verify_moment(connection, keys).await?;
    connection.rollback().await?;
    Ok(head)
}

/// As [`verify`], in a transaction that was begun.
pub(crate) async fn verify_moment(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Head, StoreError> {
    let head = head(connection, keys).await?;
    let removed = removed(connection, keys).await?;
    let mut chain = removed.chain();
    // SECURITY: from the lowest number there can be, so that nothing stands before the first.
    let mut first = i64::MIN;
    loop {
        let page = rows_from(connection, first, PAGE).await?;
        let Some(begins) = page.first() else {
            break;
        };
        if first == i64::MIN {
            begins_behind(removed, begins)?;
        }
        for row in &page {
            rows::audit::extend(&mut chain, row).map_err(BrokenTrail::from)?;
        }
        first = chain.length().saturating_add(1);
    }
    let number = chain.length();
    if number != head.number || chain.head() != head.hash {
        return Err(BrokenTrail::WrongHash { number }.into());
    }
    Ok(head)
}

/// Demands that this row is the first event behind those that were removed.
fn begins_behind(removed: Head, row: &Row) -> Result<(), StoreError> {
    let (first, expected) = (row.try_get("number")?, removed.number.saturating_add(1));
    match first == expected {
        true => Ok(()),
        false => Err(BrokenTrail::WrongBeginning { expected, first }.into()),
    }
}

/// Behind which event the trail begins, which must be sealed with these keys where it is not the first.
pub(crate) async fn removed(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Head, WriteError> {
    let row = query(rows::audit_beginning::READ)
        .fetch_optional(connection)
        .await?;
    match row {
        None => Ok(Head::EMPTY),
        Some(row) => Ok(rows::audit_beginning::beginning(&row, keys)??),
    }
}

async fn read(
    connection: &mut Connection,
    first: i64,
    count: u32,
) -> Result<Vec<ChainedEvent>, sqlx::Error> {
    let found = rows_from(connection, first, count).await?;
    found.iter().map(rows::audit::chained).collect()
}

pub(crate) async fn rows_from(
    connection: &mut Connection,
    first: i64,
    count: u32,
) -> Result<Vec<Row>, sqlx::Error> {
    query(rows::audit::READ)
        .bind(first)
        .bind(i64::from(count))
        .fetch_all(connection)
        .await
}

/// Appends events behind a head and says what the head is then.
pub(crate) async fn append(
    connection: &mut Connection,
    head: Head,
    events: Vec<Event>,
) -> Result<Head, WriteError> {
    let chained = head.link(events)?;
    for chained in &chained {
        bound(query(rows::audit::APPEND), chained)
            .execute(&mut *connection)
            .await?;
    }
    Ok(chained.last().map_or(head, |last| head.behind(last)))
}

/// Appends events that are linked, in few statements.
pub(crate) async fn append_linked(
    connection: &mut Connection,
    mut chained: &[ChainedEvent],
) -> Result<(), sqlx::Error> {
    for together in rows::audit::TOGETHER {
        while let Some((now, later)) = chained.split_at_checked(together) {
            let text = AssertSqlSafe(rows::audit::append(together));
            let statement = now.iter().fold(Query::of(text), bound);
            statement.execute(&mut *connection).await?;
            chained = later;
        }
    }
    Ok(())
}

fn bound(statement: Query, chained: &ChainedEvent) -> Query {
    statement
        .bind(chained.number)
        .bind(&chained.text)
        .bind(chained.previous.to_vec())
        .bind(chained.hash.to_vec())
        .bind(chained.event.account.as_ref().map(|id| &id.0))
}

/// Reads the head, which must be sealed with these keys and be the end of the trail.
pub(crate) async fn head(connection: &mut Connection, keys: &KeyFile) -> Result<Head, WriteError> {
    let row = query(rows::audit_head::READ)
        .fetch_optional(connection)
        .await?;
    let row = row.ok_or(BrokenTrail::NoHead)?;
    Ok(rows::audit_head::head(&row, keys)??)
}

/// Seals and writes the head, in the transaction that wrote the events before it.
pub(crate) async fn write_head(
    connection: &mut Connection,
    keys: &KeyFile,
    head: Head,
) -> Result<(), sqlx::Error> {
    let sealed = keys.seal_head(head);
    query(rows::audit_head::WRITE)
        .bind(head.number)
        .bind(head.hash.to_vec())
        .bind(sealed.key)
        .bind(sealed.mac)
        .bind(head.sets.map(|sets| sets.trusts.revision))
        .bind(head.sets.map(|sets| sets.trusts.digest.to_vec()))
        .bind(head.sets.map(|sets| sets.signing_keys.revision))
        .bind(head.sets.map(|sets| sets.signing_keys.digest.to_vec()))
        .execute(connection)
        .await?;
    Ok(())
}

struct Append(Vec<Event>);

#[async_trait]
impl Write for Append {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        writing.append(self.0.clone())?;
        Ok(Done::Keep(()))
    }
}
