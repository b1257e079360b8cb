//! The port [`Drains`] on a database.

use std::collections::BTreeSet;

use async_trait::async_trait;
use authn::audit::ByHand;
use authn::drain::{Drain, Drained, NoneLeft};
use authn::ports::{Drains, Unavailable};

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl Drains for Store {
    async fn drain(
        &self,
        drain: Drain,
        by: &ByHand,
    ) -> Result<Result<Vec<String>, NoneLeft>, Unavailable> {
        let by = by.clone();
        self.0.writer.submit(Draining { drain, by }).await
    }

    async fn undrain(
        &self,
        farm: &str,
        members: Vec<String>,
        by: &ByHand,
    ) -> Result<Vec<String>, Unavailable> {
        let (farm, by) = (farm.to_owned(), by.clone());
        self.0.writer.submit(Undraining { farm, members, by }).await
    }

    async fn drained(&self) -> Result<BTreeSet<Drained>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::drained_members::LIST)
            .fetch_all(&mut connection)
            .await;
        found
            .and_then(|rows| rows.iter().map(rows::drained_members::drained).collect())
            .map_err(|error| self.failed(&error))
    }
}

struct Draining {
    drain: Drain,
    by: ByHand,
}

#[async_trait]
impl Write for Draining {
    type Output = Result<Vec<String>, NoneLeft>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let farm = &self.drain.farm;
        let found = query(rows::drained_members::OF_FARM)
            .bind(farm)
            .fetch_all(&mut *writing.connection)
            .await?;
        let known = found.iter().map(rows::drained_members::drained);
        let known = known.map(|it| it.map(|it| it.member));
        let new = match self.drain.on(&known.collect::<Result<_, _>>()?) {
            Ok(new) => new,
            Err(none_left) => return Ok(Done::Undo(Err(none_left))),
        };
        let mut events = Vec::new();
        for member in &new {
            query(rows::drained_members::ADD)
                .bind(farm)
                .bind(member)
                .execute(&mut *writing.connection)
                .await?;
            events.push(named(farm, member).begins(&self.by));
        }
        writing.append(events)?;
        Ok(Done::Keep(Ok(new)))
    }
}

struct Undraining {
    farm: String,
    members: Vec<String>,
    by: ByHand,
}

#[async_trait]
impl Write for Undraining {
    type Output = Vec<String>;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<Self::Output>, WriteError> {
        let mut given_back = Vec::new();
        let mut events = Vec::new();
        for member in &self.members {
            let removed = query(rows::drained_members::REMOVE)
                .bind(&self.farm)
                .bind(member)
                .execute(&mut *writing.connection)
                .await?;
            if removed.rows_affected() > 0 {
                events.push(named(&self.farm, member).ends(&self.by));
                given_back.push(member.clone());
            }
        }
        writing.append(events)?;
        Ok(Done::Keep(given_back))
    }
}

fn named(farm: &str, member: &str) -> Drained {
    Drained {
        farm: farm.to_owned(),
        member: member.to_owned(),
    }
}
