//! Ports: what this room asks of the outside world. Each method is one transaction.
//!
//! A lookup returns `Result<Option<T>, Unavailable>`; "not there" is not an error.

use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use proto::secret::Secret;

use crate::account::{Account, AccountId, AccountState};
use crate::audit::{ByHand, Event};
use crate::credential::CredentialId;
use crate::credential::app_password::{AppPassword, StoredAppPassword};
use crate::credential::kerberos::{Bindings, Logon, TokenFault};
use crate::directory::{Reading, Step};
use crate::drain::{Drain, Drained, NoneLeft};
use crate::lockout::{Counts, Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::revocation::Revocation;
use crate::ticket::{RelayedTicket, Relaying, TicketKey};

/// Our own world is broken; whoever asked is refused, and nothing fails open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is unavailable: {detail}")]
pub struct Unavailable {
    /// What could not be reached, as `the store`.
    pub what: &'static str,
    /// The cause, for the log; never a secret.
    pub detail: String,
}

/// Accounts and their names.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Finds the account that the first matching spelling leads to.
    async fn by_names(&self, names: &[NameKey]) -> Result<Option<Account>, Unavailable>;
    /// Finds an account by its id.
    async fn by_id(&self, id: &AccountId) -> Result<Option<Account>, Unavailable>;
    /// Lists all accounts, by UPN.
    async fn list(&self) -> Result<Vec<Account>, Unavailable>;
    /// Adds an account with all its names and the event; `Err(Taken)` where one is another's.
    async fn add(
        &self,
        account: &Account,
        event: Event,
    ) -> Result<Result<(), NameTaken>, Unavailable>;
    /// Changes an account's state, with the event; `false` where there is none.
    async fn set_state(
        &self,
        id: &AccountId,
        state: AccountState,
        event: Event,
    ) -> Result<bool, Unavailable>;
}

/// A name already leads to another account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the name `{name}` already belongs to another account")]
pub struct NameTaken {
    /// The canonical spelling.
    pub name: String,
}

/// People as a directory knows them. It is asked by the follower and the command line, never at a sign-in.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Reads everybody whom a name leads to there, groups included: nobody, one, or too many.
    async fn find(&self, name: &str) -> Result<Reading, Unavailable>;
    /// Reads people by their ids, and the groups of some of them. Whoever is not in the answer is not in
    /// the directory.
    async fn by_ids(
        &self,
        ids: &[AccountId],
        groups_of: &BTreeSet<AccountId>,
    ) -> Result<Reading, Unavailable>;
}

/// What the store keeps of a directory.
#[async_trait]
pub trait DirectoryCopy: Send + Sync {
    /// Takes steps that bring accounts in line with the directory, all or none; one whose account changed
    /// meanwhile is left out. `Err(Taken)` where a name is another's.
    async fn keep(&self, steps: Vec<Step>) -> Result<Result<(), NameTaken>, Unavailable>;
    /// Notes that every account of the directory was read at a time.
    async fn was_read(&self, at: Timestamp) -> Result<(), Unavailable>;
    /// When every account of the directory was read last.
    async fn last_read(&self) -> Result<Option<Timestamp>, Unavailable>;
    /// Seals the password of the account that reads the directory, with the event.
    async fn set_password(
        &self,
        account: &str,
        password: &Secret<String>,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Opens the password of the account that reads the directory; `None` where none was set, or it was
    /// set for another.
    async fn password(&self, account: &str) -> Result<Option<Secret<String>>, Unavailable>;
}

/// The passwords of the gate's own account in the directory, which nobody types.
#[async_trait]
pub trait OwnPasswords: Send + Sync {
    /// Seals what an account may have as password, the latest first, in place of what was kept for it, with the
    /// event; of none, nothing is left. There are two while one is being changed for the other.
    async fn keep_own(
        &self,
        account: &str,
        passwords: &[Secret<String>],
        event: Option<Event>,
    ) -> Result<(), Unavailable>;
    /// Opens what an account may have as password, the latest first; nothing where none is kept.
    async fn own(&self, account: &str) -> Result<Vec<Secret<String>>, Unavailable>;
}

/// App passwords.
#[async_trait]
pub trait Credentials: Send + Sync {
    /// The app passwords of a subject, revoked and expired ones included (an unknown subject has
    /// none, and costs the same look-up).
    async fn app_passwords(&self, subject: &Subject)
    -> Result<Vec<StoredAppPassword>, Unavailable>;
    /// Adds an app password, with the event.
    async fn add_app_password(
        &self,
        password: &StoredAppPassword,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Finds what is known about one app password.
    async fn app_password(&self, id: &CredentialId) -> Result<Option<AppPassword>, Unavailable>;
    /// Revokes an app password and drops its tickets, with the event; `false` where there is none
    /// or it was revoked already.
    async fn revoke_app_password(
        &self,
        id: &CredentialId,
        at: Timestamp,
        event: Event,
    ) -> Result<bool, Unavailable>;
}

/// The second factors that people proved where no attempt is settled: the account remembers them.
#[async_trait]
pub trait SecondFactors: Send + Sync {
    /// Notes that the owner of an account proved one, with the event; `false` where there is no such account. What was
    /// proved later stays.
    async fn note_second_factor(
        &self,
        account: &AccountId,
        method: Method,
        event: Event,
    ) -> Result<bool, Unavailable>;
}

/// A place that was taken in the counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The place.
    pub place: Place,
    /// What the counters held.
    pub counts: Counts,
}

/// How an attempt ended; written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The place it held.
    pub reservation: Reservation,
    /// What was proved and from where, where the attempt succeeded: its place is
    /// given back, its last use noted, its source made familiar.
    pub succeeded: Option<Succeeded>,
    /// What is audited.
    pub events: Vec<Event>,
    /// The alarm to raise, unless one was raised for this subject since the window began.
    pub alarm: Option<Event>,
}

/// An attempt that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Succeeded {
    /// Whose it was.
    pub account: AccountId,
    /// What was proved.
    pub credential: CredentialId,
    /// From where.
    pub source: IpAddr,
    /// The id by which the device called itself, where it did.
    pub device: Option<String>,
    /// The second factor that was proved then and there, where one was: the account remembers it.
    pub second_factor: Option<Method>,
}

/// What became of a settlement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It was written.
    Written {
        /// Whether the alarm was raised.
        is_alarmed: bool,
    },
    /// Nothing was written: the credential that succeeded was revoked, or its account switched off,
    /// after it was read.
    Overtaken,
}

/// The counters.
#[async_trait]
pub trait Attempts: Send + Sync {
    /// Takes a place in the counters by one conditional statement; `None` where the limit is
    /// reached.
    async fn reserve(&self, place: Place) -> Result<Option<Reservation>, Unavailable>;
    /// Settles an attempt and its audit events, durably, before the answer goes out.
    async fn settle(&self, settlement: Settlement) -> Result<Settled, Unavailable>;
}

/// Whoever has the keys of our services in the domain.
#[async_trait]
pub trait KerberosAcceptor: Send + Sync {
    /// Checks one token: its keys, its time, that it was not used before, and its binding.
    async fn accept(
        &self,
        token: &Secret<Vec<u8>>,
        bindings: Bindings,
    ) -> Result<Result<Logon, TokenFault>, Unavailable>;
    /// The realm whose people are let in; those of realms that it trusts are not.
    fn realm(&self) -> &str;
}

/// Tickets that were relayed.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Records a ticket with all that belongs to it, durably, before the answer goes out; unless what it
    /// rests on was revoked, or its account switched off, since the revocation of this number, which was the
    /// last that was known when the ticket was asked for.
    async fn record(&self, relaying: Relaying, heard: i64) -> Result<(), Unavailable>;
    /// Finds a ticket that has not ended and whose credential and account still stand, with its
    /// account.
    async fn find(
        &self,
        key: &TicketKey,
        now: Timestamp,
    ) -> Result<Option<(RelayedTicket, Account)>, Unavailable>;
}

/// What was revoked.
#[async_trait]
pub trait Revocations: Send + Sync {
    /// The revocations whose numbers are higher, oldest first, at most `count`.
    async fn since(&self, number: i64, count: u32) -> Result<Vec<Revocation>, Unavailable>;
    /// The number of the last; 0 where there is none.
    async fn last(&self) -> Result<i64, Unavailable>;
}

/// Members of farms that are to be left alone. Each member that changes has an audit event of its own.
#[async_trait]
pub trait Drains: Send + Sync {
    /// Drains members; gives those that were not drained yet, or says that none would be left.
    async fn drain(
        &self,
        drain: Drain,
        by: &ByHand,
    ) -> Result<Result<Vec<String>, NoneLeft>, Unavailable>;
    /// Gives members back; gives those that were drained.
    async fn undrain(
        &self,
        farm: &str,
        members: Vec<String>,
        by: &ByHand,
    ) -> Result<Vec<String>, Unavailable>;
    /// All that are drained, of whichever farm.
    async fn drained(&self) -> Result<BTreeSet<Drained>, Unavailable>;
}

/// An audit event in its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainedEvent {
    /// Its number, from 1, without gaps.
    pub number: i64,
    /// The event.
    pub event: Event,
    /// The event as it was written, which is what is hashed.
    pub text: String,
    /// The hash of the one before.
    pub previous: [u8; 32],
    /// Its own hash.
    pub hash: [u8; 32],
}

/// The audit trail.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Appends events that belong to no attempt.
    async fn append(&self, events: Vec<Event>) -> Result<(), Unavailable>;
    /// Reads events by number, at most `count` from `first` on.
    async fn read(&self, first: i64, count: u32) -> Result<Vec<ChainedEvent>, Unavailable>;
}
