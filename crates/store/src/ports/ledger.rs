//! The port [`Ledger`] on a database.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Unavailable;
use sts::ledger::{LedgerEntry, SignedDigest, TokenId};
use sts::ports::{Ledger, RestsOn};

use super::tickets;
use crate::Store;
use crate::engine::{Connection, Query, query};
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl Ledger for Store {
    async fn record_token(
        &self,
        entry: &LedgerEntry,
        event: Event,
        rests_on: RestsOn,
    ) -> Result<(), Unavailable> {
        let entry = entry.clone();
        self.forget_where_due(entry.issued).await;
        let record = Record {
            entry,
            event,
            rests_on,
        };
        self.0.writer.submit(record).await
    }

    async fn token(&self, id: &TokenId) -> Result<Option<LedgerEntry>, Unavailable> {
        let found = query(rows::token_ledger::BY_ID).bind(&id.0);
        self.ledger_entry(found).await
    }

    async fn token_signed(
        &self,
        digest: &SignedDigest,
    ) -> Result<Option<LedgerEntry>, Unavailable> {
        let found = query(rows::token_ledger::BY_DIGEST).bind(digest.as_bytes().to_vec());
        self.ledger_entry(found).await
    }
}

impl Store {
    async fn ledger_entry(&self, found: Query) -> Result<Option<LedgerEntry>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = found.fetch_optional(&mut connection).await;
        row.and_then(|row| row.as_ref().map(rows::token_ledger::entry).transpose())
            .map_err(|error| self.failed(&error))
    }
}

struct Record {
    entry: LedgerEntry,
    event: Event,
    rests_on: RestsOn,
}

#[async_trait]
impl Write for Record {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        add(&mut *writing.connection, &self.entry).await?;
        writing.append(vec![self.event.clone()])?;
        for relaying in &self.rests_on.tickets {
            tickets::record(writing, relaying, self.rests_on.heard).await?;
        }
        Ok(Done::Keep(()))
    }
}

/// Adds an entry.
pub(crate) async fn add(
    connection: &mut Connection,
    entry: &LedgerEntry,
) -> Result<(), sqlx::Error> {
    query(rows::token_ledger::ADD)
        .bind(&entry.token.0)
        .bind(entry.digest.as_bytes().to_vec())
        .bind(&entry.key.0)
        .bind(entry.relying_party.as_str())
        .bind(entry.account.as_ref().map(|it| &it.0))
        .bind(&entry.activity.0)
        .bind(entry.issued.as_microsecond())
        .bind(entry.expires.as_microsecond())
        .execute(connection)
        .await?;
    Ok(())
}
