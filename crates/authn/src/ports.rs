//! Ports: what this room asks of the outside world. Each method is one transaction.
//!
//! A lookup returns `Result<Option<T>, Unavailable>`; "not there" is not an error.

mod api_tokens;
mod ntlm_pins;
mod pages;
mod passkeys;
mod spare_codes;
mod trail;

use std::collections::BTreeSet;
use std::net::IpAddr;

use async_trait::async_trait;
use jiff::Timestamp;
use proto::secret::Secret;

use crate::account::{Account, AccountId, AccountState};
use crate::audit::{ByHand, Event};
use crate::credential::CredentialId;
use crate::credential::app_password::{AppPassword, StoredAppPassword};
use crate::credential::grant::{CodeSettlement, Grant, GrantKey};
use crate::credential::kerberos::{Bindings, Logon, TokenFault};
use crate::credential::memorised_secret::Guessed;
use crate::credential::otp_token::{
    Acceptance, CodePlace, CodeReservation, OtpToken, StoredOtpToken,
};
use crate::directory::{Reading, Step};
use crate::drain::{Drain, Drained, NoneLeft};
use crate::lockout::{Counts, Place, Subject};
use crate::name::NameKey;
use crate::place::Method;
use crate::revocation::Revocation;
use crate::ticket::{Grounds, RelayedTicket, Relaying, TicketKey};
pub use api_tokens::ApiTokens;
pub use ntlm_pins::NtlmPins;
pub use pages::{
    Invitations, MemorisedSecrets, Outbox, PasswordHasher, SentCodes, Sessions, SignIns,
};
pub use passkeys::Passkeys;
pub use spare_codes::SpareCodes;
pub use trail::{Claim, Follower, MOST_REMOVED, Removal, Removed, Trail};

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

/// One-time code tokens.
#[async_trait]
pub trait OtpTokens: Send + Sync {
    /// The tokens of a subject, whatever their state (an unknown subject has none, and costs the same look-up).
    async fn otp_tokens_of(&self, subject: &Subject) -> Result<Vec<StoredOtpToken>, Unavailable>;
    /// Finds the token that has this id, or this serial number.
    async fn otp_token(&self, called: &str) -> Result<Option<StoredOtpToken>, Unavailable>;
    /// Lists tokens by their ids, at most `count` after one; all of them begin after nothing.
    async fn otp_tokens(&self, after: &str, count: u32) -> Result<Vec<OtpToken>, Unavailable>;
    /// Adds tokens with the events, all or none: `Err(Taken)` where a serial number is another's. Of a trial
    /// nothing stays.
    async fn add_otp_tokens(
        &self,
        tokens: Vec<StoredOtpToken>,
        adding: Adding,
    ) -> Result<Result<(), SerialsTaken>, Unavailable>;
    /// Makes a token what an administrator wants of it, with the event; `false` where it is not what it was
    /// before, or a step that this spends is spent already. What rests on a token that was good for an account
    /// and is good for it no more is revoked.
    async fn change_otp_token(&self, change: TokenChange) -> Result<bool, Unavailable>;
    /// Removes a token, with the event, and revokes what rests on it; `false` where there is none.
    async fn remove_otp_token(&self, id: &CredentialId, event: Event) -> Result<bool, Unavailable>;
    /// Takes places in the budgets of tokens by one conditional statement: those that had room; and the place of a guess
    /// by another. Where a typed secret is claimed with it, none are taken while the same one is being looked at for
    /// another request.
    async fn reserve_code(
        &self,
        place: CodePlace,
        claim: Option<Grant>,
    ) -> Result<CodeReservation, Unavailable>;
    /// Spends a step by one conditional statement and gives its places back, with the event; `false` where it, or
    /// a later one, is spent, or the token is not active or another's.
    async fn accept_code(&self, acceptance: Acceptance, event: Event) -> Result<bool, Unavailable>;
    /// What is known of a typed secret with a code.
    async fn grant(&self, key: &GrantKey) -> Result<Option<Grant>, Unavailable>;
}

/// How tokens are added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Adding {
    /// They stay, and this is audited.
    For(Vec<Event>),
    /// Only to see whether they could be.
    OnTrial,
}

/// Serial numbers belong to tokens that are there already, or stand twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "these serial numbers are here already, or stand twice: {}",
    shown(serials)
)]
pub struct SerialsTaken {
    /// Which, in the order in which they came.
    pub serials: Vec<String>,
}

/// How many serial numbers a message shows.
const SHOWN_SERIALS: usize = 10;

fn shown(serials: &[String]) -> String {
    let more = serials.len().saturating_sub(SHOWN_SERIALS);
    let shown: Vec<&str> = serials
        .iter()
        .take(SHOWN_SERIALS)
        .map(String::as_str)
        .collect();
    match more {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// What an administrator makes of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenChange {
    /// What it was when that was decided.
    pub before: OtpToken,
    /// What it shall be.
    pub after: OtpToken,
    /// What becomes of its codes and budgets.
    pub effect: TokenEffect,
    /// What is audited.
    pub event: Event,
}

/// What a change does to the codes and the budgets of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenEffect {
    /// Nothing.
    None,
    /// All steps before the next are spent, if the last of them was not yet; the places are given back.
    Spends(CodeReservation),
    /// Its failures are forgotten.
    Forgives,
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
    /// The text that was hashed, with its place in the budget of a memorised secret, where one was.
    pub secret: Option<Guessed>,
}

/// How an attempt ended; written in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The place it held.
    pub reservation: Reservation,
    /// What was proved and from where, where the attempt succeeded: its place is
    /// given back, its last use noted, its source made familiar.
    pub succeeded: Option<Succeeded>,
    /// What becomes of a one-time code.
    pub code: CodeSettlement,
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
    /// Nothing was written: the code was spent after it was looked at, or the grant has ended.
    Spent,
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
    /// Whether what somebody signed in by still stands, as it must for their tickets to be found.
    async fn stands(&self, grounds: &Grounds<'_>, now: Timestamp) -> Result<bool, Unavailable>;
    /// Whether a ticket was ever relayed: one that is not found was revoked or has ended since. It is told
    /// until long after the ticket's end.
    async fn was_relayed(&self, key: &TicketKey) -> Result<bool, Unavailable>;
    /// Takes a token of our own security token service, by one conditional statement, for the session that it begins;
    /// `false` where it was taken before, or revoked.
    async fn spend_token(&self, key: &TicketKey) -> Result<bool, Unavailable>;
    /// Takes a token that another service issued, by one conditional statement, so that it is good once on all nodes; `false`
    /// where it was taken before. It is remembered until a time after which it would not be taken anyway.
    async fn take_token(
        &self,
        key: &TicketKey,
        times: (Timestamp, Timestamp),
    ) -> Result<bool, Unavailable>;
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
