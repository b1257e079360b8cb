//! One event: when, what, who did it, and whom and which request it is about.

use std::net::IpAddr;

use jiff::Timestamp;
use proto::unseen::is_unseen;
use serde::{Deserialize, Serialize};

use super::Kind;
use crate::account::AccountId;
use crate::place::{ActivityId, Channel, Service, Zone};

/// Who acted by hand: a user of the operating system, as the door found them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(String);

impl Actor {
    /// Somebody by a name, which is cut, and freed of control characters.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self(shown_name(name, ""))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What an administrator does: when, who, and by which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// The request; nothing of the command line and of what is done by itself.
    pub origin: Option<Origin>,
}

/// The request by which something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// From which address.
    pub source: IpAddr,
    /// In which zone.
    pub zone: Zone,
    /// The request.
    pub activity: ActivityId,
}

/// One event, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
    /// Who did it, where it was done by hand.
    pub actor: Option<Actor>,
    /// About whom, where an account is known.
    pub account: Option<AccountId>,
    /// From where; `None` for the command line.
    pub source: Option<IpAddr>,
    /// In which zone.
    pub zone: Option<Zone>,
    /// To which service.
    pub service: Option<Service>,
    /// By which channel.
    pub channel: Option<Channel>,
    /// The request it belongs to.
    pub activity: Option<ActivityId>,
}

impl Event {
    /// An event of what was done by hand; of the command line there is no source and no request.
    #[must_use]
    pub fn by_hand(by: &ByHand, kind: Kind, account: Option<AccountId>) -> Self {
        let origin = by.origin.as_ref();
        Self {
            actor: Some(by.actor.clone()),
            source: origin.map(|origin| origin.source),
            zone: origin.map(|origin| origin.zone.clone()),
            activity: origin.map(|origin| origin.activity.clone()),
            ..Self::observed(by.at, kind, account)
        }
    }

    /// An event that nobody did: it was seen at a time.
    #[must_use]
    pub fn observed(at: Timestamp, kind: Kind, account: Option<AccountId>) -> Self {
        Self {
            at,
            kind,
            actor: None,
            account,
            source: None,
            zone: None,
            service: None,
            channel: None,
            activity: None,
        }
    }
}

/// A name as it was typed, fit for the audit: cut, and without characters that nobody sees.
#[must_use]
pub fn shown_name(user: &str, domain: &str) -> String {
    let typed = if domain.is_empty() {
        user.to_owned()
    } else {
        format!("{domain}\\{user}")
    };
    let shown = |character: char| {
        if is_unseen(character) {
            '\u{fffd}'
        } else {
            character
        }
    };
    typed.chars().take(MAX_NAME).map(shown).collect()
}

/// The longest name that an event keeps, in characters.
pub(super) const MAX_NAME: usize = 128;
