//! What people do with their passkeys: add one, call it something, take it away, and touch one to show that they are
//! there.
//!
//! SECURITY: whoever found an open session must not be able to stay by a key of his own: a passkey is added by somebody
//! who proved two factors in that session, not long ago, and no longer ago than the policy lets be.

use jiff::SignedDuration;
use serde_json::Value;

use super::{Owner, PortalError};
use crate::admin::is_label;
use crate::audit::{Event, Kind, PasskeyAct, Reason};
use crate::credential::CredentialId;
use crate::credential::otp_token::TokenState;
use crate::credential::passkey::{
    Assertion, Attestation, CEREMONY, Ceremony, MAX_PER_ACCOUNT, Passkey, PasskeyFault, PasskeyUse,
    RelyingParty, StoredPasskey,
};
use crate::place::{ActivityId, Method, Service};
use crate::policy::{Policy, Proved};
use crate::ports::Unavailable;
use crate::sign_in::{self, Completed};

/// How long ago the session may have begun in which somebody adds what opens it anew.
pub const FRESH: SignedDuration = SignedDuration::from_mins(30);

impl Owner<'_> {
    /// The passkeys, the newest first.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn passkeys(&self) -> Result<Vec<Passkey>, Unavailable> {
        let stored = self.stored_passkeys().await?.into_iter().rev();
        Ok(stored.map(|it| it.record).collect())
    }

    /// Whether this session may add what opens it anew.
    #[must_use]
    pub fn is_fresh(&self, policy: &Policy) -> bool {
        let Self { session, at, .. } = self;
        let methods = session.methods.iter().copied().collect();
        let proved = Proved {
            methods: &methods,
            made: None,
            second_factor: Some(session.begun),
        };
        let asking = sign_in::asking(&at.zone, (&Service::PORTAL).into());
        let is_enough = policy.judge(self.account, &asking, &proved, at.now).is_ok();
        let is_young = at.now.duration_since(session.begun) <= FRESH;
        session.second_factor().is_some() && is_enough && is_young
    }

    /// Begins to add a passkey: what the browser is told.
    ///
    /// # Errors
    ///
    /// Two factors were not proved, or too long ago, there are too many, or the store is away.
    pub async fn begin_passkey(
        &self,
        (party, policy): (&RelyingParty, &Policy),
    ) -> Result<Value, PortalError> {
        self.must_be_fresh(policy)?;
        let others = self.stored_passkeys().await?;
        if others.len() >= MAX_PER_ACCOUNT {
            return Err(PortalError::TooManyPasskeys);
        }
        let (options, ceremony) = party.begin_registration(self.account, &others)?;
        let ends = self.at.now.checked_add(CEREMONY).unwrap_or(self.at.now);
        let passkeys = &self.ports.passkeys;
        passkeys.begin_ceremony(self.key, &ceremony, ends).await?;
        Ok(options)
    }

    /// Adds a passkey by what the browser posts.
    ///
    /// # Errors
    ///
    /// As [`Owner::begin_passkey`], or it has no label, took too long, or is not taken.
    pub async fn add_passkey(
        &self,
        (party, policy): (&RelyingParty, &Policy),
        (label, posted): (String, &str),
        id: [u8; 16],
    ) -> Result<Passkey, PortalError> {
        self.must_be_fresh(policy)?;
        is_label(&label)
            .then_some(())
            .ok_or(PortalError::UnusableLabel)?;
        let passkeys = &self.ports.passkeys;
        let ceremony = passkeys.take_ceremony(self.key, self.at.now).await?;
        let ceremony = ceremony.ok_or(PasskeyFault::Wrong)?;
        let key = Attestation::parse(posted);
        let key = match key.and_then(|posted| party.registered(&ceremony, &posted)) {
            Ok(key) => key,
            Err(fault) => {
                self.passkey_refused(fault).await?;
                return Err(fault.into());
            }
        };
        if self.stored_passkeys().await?.len() >= MAX_PER_ACCOUNT {
            return Err(PortalError::TooManyPasskeys);
        }
        let record = Passkey {
            id: CredentialId(ActivityId::from(id).0),
            account: self.account.id.clone(),
            label,
            created: self.at.now,
            last_used: None,
            counter: 0,
        };
        let event = self.of_passkey(&record.id, PasskeyAct::Added);
        let stored = StoredPasskey { record, key };
        match passkeys.add_passkey(&stored, event).await? {
            true => Ok(stored.record),
            false => Err(PasskeyFault::Wrong.into()),
        }
    }

    /// Calls a passkey of one's own something else.
    ///
    /// # Errors
    ///
    /// It is not there or another's, that is no label, or the store is away.
    pub async fn rename_passkey(&self, id: &str, label: String) -> Result<(), PortalError> {
        is_label(&label)
            .then_some(())
            .ok_or(PortalError::UnusableLabel)?;
        let id = CredentialId(id.to_owned());
        let event = self.of_passkey(&id, PasskeyAct::Renamed);
        let which = (&self.account.id, &id);
        let passkeys = &self.ports.passkeys;
        let is_renamed = passkeys.rename_passkey(which, &label, event).await?;
        is_renamed.then_some(()).ok_or(PortalError::NotYours)
    }

    /// Removes a passkey of one's own, unless nothing would be left to sign in with; what rests on it ends.
    ///
    /// # Errors
    ///
    /// It is not there or another's, or the last, or the store is away.
    pub async fn remove_passkey(&self, id: &str) -> Result<(), PortalError> {
        let all = self.passkeys().await?;
        if !all.iter().any(|it| it.id.0 == id) {
            return Err(PortalError::NotYours);
        }
        let tokens = self.tokens().await?;
        let has_token = tokens.iter().any(|it| it.state == TokenState::Active);
        if all.len() == 1 && !has_token {
            return Err(PortalError::LastWay);
        }
        let is_removed = self.drop_passkey(&CredentialId(id.to_owned())).await?;
        is_removed.then_some(()).ok_or(PortalError::NotYours)
    }

    /// Removes a passkey of one's own, whatever else there is; `false` where there is none with that id.
    pub(super) async fn drop_passkey(&self, id: &CredentialId) -> Result<bool, Unavailable> {
        let event = self.of_passkey(id, PasskeyAct::Removed);
        let passkeys = &self.ports.passkeys;
        passkeys.remove_passkey((&self.account.id, id), event).await
    }

    /// Asks for the touch of a passkey: what the browser is told.
    ///
    /// # Errors
    ///
    /// The store is away.
    pub async fn begin_touch(&self, party: &RelyingParty) -> Result<Value, PortalError> {
        let (options, ceremony) = party.begin_sign_in()?;
        let ends = self.at.now.checked_add(CEREMONY).unwrap_or(self.at.now);
        let passkeys = &self.ports.passkeys;
        passkeys.begin_ceremony(self.key, &ceremony, ends).await?;
        Ok(options)
    }

    /// Takes the touch of a passkey of one's own, which renews the lease of one's app passwords.
    ///
    /// # Errors
    ///
    /// It is not taken, or another's, or the store is away.
    pub async fn touched(&self, party: &RelyingParty, posted: &str) -> Result<(), PortalError> {
        let passkeys = &self.ports.passkeys;
        let ceremony = passkeys.take_ceremony(self.key, self.at.now).await?;
        let ceremony = ceremony.ok_or(PasskeyFault::Wrong)?;
        let fault = match self.touch_of(party, (&ceremony, posted)).await? {
            Ok(used) => {
                let kind = Kind::SecondFactorProved {
                    method: Method::Passkey,
                };
                let account = Some(self.account.id.clone());
                let event = self.at.event(kind, &Service::PORTAL, account);
                match passkeys.use_passkey(&self.account.id, &used, event).await? {
                    Completed::Written => return Ok(()),
                    Completed::CountedBack => PasskeyFault::CountedBack,
                    Completed::Gone | Completed::Spent | Completed::Overtaken => {
                        PasskeyFault::Wrong
                    }
                }
            }
            Err(fault) => fault,
        };
        self.passkey_refused(fault).await?;
        Err(fault.into())
    }

    async fn touch_of(
        &self,
        party: &RelyingParty,
        (ceremony, posted): (&Ceremony, &str),
    ) -> Result<Result<PasskeyUse, PasskeyFault>, Unavailable> {
        let posted = match Assertion::parse(posted) {
            Ok(posted) => posted,
            Err(fault) => return Ok(Err(fault)),
        };
        let found = self.ports.passkeys.passkey_known_as(posted.known_as());
        let own = found
            .await?
            .filter(|(_, whose)| whose.id == self.account.id);
        let Some((stored, _)) = own else {
            return Ok(Err(PasskeyFault::Wrong));
        };
        let used = party.used(ceremony, &posted, &stored);
        Ok(used.map(|counter| PasskeyUse {
            passkey: stored.record.id,
            counter: Some(counter),
        }))
    }

    pub(super) fn must_be_fresh(&self, policy: &Policy) -> Result<(), PortalError> {
        let is_fresh = self.is_fresh(policy);
        is_fresh.then_some(()).ok_or(PortalError::NotFresh)
    }

    async fn stored_passkeys(&self) -> Result<Vec<StoredPasskey>, Unavailable> {
        self.ports.passkeys.passkeys_of(&self.account.id).await
    }

    async fn passkey_refused(&self, fault: PasskeyFault) -> Result<(), Unavailable> {
        let reason: Reason = sign_in::reason_of_passkey(fault);
        let name = self.account.upn.clone();
        let kind = Kind::Refused { reason, name };
        let account = Some(self.account.id.clone());
        let event = self.at.event(kind, &Service::PORTAL, account);
        self.ports.attempt.audit.append(vec![event]).await
    }

    fn of_passkey(&self, id: &CredentialId, act: PasskeyAct) -> Event {
        let kind = Kind::Passkey {
            passkey: id.clone(),
            act,
        };
        let account = Some(self.account.id.clone());
        let event = self.at.event(kind, &Service::PORTAL, account);
        Event {
            actor: Some(self.by().actor),
            ..event
        }
    }
}
