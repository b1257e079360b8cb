//! The telephone that one's own codes go to, as its owner sets it.
//!
//! SECURITY: whoever found an open session must not lead codes to a telephone of his own: a number is set by somebody who
//! proved two factors in that session, not long ago; it waits for its first code as any that is set, where codes went
//! before is told of it, and every session ends (T-OTP-9).

use proto::sending::PhoneNumber;

use super::{Owner, PortalError};
use crate::admin::destinations::{self, Hold, TOLD};
use crate::credential::otp_token::TokenState;
use crate::credential::sent_code::{Address, Carrier, Destination, Language};
use crate::place::Method;
use crate::policy::Policy;
use crate::ports::Unavailable;
use crate::sign_in::Sending;

impl Owner<'_> {
    /// Where short messages go, if they go anywhere.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn telephone(&self) -> Result<Option<Destination>, Unavailable> {
        let known = destinations::of(self.ports, self.account).await?;
        let mut known = known.into_iter();
        Ok(known.find(|it| it.address.carrier() == Carrier::Sms))
    }

    /// Sets the number that codes go to, in the place of the one before; all sessions end.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago; it is no number, or nothing is sent there; it is set already, or the
    /// store is away.
    pub async fn set_telephone(
        &self,
        (policy, sending): (&Policy, &Sending),
        (typed, language): (&str, Language),
        ids: [[u8; 16]; TOLD],
    ) -> Result<Destination, PortalError> {
        self.must_be_fresh(policy)?;
        let number = PhoneNumber::parse(typed).map_err(|_| PortalError::NoNumber)?;
        let address = Address::Sms(number);
        if !sending.reaches(&address) {
            return Err(PortalError::NotReached);
        }
        let (what, how) = ((self.account, address), (Hold::Usual, language));
        Ok(destinations::set(self.ports, what, how, &self.by(), ids).await?)
    }

    /// Removes the number, unless nothing would be left to sign in with; all sessions end.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago; there is none, or nothing else; or the store is away.
    pub async fn remove_telephone(&self, policy: &Policy) -> Result<(), PortalError> {
        self.must_be_fresh(policy)?;
        let rests = self.session.methods.contains(&Method::SentCode);
        if rests && !self.has_another_way().await? {
            return Err(PortalError::LastWay);
        }
        let by = self.by();
        Ok(destinations::remove(self.ports, self.account, Carrier::Sms, &by).await?)
    }

    /// Whether its owner comes in without a short message: by a token, a passkey or a mail.
    async fn has_another_way(&self) -> Result<bool, Unavailable> {
        let tokens = self.tokens().await?;
        let mut ways = tokens.iter().map(|it| it.state == TokenState::Active);
        let known = destinations::of(self.ports, self.account).await?;
        let is_mail = |it: &Destination| it.address.carrier() == Carrier::Mail;
        let has_mail = known
            .iter()
            .any(|it| is_mail(it) && !it.is_held(self.at.now));
        Ok(ways.any(|it| it) || has_mail || !self.passkeys().await?.is_empty())
    }
}
