//! The ports of sign-in by a page: memorised secrets, sign-ins under way, sessions and invitations. Those of secrets and
//! of codes that are sent serve whoever types both in one field as well.

use async_trait::async_trait;
use jiff::Timestamp;

use super::{ChainedEvent, Unavailable};
use crate::account::{Account, AccountId};
use crate::audit::Event;
use crate::credential::grant::Client;
use crate::credential::memorised_secret::{
    Room, SecretHash, SecretPlace, StoredMemorisedSecret, Typed,
};
use crate::credential::sent_code::{
    BudgetPlace, Carrier, Claimed, ClientCode, Delivery, Destination, Message, MessageRecord,
    Queued, Queueing,
};
use crate::handle::HandleKey;
use crate::lockout::{Queue, Subject};
use crate::session::{Invitation, Session};
use crate::sign_in::{Completed, Completion, SignIn};

/// Whoever hashes memorised secrets: so dear on purpose that few are hashed at a time.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes a secret that was chosen, with a salt.
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable>;
    /// Whether a hash is of what was typed, in turn with others of a queue.
    async fn proves(
        &self,
        typed: Typed,
        hash: SecretHash,
        queue: Queue,
    ) -> Result<bool, Unavailable>;
}

/// Memorised secrets: at most one an account.
#[async_trait]
pub trait MemorisedSecrets: Send + Sync {
    /// The secret of a subject (an unknown subject has none, and costs the same look-up).
    async fn memorised_secret(
        &self,
        subject: &Subject,
    ) -> Result<Option<StoredMemorisedSecret>, Unavailable>;
    /// Sets the secret of an account in the place of the one before, whose sessions end, and what clients opened by it,
    /// with the event; its
    /// failures are forgotten.
    async fn set_memorised_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Sets the secret of an account that has nothing to sign in with, with the event and a message that tells of it; what
    /// it was invited by ends. `false` where there is a secret, a token, a passkey or an app password that stands: one
    /// statement decides that.
    async fn set_first_secret(
        &self,
        secret: &StoredMemorisedSecret,
        event: Event,
        told: Message,
    ) -> Result<bool, Unavailable>;
    /// Removes the secret of an account, whose sessions end, and what clients opened by it, with the event; `false` where it has none.
    async fn remove_memorised_secret(
        &self,
        account: &AccountId,
        event: Event,
    ) -> Result<bool, Unavailable>;
    /// Ends all sessions of an account but one, and what clients opened by its secret, with the event; where it has a secret,
    /// that opens nothing any more until another is set.
    async fn disown_memorised_secret(
        &self,
        account: &AccountId,
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Takes a place in the budget of a secret by one conditional statement, unless what was typed is known; and one of the
    /// session by another, where it names one: both or neither.
    async fn reserve_secret(&self, place: SecretPlace) -> Result<Room, Unavailable>;
}

/// Sign-ins under way.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Keeps a sign-in that begins.
    async fn begin_sign_in(&self, key: HandleKey, sign_in: &SignIn) -> Result<(), Unavailable>;
    /// Finds a sign-in that has not ended.
    async fn sign_in(&self, key: HandleKey, now: Timestamp) -> Result<Option<SignIn>, Unavailable>;
    /// Takes the step that a sign-in is at by one conditional statement, so that it is answered once; `false`
    /// where another took it.
    async fn take_step(&self, key: HandleKey, step: u32) -> Result<bool, Unavailable>;
    /// Moves a sign-in on whose step was taken; `false` where it is not there any more.
    async fn move_on(&self, key: HandleKey, sign_in: &SignIn) -> Result<bool, Unavailable>;
    /// Completes a sign-in, all or nothing: it ends, its code is spent, its places are given back, its session
    /// begins, and all of that is audited.
    async fn complete(&self, completion: Completion) -> Result<Completed, Unavailable>;
}

/// Codes that are sent: where they go, what is counted, and how a sign-in gets one.
#[async_trait]
pub trait SentCodes: Send + Sync {
    /// Where the codes of a subject go (an unknown subject has none, and costs the same look-up).
    async fn destinations(&self, subject: &Subject) -> Result<Vec<Destination>, Unavailable>;
    /// Sets where the codes of an account go in the place of the one before of that carrier, with the event and messages
    /// that tell of it; its sessions end, and what codes bought that went to the one before, and its wrong codes are
    /// forgotten. `false` where there is no such account.
    async fn set_destination(
        &self,
        destination: &Destination,
        messages: Vec<Message>,
        event: Event,
    ) -> Result<bool, Unavailable>;
    /// Removes where the codes of an account go by a carrier, with the event; its sessions end but one, and what codes
    /// bought that went there. `false` where there is nothing.
    async fn remove_destination(
        &self,
        destination: (&AccountId, Carrier),
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<bool, Unavailable>;
    /// Queues a message that tells somebody of a lease that lapsed, by one conditional statement, for the second factor
    /// that was proved last, at a time; `false` where another was proved since, or it was said of that one before.
    async fn tell_of_lapse(
        &self,
        account: &AccountId,
        proved: Timestamp,
        told: Message,
    ) -> Result<bool, Unavailable>;
    /// The code that waits for a client of a subject, be it ended (an unknown subject has none, and costs the same look-up).
    async fn client_code(
        &self,
        subject: &Subject,
        client: &Client,
    ) -> Result<Option<ClientCode>, Unavailable>;
    /// Takes a place in a budget by one conditional statement; `false` where it has no room.
    async fn reserve_guess(&self, place: BudgetPlace) -> Result<bool, Unavailable>;
    /// Moves a sign-in on whose step was taken and queues its code, all or nothing; where a budget has no room it moves
    /// on without. A message about nobody is queued for nobody.
    async fn queue_code(&self, queueing: Queueing) -> Result<Queued, Unavailable>;
}

/// Messages that wait to be sent.
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Whether any message waits whose time has come.
    async fn is_due(&self, now: Timestamp) -> Result<bool, Unavailable>;
    /// Takes messages whose time has come, at most `count`, each by one conditional statement; nobody else gets them
    /// until a time.
    async fn claim(
        &self,
        now: Timestamp,
        until: Timestamp,
        count: u32,
    ) -> Result<Vec<Claimed>, Unavailable>;
    /// Writes what became of a message, where the claim is still one's own; `false` where it is not.
    async fn delivered(&self, delivery: Delivery) -> Result<bool, Unavailable>;
    /// What is known of the latest messages, the last first, at most `count`; of one account, or of all.
    async fn messages(
        &self,
        account: Option<&AccountId>,
        count: u32,
    ) -> Result<Vec<MessageRecord>, Unavailable>;
}

/// Sessions of browsers.
#[async_trait]
pub trait Sessions: Send + Sync {
    /// Finds a session with its account, where neither ended and all it rests on stands: an active account, its
    /// secret, and its token.
    async fn session(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Session, Account)>, Unavailable>;
    /// Finds a session that is there, whether what it rests on stands or not, and whether it ended by itself: to end it.
    async fn kept_session(&self, key: HandleKey) -> Result<Option<Session>, Unavailable>;
    /// Notes that a session is used, when and by which browser, where it was not used later.
    async fn use_session(&self, key: HandleKey, used: &Session) -> Result<(), Unavailable>;
    /// Ends a session that is met after all that stay were to end.
    async fn drop_session(&self, key: HandleKey) -> Result<(), Unavailable>;
    /// Ends a session, with the event.
    async fn end_session(&self, key: HandleKey, event: Event) -> Result<(), Unavailable>;
    /// Ends a session and what tokens of its sign-in bought, with the event; and notes that among what was revoked.
    async fn end_sign_in(
        &self,
        key: HandleKey,
        session: &Session,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Takes a session, by one conditional statement, for the new sign-in that a party asked for; `false` where it was
    /// taken before, or has ended.
    async fn spend_freshness(&self, key: HandleKey, now: Timestamp) -> Result<bool, Unavailable>;
    /// Ends all sessions of an account but one, and what clients opened by its memorised secret, with the event.
    async fn end_sessions_of(
        &self,
        account: &AccountId,
        but: Option<HandleKey>,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// The latest sign-ins and refusals of an account, the last first.
    async fn latest_of(
        &self,
        account: &AccountId,
        count: u32,
    ) -> Result<Vec<ChainedEvent>, Unavailable>;
}

/// Invitations.
#[async_trait]
pub trait Invitations: Send + Sync {
    /// Keeps an invitation, with the event; those before of the same account end.
    async fn invite(
        &self,
        key: HandleKey,
        invitation: &Invitation,
        event: Event,
    ) -> Result<(), Unavailable>;
    /// Finds an invitation that was neither used nor ended, with its account.
    async fn invitation(
        &self,
        key: HandleKey,
        now: Timestamp,
    ) -> Result<Option<(Invitation, Account)>, Unavailable>;
    /// Until when an account is invited; `None` where its invitation was used or has ended, or there was none.
    async fn invited_until(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Unavailable>;
    /// Uses an invitation by one conditional statement and sets the secret of its account, with the event; `false`
    /// where it was used or has ended.
    async fn redeem(
        &self,
        key: HandleKey,
        secret: &StoredMemorisedSecret,
        event: Event,
    ) -> Result<bool, Unavailable>;
}
