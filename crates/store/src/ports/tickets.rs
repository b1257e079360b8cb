//! The port [`Tickets`] on a database.

use async_trait::async_trait;
use authn::account::Account;
use authn::credential::CredentialId;
use authn::ports::{Tickets, Unavailable};
use authn::ticket::{Grounds, MAX_PER_CREDENTIAL, RelayedTicket, Relaying, TicketKey};
use jiff::Timestamp;

use super::used_assertions;
use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl Tickets for Store {
    async fn record(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable> {
        let now = relaying.ticket.relayed;
        self.0.writer.submit(Record(relaying, heard)).await?;
        self.forget_where_due(now).await;
        Ok(())
    }

    async fn find(
        &self,
        key: &TicketKey,
        now: Timestamp,
    ) -> Result<Option<(RelayedTicket, Account)>, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::tickets::FIND)
            .bind(key.0.to_vec())
            .bind(now.as_microsecond())
            .bind(CredentialId::KERBEROS)
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        let Some(row) = row else { return Ok(None) };
        rows::tickets::ticket(&row)
            .and_then(|ticket| Ok(Some((ticket, rows::accounts::account(&row)?))))
            .map_err(|error| self.failed(&error))
    }

    async fn stands(&self, grounds: &Grounds<'_>, now: Timestamp) -> Result<bool, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::tickets::STANDS)
            .bind(&grounds.account.0)
            .bind(now.as_microsecond())
            .bind(CredentialId::KERBEROS)
            .bind(&grounds.credential.0)
            .bind(grounds.token.map(|it| &it.0))
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        Ok(row.is_some())
    }

    async fn was_relayed(&self, key: &TicketKey) -> Result<bool, Unavailable> {
        let mut connection = self.reader().await?;
        let row = query(rows::tickets::WAS_RELAYED)
            .bind(key.0.to_vec())
            .fetch_optional(&mut connection)
            .await
            .map_err(|error| self.failed(&error))?;
        Ok(row.is_some())
    }

    async fn spend_token(&self, key: &TicketKey) -> Result<bool, Unavailable> {
        self.0.writer.submit(Spend(key.clone())).await
    }

    async fn take_token(
        &self,
        key: &TicketKey,
        times: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable> {
        used_assertions::take(self, key.0, times).await
    }
}

struct Spend(TicketKey);

#[async_trait]
impl Write for Spend {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let spent = query(rows::tickets::SPEND)
            .bind(self.0.0.to_vec())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(spent.rows_affected() == 1))
    }
}

struct Record(Relaying, i64);

#[async_trait]
impl Write for Record {
    type Output = ();

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<()>, WriteError> {
        let Self(relaying, heard) = self;
        record(writing, relaying, *heard).await?;
        Ok(Done::Keep(()))
    }
}

/// Records a ticket, or fails where what it rests on was revoked.
pub(super) async fn record(
    writing: &mut Writing<'_>,
    relaying: &Relaying,
    heard: i64,
) -> Result<(), WriteError> {
    let Relaying {
        ticket,
        used,
        events,
        session: _,
    } = relaying;
    let recorded = query(rows::tickets::RECORD)
        .bind(ticket.key.0.to_vec())
        .bind(&ticket.account.0)
        .bind(&ticket.credential.0)
        .bind(ticket.channel.as_str())
        .bind(&ticket.pool)
        .bind(ticket.relayed.as_microsecond())
        .bind(ticket.expires.as_microsecond())
        .bind(heard)
        .bind(CredentialId::kerberos_of(&ticket.account).0)
        .bind(ticket.token.as_ref().map(|token| &token.0))
        .bind(rows::tickets::methods_text(&ticket.methods))
        .bind(ticket.second_factor.map(Timestamp::as_microsecond))
        .bind(ticket.sign_in().map(|it| it.0))
        .execute(&mut *writing.connection)
        .await?;
    if recorded.rows_affected() == 0 {
        return Err(crate::unavailable(rows::tickets::NOT_RECORDED).into());
    }
    query(rows::tickets::DROP_BEYOND)
        .bind(&ticket.credential.0)
        .bind(i64::from(MAX_PER_CREDENTIAL))
        .bind(&ticket.pool)
        .execute(&mut *writing.connection)
        .await?;
    if let Some((at, source)) = used {
        query(rows::app_passwords::USED)
            .bind(&ticket.credential.0)
            .bind(at.as_microsecond())
            .bind(source.to_string())
            .bind(None::<String>)
            .execute(&mut *writing.connection)
            .await?;
    }
    if !events.is_empty() {
        writing.append(events.clone())?;
    }
    Ok(())
}
