//! Codes that we send, by SMS or mail: the weakest second factor, bound to the one sign-in that it was asked for in.
//!
//! SECURITY: a code is known by a MAC under the handle that the browser alone holds, so that neither the store nor
//! another sign-in can tell which it is. A telephone number can be taken over: one that was set gets codes after
//! [`HOLD`] only (T-OTP-9), and whoever asks is held to budgets (T-OTP-10). Start at [`SentCode::of`].

use std::fmt;

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;
use proto::sending::{Mailbox, PhoneNumber};
use serde::{Deserialize, Serialize};

use crate::account::AccountId;
use crate::audit::Event;
use crate::credential::otp_token::{CodeReservation, Source};
use crate::handle::{Handle, HandleKey, hexadecimal};
use crate::lockout::{Subject, WINDOW};
use crate::sign_in::SignIn;

/// How long a code lives.
pub const LIFE: SignedDuration = SignedDuration::from_mins(5);
/// How long a number or an address that was set waits for its first code.
pub const HOLD: SignedDuration = SignedDuration::from_hours(72);
/// How many digits a code has.
const DIGITS: usize = 6;
/// How many codes may live at a time, of a person and to a number, each.
pub const MAX_LIVING: u32 = 3;
/// How many codes are sent in a window ([`WINDOW`]) to a person and to a number, each.
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

/// In which language a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English.
    English,
    /// Swedish.
    Swedish,
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

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counted {
    /// Wrong codes from sources that are familiar.
    GuessFamiliar,
    /// Wrong codes from others.
    GuessUnfamiliar,
    /// Codes of a person that live.
    Living,
    /// Codes to a person.
    Person,
    /// Codes to a number or an address that live.
    LivingAddress,
    /// Codes to a number or an address.
    Address,
    /// Codes to what begins alike.
    Prefix,
}

impl Counted {
    /// Its word, in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GuessFamiliar => "guess-familiar",
            Self::GuessUnfamiliar => "guess-unfamiliar",
            Self::Living => "living",
            Self::Person => "person",
            Self::LivingAddress => "living-address",
            Self::Address => "address",
            Self::Prefix => "prefix",
        }
    }
}

/// A place in a budget: so many in a window, and so many in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetPlace {
    /// What is counted.
    pub counted: Counted,
    /// Whose; nothing where it is nobody's, so that it costs the same.
    pub name: String,
    /// The start of the window.
    pub window_start: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// How many there may be in the window.
    pub at_most: u32,
    /// How many there may be in a row, of which none was given back.
    pub in_a_row: u32,
}

impl BudgetPlace {
    /// The place of a guess at the codes of somebody.
    #[must_use]
    pub fn of_guess(subject: &Subject, source: Source, now: Timestamp) -> Self {
        let counted = match source {
            Source::Familiar => Counted::GuessFamiliar,
            Source::Unfamiliar => Counted::GuessUnfamiliar,
        };
        let name = match subject {
            Subject::Account(account) => Some(account.0.clone()),
            Subject::Unknown(_) => None,
        };
        Self {
            in_a_row: match name {
                Some(_) => MAX_GUESSES_IN_A_ROW,
                None => u32::MAX,
            },
            ..Self::of((counted, name), (WINDOW, MAX_GUESSES), now)
        }
    }

    /// The places of a code that is to be sent; those of nobody always have room. A number is counted by its MAC under a
    /// key that all nodes have, so that nobody reads it in the store.
    #[must_use]
    pub fn of_code(
        to: Option<&Destination>,
        (per_prefix, key): (u32, &Secret<Vec<u8>>),
        now: Timestamp,
    ) -> Vec<Self> {
        let person = to.map(|to| to.account.0.clone());
        let counted = |to: &Destination, what: &str| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
            let what = format!("wicketgate destination\0{}:{what}", to.address.carrier());
            hexadecimal(hmac::sign(&key, what.as_bytes()).as_ref())
        };
        let address = to.map(|to| counted(to, to.address.as_str()));
        let prefix = to.map(|to| counted(to, &to.address.prefix()));
        [
            ((Counted::Living, person.clone()), (LIFE, MAX_LIVING)),
            ((Counted::Person, person), (WINDOW, MAX_IN_WINDOW)),
            (
                (Counted::LivingAddress, address.clone()),
                (LIFE, MAX_LIVING),
            ),
            ((Counted::Address, address), (WINDOW, MAX_IN_WINDOW)),
            ((Counted::Prefix, prefix), (WINDOW, per_prefix)),
        ]
        .map(|(whose, limit)| Self::of(whose, limit, now))
        .into()
    }

    fn of(
        (counted, name): (Counted, Option<String>),
        (window, at_most): (SignedDuration, u32),
        now: Timestamp,
    ) -> Self {
        Self {
            counted,
            window_start: now.checked_sub(window).unwrap_or(Timestamp::MIN),
            now,
            at_most: match name {
                Some(_) => at_most,
                None => u32::MAX,
            },
            in_a_row: u32::MAX,
            name: name.unwrap_or_default(),
        }
    }
}

/// What is given back where a sign-in with a code is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guessed {
    /// The place of the guess.
    pub place: BudgetPlace,
    /// The places of tokens, where it was no token's code that was right.
    pub tokens: Option<CodeReservation>,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A code.
    Code(Code),
    /// That codes go elsewhere from now on: to this, masked.
    Changed {
        /// By what.
        by: Carrier,
        /// Where, masked.
        to: String,
    },
    /// That somebody tries whether messages arrive.
    Test,
}

/// A message that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// About whom; nobody where it is sent to nobody, so that asking costs the same.
    pub account: Option<AccountId>,
    /// Where to.
    pub address: Address,
    /// What it says.
    pub content: Content,
    /// In which language.
    pub language: Language,
    /// Since when it waits.
    pub queued: Timestamp,
    /// When nobody needs it any more.
    pub ends: Timestamp,
}

/// How a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// It waits.
    Queued,
    /// Somebody is sending it.
    Sending,
    /// A provider took it.
    Sent,
    /// None did.
    Failed,
}

impl MessageState {
    /// Its word, in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// What is known of a message: neither what it says nor all of where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MessageRecord {
    /// Its id.
    pub id: String,
    /// About whom.
    pub account: AccountId,
    /// By what.
    pub carrier: Carrier,
    /// Where to, masked.
    pub to: String,
    /// How it stands.
    pub state: MessageState,
    /// Since when it waited.
    pub queued: Timestamp,
    /// When it was sent or given up.
    pub ended: Option<Timestamp>,
    /// Who took it.
    pub provider: Option<String>,
    /// What was said last.
    pub said: Option<String>,
}

/// A message that one sender has to itself until a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The message.
    pub message: Message,
    /// Until when.
    pub until: Timestamp,
}

/// What became of a message that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Which.
    pub id: String,
    /// The claim it was sent under.
    pub until: Timestamp,
    /// When this is.
    pub at: Timestamp,
    /// What became of it.
    pub became: Became,
    /// What was said: never a code, a number or a secret.
    pub said: String,
}

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Became {
    /// A provider took it; what it says is wiped, with the event.
    Sent {
        /// Which provider.
        provider: String,
        /// What is audited.
        event: Event,
    },
    /// Nobody took it, or it is too late; what it says is wiped, with the event.
    Failed {
        /// What is audited.
        event: Event,
    },
    /// Nobody took it, and it is tried again.
    Again {
        /// When.
        at: Timestamp,
    },
}

/// A sign-in that moves on as a code is queued for it; one transaction.
#[derive(Clone, Debug)]
pub struct Queueing {
    /// The sign-in.
    pub key: HandleKey,
    /// What it is where the code is queued.
    pub queued: SignIn,
    /// What it is where a budget has no room.
    pub refused: SignIn,
    /// The places that are asked for: all of them, or none.
    pub places: Vec<BudgetPlace>,
    /// The message.
    pub message: Message,
    /// What is audited where it is queued, and where it is not.
    pub events: [Option<Event>; 2],
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queued {
    /// It waits to be sent.
    Written,
    /// A budget had no room.
    NoRoom,
    /// The sign-in is not there any more.
    Gone,
}

#[cfg(test)]
mod tests;
