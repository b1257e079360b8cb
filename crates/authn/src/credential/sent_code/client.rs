//! A code that a client without a page got: its owner typed the secret alone, and types the code behind it next time.
//!
//! SECURITY: it is bound to the account, to the client that asked ([`Client`]) and to where it went. It is known by a MAC
//! under the key by which typed secrets are known, which the store does not have. One lives of an account and a client
//! at a time, so that a device that goes on sending the secret alone is sent no more of them. Start at [`ClientCode::of`].

use std::fmt;

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use proto::secret::Secret;

use super::{BudgetPlace, Carrier, Code, DIGITS, Destination, LIFE, Message, SentFault};
use crate::account::AccountId;
use crate::audit::Event;
use crate::credential::CredentialId;
use crate::credential::grant::{Client, Grant};

/// How many codes that clients asked for may stay unanswered in a day; beyond, a device asks that nobody looks at.
pub const MAX_UNANSWERED: u32 = 3;
/// How long one is counted that nobody answered.
pub const UNANSWERED: SignedDuration = SignedDuration::from_hours(24);

/// A code that waits for its client, as the store knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCode {
    /// Whose it is.
    pub account: AccountId,
    /// The client that asked.
    pub client: Client,
    /// What it is known by.
    pub mac: [u8; 32],
    /// By what it went.
    pub carrier: Carrier,
    /// Since when its destination was there: with another one it is good for nothing.
    pub destination_set: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// A code that is to be sent to whoever typed a right secret alone: it is kept and queued where none lives of that account
/// and client and every budget has room. One that is nobody's costs the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeOrder {
    /// What is kept; nobody's where nothing is sent.
    pub code: Option<ClientCode>,
    /// What was typed, which is known from now on, or already: it is counted once, however often it comes.
    pub remembers: Option<Grant>,
    /// The places that are asked for: all of them, or none.
    pub places: Vec<BudgetPlace>,
    /// The places of nobody, which always have room.
    pub places_of_nobody: Vec<BudgetPlace>,
    /// The message.
    pub message: Message,
    /// What is audited where it is queued, and where it is not.
    pub events: [Option<Event>; 2],
}

impl ClientCode {
    /// What is kept of a code that goes to a destination.
    #[must_use]
    pub fn of(
        code: &Code,
        key: &Secret<Vec<u8>>,
        client: &Client,
        destination: &Destination,
        now: Timestamp,
    ) -> Self {
        let mut kept = Self {
            account: destination.account.clone(),
            client: client.clone(),
            mac: [0; 32],
            carrier: destination.address.carrier(),
            destination_set: destination.set,
            ends: now.checked_add(LIFE).unwrap_or(now),
        };
        kept.mac = kept.mac_of(key, code.shown().expose());
        kept
    }

    /// Whether what was typed is the code of a client, and in time. It costs the same where none was sent.
    ///
    /// # Errors
    ///
    /// It is not.
    pub fn judge(
        kept: Option<&Self>,
        key: &Secret<Vec<u8>>,
        typed: &str,
        now: Timestamp,
    ) -> Result<(), SentFault> {
        let nobodys = Self::of_nobody(now);
        let looked_at = kept.unwrap_or(&nobodys);
        // SECURITY: strict, so that a code has one spelling (T-OTP-3).
        let is_strict = typed.len() == DIGITS && typed.bytes().all(|byte| byte.is_ascii_digit());
        let is_equal = Secret::new(looked_at.mac).is(&looked_at.mac_of(key, typed));
        match kept {
            Some(kept) if is_equal && is_strict && now < kept.ends => Ok(()),
            Some(_) if is_equal && is_strict => Err(SentFault::Ended),
            Some(_) | None => Err(SentFault::Wrong),
        }
    }

    /// Whether the destination that it went to is there as it was.
    #[must_use]
    pub fn went_to_one_of(&self, destinations: &[Destination]) -> bool {
        let mut destinations = destinations.iter();
        destinations
            .any(|it| it.address.carrier() == self.carrier && it.set == self.destination_set)
    }

    /// What stands for the destination that it went to: what the code buys ends with it.
    #[must_use]
    pub fn destination(&self) -> CredentialId {
        CredentialId::of_destination(&self.account, self.carrier, self.destination_set)
    }

    fn of_nobody(now: Timestamp) -> Self {
        Self {
            account: AccountId(String::new()),
            client: Client(String::new()),
            mac: [0; 32],
            carrier: Carrier::Sms,
            destination_set: now,
            ends: now,
        }
    }

    /// The MAC is over all that the store keeps beside it, so that nobody makes a code another client's there.
    fn mac_of(&self, key: &Secret<Vec<u8>>, code: &str) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
        let mut context = hmac::Context::with_key(&key);
        let times = [self.destination_set, self.ends].map(|it| it.as_microsecond().to_string());
        let [set, ends] = &times;
        for part in [
            "wicketgate code of a client",
            &self.account.0,
            &self.client.0,
            self.carrier.as_str(),
            set,
            ends,
            code,
        ] {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(part.as_bytes());
        }
        let tag = context.sign();
        tag.as_ref().first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Debug for ClientCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCode(until {})", self.ends)
    }
}

impl CredentialId {
    /// How the id of a destination begins that a sent code went to; those of tokens are UUIDs.
    const DESTINATION: &str = "destination:";

    /// What stands for a destination, as long as it is what it was.
    #[must_use]
    pub fn of_destination(account: &AccountId, carrier: Carrier, set: Timestamp) -> Self {
        let set = set.as_microsecond();
        Self(format!(
            "{}{}:{set}:{}",
            Self::DESTINATION,
            carrier.as_str(),
            account.0
        ))
    }

    /// Whether this stands for a destination.
    #[must_use]
    pub fn is_destination(&self) -> bool {
        self.0.starts_with(Self::DESTINATION)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::sent_code::Address;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn destination() -> Destination {
        Destination {
            account: AccountId("anna".to_owned()),
            address: Address::parse(Carrier::Sms, "+46701234567").unwrap(),
            set: at(-500_000),
            held_until: at(-200_000),
        }
    }

    fn key(byte: u8) -> Secret<Vec<u8>> {
        Secret::new(vec![byte; 32])
    }

    #[test]
    fn a_code_is_one_clients_for_five_minutes_in_one_spelling() {
        let code = Code::made_from([0, 0, 0, 0, 0, 1, 2, 3]);
        let client = Client("192.0.2.7/32".to_owned());
        let kept = ClientCode::of(&code, &key(1), &client, &destination(), at(0));
        let shown = code.shown().expose().clone();
        let judge = |kept: &ClientCode, typed: &str, second| {
            ClientCode::judge(Some(kept), &key(1), typed, at(second))
        };
        assert_eq!(judge(&kept, &shown, 299), Ok(()));
        assert_eq!(judge(&kept, &shown, 300), Err(SentFault::Ended));
        for typed in ["", "000000", &format!(" {shown}"), &format!("{shown}0")] {
            assert_eq!(judge(&kept, typed, 1), Err(SentFault::Wrong), "{typed}");
        }
        let under_another = ClientCode::judge(Some(&kept), &key(2), &shown, at(1));
        assert_eq!(under_another, Err(SentFault::Wrong));
        assert_eq!(
            ClientCode::judge(None, &key(1), &shown, at(1)),
            Err(SentFault::Wrong)
        );
        assert!(kept.went_to_one_of(&[destination()]) && !kept.went_to_one_of(&[]));
    }

    #[test]
    fn what_the_store_keeps_beside_it_is_under_its_mac() {
        let code = Code::made_from([9; 8]);
        let client = Client("192.0.2.7/32".to_owned());
        let kept = ClientCode::of(&code, &key(1), &client, &destination(), at(0));
        let changed: [fn(&mut ClientCode); 5] = [
            |it| it.account = AccountId("ben".to_owned()),
            |it| it.client = Client("192.0.2.8/32".to_owned()),
            |it| it.carrier = Carrier::Mail,
            |it| it.destination_set = at(0),
            |it| it.ends = at(9_000),
        ];
        for (number, change) in changed.into_iter().enumerate() {
            let mut kept = kept.clone();
            change(&mut kept);
            let judged = ClientCode::judge(Some(&kept), &key(1), code.shown().expose(), at(1));
            assert_eq!(judged, Err(SentFault::Wrong), "{number}");
        }
    }

    #[test]
    fn a_destination_that_was_set_anew_is_another() {
        let anna = AccountId("anna".to_owned());
        let of = |second| CredentialId::of_destination(&anna, Carrier::Sms, at(second));
        assert_ne!(of(0), of(1));
        assert!(of(0).is_destination());
        assert!(!CredentialId("d0d0".to_owned()).is_destination());
    }
}
