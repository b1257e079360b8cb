//! What is kept about the trail beside its events, in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::{Claim, Follower, MOST_REMOVED, Removal, Removed, Trail, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};
use crate::chain::Head;

/// Where the trail begins, and who has it elsewhere.
#[derive(Debug)]
pub(super) struct Kept {
    removed: Head,
    followers: BTreeMap<Follower, Following>,
}

/// How far a follower is, and which process it is until when.
#[derive(Debug, Default)]
struct Following {
    reached: i64,
    claimed: Option<(String, Timestamp)>,
}

impl Default for Kept {
    fn default() -> Self {
        Self {
            removed: Head::EMPTY,
            followers: BTreeMap::new(),
        }
    }
}

impl Kept {
    fn reached(&self, follower: Follower) -> i64 {
        self.followers.get(&follower).map_or(0, |it| it.reached)
    }
}

impl State {
    /// The end of the trail.
    pub(super) fn head(&self) -> Head {
        let last = self.chain.last();
        last.map_or(self.trail.removed, |last| Head::EMPTY.behind(last))
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

    async fn reached(&self, follower: Follower) -> Result<i64, Unavailable> {
        Ok(self.open()?.trail.reached(follower))
    }

    async fn follow(&self, follower: Follower, claim: Claim) -> Result<Option<i64>, Unavailable> {
        let state = &mut *self.open()?;
        let following = state.trail.followers.entry(follower).or_default();
        let is_another_s =
            |(by, until): &(String, Timestamp)| *by != claim.by && *until > claim.now;
        if following.claimed.as_ref().is_some_and(is_another_s) {
            return Ok(None);
        }
        following.claimed = Some((claim.by, claim.until));
        Ok(Some(following.reached))
    }

    async fn note(
        &self,
        follower: Follower,
        (by, number): (&str, i64),
        said: Vec<Event>,
    ) -> Result<bool, Unavailable> {
        let state = &mut *self.open()?;
        let last = state.head().number;
        let following = state.trail.followers.get_mut(&follower);
        let is_ours = |it: &&mut Following| it.claimed.as_ref().is_some_and(|(it, _)| it == by);
        let Some(following) = following.filter(is_ours) else {
            return Ok(false);
        };
        if number <= following.reached || number > last {
            return Ok(false);
        }
        following.reached = number;
        state.append(said)?;
        Ok(true)
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
        let shipped = state.trail.reached(Follower::Collector);
        if must_be_shipped && shipped < through {
            return Ok(Removed::NotShipped(shipped));
        }
        let count = through.saturating_sub(after);
        let last = state.chain.iter().find(|it| it.number == through);
        let Some(last) = last.map(|last| Head::at(last.number, last.hash)) else {
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
