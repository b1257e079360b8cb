//! The port of what is kept about the audit trail beside its events: where it begins, and how far those are who follow it.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Unavailable;
use crate::audit::Event;

/// How many events one transaction removes at the most, so that sign-ins beside it do not wait.
pub const MOST_REMOVED: i64 = 1_024;

/// Who follows the trail, one process at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Follower {
    /// The collector that it is shipped to.
    Collector,
    /// Whoever looks for what no single event says.
    Watch,
}

/// Which process is a follower, until when; no other is meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which process; no two are called alike.
    pub by: String,
    /// Now.
    pub now: Timestamp,
    /// When the claim ends by itself.
    pub until: Timestamp,
}

/// Which of the oldest events are removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The last that was removed before; 0 where none was.
    pub after: i64,
    /// The last of them, at most [`MOST_REMOVED`] behind that.
    pub through: i64,
    /// Whether the collector must have them.
    pub must_be_shipped: bool,
    /// What the trail says of it.
    pub event: Option<Event>,
}

/// What became of a removal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    /// They are gone.
    Done,
    /// Somebody else removed some meanwhile.
    Elsewhere,
    /// The collector has the trail up to this event only.
    NotShipped(i64),
    /// No event would be left, or there are not so many, or they are too many for one transaction.
    NotThere,
}

/// What is kept about the trail.
#[async_trait]
pub trait Trail: Send + Sync {
    /// The number of the last event that was removed; 0 where none was.
    async fn removed(&self) -> Result<i64, Unavailable>;
    /// The number of the last event; 0 where there is none.
    async fn last_event(&self) -> Result<i64, Unavailable>;
    /// Up to which event a follower has the trail; 0 where it has nothing.
    async fn reached(&self, follower: Follower) -> Result<i64, Unavailable>;
    /// Claims to be a follower, by one conditional statement: nothing where another process is. Gives up to which event it
    /// has the trail.
    async fn follow(&self, follower: Follower, claim: Claim) -> Result<Option<i64>, Unavailable>;
    /// Notes that a follower has the trail up to an event, and appends what it says of it; `false`, and nothing is written,
    /// where the claim is another's, or it had it already.
    async fn note(
        &self,
        follower: Follower,
        (by, number): (&str, i64),
        said: Vec<Event>,
    ) -> Result<bool, Unavailable>;
    /// Removes the oldest events, and seals where the trail begins; what is removed must be whole.
    async fn remove(&self, removal: Removal) -> Result<Removed, Unavailable>;
}
