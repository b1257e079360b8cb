//! The proof that somebody was authenticated: only this crate can make one (invariant 1).

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::account::{Account, AccountId};
use crate::credential::CredentialId;
use crate::directory::NotDelegable;
use crate::issued;
use crate::place::{Channel, Method, Zone};
use crate::voucher::Session;

/// Somebody whose secret or ticket was checked.
///
/// **Proves** that the checks of [`crate::attempt::verify`] passed: the account exists, is active,
/// the policy allows it from there to that service, and the secret was right. It is held in an
/// `Arc` by the connection or request that proved it and is never put into a pool.
#[derive(Debug)]
pub struct Authenticated {
    account: Account,
    methods: Vec<Method>,
    second_factor: Option<Timestamp>,
    channel: Channel,
    bought: Channel,
    credential: CredentialId,
    token: Option<CredentialId>,
    zone: Zone,
    at: Timestamp,
    ends: Option<Timestamp>,
    bounds: Option<Timestamp>,
    is_of_its_connection: bool,
    session: Option<Session>,
}

/// The earlier of two ends, where either is one.
pub(crate) fn earlier(one: Option<Timestamp>, other: Option<Timestamp>) -> Option<Timestamp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (end, None) | (None, end) => end,
    }
}

/// How somebody was authenticated.
pub(crate) struct How {
    pub(crate) methods: BTreeSet<Method>,
    pub(crate) second_factor: Option<Timestamp>,
    pub(crate) channel: Channel,
    pub(crate) bought: Channel,
    pub(crate) credential: CredentialId,
    /// The token whose code was proved beside it.
    pub(crate) token: Option<CredentialId>,
    pub(crate) zone: Zone,
    pub(crate) at: Timestamp,
    /// When it ends, or must be proved anew.
    pub(crate) ends: Option<Timestamp>,
    /// When whatever is bought by it ends at the latest.
    pub(crate) bounds: Option<Timestamp>,
    /// Whether it is good on its own connection alone, as whoever it is cannot be known again on another.
    pub(crate) is_of_its_connection: bool,
}

impl Authenticated {
    pub(crate) fn new(account: Account, how: How) -> Self {
        Self {
            account,
            methods: how.methods.into_iter().collect(),
            second_factor: how.second_factor,
            channel: how.channel,
            bought: how.bought,
            credential: how.credential,
            token: how.token,
            zone: how.zone,
            at: how.at,
            ends: how.ends,
            bounds: how.bounds,
            is_of_its_connection: how.is_of_its_connection,
            session: None,
        }
    }

    /// The same, as the authentication server elsewhere knows it by a session.
    pub(crate) fn of_session(self, session: Session) -> Self {
        Self {
            session: Some(session),
            ..self
        }
    }

    /// The account's immutable id.
    #[must_use]
    pub fn account_id(&self) -> &AccountId {
        &self.account.id
    }

    /// The whole account, as it was when it was checked.
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What was proved.
    #[must_use]
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// When the second factor among the methods was proved, where there is one.
    #[must_use]
    pub fn second_factor(&self) -> Option<Timestamp> {
        self.second_factor
    }

    /// The second factor that was proved at a time, where one was.
    ///
    /// SECURITY: a PIN by NTLM is no factor (decision 0024), and so a code behind it is not the second: no lease is renewed by it.
    pub(crate) fn second_factor_at(&self, at: Timestamp) -> Option<Method> {
        let is_second = !self.methods.contains(&Method::NtlmPin);
        let is_then = is_second && self.second_factor == Some(at);
        let mut methods = self.methods.iter().filter(|_| is_then);
        methods.find(|method| method.is_second_factor()).copied()
    }

    /// Whether it is good on its own connection alone: a code let them in whose client cannot be known again by what the
    /// policy binds a grant to.
    #[must_use]
    pub fn is_of_its_connection(&self) -> bool {
        self.is_of_its_connection
    }

    /// By which channel it was proved.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel
    }

    /// By which channel the secret was proved that all of this rests on: a ticket's is the one that
    /// bought it, and so is that of whatever is bought with the ticket.
    #[must_use]
    pub fn bought(&self) -> Channel {
        self.bought
    }

    /// The credential that was proved; revoking it ends this.
    #[must_use]
    pub fn credential(&self) -> &CredentialId {
        &self.credential
    }

    /// The token whose code was proved beside it; blocking it ends this, too.
    #[must_use]
    pub fn token(&self) -> Option<&CredentialId> {
        self.token.as_ref()
    }

    /// Whether it rests on a credential, on a token, or on a sign-in to a page.
    #[must_use]
    pub fn rests_on(&self, credential: &CredentialId) -> bool {
        if issued::is_sign_in(credential) {
            let own = issued::sign_in(&self.credential, self.second_factor);
            return self.bought == Channel::Page && own == *credential;
        }
        self.credential == *credential || self.token.as_ref() == Some(credential)
    }

    /// The zone it was proved in.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// When it was proved.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the credential with its lease, and the ticket where there was one, last until then.
    #[must_use]
    pub fn stands(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }

    /// Until when something that is bought by this may last. What rests on a sign-in by Kerberos ends with that:
    /// there is no credential of ours whose end would end it. What rests on a one-time code ends with the grant.
    #[must_use]
    pub fn bounds(&self, lasts: Timestamp) -> Timestamp {
        self.bounds.map_or(lasts, |bounds| lasts.min(bounds))
    }

    /// When whatever is bought by this ends at the latest, where that is known.
    pub(crate) fn bound(&self) -> Option<Timestamp> {
        self.bounds
    }

    /// When the credential, its lease, or the ticket where there was one, ends by itself.
    #[must_use]
    pub fn ends(&self) -> Option<Timestamp> {
        self.ends
    }

    /// What an authentication server elsewhere knows this by; `None` where it was checked in this process.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Whether a back end may be shown the user itself: nothing is known against it.
    ///
    /// # Errors
    ///
    /// Why not.
    pub fn may_be_passed_on(&self, is_directory_followed: bool) -> Result<(), NotDelegable> {
        match &self.account.directory {
            Some(directory) => directory.not_delegable.clone().map_or(Ok(()), Err),
            None if is_directory_followed => Err(NotDelegable::OfNoDirectory),
            None => Ok(()),
        }
    }

    /// Whether a back end of the operator's own may be told its names: they are the directory's, or nobody's but ours.
    ///
    /// # Errors
    ///
    /// Somebody else may have them there by now.
    pub fn may_be_named(&self) -> Result<(), NotDelegable> {
        let directory = self.account.directory.as_ref();
        let stale = directory.and_then(|it| it.not_delegable.as_ref());
        match stale.filter(|it| **it == NotDelegable::NamesNotTaken) {
            Some(stale) => Err(stale.clone()),
            None => Ok(()),
        }
    }

    /// Whether the account came from the directory, so that it stands only while that is read.
    #[must_use]
    pub fn is_of_directory(&self) -> bool {
        self.account.directory.is_some()
    }

    /// The name that a Windows back end sees: `sam@REALM`.
    #[must_use]
    pub fn sam_at_realm(&self) -> String {
        format!("{}@{}", self.account.sam, self.account.realm)
    }

    /// Whether a SIP URI is one of the account's; see [`Account::owns_sip_uri`].
    #[must_use]
    pub fn owns_sip_uri(&self, uri: &str) -> bool {
        self.account.owns_sip_uri(uri)
    }
}
