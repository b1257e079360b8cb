//! What an administrator does with where codes are sent: sets a number or an address, removes one.
//!
//! SECURITY: what is set waits for [`HOLD`], the first one too, and is told to whatever was there: whoever talks a help desk
//! or a seller of telephone cards into a number is seen before it gets a code (T-OTP-9).

use jiff::{SignedDuration, Timestamp};

use crate::account::Account;
use crate::audit::{ByHand, Event, Kind};
use crate::credential::sent_code::{
    Address, Carrier, Content, Destination, HOLD, Language, Message,
};
use crate::lockout::Subject;
use crate::place::ActivityId;
use crate::ports::Unavailable;
use crate::sign_in::Ports;

/// How long a message that tells of a change is worth sending.
const TOLD_FOR: SignedDuration = SignedDuration::from_hours(24);
/// To how many places a change is told at most: what was there before, and what is there beside it.
pub const TOLD: usize = 2;

/// From when on something that is set gets codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// After [`HOLD`].
    Usual,
    /// At once: whoever set it knows whom it belongs to.
    Waived,
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// It is set already.
    #[error("codes go there already{}", until(*held_until))]
    Already {
        /// Until when it is held, where it is.
        held_until: Option<Timestamp>,
    },
    /// There is nothing.
    #[error("codes of that account go nowhere by that way")]
    Nothing,
    /// The account is not there any more.
    #[error("there is no such account any more")]
    NoAccount,
    /// The store is away.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

fn until(held: Option<Timestamp>) -> String {
    held.map_or(String::new(), |held| {
        format!(", and it gets the first one after {held}")
    })
}

/// Where the codes of an account go.
///
/// # Errors
///
/// The store is away.
pub async fn of(ports: &Ports, account: &Account) -> Result<Vec<Destination>, Unavailable> {
    let subject = Subject::Account(account.id.clone());
    ports.attempt.sent_codes.destinations(&subject).await
}

/// Sets where the codes of an account go, in the place of what was there of that kind; its sessions end.
///
/// # Errors
///
/// It is set already and nothing would change, or the store is away.
pub async fn set(
    ports: &Ports,
    (account, address): (&Account, Address),
    (hold, language): (Hold, Language),
    by: &ByHand,
    ids: [[u8; 16]; TOLD],
) -> Result<Destination, DestinationError> {
    let known = of(ports, account).await?;
    let before = known.iter().find(|it| it.address == address);
    if let Some(before) = before {
        let is_held = before.is_held(by.at);
        if !is_held || hold == Hold::Usual {
            let held_until = is_held.then_some(before.held_until);
            return Err(DestinationError::Already { held_until });
        }
    }
    let held_until = match hold {
        Hold::Usual => by.at.checked_add(HOLD).unwrap_or(Timestamp::MAX),
        Hold::Waived => by.at,
    };
    let destination = Destination {
        account: account.id.clone(),
        address,
        set: by.at,
        held_until,
    };
    let told = known.iter().filter(|it| it.address != destination.address);
    let told = told.zip(ids);
    let messages = told.map(|(it, id)| tells(it, &destination, language, (by.at, id)));
    let kind = Kind::DestinationSet {
        by: destination.address.carrier(),
        to: destination.address.masked(),
        held_until,
    };
    let event = Event::by_hand(by, kind, Some(account.id.clone()));
    let sent = &ports.attempt.sent_codes;
    match sent
        .set_destination(&destination, messages.collect(), event)
        .await?
    {
        true => Ok(destination),
        false => Err(DestinationError::NoAccount),
    }
}

/// A message that tells somebody of a change.
fn tells(
    to: &Destination,
    changed: &Destination,
    language: Language,
    (at, id): (Timestamp, [u8; 16]),
) -> Message {
    Message {
        id: ActivityId::from(id).0,
        account: Some(to.account.clone()),
        address: to.address.clone(),
        content: Content::Changed {
            by: changed.address.carrier(),
            to: changed.address.masked(),
        },
        language,
        queued: at,
        ends: at.checked_add(TOLD_FOR).unwrap_or(at),
    }
}

/// Removes where the codes of an account go by a carrier; its sessions end.
///
/// # Errors
///
/// There is nothing, or the store is away.
pub async fn remove(
    ports: &Ports,
    account: &Account,
    carrier: Carrier,
    by: &ByHand,
) -> Result<(), DestinationError> {
    let kind = Kind::DestinationRemoved { by: carrier };
    let event = Event::by_hand(by, kind, Some(account.id.clone()));
    let sent = &ports.attempt.sent_codes;
    let destination = (&account.id, carrier);
    match sent.remove_destination(destination, None, event).await? {
        true => Ok(()),
        false => Err(DestinationError::Nothing),
    }
}
