//! Web tickets that were relayed after our check, and the certificates that a pool issued for them
//! (design 13, ticket tracker; decision 0006).

use std::collections::BTreeSet;
use std::net::IpAddr;

use aws_lc_rs::digest;
use jiff::Timestamp;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::audit::Event;
use crate::credential::CredentialId;
use crate::issued;
use crate::place::{Channel, Method};
use crate::voucher::Session;

/// So many tickets and certificates of one app password are known at once at one pool; those that were relayed first go.
///
/// SECURITY: whoever has one ticket gets certificates for it as fast as they ask, each a row for months.
pub const MAX_PER_CREDENTIAL: u32 = 512;

/// What a ticket is known by: its AssertionID and signature value, its `cwt`, or a certificate's DER, each
/// under a word of its own, hashed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TicketKey(pub [u8; 32]);

impl TicketKey {
    /// From what a ticket is known by on the wire (`proto::lync::webticket::Ticket::key`), never its
    /// raw bytes, as clients serialise anew; or a certificate (`proto::lync::certificate::Certificate::key`).
    #[must_use]
    pub fn of(known_by: &Secret<Vec<u8>>) -> Self {
        let hash = digest::digest(&digest::SHA256, known_by.expose());
        Self(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// The first eight bytes in hex, by which the audit tells one certificate from another.
    #[must_use]
    pub fn shown(&self) -> String {
        let first = self.0.first_chunk().copied().unwrap_or_default();
        format!("{:016x}", u64::from_be_bytes(first))
    }
}

/// A ticket that was relayed, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayedTicket {
    /// What it is known by.
    pub key: TicketKey,
    /// Whose it is.
    pub account: AccountId,
    /// The credential that bought it; revoking that ends the ticket.
    pub credential: CredentialId,
    /// The token whose code was asked for beside; blocking that ends the ticket.
    pub token: Option<CredentialId>,
    /// By which channel it was bought; the policy judges the ticket by it.
    pub channel: Channel,
    /// What was proved to buy it; the policy judges the ticket by it.
    pub methods: BTreeSet<Method>,
    /// When the second factor among these was proved, where there is one.
    pub second_factor: Option<Timestamp>,
    /// The pool that issued it; it is good nowhere else.
    pub pool: String,
    /// When it was relayed.
    pub relayed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
}

/// What somebody signed in by, which a ticket or a gateway's session rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grounds<'a> {
    /// Who they are.
    pub account: &'a AccountId,
    /// What they proved.
    pub credential: &'a CredentialId,
    /// The token, or the destination of a sent code, whose code was asked for beside.
    pub token: Option<&'a CredentialId>,
}

impl RelayedTicket {
    /// What it rests on.
    #[must_use]
    pub fn grounds(&self) -> Grounds<'_> {
        Grounds {
            account: &self.account,
            credential: &self.credential,
            token: self.token.as_ref(),
        }
    }

    /// The sign-in to a page that bought it, as it is revoked, where one did.
    #[must_use]
    pub fn sign_in(&self) -> Option<CredentialId> {
        let is_of_page = self.channel == Channel::Page;
        is_of_page.then(|| issued::sign_in(&self.credential, self.second_factor))
    }
}

/// A ticket that is about to be relayed, and what is written down with it, all or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relaying {
    /// The ticket.
    pub ticket: RelayedTicket,
    /// When and from where its credential was used, where nothing before said so.
    pub used: Option<(Timestamp, IpAddr)>,
    /// What is audited.
    pub events: Vec<Event>,
    /// What the authentication server elsewhere knows its buyer by.
    pub session: Option<Session>,
}

impl Relaying {
    /// A ticket beside which nothing is written down.
    #[must_use]
    pub fn of(ticket: RelayedTicket) -> Self {
        Self {
            ticket,
            used: None,
            events: Vec::new(),
            session: None,
        }
    }
}
