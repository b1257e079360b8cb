//! From one key of the key file to another: everything that another key sealed is sealed by the first line's, while gates run.
//!
//! INVARIANT: each part is one transaction, and a value is replaced only where it is what was opened. Whoever is killed in the
//! middle loses nothing and begins again where they were; a value that does not open stays as it is and is named. What
//! says whose the store is goes behind all other values. Start at [`Store::reseal`].

mod columns;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use authn::audit::{ByHand, Event, Kind};
use authn::ports::{Follower, Unavailable};
use sqlx::AssertSqlSafe;

use columns::{COLUMNS, Column, Holds};

use crate::Store;
use crate::engine::{Connection, Query, Row, query};
use crate::ports::audit;
use crate::rows;
use crate::seal::{KeyFile, SealedHead, beginning};
use crate::writer::{Done, Write, WriteError, Writing};

/// How many values are one transaction.
const TOGETHER: i64 = 100;
/// How many of them are one transaction where a set is sealed as a whole; more than anybody has.
const SET: i64 = 1_000_000;
/// How long a transaction may take.
const DEADLINE: Duration = Duration::from_secs(60);
/// The tables of the audit trail whose ends are sealed.
const ENDS: [&str; 3] = ["audit_head", "audit_beginning", "audit_readers"];

/// What a key seals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// Its id; nothing for all keys that the key file lacks.
    pub key: Option<String>,
    /// How many values it seals, by table; tables with none are left out.
    pub seals: BTreeMap<String, i64>,
}

/// What was sealed anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// The id of the key that seals it by now.
    pub key: String,
    /// How many values, by table.
    pub tables: BTreeMap<String, i64>,
    /// What does not open, and stays as it is: the reason for each.
    pub unopened: Vec<String>,
}

impl Store {
    /// What each key of the key file seals, in the order of the file, and what keys seal that it lacks.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub async fn sealed_by(&self) -> Result<Vec<KeyUse>, Unavailable> {
        let mut reader = self.reader().await?;
        let uses = uses(&mut reader, &self.0.keys.ids()).await;
        uses.map_err(|error| self.failed(&error))
    }

    /// Seals by the first key of the key file whatever another one seals, part by part; `told` hears of each part the
    /// table and how many values of it are done.
    ///
    /// # Errors
    ///
    /// The store is unavailable, or somebody wrote into a set without its key; what was done stays done.
    pub async fn reseal(
        &self,
        by: &ByHand,
        told: impl Fn(&str, i64),
    ) -> Result<Resealed, Unavailable> {
        let mut resealed = Resealed {
            key: self.0.keys.current_id(),
            tables: BTreeMap::new(),
            unopened: Vec::new(),
        };
        for column in &COLUMNS {
            let (mut done, mut left_out) = (0_i64, 0);
            loop {
                let part = Part { column, left_out };
                let part = self.0.writer.submit_within(part, DEADLINE).await?;
                done = done.saturating_add(part.sealed);
                left_out = left_out.saturating_add(rows_of(&part.unopened));
                resealed.unopened.extend(part.unopened);
                told(column.table, done);
                if part.is_last {
                    break;
                }
            }
            if done > 0 {
                resealed.tables.insert(column.table.to_owned(), done);
            }
        }
        let event = Event::by_hand(
            by,
            Kind::StoreResealed {
                key: resealed.key.clone(),
            },
            None,
        );
        self.0.writer.submit(Ends { event }).await?;
        Ok(resealed)
    }
}

fn rows_of(unopened: &[String]) -> i64 {
    i64::try_from(unopened.len()).unwrap_or(i64::MAX)
}

async fn uses(connection: &mut Connection, ids: &[String]) -> Result<Vec<KeyUse>, sqlx::Error> {
    let none = |key| KeyUse {
        key,
        seals: BTreeMap::new(),
    };
    let mut known: Vec<KeyUse> = ids.iter().map(|id| none(Some(id.clone()))).collect();
    let mut unread = none(None);
    let columns = COLUMNS.iter().map(Counted::Column);
    for counted in columns.chain(ENDS.iter().map(|table| Counted::End(table))) {
        let table = counted.table();
        let mut left = count(connection, counted.all()).await?;
        for (id, known) in ids.iter().zip(&mut known) {
            let found = count(connection, counted.by(id)).await?;
            left = left.saturating_sub(found);
            if found > 0 {
                known.seals.insert(table.to_owned(), found);
            }
        }
        if left > 0 {
            unread.seals.insert(table.to_owned(), left);
        }
    }
    if !unread.seals.is_empty() {
        known.push(unread);
    }
    Ok(known)
}

/// Where seals are counted.
enum Counted {
    Column(&'static Column),
    End(&'static str),
}

impl Counted {
    fn table(&self) -> &'static str {
        match self {
            Self::Column(column) => column.table,
            Self::End(table) => table,
        }
    }

    fn all(&self) -> Query {
        Query::of(AssertSqlSafe(match self {
            Self::Column(column) => column.all(),
            Self::End(table) => {
                format!("SELECT COUNT(*) AS count FROM {table} WHERE sealed_with IS NOT NULL")
            }
        }))
    }

    fn by(&self, id: &str) -> Query {
        match self {
            Self::Column(column) => Query::of(AssertSqlSafe(column.by(id))).bind(beginning(id)),
            Self::End(table) => {
                let text = format!("SELECT COUNT(*) AS count FROM {table} WHERE sealed_with = $1");
                Query::of(AssertSqlSafe(text)).bind(id)
            }
        }
    }
}

async fn count(connection: &mut Connection, counting: Query) -> Result<i64, sqlx::Error> {
    counting.fetch_one(connection).await?.try_get("count")
}

/// Some values of a column, behind those that did not open.
struct Part {
    column: &'static Column,
    left_out: i64,
}

/// What became of them.
struct Sealing {
    sealed: i64,
    unopened: Vec<String>,
    is_last: bool,
}

#[async_trait]
impl Write for Part {
    type Output = Sealing;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Sealing>, WriteError> {
        let (column, keys) = (self.column, writing.keys());
        // SECURITY: a set that somebody wrote into is not sealed anew.
        let set = match column.set {
            None => None,
            Some(set) => Some((set, writing.set(set).await?)),
        };
        let together = if set.is_some() { SET } else { TOGETHER };
        let id = keys.current_id();
        let found = Query::of(AssertSqlSafe(column.others(&id)))
            .bind(beginning(&id))
            .bind(together)
            .bind(self.left_out)
            .fetch_all(&mut *writing.connection)
            .await?;
        let mut part = Sealing {
            sealed: 0,
            unopened: Vec::new(),
            is_last: i64::try_from(found.len()).is_ok_and(|found| found < together),
        };
        for row in &found {
            writing.goes_on();
            match (column.again)(row, keys) {
                Ok(again) => {
                    replace(writing, column, row, again).await?;
                    part.sealed = part.sealed.saturating_add(1);
                }
                Err(WriteError::Unavailable(unopened)) => part.unopened.push(unopened.detail),
                Err(error) => return Err(error),
            }
        }
        if let Some((set, sealed)) = set.filter(|_| part.sealed > 0) {
            writing.seal_set(set, sealed.revision).await?;
        }
        Ok(Done::Keep(part))
    }
}

async fn replace(
    writing: &mut Writing<'_>,
    column: &Column,
    row: &Row,
    again: Vec<u8>,
) -> Result<(), WriteError> {
    let before: Vec<u8> = row.try_get(column.column)?;
    let mut replacing = Query::of(AssertSqlSafe(column.replaced()))
        .bind(again)
        .bind(before);
    for (name, holds) in column.keys {
        replacing = match holds {
            Holds::Text => replacing.bind(row.try_get::<String>(name)?),
            Holds::Bytes => replacing.bind(row.try_get::<Vec<u8>>(name)?),
        };
    }
    let replaced = replacing.execute(&mut *writing.connection).await?;
    match replaced.rows_affected() {
        1 => Ok(()),
        _ => Err(crate::unavailable("a value changed while it was sealed anew").into()),
    }
}

/// The ends of the trail; the head itself is sealed with the event.
struct Ends {
    event: Event,
}

#[async_trait]
impl Write for Ends {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let keys = writing.keys();
        let removed = audit::removed(&mut *writing.connection, keys).await?;
        if removed.number > 0 {
            let sealed = keys.seal_beginning(removed);
            query(rows::audit_beginning::WRITE)
                .bind(removed.number)
                .bind(removed.hash.to_vec())
                .bind(sealed.key)
                .bind(sealed.mac)
                .execute(&mut *writing.connection)
                .await?;
        }
        for follower in [Follower::Collector, Follower::Watch] {
            place(&mut *writing.connection, keys, (follower, removed.number)).await?;
        }
        writing.append(vec![self.event.clone()])?;
        Ok(Done::Keep(()))
    }
}

/// Seals anew up to which event a follower has the trail; what is not believed is left to the follower, who begins anew.
async fn place(
    connection: &mut Connection,
    keys: &KeyFile,
    (follower, removed): (Follower, i64),
) -> Result<(), WriteError> {
    let id = rows::audit_readers::id(follower);
    let row = query(rows::audit_readers::READ).bind(id);
    let Some(row) = row.fetch_optional(&mut *connection).await? else {
        return Ok(());
    };
    let believed = rows::audit_readers::place(&row, (follower, removed), keys)?;
    if believed.is_none_or(|number| number == 0) {
        return Ok(());
    }
    let SealedHead { head, key, mac } = keys.seal_place(id, rows::audit_readers::reached(&row)?);
    query(rows::audit_readers::SEAL_AGAIN)
        .bind(id)
        .bind(head.number)
        .bind(key)
        .bind(mac)
        .execute(connection)
        .await?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
