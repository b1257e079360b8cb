//! What is kept about the trail beside its events, in memory.

use async_trait::async_trait;
use authn::ports::{Claim, MOST_REMOVED, Removal, Removed, Trail, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};
use crate::chain::Head;

/// Where the trail begins, and who has it elsewhere.
#[derive(Debug)]
pub(super) struct Kept {
    removed: Head,
    shipped: i64,
    claimed: Option<(String, Timestamp)>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            removed: Head::EMPTY,
            shipped: 0,
            claimed: None,
        }
    }
}

impl State {
    /// The end of the trail.
    pub(super) fn head(&self) -> Head {
        self.chain.last().map_or(self.trail.removed, Head::of)
    }
}

#[async_trait]
impl Trail for Memory {
    async fn removed(&self) -> Result<i64, Unavailable> {
        Ok(self.open()?.trail.removed.number)
    }

    async fn last_event(&self) -> Result<i64, Unavailable> {
        Ok(self.open()?.head().number)
    }

    async fn shipped(&self) -> Result<i64, Unavailable> {
        Ok(self.open()?.trail.shipped)
    }

    async fn claim_shipping(&self, claim: Claim) -> Result<Option<i64>, Unavailable> {
        let trail = &mut self.open()?.trail;
        let is_another_s =
            |(by, until): &(String, Timestamp)| *by != claim.by && *until > claim.now;
        if trail.claimed.as_ref().is_some_and(is_another_s) {
            return Ok(None);
        }
        trail.claimed = Some((claim.by, claim.until));
        Ok(Some(trail.shipped))
    }

    async fn note_shipped(&self, by: &str, number: i64) -> Result<bool, Unavailable> {
        let state = &mut *self.open()?;
        let last = state.head().number;
        let trail = &mut state.trail;
        let is_ours = trail.claimed.as_ref().is_some_and(|(it, _)| it == by);
        let is_noted = is_ours && trail.shipped < number && number <= last;
        if is_noted {
            trail.shipped = number;
        }
        Ok(is_noted)
    }

    async fn remove(&self, removal: Removal) -> Result<Removed, Unavailable> {
        let state = &mut *self.open()?;
        let Removal {
            after,
            through,
            must_be_shipped,
            event,
        } = removal;
        if state.trail.removed.number != after {
            return Ok(Removed::Elsewhere);
        }
        if must_be_shipped && state.trail.shipped < through {
            return Ok(Removed::NotShipped(state.trail.shipped));
        }
        let count = through.saturating_sub(after);
        let last = state.chain.iter().find(|it| it.number == through);
        let Some(last) = last.map(Head::of) else {
            return Ok(Removed::NotThere);
        };
        if !(1..=MOST_REMOVED).contains(&count) || through >= state.head().number {
            return Ok(Removed::NotThere);
        }
        state.append(event.into_iter().collect())?;
        state.chain.retain(|it| it.number > through);
        state.trail.removed = last;
        Ok(Removed::Done)
    }
}
