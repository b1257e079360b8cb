//! What people do with what is theirs: app passwords, tokens, a telephone, sessions, and a look at who signed in as them.
//!
//! SECURITY: everything is asked for by an id that a form brought, so that each act finds out whose it is before it
//! does anything. Start at [`Owner`].

mod lease;
mod not_me;
mod passkeys;
mod recovery;
mod secret;
mod telephone;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use proto::otp::KeyUri;
use proto::secret::Secret;

use crate::account::Account;
use crate::admin::destinations::DestinationError;
use crate::admin::secrets::SecretError;
use crate::admin::tokens::{self, TokenError, TokenRandomness};
use crate::admin::{self, AdminError, NewAppPassword, Randomness};
use crate::audit::Kind;
use crate::credential::CredentialId;
use crate::credential::app_password::AppPassword;
use crate::credential::otp_token::{OtpToken, TokenState};
use crate::credential::passkey::{self, PasskeyFault};
use crate::handle::HandleKey;
use crate::lockout::Subject;
use crate::place::{Method, Service};
use crate::policy::Policy;
use crate::ports::{ChainedEvent, Unavailable};
use crate::session::Session;
use crate::sign_in::{At, Ports};
pub use lease::Lease;
pub use not_me::{Disowned, LOOKED_BACK};
pub use passkeys::FRESH;

/// How many sign-ins are shown, and how many other events beside them.
pub const MAX_SHOWN: u32 = 30;
/// How long an app password lasts that its owner makes.
pub const APP_PASSWORD_LASTS: SignedDuration = SignedDuration::from_hours(24 * 365);

/// Somebody whose session was found to stand, at one request.
pub struct Owner<'a> {
    /// What is asked.
    pub ports: &'a Ports,
    /// Who.
    pub account: &'a Account,
    /// By which session.
    pub session: &'a Session,
    /// What the store knows the session by.
    pub key: HandleKey,
    /// From where and when.
    pub at: &'a At,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortalError {
    /// It is not there, or another's.
    #[error("there is nothing of yours with that id")]
    NotYours,
    /// Nobody could sign in again.
    #[error("this is the only token that your sign-in rests on; enrol another one first")]
    LastToken,
    /// What opens a session anew is added by somebody who proved two factors in this one, not long ago.
    #[error("sign in again, with a code or a passkey, and do it then")]
    NotFresh,
    /// There are as many passkeys as an account may have.
    #[error(
        "an account may have {} passkeys; remove one that is not used",
        passkey::MAX_PER_ACCOUNT
    )]
    TooManyPasskeys,
    /// Nobody could tell it from another.
    #[error("it needs a name of 1 to {} printable characters", admin::MAX_LABEL)]
    UnusableLabel,
    /// A passkey was not taken.
    #[error(transparent)]
    Passkey(#[from] PasskeyFault),
    /// Nothing would be left by which its owner could sign in.
    #[error("you could not sign in without it; add another one first")]
    LastWay,
    /// That is no telephone number.
    #[error("a number is written in the international form, as +46701234567")]
    NoNumber,
    /// Nothing is sent to such numbers.
    #[error("codes are not sent to numbers that begin so")]
    NotReached,
    /// Where codes go was not changed.
    #[error(transparent)]
    Destination(#[from] DestinationError),
    /// The new one was not typed twice.
    #[error("the two secrets are not the same")]
    Unequal,
    /// The old secret is not that, or there were too many.
    #[error("that is not your secret")]
    WrongSecret,
    /// An app password was not made or revoked.
    #[error(transparent)]
    AppPassword(#[from] AdminError),
    /// A token was not made or changed.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The new secret was not taken.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Owner<'_> {
    /// The app passwords, those that stand first, the newest first.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn app_passwords(&self) -> Result<Vec<AppPassword>, Unavailable> {
        let stored = self
            .ports
            .attempt
            .credentials
            .app_passwords(&self.subject())
            .await?;
        let mut records: Vec<AppPassword> = stored.into_iter().map(|it| it.record).collect();
        records.sort_by_key(|it| (it.revoked.is_some(), std::cmp::Reverse(it.created)));
        Ok(records)
    }

    /// Makes an app password; its text is given once.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago; it has no label, would open nothing, there are too many, or the store is
    /// away.
    pub async fn make_app_password(
        &self,
        policy: &Policy,
        (label, scope): (String, BTreeSet<Service>),
        random: Randomness,
    ) -> Result<(AppPassword, Secret<String>), PortalError> {
        self.must_be_fresh(policy)?;
        let order = NewAppPassword {
            device: Some(label.clone()),
            label,
            scope,
            expires: self.at.now.checked_add(APP_PASSWORD_LASTS).ok(),
        };
        let (ports, by) = (&self.ports.attempt, self.by());
        let made = admin::issue_app_password(ports, &self.account.id, order, &by, random).await?;
        Ok(made)
    }

    /// Revokes an app password of one's own.
    ///
    /// # Errors
    ///
    /// It is not there or another's, or the store is away.
    pub async fn revoke(&self, id: &str) -> Result<AppPassword, PortalError> {
        let id = CredentialId(id.to_owned());
        let found = self.ports.attempt.credentials.app_password(&id).await?;
        let is_own = found.is_some_and(|record| record.account == self.account.id);
        is_own.then_some(()).ok_or(PortalError::NotYours)?;
        Ok(admin::revoke_app_password(&self.ports.attempt, &id, &self.by()).await?)
    }

    /// The tokens.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn tokens(&self) -> Result<Vec<OtpToken>, Unavailable> {
        let stored = self
            .ports
            .attempt
            .otp_tokens
            .otp_tokens_of(&self.subject())
            .await?;
        Ok(stored.into_iter().map(|it| it.record).collect())
    }

    /// Makes a token that waits for its first code.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago; it has no label, there are too many, or the store is away.
    pub async fn enrol(
        &self,
        policy: &Policy,
        label: String,
        random: TokenRandomness,
    ) -> Result<OtpToken, PortalError> {
        self.must_be_fresh(policy)?;
        let order = tokens::of_a_phone(label, "Wicketgate".to_owned());
        let (ports, by) = (&self.ports.attempt, self.by());
        let (record, _) = tokens::enrol(ports, self.account, order, &by, random).await?;
        Ok(record)
    }

    /// What a phone takes of a token of one's own that waits for its first code.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago; there is none that does, or the store is away.
    pub async fn to_confirm(&self, policy: &Policy, id: &str) -> Result<KeyUri, PortalError> {
        // SECURITY: whoever sees it has the seed of a token that its owner may confirm later.
        self.must_be_fresh(policy)?;
        let stored = self.ports.attempt.otp_tokens.otp_token(id).await?;
        let shown = stored.and_then(|stored| tokens::shown_again(self.account, &stored));
        shown.ok_or(PortalError::NotYours)
    }

    /// Takes the first code of a token of one's own.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago; it is not there or another's, the code is wrong, or the store is away.
    pub async fn confirm(
        &self,
        policy: &Policy,
        id: &str,
        typed: &str,
    ) -> Result<OtpToken, PortalError> {
        self.must_be_fresh(policy)?;
        self.own_token(id).await?;
        Ok(tokens::confirm(&self.ports.attempt, id, typed, &self.by()).await?)
    }

    /// Removes a token of one's own, unless it is the last that sign-in rests on.
    ///
    /// # Errors
    ///
    /// It is not there or another's, or the last, or the store is away.
    pub async fn remove_token(&self, id: &str) -> Result<OtpToken, PortalError> {
        let token = self.own_token(id).await?;
        let mut others = self
            .tokens()
            .await?
            .into_iter()
            .filter(|it| it.id != token.id);
        let rests = self.session.methods.contains(&Method::OneTimeCode);
        let is_active = token.state == TokenState::Active;
        if rests && is_active && !others.any(|it| it.state == TokenState::Active) {
            return Err(PortalError::LastToken);
        }
        Ok(tokens::remove(&self.ports.attempt, id, &self.by()).await?)
    }

    /// The latest sign-ins, and beside them whatever else there was, the last first.
    ///
    /// SECURITY: neither guesses nor what else is done to the account push the sign-ins out, which their owner may disown.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn latest(&self) -> Result<Vec<ChainedEvent>, Unavailable> {
        let sessions = &self.ports.sessions;
        let all = sessions.latest_of(&self.account.id, LOOKED_BACK).await?;
        let (mut sign_ins, mut others) = (0, 0);
        let shown = all.into_iter().filter(|it| {
            let so_far = match it.event.kind {
                Kind::SignedIn { .. } => &mut sign_ins,
                _ => &mut others,
            };
            *so_far += 1;
            *so_far <= MAX_SHOWN
        });
        Ok(shown.collect())
    }

    async fn own_token(&self, id: &str) -> Result<OtpToken, PortalError> {
        let mut own = self.tokens().await?.into_iter();
        own.find(|token| token.id.0 == id)
            .ok_or(PortalError::NotYours)
    }

    fn subject(&self) -> Subject {
        Subject::Account(self.account.id.clone())
    }

    fn by(&self) -> crate::audit::ByHand {
        crate::sign_in::by_owner(self.account, self.at)
    }
}
