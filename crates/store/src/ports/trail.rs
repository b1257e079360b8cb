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
use crate::seal::KeyFile;
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
        let reached = place(&mut connection, follower, &self.0.keys).await;
        Ok(reached.map_err(|error| self.unread(error))?.unwrap_or(0))
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

/// Up to which event a follower has the trail; nothing where what stands there is not believed.
async fn place(
    connection: &mut Connection,
    follower: Follower,
    keys: &KeyFile,
) -> Result<Option<i64>, WriteError> {
    let row = query(rows::audit_readers::READ)
        .bind(rows::audit_readers::id(follower))
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = row else {
        return Ok(Some(0));
    };
    let removed = audit::removed(connection, keys).await?;
    let of = (follower, removed.number);
    Ok(rows::audit_readers::place(&row, of, keys)?)
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
        if claimed.rows_affected() == 0 {
            return Ok(Done::Undo(None));
        }
        let keys = writing.keys();
        if let Some(reached) = place(writing.connection, *follower, keys).await? {
            return Ok(Done::Keep(Some(reached)));
        }
        tracing::error!(
            audit.follower = id,
            "up to which event `{id}` has the audit trail was not written with the key file, or by a program before \
             it was sealed: it begins anew, and what it has comes twice"
        );
        query(rows::audit_readers::BEGIN_ANEW)
            .bind(id)
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(Some(0)))
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
        let rows = audit::rows_from(&mut *writing.connection, self.number, 1).await?;
        let last = rows.first().map(rows::audit::chained).transpose()?;
        let Some(last) = last.filter(|it| it.number == self.number) else {
            return Ok(Done::Undo(false));
        };
        let id = rows::audit_readers::id(self.follower);
        let reached = Head::at(last.number, last.hash);
        let sealed = writing.keys().seal_place(id, reached);
        let noted = query(rows::audit_readers::NOTE)
            .bind(id)
            .bind(&self.by)
            .bind(self.number)
            .bind(last.hash.to_vec())
            .bind(sealed.key)
            .bind(sealed.mac)
            .execute(&mut *writing.connection)
            .await?;
        if noted.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(self.said.clone())?;
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
            let shipped = place(&mut *writing.connection, Follower::Collector, keys).await?;
            let shipped = shipped.unwrap_or(0);
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
        writing.append(event.iter().cloned().collect())?;
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
