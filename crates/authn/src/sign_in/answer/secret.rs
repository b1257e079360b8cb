//! The secret that was typed on a page: a memorised one, or an app password where the policy takes one there.
//!
//! SECURITY: whichever it is, and whether it is right, it is compared with every app password of the account, takes one place
//! among the guesses at the secret and waits for one hash; where there is no place, for none, and as long (T-CRED-8). Only
//! then does it count that an app password that is right is refused for no counter (design 13).

use super::{Asking, Named};
use crate::account::Account;
use crate::attempt;
use crate::audit::Reason;
use crate::credential::CredentialId;
use crate::credential::app_password::AppPassword;
use crate::credential::memorised_secret::{
    MemorisedSecret, SecretHash, SecretPlace, StoredMemorisedSecret, Typed,
};
use crate::lockout::{HoldBack, LONGEST_HOLD_BACK};
use crate::place::Method;
use crate::ports::Unavailable;

use super::super::{
    Answer, Answered, Budgeted, Outcome, Requirement, SecretProved, Stage, familiarity,
};

use jiff::Timestamp;
use proto::secret::Secret;

/// A secret that was right.
enum Right {
    Memorised(MemorisedSecret),
    AppPassword(AppPassword),
}

/// What became of a secret, and whether there was a place to look at it.
struct Judged {
    proved: Result<SecretProved, Reason>,
    had_room: bool,
}

impl Asking<'_> {
    /// INVARIANT: the same calls in the same order, whoever is named; without a place nothing is hashed.
    pub(super) async fn secret(&self, name: &str, answer: Answer) -> Result<Outcome, Unavailable> {
        let (attempt, at) = (&self.ports.attempt, self.at);
        let named = self.find(name).await?;
        let is_familiar = named.reservation.counts.source_is_familiar;
        let stored = attempt.secrets.memorised_secret(&named.subject).await?;
        let stored = stored.and_then(StoredMemorisedSecret::standing);
        let app_password = self.app_password(&named, &answer.typed).await?;
        let source = familiarity(is_familiar);
        let place = SecretPlace::now(named.subject.clone(), source, at.now);
        let had_room = attempt.secrets.reserve_secret(place).await?.is_taken();
        let memorised = match had_room {
            true => match self.memorised(&named, stored, &answer.typed).await {
                Ok(memorised) => memorised,
                Err(error) => {
                    self.refused(name, &named, Reason::NoTurn).await?;
                    return Err(error);
                }
            },
            false => None,
        };
        let right = match (app_password, memorised) {
            (Some(record), _) => Ok(Right::AppPassword(record)),
            (None, Some(record)) => Ok(Right::Memorised(record)),
            (None, None) if !had_room => Err(Reason::TooManyFailures),
            (None, None) => Err(Reason::WrongSecret),
        };
        let proved = match (&named.account, right) {
            (_, Err(Reason::TooManyFailures)) => Err(Reason::TooManyFailures),
            (None, _) => Err(Reason::UnknownName),
            (Some(account), right) => self.proved(account, right).map(|proved| SecretProved {
                is_familiar,
                budgeted: match had_room {
                    true => Budgeted::Counted,
                    false => Budgeted::BeyondIt,
                },
                ..proved
            }),
        };
        let judged = Judged { proved, had_room };
        self.judged(name, named, judged, answer.random).await
    }

    /// The app password that was typed. They are asked for where anybody may sign in by one, whoever is named.
    async fn app_password(
        &self,
        named: &Named,
        typed: &Secret<String>,
    ) -> Result<Option<AppPassword>, Unavailable> {
        let (policy, here) = (&self.rules.policy, (&self.at.zone, self.sign_in));
        if !Requirement::takes_secret(policy, here, Method::AppPassword) {
            return Ok(None);
        }
        let credentials = &self.ports.attempt.credentials;
        let stored = credentials.app_passwords(&named.subject).await?;
        Ok(attempt::app_password(typed, stored))
    }

    /// The memorised secret, where that is what was typed.
    async fn memorised(
        &self,
        named: &Named,
        stored: Option<StoredMemorisedSecret>,
        typed: &Secret<String>,
    ) -> Result<Option<MemorisedSecret>, Unavailable> {
        let (hash, record) = match stored {
            Some(stored) => (stored.hash, Some(stored.record)),
            None => (SecretHash::of_nobody(), None),
        };
        let queue = named.reservation.counts.queue();
        let hasher = &self.ports.attempt.hasher;
        let is_right = hasher.proves(Typed::to_sign_in(typed), hash, queue).await?;
        Ok(record.filter(|_| is_right))
    }

    /// The person is judged first, then the secret, then what the policy says of that secret.
    fn proved(
        &self,
        account: &Account,
        right: Result<Right, Reason>,
    ) -> Result<SecretProved, Reason> {
        self.stands(account)?;
        let (at, service) = (self.at, &self.sign_in.service);
        let right = right?;
        if let Right::AppPassword(record) = &right {
            record.usable(service, at.now)?;
        }
        let (method, credential, made) = right.into_parts();
        let secret = (method, made);
        let (requirement, policy) = (self.sign_in.requirement, &self.rules.policy);
        requirement.admits(secret, account, policy, (at, self.sign_in.into()))?;
        Ok(SecretProved {
            account: account.id.clone(),
            credential,
            method,
            made,
            at: at.now,
            source: at.source.into(),
            is_familiar: false,
            budgeted: Budgeted::default(),
        })
    }

    /// What follows on a secret: whatever was wrong, the same question, where one more follows at all.
    async fn judged(
        &self,
        name: &str,
        named: Named,
        Judged { proved, had_room }: Judged,
        random: [u8; 32],
    ) -> Result<Outcome, Unavailable> {
        let counts = named.reservation.counts;
        let is_right = proved.is_ok();
        let is_alarmed = match &proved {
            Ok(_) => false,
            Err(reason) => self.refused(name, &named, *reason).await?,
        };
        let mut outcome = match (self.sign_in.requirement, proved) {
            (Requirement::SecretAndCode, proved) => {
                let (name, proved) = (name.to_owned(), proved.ok());
                let sent = None;
                let stage = Stage::Code { name, proved, sent };
                self.moved(stage, Answered::Asks).await?
            }
            (Requirement::Secret, Ok(proved)) => {
                let places = vec![proved.place()];
                let completion = self.completion(&proved, (places, None), random);
                self.completed(name, &named, completion, random).await?
            }
            // By a passkey alone nobody is asked for a secret.
            (Requirement::Secret | Requirement::Passkey, _) => {
                self.moved(Stage::Account, Answered::Refused).await?
            }
        };
        // SECURITY: where a code follows, how long it takes would tell that this was right.
        let is_known = is_right && self.sign_in.requirement == Requirement::Secret;
        outcome.hold_back = match had_room {
            true => counts.hold_back(is_known),
            false => HoldBack(LONGEST_HOLD_BACK),
        };
        outcome.is_alarmed |= is_alarmed;
        Ok(outcome)
    }
}

impl Right {
    /// Of which kind it is, which it is, and when it was made, where that counts.
    fn into_parts(self) -> (Method, CredentialId, Option<Timestamp>) {
        match self {
            Self::Memorised(record) => (Method::MemorisedSecret, record.id, None),
            Self::AppPassword(record) => (Method::AppPassword, record.id, Some(record.created)),
        }
    }
}
