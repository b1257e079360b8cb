//! What an authentication server answers to gates on other machines, and what it does not believe of them.
//!
//! SECURITY: a gate in the DMZ may be somebody else's by now. Whoever has one sees what passes through it; beyond that
//! it gets nobody in. An NTLM exchange is taken once and only while its challenge is young; a zone is a gateway's only
//! where the configuration says so; a ticket is known only for whoever signed in through that gate, and a token is made
//! for them alone; of the audit it may write what a gate sees, and nothing else. Start at [`Answering::verify`].

mod exchanges;

use std::collections::BTreeSet;

use aws_lc_rs::error::KeyRejected;
use jiff::{SignedDuration, Timestamp};
use proto::ntlm::NtlmError;
use proto::secret::Secret;
use zeroize::Zeroizing;

use crate::attempt::{self, Attempt, Ports, Proof, Rules};
use crate::audit::{Event, Kind};
use crate::authenticated::Authenticated;
use crate::place::{Channel, Zone};
use crate::ports::Unavailable;
use crate::sign_in;
use crate::ticket::{Grounds, Relaying};
use crate::voucher::{For, GatewayId, Issuer, LIFE, Session, SessionError, Statement, VoucherKey};
use crate::wire::{self, Asked, Noted, Relayed, WireParseError};
use exchanges::Exchanges;
pub use exchanges::{MAX_EXCHANGES, YOUNG};

/// How long a ticket, or a certificate for one, lasts at most.
pub const LONGEST_TICKET: SignedDuration = SignedDuration::from_hours(400 * 24);
/// So many events are noted at once.
pub const MAX_EVENTS: usize = 64;

/// A gateway that asks: its certificate was checked, and the configuration lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// By its certificate.
    pub id: GatewayId,
    /// As the configuration calls it.
    pub name: String,
    /// From which zones its clients may come.
    pub zones: BTreeSet<Zone>,
    /// Whether it may bring what browsers ask of our pages.
    pub brings_pages: bool,
}

impl Caller {
    /// Whether it may bring a request for a page, of a client in a zone.
    ///
    /// # Errors
    ///
    /// It may bring none, or has no clients there.
    pub fn may_bring_pages(&self, zone: &Zone) -> Result<(), RemoteError> {
        if !self.brings_pages {
            return Err(RemoteError::NotAllowed(
                "may bring no requests for pages; `pages = true` in its [[authn_server.gateway]] lets it",
            ));
        }
        self.has_clients_in(zone)
    }

    fn has_clients_in(&self, zone: &Zone) -> Result<(), RemoteError> {
        match self.zones.contains(zone) {
            true => Ok(()),
            false => Err(RemoteError::NotAllowed(
                "has no clients in the zone that it names; `zones` of its [[authn_server.gateway]] lists them",
            )),
        }
    }
}

/// Why a gateway is not answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// What it sends is not what was agreed on.
    #[error(transparent)]
    Form(#[from] WireParseError),
    /// It may not ask that.
    #[error("the gateway {0}")]
    NotAllowed(&'static str),
    /// What it goes by has ended.
    #[error("the session: {0}")]
    Session(#[from] SessionError),
    /// Our own world is broken.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Whoever answers gates.
#[derive(Debug)]
pub struct Answering {
    issuer: Issuer,
    exchanges: Exchanges,
}

impl Answering {
    /// Begins at a time, with the seed of the key that signs vouchers.
    ///
    /// # Errors
    ///
    /// The seed makes no key.
    pub fn new(seed: &Secret<[u8; 32]>, began: Timestamp) -> Result<Self, KeyRejected> {
        Ok(Self {
            issuer: Issuer::new(seed)?,
            exchanges: Exchanges::since(began),
        })
    }

    /// The key by which vouchers are opened.
    #[must_use]
    pub fn key(&self) -> VoucherKey {
        self.issuer.key()
    }

    /// Verifies an attempt of a gateway's client; gives the answer to send, with a voucher where it passed.
    ///
    /// # Errors
    ///
    /// It is malformed, or from a zone that is not the gateway's.
    pub async fn verify(
        &self,
        (ports, rules): (&Ports, &Rules),
        caller: &Caller,
        body: &[u8],
        (code, now): (sign_in::Asked, Timestamp),
    ) -> Result<Zeroizing<Vec<u8>>, RemoteError> {
        let Asked { attempt, digest } = Asked::parse(body)?;
        caller.has_clients_in(&attempt.zone)?;
        let whom = For {
            gateway: caller.id.clone(),
            connection: attempt.connection,
            attempt: digest,
        };
        let attempt = self.once(attempt, now);
        let outcome = attempt::verify(ports, rules, attempt, (code, now)).await;
        Ok(wire::answer(outcome, (&self.issuer, whom), now)?)
    }

    /// The attempt as it is judged: an exchange that was made before, or at another time, is as good as a wrong secret
    /// and counted like one.
    fn once(&self, attempt: Attempt, now: Timestamp) -> Attempt {
        let Proof::Ntlm { response, .. } = &attempt.proof else {
            return attempt;
        };
        if self.exchanges.take(response, now) {
            return attempt;
        }
        let (user, domain) = (response.user().to_owned(), response.domain().to_owned());
        Attempt {
            proof: Proof::Unprovable {
                user,
                domain,
                error: NtlmError::NotEchoed,
            },
            ..attempt
        }
    }

    /// A ticket that a gateway relays, with the last revocation that it had heard of: it is its own client's.
    ///
    /// # Errors
    ///
    /// It is malformed, its buyer's session has ended, or it is somebody else's.
    pub fn relayed(
        &self,
        caller: &Caller,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(Relaying, i64), RemoteError> {
        let relayed = Relayed::parse(body)?;
        let heard = relayed.heard;
        let buyer = self.issuer.session(&relayed.session(), &caller.id, now)?;
        let relaying = relayed.relaying(&buyer);
        let ticket = &relaying.ticket;
        let is_theirs = ticket.account == *buyer.account_id()
            && ticket.credential == buyer.credential
            && ticket.channel == buyer.bought;
        if !is_theirs || !relaying.events.iter().all(|it| is_of(it, &buyer)) {
            return Err(RemoteError::NotAllowed("relays a ticket of somebody else"));
        }
        let is_in_time = now.duration_since(ticket.relayed).abs() <= LIFE
            && ticket.expires.duration_since(now) <= LONGEST_TICKET;
        if !is_in_time {
            return Err(RemoteError::NotAllowed(
                "relays a ticket of another time; compare the clocks of both machines",
            ));
        }
        Ok((relaying, heard))
    }

    /// Events that a gateway wants to be written.
    ///
    /// # Errors
    ///
    /// They are malformed, too many, or none that a gateway sees.
    pub fn noted(&self, body: &[u8]) -> Result<Vec<Event>, RemoteError> {
        let Noted { events } = Noted::parse(body)?;
        if events.len() > MAX_EVENTS || !events.iter().all(is_seen_by_a_gateway) {
            return Err(RemoteError::NotAllowed(
                "wants events written that no gateway sees",
            ));
        }
        Ok(events)
    }

    /// Whoever a gateway's session is of, if they still stand.
    ///
    /// # Errors
    ///
    /// It is none of ours, another gateway's, or has ended; or the store does not answer.
    pub async fn resume(
        &self,
        ports: &Ports,
        caller: &Caller,
        (session, now): (&Session, Timestamp),
    ) -> Result<Authenticated, RemoteError> {
        let statement = self.issuer.session(session, &caller.id, now)?;
        let account = ports.accounts.by_id(statement.account_id()).await?;
        let account = account.filter(|account| account.may_sign_in().is_ok());
        let account = account.ok_or(SessionError::Ended)?;
        if let Some(directory) = &account.directory {
            directory.must_be_fresh(now)?;
        }
        let grounds = Grounds {
            account: &account.id,
            credential: &statement.credential,
            token: statement.token.as_ref(),
        };
        if !ports.tickets.stands(&grounds, now).await? {
            return Err(SessionError::Ended.into());
        }
        let statement = Statement {
            account,
            ..statement
        };
        Ok(statement.authenticated(now))
    }
}

/// Whether an event is about a ticket's buyer, and one that goes with a ticket.
fn is_of(event: &Event, buyer: &Statement) -> bool {
    // Whoever signed in passively did so elsewhere; at the pool it is a sign-in once the pool has taken it.
    let is_passive = buyer.bought == Channel::Page;
    let credential = match &event.kind {
        Kind::SignedIn {
            credential,
            certificate,
            ..
        } if is_passive || certificate.is_some() => credential,
        Kind::CertificateNoted { credential, .. } => credential,
        _ => return false,
    };
    event.actor.is_none()
        && *credential == buyer.credential
        && event.account.as_ref() == Some(buyer.account_id())
}

fn is_seen_by_a_gateway(event: &Event) -> bool {
    let is_seen = matches!(event.kind, Kind::Refused { .. } | Kind::NotPassedOn { .. });
    event.actor.is_none() && is_seen
}
