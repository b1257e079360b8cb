//! Audit events: a typed enum, chained by hashes, written before the answer goes out.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::credential::CredentialId;
use crate::place::{ActivityId, Channel, Service, Zone};

/// Why somebody was refused; it stays in the audit and never reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No account has that name.
    UnknownName,
    /// The account is switched off.
    AccountDisabled,
    /// The account is locked.
    AccountLocked,
    /// No credential of the account matches.
    WrongSecret,
    /// The right app password, but revoked.
    Revoked,
    /// The right app password, but past its end.
    Expired,
    /// The right app password, but not for this service.
    OutOfScope,
    /// The policy allows nothing here.
    NotAllowedHere,
    /// The SIP URI asked for is not the account's.
    SipUriOfAnother,
    /// The SPNEGO mechanism list was tampered with.
    MechanismListTampered,
    /// No more places in the counters.
    TooManyFailures,
    /// The ticket is not one that was relayed, or has ended.
    UnknownTicket,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Kind {
    /// Somebody signed in.
    SignedIn {
        /// With what.
        credential: CredentialId,
    },
    /// Somebody was refused.
    Refused {
        /// Why.
        reason: Reason,
        /// The name as it was typed, cut to a bounded length.
        name: String,
    },
    /// An account's counter crossed the alarm line.
    UnderAttack {
        /// Failures in the window.
        failures: u32,
    },
    /// An account was made.
    AccountCreated,
    /// An account's state was changed.
    AccountStateChanged {
        /// To what.
        state: crate::account::AccountState,
    },
    /// An app password was made.
    AppPasswordCreated {
        /// Which.
        credential: CredentialId,
    },
    /// An app password was revoked.
    AppPasswordRevoked {
        /// Which.
        credential: CredentialId,
    },
}

/// One event, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: Kind,
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
