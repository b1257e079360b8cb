//! The port of what was seen at partners' metadata, read by itself: when each was read last, what came of it, and who reads next.
//!
//! A reading is of a trust as its last change left it: whatever changes a trust, it is read anew.

use async_trait::async_trait;
use authn::audit::Event;
use authn::ports::Claim;
use jiff::{SignedDuration, Timestamp};

use super::Unavailable;

/// How long after its time a reading is missed: longer than any gate takes to start, or to read them all.
const OVERDUE_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// What came of reading a partner's metadata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It says what the trust says.
    Current,
    /// It says something else, which waits for an administrator.
    Waiting,
    /// It said something else, and the trust says that, too.
    Taken,
    /// It could not be read, or is not believed.
    Unread,
}

/// What was seen at a partner's metadata last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerReading {
    /// The number of the last change of the trust that was compared.
    pub trust: i64,
    /// When it was read.
    pub at: Timestamp,
    /// When it was last read and believed.
    pub good_at: Option<Timestamp>,
    /// When it is read again.
    pub next_at: Timestamp,
    /// How often in a row it was not.
    pub failures: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// What changes, or why it was not read.
    pub said: String,
}

impl PartnerReading {
    /// Whether it should have been read again by now, and nobody did.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        now.duration_since(self.next_at) > OVERDUE_AFTER
    }
}

/// What was seen at partners' metadata.
#[async_trait]
pub trait PartnerReadings: Send + Sync {
    /// The readings of all trusts that were read.
    async fn partner_readings(&self) -> Result<Vec<PartnerReading>, Unavailable>;
    /// Makes a process the one that reads the metadata of a trust, by the number of its last change; `false` where it is not due,
    /// or another is. What was seen of trusts that are no more is forgotten.
    async fn claim_reading(&self, trust: i64, claim: &Claim) -> Result<bool, Unavailable>;
    /// Writes down with its events what whoever claimed a trust saw, which may be of its next change, and ends the claim; `false`
    /// where the claim is another's by now, and nothing is written.
    async fn note_reading(
        &self,
        (trust, by): (i64, &str),
        reading: &PartnerReading,
        events: Vec<Event>,
    ) -> Result<bool, Unavailable>;
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Current, Self::Waiting, Self::Taken, Self::Unread];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Waiting => "waiting",
            Self::Taken => "taken",
            Self::Unread => "unread",
        }
    }

    /// The outcome of a word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.word() == word)
    }
}
