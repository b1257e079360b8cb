//! Web tickets as the front end issues and takes them back: a signed SAML 1.1 assertion or a `cwt`.
//!
//! What a real pool's tickets hold beyond what clients read is UNCONFIRMED; these are like them in
//! shape and good only here. Start at [`Mint`].

mod certificates;
mod compact;
mod keys;
mod saml;
mod sid;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proto::lync::webticket::Ticket;
use proto::secret::Secret;
use proto::wstrust::v13::{IssuedToken, Lifetime};
use thiserror::Error;
use xml::Verbatim;

use crate::clock;
use crate::people::{People, Person};
use crate::settings::LabError;
use certificates::Certificates;
use keys::{CompactKey, SamlKey};

pub(crate) use sid::Sid;

/// How long a ticket is good.
const HOURS: i64 = 8;
/// How long a guest's ticket is good.
const GUEST_HOURS: i64 = 1;
/// How far ahead of ours the clock that issued a ticket may be.
const SKEW: SignedDuration = SignedDuration::from_secs(5);

/// What issues tickets and knows its own again.
#[derive(Debug)]
pub(crate) struct Mint {
    saml: SamlKey,
    compact: CompactKey,
    sessions: CompactKey,
    issuer: String,
    audience: String,
    pub(crate) certificates: Certificates,
}

impl Mint {
    /// Makes the keys.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub(crate) fn new(internal_host: &str, web_host: &str) -> Result<Self, LabError> {
        Ok(Self {
            saml: SamlKey::generate()?,
            compact: CompactKey::generate()?,
            sessions: CompactKey::generate()?,
            issuer: format!("https://{internal_host}/webticket"),
            audience: format!("https://{web_host}/"),
            certificates: Certificates::default(),
        })
    }

    /// The public key of the SAML tickets (SubjectPublicKeyInfo, DER).
    pub(crate) fn public_key(&self) -> &[u8] {
        self.saml.public_key()
    }

    /// From when to when somebody's ticket of now is good.
    pub(crate) fn lifetime(person: &Person, now: Timestamp) -> Lifetime {
        let hours = if person.is_guest() {
            GUEST_HOURS
        } else {
            HOURS
        };
        let created = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let expires = created.saturating_add(SignedDuration::from_hours(hours));
        Lifetime {
            created,
            expires: expires.unwrap_or(Timestamp::MAX),
        }
    }

    /// Issues a SAML ticket.
    ///
    /// # Errors
    ///
    /// Something in us failed.
    pub(crate) fn saml(
        &self,
        person: &Person,
        lifetime: Lifetime,
    ) -> Result<IssuedToken<Verbatim>, TicketError> {
        let id = clock::random().map_err(|_| TicketError::Broken)?;
        let unsigned = saml::Unsigned {
            id,
            issuer: &self.issuer,
            audience: &self.audience,
            sip: &person.sip,
            lifetime,
        };
        Ok(IssuedToken::Assertion(unsigned.sign(&self.saml)?))
    }

    /// Issues a compact ticket.
    ///
    /// # Errors
    ///
    /// Something in us failed.
    pub(crate) fn compact(
        &self,
        person: &Person,
        lifetime: Lifetime,
    ) -> Result<IssuedToken<Verbatim>, TicketError> {
        let id = clock::random().map_err(|_| TicketError::Broken)?;
        let text = compact::write(&person.sid, id, lifetime.expires, &self.compact);
        Ok(IssuedToken::UserToken(Secret::new(text)))
    }

    /// The value of the cookie of somebody's passive session: like a compact ticket, by a key of its own.
    ///
    /// # Errors
    ///
    /// Something in us failed.
    pub(crate) fn session(
        &self,
        person: &Person,
        lifetime: Lifetime,
    ) -> Result<Secret<String>, TicketError> {
        let id = clock::random().map_err(|_| TicketError::Broken)?;
        let text = compact::write(&person.sid, id, lifetime.expires, &self.sessions);
        let value = text.strip_prefix("cwt=").ok_or(TicketError::Broken)?;
        Ok(Secret::new(value.to_owned()))
    }

    /// Whose passive session it is.
    ///
    /// # Errors
    ///
    /// It is not ours, was changed, or is over.
    pub(crate) fn of_session(
        &self,
        value: &str,
        people: &People,
        now: Timestamp,
    ) -> Result<Arc<Person>, TicketError> {
        let said = compact::read(value, &self.sessions)?;
        within(Timestamp::MIN, said.expires, now)?;
        let person = people.by_sid(&said.sid).cloned();
        person.ok_or(TicketError::UnknownPerson)
    }

    /// Whose ticket it is.
    ///
    /// **Proves** that this front end issued it and that its time has come and is not over.
    ///
    /// # Errors
    ///
    /// It is not ours, was changed, or is over.
    pub(crate) fn check(
        &self,
        ticket: &Ticket,
        people: &People,
        now: Timestamp,
    ) -> Result<Arc<Person>, TicketError> {
        let person = match ticket {
            Ticket::Saml { raw, .. } => {
                let said = saml::verify(raw.expose(), &self.saml)?;
                if said.audience != self.audience {
                    return Err(TicketError::Audience);
                }
                within(said.not_before, said.not_on_or_after, now)?;
                people.by_sip(&said.sip)
            }
            Ticket::Cwt { value, .. } => {
                let said = compact::read(value.expose(), &self.compact)?;
                within(Timestamp::MIN, said.expires, now)?;
                people.by_sid(&said.sid)
            }
        };
        person.cloned().ok_or(TicketError::UnknownPerson)
    }
}

/// Why a ticket is not taken, or cannot be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum TicketError {
    /// It is not of the shape that we issue.
    #[error("the ticket is malformed")]
    Malformed,
    /// Its signature or MAC is not ours.
    #[error("the ticket's signature is not ours")]
    Signature,
    /// It is meant for somebody else.
    #[error("the ticket is for another audience")]
    Audience,
    /// Its time has not come.
    #[error("the ticket is from the future")]
    NotYet,
    /// Its time is over.
    #[error("the ticket has expired")]
    Expired,
    /// It names nobody whom we know.
    #[error("the ticket names nobody")]
    UnknownPerson,
    /// It could not be issued.
    #[error("no ticket could be issued")]
    Broken,
}

fn within(from: Timestamp, until: Timestamp, now: Timestamp) -> Result<(), TicketError> {
    if now >= until {
        return Err(TicketError::Expired);
    }
    let latest = now.saturating_add(SKEW).unwrap_or(Timestamp::MAX);
    if from > latest {
        Err(TicketError::NotYet)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
