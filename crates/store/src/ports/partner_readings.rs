//! The port [`PartnerReadings`] on a database.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{Claim, Unavailable};
use jiff::Timestamp;
use sts::ports::{PartnerReading, PartnerReadings};

use crate::Store;
use crate::engine::query;
use crate::rows;
use crate::writer::{Done, Write, WriteError, Writing};

#[async_trait]
impl PartnerReadings for Store {
    async fn partner_readings(&self) -> Result<Vec<PartnerReading>, Unavailable> {
        let mut connection = self.reader().await?;
        let found = query(rows::partner_readings::LIST)
            .fetch_all(&mut connection)
            .await;
        found
            .and_then(|rows| rows.iter().map(rows::partner_readings::reading).collect())
            .map_err(|error| self.failed(&error))
    }

    async fn claim_reading(&self, trust: i64, claim: &Claim) -> Result<bool, Unavailable> {
        let claim = claim.clone();
        self.0.writer.submit(Claiming { trust, claim }).await
    }

    async fn note_reading(
        &self,
        (trust, by): (i64, &str),
        reading: &PartnerReading,
        events: Vec<Event>,
    ) -> Result<bool, Unavailable> {
        let note = Noting {
            trust,
            by: by.to_owned(),
            reading: reading.clone(),
            events,
        };
        self.0.writer.submit(note).await
    }
}

struct Claiming {
    trust: i64,
    claim: Claim,
}

#[async_trait]
impl Write for Claiming {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        query(rows::partner_readings::FORGET_GONE)
            .execute(&mut *writing.connection)
            .await?;
        let claimed = query(rows::partner_readings::CLAIM)
            .bind(self.trust)
            .bind(&self.claim.by)
            .bind(self.claim.until.as_microsecond())
            .bind(self.claim.now.as_microsecond())
            .execute(&mut *writing.connection)
            .await?;
        Ok(Done::Keep(claimed.rows_affected() > 0))
    }
}

struct Noting {
    trust: i64,
    by: String,
    reading: PartnerReading,
    events: Vec<Event>,
}

#[async_trait]
impl Write for Noting {
    type Output = bool;

    async fn write(&self, writing: &mut Writing<'_>) -> Result<Done<bool>, WriteError> {
        let reading = &self.reading;
        let noted = query(rows::partner_readings::NOTE)
            .bind(self.trust)
            .bind(&self.by)
            .bind(reading.trust)
            .bind(reading.at.as_microsecond())
            .bind(reading.good_at.map(Timestamp::as_microsecond))
            .bind(reading.next_at.as_microsecond())
            .bind(i64::from(reading.failures))
            .bind(reading.outcome.word())
            .bind(&reading.said)
            .execute(&mut *writing.connection)
            .await?;
        if noted.rows_affected() == 0 {
            return Ok(Done::Undo(false));
        }
        writing.append(self.events.clone())?;
        Ok(Done::Keep(true))
    }
}
