//! The numbers of changes, by which every node sees that there was one.

use authn::ports::Unavailable;

use crate::Store;
use crate::engine::{Connection, query};
use crate::rows;
use crate::writer::WriteError;

impl Store {
    /// The number of the last change of something; 0 where there was none.
    pub(super) async fn last_revision(&self, what: &str) -> Result<i64, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::revisions::LAST)
            .bind(what)
            .fetch_one(&mut connection)
            .await;
        row.and_then(|row| rows::revisions::number(&row))
            .map_err(|error| self.failed(&error))
    }
}

/// The number of a change that is being made.
pub(crate) async fn next(connection: &mut Connection, what: &str) -> Result<i64, WriteError> {
    let row = query(rows::revisions::NEXT)
        .bind(what)
        .fetch_one(&mut *connection)
        .await?;
    let number = rows::revisions::number(&row)?;
    query(rows::revisions::FORGET)
        .bind(what)
        .bind(number)
        .execute(&mut *connection)
        .await?;
    Ok(number)
}
