//! The port [`PartnerReadings`] in memory.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{Claim, Unavailable};
use jiff::Timestamp;
use sts::ports::{PartnerReading, PartnerReadings};

use super::Memory;

/// Who reads a trust until when, and what was seen of it.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    by: String,
    until: Timestamp,
    reading: Option<PartnerReading>,
}

#[async_trait]
impl PartnerReadings for Memory {
    async fn partner_readings(&self) -> Result<Vec<PartnerReading>, Unavailable> {
        let state = self.open()?;
        let readings = state.partner_readings.values();
        Ok(readings.filter_map(|it| it.reading.clone()).collect())
    }

    async fn claim_reading(&self, trust: i64, claim: &Claim) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let there = state.trusts.revisions();
        state.partner_readings.retain(|it, _| there.contains(it));
        let before = state.partner_readings.get(&trust).cloned();
        let is_free = there.contains(&trust)
            && before.as_ref().is_none_or(|it| {
                let next_at = it.reading.as_ref().map(|it| it.next_at);
                it.until <= claim.now && next_at.is_none_or(|it| it <= claim.now)
            });
        if is_free {
            let kept = Kept {
                by: claim.by.clone(),
                until: claim.until,
                reading: before.and_then(|it| it.reading),
            };
            state.partner_readings.insert(trust, kept);
        }
        Ok(is_free)
    }

    async fn note_reading(
        &self,
        (trust, by): (i64, &str),
        reading: &PartnerReading,
        events: Vec<Event>,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let claimed = state.partner_readings.get(&trust);
        let is_there = state.trusts.revisions().contains(&reading.trust);
        if !is_there || claimed.is_none_or(|it| it.by != by) {
            return Ok(false);
        }
        state.append(events)?;
        state.partner_readings.remove(&trust);
        let kept = Kept {
            by: by.to_owned(),
            until: Timestamp::MIN,
            reading: Some(reading.clone()),
        };
        state.partner_readings.insert(reading.trust, kept);
        Ok(true)
    }
}
