//! What is carried of spare codes: one that was used, or that ended in another's place, after a backup was made is not
//! good again.

use std::collections::BTreeMap;

use authn::credential::CredentialId;

use crate::engine::{Connection, Row, query};
use crate::ports::spare_codes;
use crate::rows;
use crate::seal::KeyFile;
use crate::writer::WriteError;

/// The codes of the store that is to be replaced, where they open with its keys: how often each may still be used.
pub(super) type SpareCodes = BTreeMap<CredentialId, u32>;

/// Reads them.
pub(super) async fn read(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<SpareCodes, WriteError> {
    let mut known = SpareCodes::new();
    for row in &list(connection).await? {
        match spare_codes::opened(row, keys) {
            Ok(stored) => known.insert(stored.record.id, stored.record.uses),
            Err(WriteError::Unavailable(_)) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(known)
}

/// Lays them upon a prepared store.
pub(super) async fn carry(
    connection: &mut Connection,
    known: &SpareCodes,
) -> Result<(), WriteError> {
    for row in &list(&mut *connection).await? {
        let record = rows::spare_codes::record(row)?;
        let carried = match known.get(&record.id) {
            Some(uses) => query(rows::spare_codes::CARRY)
                .bind(&record.id.0)
                .bind(i64::from(*uses)),
            None => query(rows::spare_codes::REMOVE).bind(&record.id.0),
        };
        carried.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn list(connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
    query(rows::spare_codes::LIST).fetch_all(connection).await
}
