//! "That was not me": whoever came in by a sign-in that its owner disowns is put out, with all that may be theirs.
//!
//! What was proved there opens nothing any more, and nor does whatever was added to the account since: whoever was in may
//! have added it. What this session itself rests on stays, unless it is the very thing that was proved there: its owner must
//! be able to go on.
//!
//! SECURITY: the sessions and the secret go first, in one transaction, so that nobody adds more; each of the rest is a
//! transaction with its event. Where the store goes away between two, its owner is told that it was not done, and the same
//! again does the rest. Start at [`Owner::was_not_me`].

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Owner, PortalError};
use crate::admin::destinations;
use crate::admin::tokens::{self, TokenError};
use crate::admin::{self, AdminError};
use crate::audit::{Event, Kind, TokenAct};
use crate::credential::CredentialId;
use crate::credential::otp_token::{OtpToken, TokenState};
use crate::credential::spare_code::SpareKind;
use crate::place::{Method, Service};
use crate::ports::{ChainedEvent, Unavailable};

/// How many of the latest events of an account are looked through for tokens that were confirmed since.
pub const LOOKED_BACK: u32 = 500;
/// How often what is there is looked at anew: somebody may have added something while the first were revoked.
const ROUNDS: usize = 3;

/// What was done about a sign-in that its owner disowned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Disowned {
    /// The app passwords that are revoked, by what their owner calls them.
    pub app_passwords: Vec<String>,
    /// The tokens that are blocked, or removed where their first code had not come.
    pub tokens: Vec<String>,
    /// The passkeys that are removed.
    pub passkeys: Vec<String>,
    /// Whether the recovery codes are good no more.
    pub recovery_codes: bool,
    /// Whether the code of the help desk is good no more.
    pub temporary_code: bool,
    /// Whether the PIN for NTLM is removed.
    pub ntlm_pin: bool,
    /// The numbers and addresses that codes went to and do not go to any more, masked.
    pub destinations: Vec<String>,
    /// Whether the memorised secret opens nothing until another is chosen.
    pub secret: bool,
    /// Whether this session ended with what was done.
    pub is_out: bool,
}

/// The sign-in that is disowned.
struct SignIn {
    number: i64,
    at: Timestamp,
    credential: CredentialId,
    /// The kind of spare code that was typed there, where one was.
    spare: Option<SpareKind>,
}

impl Owner<'_> {
    /// Puts out whoever came in by a sign-in, and tells what was done.
    ///
    /// # Errors
    ///
    /// It is no sign-in of one's own, or the store is away: then not all of it is done.
    pub async fn was_not_me(&self, number: i64) -> Result<Disowned, PortalError> {
        let sign_in = self.sign_in_of(number).await?;
        let mut done = Disowned {
            secret: self.is_secret_known_to(&sign_in).await?,
            ..Disowned::default()
        };
        let kind = Kind::NotMe {
            number,
            credential: sign_in.credential.clone(),
            secret_disowned: done.secret,
        };
        let account = &self.account.id;
        let event = self.at.event(kind, &Service::PORTAL, Some(account.clone()));
        let (but, ports) = (Some(self.key), self.ports);
        match done.secret {
            true => {
                let secrets = &ports.attempt.secrets;
                secrets.disown_memorised_secret(account, but, event).await?;
            }
            false => ports.sessions.end_sessions_of(account, but, event).await?,
        }
        for _ in 0..ROUNDS {
            if !self.disown(&sign_in, &mut done).await? {
                break;
            }
        }
        let session = ports.sessions.session(self.key, self.at.now).await?;
        done.is_out = session.is_none();
        Ok(done)
    }

    async fn sign_in_of(&self, number: i64) -> Result<SignIn, PortalError> {
        let read = self.ports.attempt.audit.read(number, 2).await?;
        let mut own = read
            .into_iter()
            .filter(|it| it.event.account.as_ref() == Some(&self.account.id));
        let found = own.next().filter(|it| it.number == number);
        let Some(ChainedEvent { event, .. }) = found else {
            return Err(PortalError::NotYours);
        };
        let Kind::SignedIn { credential, .. } = event.kind else {
            return Err(PortalError::NotYours);
        };
        // A sign-in by a page is written together with the spare code that was used for it.
        let next = own.next().filter(|it| it.event.activity == event.activity);
        let spare = next.and_then(|it| match it.event.kind {
            Kind::SpareCodeUsed { method, .. } => spare_kind(method),
            _ => None,
        });
        Ok(SignIn {
            number,
            at: event.at,
            credential,
            spare,
        })
    }

    /// Whether the memorised secret is what was proved, or was set since by somebody else.
    async fn is_secret_known_to(&self, sign_in: &SignIn) -> Result<bool, Unavailable> {
        let secrets = &self.ports.attempt.secrets;
        let stored = secrets.memorised_secret(&self.subject()).await?;
        Ok(stored.is_some_and(|it| {
            let secret = &it.record;
            secret.id == sign_in.credential
                || (secret.set >= sign_in.at && !self.rests_on(&secret.id))
        }))
    }

    /// Whether this session rests on it.
    fn rests_on(&self, id: &CredentialId) -> bool {
        self.session.credential == *id || self.session.token.as_ref() == Some(id)
    }

    /// Whether something goes: it is what was proved, or came since, and this session does not rest on it.
    fn goes(&self, sign_in: &SignIn, id: &CredentialId, since: Timestamp) -> bool {
        *id == sign_in.credential || (since >= sign_in.at && !self.rests_on(id))
    }

    /// Ends whatever is there by now; whether there was anything.
    async fn disown(&self, sign_in: &SignIn, done: &mut Disowned) -> Result<bool, PortalError> {
        let before = done.clone();
        self.disown_app_passwords(sign_in, done).await?;
        self.disown_tokens(sign_in, done).await?;
        self.disown_passkeys(sign_in, done).await?;
        self.disown_codes(sign_in, done).await?;
        Ok(*done != before)
    }

    async fn disown_app_passwords(
        &self,
        sign_in: &SignIn,
        done: &mut Disowned,
    ) -> Result<(), PortalError> {
        for record in self.app_passwords().await? {
            let stands = record.revoked.is_none();
            if stands && self.goes(sign_in, &record.id, record.created) {
                let ports = &self.ports.attempt;
                match admin::revoke_app_password(ports, &record.id, &self.by()).await {
                    // Somebody else was faster; it is revoked all the same.
                    Ok(_) | Err(AdminError::RevokedAlready) => {}
                    Err(error) => return Err(error.into()),
                }
                done.app_passwords.push(record.label);
            }
        }
        Ok(())
    }

    /// SECURITY: a token that waits for its first code shows its seed to whoever is signed in, whenever it was made.
    async fn disown_tokens(
        &self,
        sign_in: &SignIn,
        done: &mut Disowned,
    ) -> Result<(), PortalError> {
        let given = self.given_since(sign_in).await?;
        let is_given = |token: &OtpToken| match &given {
            Some(given) => given.contains(&token.id),
            None => !self.rests_on(&token.id),
        };
        for token in self.tokens().await? {
            let ports = &self.ports.attempt;
            let since_then = self.goes(sign_in, &token.id, token.created) || is_given(&token);
            let changed = match token.state {
                TokenState::Pending => tokens::remove(ports, &token.id.0, &self.by()).await,
                TokenState::Active if since_then => {
                    tokens::block(ports, &token.id.0, &self.by()).await
                }
                TokenState::Active | TokenState::Blocked => continue,
            };
            match changed {
                // Whatever it became meanwhile, the next round looks at it.
                Ok(_) | Err(TokenError::NoSuchToken | TokenError::ChangedMeanwhile) => {}
                Err(error) => return Err(error.into()),
            }
            done.tokens.push(token.label);
        }
        Ok(())
    }

    /// The tokens whose first code came since, or that were given to the account; nothing where there is more than can be
    /// looked through.
    async fn given_since(
        &self,
        sign_in: &SignIn,
    ) -> Result<Option<BTreeSet<CredentialId>>, Unavailable> {
        let sessions = &self.ports.sessions;
        let latest = sessions.latest_of(&self.account.id, LOOKED_BACK).await?;
        let is_full = u32::try_from(latest.len()).unwrap_or(u32::MAX) >= LOOKED_BACK;
        let oldest = latest.last().map_or(0, |it| it.number);
        if is_full && oldest > sign_in.number {
            return Ok(None);
        }
        let since = latest.into_iter().filter(|it| it.number > sign_in.number);
        let given = since.filter_map(|it| match it.event.kind {
            Kind::OtpToken {
                token,
                act: TokenAct::Confirmed | TokenAct::Assigned,
            } => Some(token),
            _ => None,
        });
        Ok(Some(given.filter(|id| !self.rests_on(id)).collect()))
    }

    async fn disown_passkeys(
        &self,
        sign_in: &SignIn,
        done: &mut Disowned,
    ) -> Result<(), PortalError> {
        for record in self.passkeys().await? {
            let is_gone = self.goes(sign_in, &record.id, record.created)
                && self.drop_passkey(&record.id).await?;
            if is_gone {
                done.passkeys.push(record.label);
            }
        }
        Ok(())
    }

    /// Ends spare codes, the PIN for NTLM, and where codes go.
    async fn disown_codes(&self, sign_in: &SignIn, done: &mut Disowned) -> Result<(), PortalError> {
        let codes = &self.ports.spare_codes;
        let all = codes.spare_codes_of(&self.subject()).await?;
        for kind in [SpareKind::Recovery, SpareKind::Temporary] {
            let of_kind = all.iter().map(|it| &it.record).filter(|it| it.kind == kind);
            let mut of_kind = of_kind.filter(|it| it.uses > 0);
            let goes = of_kind.any(|it| sign_in.spare == Some(kind) || it.made >= sign_in.at);
            let (said, ended) = match kind {
                SpareKind::Recovery => (&mut done.recovery_codes, Kind::RecoveryCodesEnded),
                SpareKind::Temporary => (&mut done.temporary_code, Kind::TemporaryCodeEnded),
            };
            if goes {
                let event = self.by_hand(ended);
                let codes_of = (&self.account.id, kind);
                codes.set_spare_codes(codes_of, Vec::new(), event).await?;
                *said = true;
            }
        }
        let pin = self.ports.attempt.pins.ntlm_pin(&self.subject()).await?;
        if pin.is_some_and(|it| self.goes(sign_in, &it.record.id, it.record.set)) {
            let event = self.by_hand(Kind::NtlmPinRemoved);
            let pins = &self.ports.attempt.pins;
            pins.remove_ntlm_pin(&self.account.id, event).await?;
            done.ntlm_pin = true;
        }
        for known in destinations::of(self.ports, self.account).await? {
            if known.set >= sign_in.at {
                let carrier = known.address.carrier();
                let event = self.by_hand(Kind::DestinationRemoved { by: carrier });
                let (to, but) = ((&self.account.id, carrier), Some(self.key));
                let sent = &self.ports.attempt.sent_codes;
                sent.remove_destination(to, but, event).await?;
                done.destinations.push(known.address.masked());
            }
        }
        Ok(())
    }

    fn by_hand(&self, kind: Kind) -> Event {
        Event::by_hand(&self.by(), kind, Some(self.account.id.clone()))
    }
}

fn spare_kind(method: Method) -> Option<SpareKind> {
    match method {
        Method::RecoveryCode => Some(SpareKind::Recovery),
        Method::TemporaryCode => Some(SpareKind::Temporary),
        _ => None,
    }
}
