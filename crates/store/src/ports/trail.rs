//! The port [`Trail`] on a database.
//!
//! SECURITY: what is removed must be whole behind what was removed before, so that nobody's change is sealed away with it.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{Claim, Follower, MOST_REMOVED, Removal, Removed, Trail, Unavailable};

use super::audit;
use crate::Store;
use crate::chain::{BrokenTrail, Head};
use crate::engine::{Connection, query};
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl Trail for Store {
    async fn removed(&self) -> Result<i64, Unavailable> {
        let mut connection = self.reader().await?;
        let removed = audit::removed(&mut connection, &self.0.keys).await;
        Ok(removed.map_err(|error| self.unread(error))?.number)
    }

    async fn last_event(&self) -> Result<i64, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::audit::LAST).fetch_one(&mut connection).await;
        let last = row.and_then(|row| row.try_get::<Option<i64>>("last"));
        Ok(last.map_err(|error| self.failed(&error))?.unwrap_or(0))
    }

    async fn reached(&self, follower: Follower) -> Result<i64, Unavailable> {
        let mut connection = self.reader().await?;
        let reached = reached(&mut connection, follower).await;
        reached.map_err(|error| self.failed(&error))
    }

    async fn follow(&self, follower: Follower, claim: Claim) -> Result<Option<i64>, Unavailable> {
        self.0.writer.submit(Claiming(follower, claim)).await
    }

    async fn note(
        &self,
        follower: Follower,
        (by, number): (&str, i64),
        said: Vec<Event>,
    ) -> Result<bool, Unavailable> {
        let noting = Noting {
            follower,
            by: by.to_owned(),
            number,
            said,
        };
        self.0.writer.submit(noting).await
    }

    async fn remove(&self, removal: Removal) -> Result<Removed, Unavailable> {
        self.0.writer.submit(Removing(removal)).await
    }
}

async fn reached(connection: &mut Connection, follower: Follower) -> Result<i64, sqlx::Error> {
    let row = query(rows::audit_readers::READ)
        .bind(rows::audit_readers::id(follower))
        .fetch_optional(connection)
        .await?;
    row.map_or(Ok(0), |row| row.try_get("number"))
}

struct Claiming(Follower, Claim);

#[async_trait]
impl Write for Claiming {
    type Output = Option<i64>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let Self(follower, Claim { by, now, until }) = self;
        let id = rows::audit_readers::id(*follower);
        query(rows::audit_readers::BEGIN)
            .bind(id)
            .execute(&mut *writing.connection)
            .await?;
        let claimed = query(rows::audit_readers::CLAIM)
            .bind(id)
            .bind(by)
            .bind(now.as_microsecond())
            .bind(until.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(match claimed.rows_affected() {
            0 => Done::Undo(None),
            _ => Done::Keep(Some(reached(writing.connection, *follower).await?)),
        })
    }
}

struct Noting {
    follower: Follower,
    by: String,
    number: i64,
    said: Vec<Event>,
}

#[async_trait]
impl Write for Noting {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let noted = query(rows::audit_readers::NOTE)
            .bind(rows::audit_readers::id(self.follower))
            .bind(&self.by)
            .bind(self.number)
            .execute(&mut *writing.connection)
            .await?;
        if noted.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(self.said.clone()).await?;
        Ok(Done::Keep(true))
    }
}

struct Removing(Removal);

#[async_trait]
impl Write for Removing {
    type Output = Removed;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let Removal {
            after,
            through,
            must_be_shipped,
            event,
        } = &self.0;
        let keys = writing.keys();
        let removed = audit::removed(&mut *writing.connection, keys).await?;
        if removed.number != *after {
            return Ok(Done::Undo(Removed::Elsewhere));
        }
        if *must_be_shipped {
            let shipped = reached(&mut *writing.connection, Follower::Collector).await?;
            if shipped < *through {
                return Ok(Done::Undo(Removed::NotShipped(shipped)));
            }
        }
        let count = through.saturating_sub(*after);
        if !(1..=MOST_REMOVED).contains(&count) || *through >= writing.last_event() {
            return Ok(Done::Undo(Removed::NotThere));
        }
        let removed = followed(&mut *writing.connection, removed, count).await?;
        if removed.number != *through {
            return Ok(Done::Undo(Removed::NotThere));
        }
        query(rows::audit::REMOVE)
            .bind(removed.number)
            .execute(&mut *writing.connection)
            .await?;
        let sealed = keys.seal_beginning(removed);
        query(rows::audit_beginning::WRITE)
            .bind(removed.number)
            .bind(removed.hash.to_vec())
            .bind(sealed.key)
            .bind(sealed.mac)
            .execute(&mut *writing.connection)
            .await?;
        writing.append(event.iter().cloned().collect()).await?;
        Ok(Done::Keep(Removed::Done))
    }
}

/// The event so many behind another; all between must be whole.
async fn followed(
    connection: &mut Connection,
    removed: Head,
    count: i64,
) -> Result<Head, WriteError> {
    let mut chain = removed.chain();
    let count = u32::try_from(count).unwrap_or_default();
    // SECURITY: from the lowest number there can be: what stands before the trail is no part of it.
    let rows = audit::rows_from(connection, i64::MIN, count).await?;
    for row in &rows {
        rows::audit::extend(&mut chain, row).map_err(BrokenTrail::from)?;
    }
    Ok(Head::at(chain.length(), chain.head()))
}
