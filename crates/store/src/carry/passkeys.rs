//! What is carried of passkeys: one that was removed after a backup was made stays away, and what its device counted to
//! since is not forgotten.

use std::collections::BTreeMap;

use authn::audit::{ByHand, Event, Kind, PasskeyAct};
use authn::credential::CredentialId;

use crate::engine::{Connection, Row, query};
use crate::ports::passkeys;
use crate::rows;
use crate::seal::KeyFile;
use crate::writer::WriteError;

/// The passkeys of the store that is to be replaced, where they open with its keys: what their devices counted to.
pub(super) type Passkeys = BTreeMap<CredentialId, u32>;

/// Reads them.
pub(super) async fn read(
    connection: &mut Connection,
    keys: &KeyFile,
) -> Result<Passkeys, WriteError> {
    let mut known = Passkeys::new();
    for row in &list(connection).await? {
        match passkeys::opened(row, keys) {
            Ok(stored) => known.insert(stored.record.id, stored.record.counter),
            Err(WriteError::Unavailable(_)) => None,
            Err(error) => return Err(error),
        };
    }
    Ok(known)
}

/// Lays them upon a prepared store; gives the events that say what was removed.
pub(super) async fn carry(
    connection: &mut Connection,
    known: &Passkeys,
    by: &ByHand,
) -> Result<Vec<Event>, WriteError> {
    let mut events = Vec::new();
    for row in &list(&mut *connection).await? {
        let record = rows::passkeys::record(row)?;
        if let Some(counter) = known.get(&record.id) {
            query(rows::passkeys::CARRY)
                .bind(&record.id.0)
                .bind(i64::from(*counter))
                .execute(&mut *connection)
                .await?;
            continue;
        }
        query(rows::passkeys::REMOVE)
            .bind(&record.id.0)
            .bind(&record.account.0)
            .execute(&mut *connection)
            .await?;
        let kind = Kind::Passkey {
            passkey: record.id,
            act: PasskeyAct::Removed,
        };
        events.push(Event::by_hand(by, kind, Some(record.account)));
    }
    Ok(events)
}

async fn list(connection: &mut Connection) -> Result<Vec<Row>, sqlx::Error> {
    query(rows::passkeys::LIST).fetch_all(connection).await
}
