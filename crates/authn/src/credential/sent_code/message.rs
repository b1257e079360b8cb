//! Messages: what waits to be sent, who has it to send, and what became of it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::budget::BudgetPlace;
use super::{Address, Carrier, Code};
use crate::account::AccountId;
use crate::audit::Event;
use crate::handle::HandleKey;
use crate::sign_in::SignIn;

/// In which language a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English.
    English,
    /// Swedish.
    Swedish,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A code.
    Code(Code),
    /// That codes go elsewhere from now on: to this, masked.
    Changed {
        /// By what.
        by: Carrier,
        /// Where, masked.
        to: String,
    },
    /// That a first secret was chosen by Kerberos, in the office.
    Enrolled {
        /// At which address.
        from: String,
    },
    /// That the lease of an app password has lapsed, and where it is renewed.
    LeaseLapsed,
    /// That somebody tries whether messages arrive.
    Test,
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// About whom; nobody where it is sent to nobody, so that asking costs the same.
    pub account: Option<AccountId>,
    /// Where to.
    pub address: Address,
    /// What it says.
    pub content: Content,
    /// In which language.
    pub language: Language,
    /// Since when it waits.
    pub queued: Timestamp,
    /// When nobody needs it any more.
    pub ends: Timestamp,
}

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// It waits.
    Queued,
    /// Somebody is sending it.
    Sending,
    /// A provider took it.
    Sent,
    /// None did.
    Failed,
}

impl MessageState {
    /// Its word, in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// What is known of a message: neither what it says nor all of where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageRecord {
    /// Its id.
    pub id: String,
    /// About whom.
    pub account: AccountId,
    /// By what.
    pub carrier: Carrier,
    /// Where to, masked.
    pub to: String,
    /// How it stands.
    pub state: MessageState,
    /// Since when it waited.
    pub queued: Timestamp,
    /// When it was sent or given up.
    pub ended: Option<Timestamp>,
    /// Who took it.
    pub provider: Option<String>,
    /// What was said last.
    pub said: Option<String>,
}

/// A message that one sender has to itself until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The message.
    pub message: Message,
    /// Until when.
    pub until: Timestamp,
}

/// What became of a message that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which.
    pub id: String,
    /// The claim it was sent under.
    pub until: Timestamp,
    /// When this is.
    pub at: Timestamp,
    /// What became of it.
    pub became: Became,
    /// What was said: never a code, a number or a secret.
    pub said: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// A provider took it; what it says is wiped, with the event.
    Sent {
        /// Which provider.
        provider: String,
        /// What is audited.
        event: Event,
    },
    /// Nobody took it, or it is too late; what it says is wiped, with the event.
    Failed {
        /// What is audited.
        event: Event,
    },
    /// Nobody took it, and it is tried again.
    Again {
        /// When.
        at: Timestamp,
    },
}

/// A sign-in that moves on as a code is queued for it; one transaction.
#[derive(Clone, Debug)]
pub struct Queueing {
    /// The sign-in.
    pub key: HandleKey,
    /// What it is where the code is queued.
    pub queued: SignIn,
    /// What it is where a budget has no room.
    pub refused: SignIn,
    /// The places that are asked for: all of them, or none.
    pub places: Vec<BudgetPlace>,
    /// The message.
    pub message: Message,
    /// What is audited where it is queued, and where it is not.
    pub events: [Option<Event>; 2],
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It waits to be sent.
    Written,
    /// A budget had no room.
    NoRoom,
    /// The sign-in is not there any more.
    Gone,
}
