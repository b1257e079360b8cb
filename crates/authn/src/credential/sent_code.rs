//! Codes that we send, by SMS or mail: the weakest second factor, bound to the one sign-in that it was asked for in, or to
//! the one client.
//!
//! SECURITY: a code is known by a MAC under the handle that the browser alone holds, so that neither the store nor
//! another sign-in can tell which it is. A telephone number can be taken over: one that was set gets codes after
//! [`HOLD`] only (T-OTP-9), and whoever asks is held to budgets (T-OTP-10). Start at [`SentCode::of`].

mod budget;
mod client;
mod message;

use std::fmt;

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use proto::sending::{Mailbox, PhoneNumber};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::handle::Handle;

pub use budget::{BudgetPlace, Counted, Guessed, MAX_TRIED};
pub use client::{ClientCode, CodeOrder, MAX_UNANSWERED, UNANSWERED};
pub use message::{
    Became, Claimed, Content, Delivery, Language, Message, MessageRecord, MessageState, Queued,
    Queueing,
};

/// How long a code lives.
pub const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How long a number or an address that was set waits for its first code.
pub const HOLD: SignedDuration = SignedDuration::from_hours(72);
/// How many digits a code has.
const DIGITS: usize = 6;
/// How many codes may live at a time, of a person and to a number, each.
pub const MAX_LIVING: u32 = 3;
/// How many codes are sent in a window ([`WINDOW`](crate::lockout::WINDOW)) to a person and to a number, each.
pub const MAX_IN_WINDOW: u32 = 5;
/// How many codes are sent in a window to numbers that begin alike, where nobody says otherwise.
pub const MAX_PER_PREFIX: u32 = 100;
/// How many wrong codes of a person are looked at in a window, from familiar sources and from others, each.
pub const MAX_GUESSES: u32 = 5;
/// How many wrong codes in a row are looked at until an administrator looks (SP 800-63B 3.2.2).
pub const MAX_GUESSES_IN_A_ROW: u32 = 100;

/// By what a code goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Carrier {
    /// A short message to a telephone.
    Sms,
    /// A mail.
    Mail,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Sms, Self::Mail];

    /// Its word, in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Mail => "mail",
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a code goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// To a telephone.
    Sms(PhoneNumber),
    /// To a mailbox.
    Mail(Mailbox),
}

impl Address {
    /// By what it is reached.
    #[must_use]
    pub fn carrier(&self) -> Carrier {
        match self {
            Self::Sms(_) => Carrier::Sms,
            Self::Mail(_) => Carrier::Mail,
        }
    }

    /// The number or the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sms(number) => number.as_str(),
            Self::Mail(mailbox) => mailbox.as_str(),
        }
    }

    /// How it is shown where it need not be known.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Sms(number) => number.masked(),
            Self::Mail(mailbox) => mailbox.masked(),
        }
    }

    /// What is counted together: how a number begins, or whose mailboxes they are.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self {
            Self::Sms(number) => number.prefix().to_owned(),
            Self::Mail(mailbox) => mailbox.domain(),
        }
    }

    /// The address that a word of the store is of.
    #[must_use]
    pub fn parse(carrier: Carrier, text: &str) -> Option<Self> {
        match carrier {
            Carrier::Sms => PhoneNumber::parse(text).ok().map(Self::Sms),
            Carrier::Mail => Mailbox::parse(text).ok().map(Self::Mail),
        }
    }
}

/// Where the codes of somebody go: at most one a carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub address: Address,
    /// Since when.
    pub set: Timestamp,
    /// Until when it gets no code.
    pub held_until: Timestamp,
}

impl Destination {
    /// Whether it gets no code yet.
    #[must_use]
    pub fn is_held(&self, now: Timestamp) -> bool {
        now < self.held_until
    }
}

/// A fresh code.
#[derive(Clone, Debug)]
pub struct Code(Secret<String>);

impl Code {
    /// Makes one of random bytes, of which none is likelier than another by more than one in 10^13.
    #[must_use]
    pub fn made_from(random: [u8; 8]) -> Self {
        let number = u64::from_be_bytes(random) % 10_u64.pow(6);
        Self(Secret::new(format!("{number:0DIGITS$}")))
    }

    /// Takes one that was kept sealed.
    #[must_use]
    pub fn kept(text: String) -> Self {
        Self(Secret::new(text))
    }

    /// Shows it to whoever sends it.
    #[must_use]
    pub fn shown(&self) -> &Secret<String> {
        &self.0
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(other.0.expose().as_bytes())
    }
}

impl Eq for Code {}

/// A code that was sent, as its sign-in knows it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCode {
    mac: [u8; 32],
    /// By what it went.
    pub carrier: Carrier,
    /// Since when its destination was there: with another one it is good for nothing.
    pub destination_set: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// What is wrong with what was typed for a sent code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SentFault {
    /// It is not the code of this sign-in, or there is none.
    Wrong,
    /// It was, too long ago.
    Ended,
}

impl SentCode {
    /// What a sign-in keeps of a code that goes to a destination.
    #[must_use]
    pub fn of(code: &Code, handle: &Handle, destination: &Destination, now: Timestamp) -> Self {
        Self {
            mac: mac(handle, &destination.account, code.shown().expose()),
            carrier: destination.address.carrier(),
            destination_set: destination.set,
            ends: now.checked_add(LIFE).unwrap_or(now),
        }
    }

    /// Whether what was typed in a sign-in is its code, and in time. It costs the same where none was sent.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn judge(
        sent: Option<&Self>,
        handle: &Handle,
        (account, typed): (&AccountId, &str),
        now: Timestamp,
    ) -> Result<(), SentFault> {
        let nothing = [0; 32];
        let kept = Secret::new(sent.map_or(nothing, |it| it.mac));
        // SECURITY: strict, so that a code has one spelling (T-OTP-3).
        let is_strict = typed.len() == DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit());
        let is_right = kept.is(&mac(handle, account, typed)) && is_strict;
        match sent {
            Some(sent) if is_right && now < sent.ends => Ok(()),
            Some(_) if is_right => Err(SentFault::Ended),
            Some(_) | None => Err(SentFault::Wrong),
        }
    }

    /// Whether the destination that it went to is there as it was.
    #[must_use]
    pub fn went_to_one_of(&self, destinations: &[Destination]) -> bool {
        destinations
            .iter()
            .any(|it| it.address.carrier() == self.carrier && it.set == self.destination_set)
    }
}

impl fmt::Debug for SentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SentCode(until {})", self.ends)
    }
}

/// What the MAC of a code is over, beside the code.
const SENT: &[u8] = b"wicketgate sent code\0";

fn mac(handle: &Handle, account: &AccountId, code: &str) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, handle.bytes());
    let mut context = hmac::Context::with_key(&key);
    for part in [SENT, account.0.as_bytes(), b"\0", code.as_bytes()] {
        context.update(part);
    }
    let tag = context.sign();
    tag.as_ref().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests;
