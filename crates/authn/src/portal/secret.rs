//! Another secret in the place of one's own, by the old one: that is a guess, and is counted as one.
//!
//! SECURITY: these guesses have places of their own, a few in the session for as long as that lasts and so many in all of the
//! account's: whoever guesses elsewhere, from a familiar address even, does not keep the owner from closing that door, and a
//! session that was stolen, however old, buys no guesses without end and takes none of its owner's (decision 0034). Wrong
//! ones raise the counter that every way in raises (T-CRED-6).

use proto::secret::Secret;

use super::{Owner, PortalError};
use crate::admin::secrets::{self, SecretError, SecretRandomness};
use crate::audit::{Kind, Reason};
use crate::credential::grant::CodeSettlement;
use crate::credential::memorised_secret::{SecretPlace, Typed};
use crate::lockout::{Place, Queue};
use crate::place::Service;
use crate::ports::{Settlement, Unavailable};

impl Owner<'_> {
    /// Whether the secret opens nothing, because its owner said that somebody else knows it.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn is_secret_disowned(&self) -> Result<bool, Unavailable> {
        let secrets = &self.ports.attempt.secrets;
        let stored = secrets.memorised_secret(&self.subject()).await?;
        Ok(stored.is_some_and(|it| it.record.disowned.is_some()))
    }

    /// Changes the secret for another, by the old one. All sessions end.
    ///
    /// # Errors
    ///
    /// The old one is wrong or there were too many, the new one may not be chosen, or the store is away.
    pub async fn change_secret(
        &self,
        [old, new]: [&Secret<String>; 2],
        random: SecretRandomness,
    ) -> Result<(), PortalError> {
        let secrets = &self.ports.attempt.secrets;
        let chosen = Typed::chosen_by(self.account, new);
        chosen.map_err(SecretError::from)?;
        let stored = secrets.memorised_secret(&self.subject()).await?;
        let stored = stored.ok_or(PortalError::WrongSecret)?;
        let place = SecretPlace::of_change(self.subject(), self.key, self.at.now);
        if !secrets.reserve_secret(place).await?.is_taken() {
            self.wrong_secret(Reason::TooManyFailures).await?;
            return Err(PortalError::WrongSecret);
        }
        let (typed, hasher) = (Typed::to_sign_in(old), &self.ports.attempt.hasher);
        if !hasher.proves(typed, stored.hash, Queue::Familiar).await? {
            self.wrong_secret(Reason::WrongSecret).await?;
            return Err(PortalError::WrongSecret);
        }
        secrets::set(self.ports, self.account, new, &self.by(), random).await?;
        Ok(())
    }

    /// Counts a failure, and writes it down.
    async fn wrong_secret(&self, reason: Reason) -> Result<(), Unavailable> {
        let (at, attempts) = (self.at, &self.ports.attempt.attempts);
        let place = Place::now(self.subject(), at.source.into(), at.now);
        let reservation = attempts.reserve(place).await?;
        let reservation = reservation.ok_or_else(|| Unavailable {
            what: "the counters",
            detail: "a place without a limit was not given".to_owned(),
        })?;
        let event = |kind| at.event(kind, &Service::PORTAL, Some(self.account.id.clone()));
        let name = self.account.upn.clone();
        let (counts, failures) = (reservation.counts, reservation.counts.subject);
        let settlement = Settlement {
            reservation,
            succeeded: None,
            code: CodeSettlement::None,
            events: vec![event(Kind::Refused { reason, name })],
            alarm: counts
                .is_alarming()
                .then(|| event(Kind::UnderAttack { failures })),
        };
        attempts.settle(settlement).await?;
        Ok(())
    }
}
