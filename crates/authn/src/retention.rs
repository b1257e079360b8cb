//! How long the audit trail is kept: which events are old enough to go, and when they may.
//!
//! Only the oldest go, in their order, so that what is kept stays one chain. Nothing goes that a collector elsewhere is to
//! have and has not. Start at [`Planned::look`].

use jiff::Timestamp;

use crate::audit::{ByHand, Event, Kind};
use crate::ports::{Audit, Follower, MOST_REMOVED, Removal, Removed, Trail, Unavailable};

/// How many events are read at a time.
const PAGE: u32 = 1_024;

/// Whether a collector elsewhere must have what goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Collector {
    /// There is none.
    Absent,
    /// It must have every event that is asked to go, or none goes.
    MustHaveAll,
    /// What it lacks stays.
    KeepsTheRest,
}

/// Why nothing goes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetentionError {
    /// It would be events that have not happened.
    #[error(
        "`{before}` is in the future; events are removed that happened before a time that has passed"
    )]
    InTheFuture {
        /// The time.
        before: Timestamp,
    },
    /// The collector lacks some.
    #[error(
        "the collector of [audit.syslog] has the trail up to event {shipped}, and events up to {wanted} would go; wait until \
         it has them"
    )]
    NotShipped {
        /// What it has.
        shipped: i64,
        /// What was to go.
        wanted: i64,
    },
    /// Somebody else removed some meanwhile.
    #[error("another process removes events at this moment; look again")]
    Elsewhere,
    /// The store cannot answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Events that are old enough to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// The first of them; none go where the last is before it.
    pub first: i64,
    /// The last of them.
    pub last: i64,
    before: Timestamp,
}

impl Planned {
    /// Looks which events go that happened before a time: the oldest, up to the first that did not.
    ///
    /// # Errors
    ///
    /// The time is in the future, the collector lacks some, or the store cannot answer.
    pub async fn look(
        (audit, trail): (&dyn Audit, &dyn Trail),
        (before, now): (Timestamp, Timestamp),
        collector: Collector,
    ) -> Result<Self, RetentionError> {
        if before > now {
            return Err(RetentionError::InTheFuture { before });
        }
        let removed = trail.removed().await?;
        let mut last = old_enough(audit, removed, before).await?;
        let shipped = match collector {
            Collector::Absent => last,
            Collector::MustHaveAll | Collector::KeepsTheRest => {
                trail.reached(Follower::Collector).await?
            }
        };
        if collector == Collector::MustHaveAll && shipped < last {
            let wanted = last;
            return Err(RetentionError::NotShipped { shipped, wanted });
        }
        last = last.min(shipped.max(removed));
        Ok(Self {
            first: removed.saturating_add(1),
            last,
            before,
        })
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.last
            .saturating_sub(self.first)
            .saturating_add(1)
            .max(0)
    }

    /// Removes them, a part at a time; the trail says so with the first, and by whom where it was done by hand.
    ///
    /// # Errors
    ///
    /// Somebody else removes some, or the store cannot answer; what went before that is gone.
    pub async fn remove(
        &self,
        trail: &dyn Trail,
        (now, by): (Timestamp, Option<&ByHand>),
        collector: Collector,
    ) -> Result<(), RetentionError> {
        let Self {
            first,
            last,
            before,
        } = *self;
        let kind = Kind::TrailCut {
            first,
            last,
            before,
        };
        let mut event = Some(match by {
            Some(by) => Event::by_hand(by, kind, None),
            None => Event::observed(now, kind, None),
        });
        let mut after = first.saturating_sub(1);
        while after < last {
            let through = last.min(after.saturating_add(MOST_REMOVED));
            let removal = Removal {
                after,
                through,
                must_be_shipped: collector != Collector::Absent,
                event: event.take(),
            };
            match trail.remove(removal).await? {
                Removed::Done => after = through,
                Removed::NotShipped(shipped) => {
                    let wanted = last;
                    return Err(RetentionError::NotShipped { shipped, wanted });
                }
                Removed::Elsewhere | Removed::NotThere => return Err(RetentionError::Elsewhere),
            }
        }
        Ok(())
    }
}

/// The last of the oldest events that happened before a time; `removed` where there is none.
async fn old_enough(
    audit: &dyn Audit,
    removed: i64,
    before: Timestamp,
) -> Result<i64, Unavailable> {
    let mut last = removed;
    loop {
        let page = audit.read(last.saturating_add(1), PAGE).await?;
        if page.is_empty() {
            // Of a trail that is old as a whole the last event stays: the next is linked to it.
            return Ok(last.saturating_sub(1).max(removed));
        }
        for chained in &page {
            if chained.event.at >= before {
                return Ok(last);
            }
            last = chained.number;
        }
    }
}
