//! Web tickets that were relayed after our check (design 13, ticket tracker).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::credential::CredentialId;

/// What a ticket is known by: its AssertionID and signature value, or its `cwt`, hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey(pub [u8; 32]);

/// A ticket that was relayed, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayedTicket {
    /// What it is known by.
    pub key: TicketKey,
    /// Whose it is.
    pub account: AccountId,
    /// The credential that bought it; revoking that ends the ticket.
    pub credential: CredentialId,
    /// The pool that issued it; it is good nowhere else.
    pub pool: String,
    /// When it was relayed.
    pub relayed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}
