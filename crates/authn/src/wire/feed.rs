//! What is told beside attempts: revocations, tickets that are relayed, events, drains, and tokens by session.

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{MAX_ANSWER, MAX_ASKED, Wiped, WireParseError, read};
use crate::account::AccountId;
use crate::audit::Event;
use crate::credential::CredentialId;
use crate::drain::Drained;
use crate::place::Channel;
use crate::revocation::{Revocation, Revoked};
use crate::ticket::{RelayedTicket, Relaying, TicketKey};
use crate::voucher::{Session, Statement, VoucherKey};

/// What a gate learns first on each connection.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Hello {
    /// What the authentication server calls this gate.
    pub gateway: String,
    /// The key by which vouchers are opened.
    voucher_key: [u8; 32],
    /// The key of the cookies that name a member of a farm, which all gates share.
    pub cookies: Wiped,
    /// The authentication server's time.
    pub now: Timestamp,
}

/// After which revocation the feed is asked for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct After {
    /// Its number.
    pub after: i64,
}

/// What was revoked, oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Revocations(Vec<ToldRevocation>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct ToldRevocation {
    number: i64,
    what: ToldRevoked,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum ToldRevoked {
    Account(AccountId),
    Credential(CredentialId),
}

/// What else a gate follows.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Standing {
    /// Pairs of a farm and a member of it that is to be left alone.
    drained: Vec<(String, String)>,
    /// Whether nobody knows how the people of the directory stand.
    pub directory_unread: bool,
}

/// A ticket that is about to be relayed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Relayed {
    key: TicketKey,
    account: AccountId,
    credential: CredentialId,
    channel: Channel,
    pool: String,
    relayed: Timestamp,
    expires: Timestamp,
    used: Option<(Timestamp, IpAddr)>,
    events: Vec<Event>,
    session: Wiped,
    /// The last revocation that was heard of when it was asked for.
    pub heard: i64,
}

/// Events of the gate's own.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Noted {
    /// The events.
    pub events: Vec<Event>,
}

/// A token that is asked for by session.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TokenAsked {
    session: Wiped,
    /// The service principal name.
    pub service: String,
    tls_server_end_point: Option<Wiped>,
}

/// What is asked of a session alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct OfSession {
    session: Wiped,
}

/// A token, or why there is none.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TokenAnswer {
    /// The token as SPNEGO carries it.
    Token(Wiped),
    /// The domain refuses this person.
    Denied(String),
    /// The account is never passed on.
    NotDelegable(String),
    /// What came is not this person's.
    Alarm(String),
    /// What came is of another account, which has the name in the domain by now.
    AnotherAccount(String),
    /// It cannot be had, or the session has ended.
    Unavailable(String),
}

impl Hello {
    /// What a gate is told.
    #[must_use]
    pub fn new(gateway: &str, key: VoucherKey, cookies: &[u8; 32], now: Timestamp) -> Self {
        Self {
            gateway: gateway.to_owned(),
            voucher_key: key.0,
            cookies: Wiped::new(cookies.as_slice()),
            now,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read(
            "what an authentication server says of itself",
            (bytes, MAX_ANSWER),
        )
    }

    /// The key by which vouchers are opened.
    #[must_use]
    pub fn voucher_key(&self) -> VoucherKey {
        VoucherKey(self.voucher_key)
    }
}

impl Revocations {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("the feed of revocations", (bytes, MAX_ANSWER))
    }
}

impl From<Vec<Revocation>> for Revocations {
    fn from(revocations: Vec<Revocation>) -> Self {
        let told = |it: Revocation| ToldRevocation {
            number: it.number,
            what: match it.what {
                Revoked::Account(account) => ToldRevoked::Account(account),
                Revoked::Credential(credential) => ToldRevoked::Credential(credential),
            },
        };
        Self(revocations.into_iter().map(told).collect())
    }
}

impl From<Revocations> for Vec<Revocation> {
    fn from(Revocations(told): Revocations) -> Self {
        let revocation = |it: ToldRevocation| Revocation {
            number: it.number,
            what: match it.what {
                ToldRevoked::Account(account) => Revoked::Account(account),
                ToldRevoked::Credential(credential) => Revoked::Credential(credential),
            },
        };
        told.into_iter().map(revocation).collect()
    }
}

impl Standing {
    /// What stands.
    #[must_use]
    pub fn new(drained: BTreeSet<Drained>, directory_unread: bool) -> Self {
        let pair = |it: Drained| (it.farm, it.member);
        Self {
            drained: drained.into_iter().map(pair).collect(),
            directory_unread,
        }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("what is drained", (bytes, MAX_ANSWER))
    }

    /// What is drained.
    #[must_use]
    pub fn drained(&self) -> BTreeSet<Drained> {
        let drained = |(farm, member): &(String, String)| Drained {
            farm: farm.clone(),
            member: member.clone(),
        };
        self.drained.iter().map(drained).collect()
    }
}

impl Relayed {
    /// A ticket with what belongs to it; `None` of one whose buyer no authentication server elsewhere knows.
    #[must_use]
    pub fn of(relaying: Relaying, heard: i64) -> Option<Self> {
        let Relaying {
            ticket,
            used,
            events,
            session,
        } = relaying;
        Some(Self {
            key: ticket.key,
            account: ticket.account,
            credential: ticket.credential,
            channel: ticket.channel,
            pool: ticket.pool,
            relayed: ticket.relayed,
            expires: ticket.expires,
            used,
            events,
            session: Wiped::new(session?.as_bytes()),
            heard,
        })
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("a ticket", (bytes, MAX_ASKED))
    }

    /// By whose session.
    pub(crate) fn session(&self) -> Session {
        Session::new(self.session.expose().to_vec())
    }

    /// What is to be recorded, bought by this.
    ///
    /// SECURITY: what was proved is taken from our own word about the buyer, not from the gate.
    pub(crate) fn relaying(self, buyer: &Statement) -> Relaying {
        let session = self.session();
        let ticket = RelayedTicket {
            key: self.key,
            account: self.account,
            credential: self.credential,
            token: buyer.token.clone(),
            channel: self.channel,
            methods: buyer.methods.clone(),
            second_factor: buyer.second_factor,
            pool: self.pool,
            relayed: self.relayed,
            expires: buyer
                .bounds
                .map_or(self.expires, |bounds| self.expires.min(bounds)),
        };
        Relaying {
            ticket,
            used: self.used,
            events: self.events,
            session: Some(session),
        }
    }
}

impl Noted {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("events", (bytes, MAX_ASKED))
    }
}

impl After {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("a place in the feed", (bytes, MAX_ASKED))
    }
}

impl TokenAsked {
    /// A token for whoever a session is of.
    #[must_use]
    pub fn new(session: &Session, service: &str, end_point: Option<&[u8]>) -> Self {
        Self {
            session: Wiped::new(session.as_bytes()),
            service: service.to_owned(),
            tls_server_end_point: end_point.map(Wiped::new),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("what a token is asked with", (bytes, MAX_ASKED))
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::new(self.session.expose().to_vec())
    }

    /// To which certificate the token is to be bound.
    #[must_use]
    pub fn tls_server_end_point(&self) -> Option<&[u8]> {
        self.tls_server_end_point.as_ref().map(Wiped::expose)
    }
}

impl OfSession {
    /// Of a session.
    #[must_use]
    pub fn new(session: &Session) -> Self {
        Self {
            session: Wiped::new(session.as_bytes()),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("a session", (bytes, MAX_ASKED))
    }

    /// The session.
    #[must_use]
    pub fn session(&self) -> Session {
        Session::new(self.session.expose().to_vec())
    }
}

impl TokenAnswer {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is too large, or not of its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WireParseError> {
        read("a token", (bytes, MAX_ANSWER))
    }
}
