//! App passwords: made by us, at least 120 bits, bound to a device and a scope, revocable.
//!
//! NTLM needs the hash itself, so these cannot be hashed slowly; that is why they are random,
//! single-purpose and sealed at rest (invariant 5).

use std::collections::BTreeSet;
use std::net::IpAddr;

use jiff::Timestamp;
use proto::ntlm::NtHash;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};

use super::CredentialId;
use crate::account::AccountId;
use crate::audit::Reason;
use crate::place::Service;

/// Lower-case letters and digits without those that look alike (i, l, o, 0, 1).
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// How many characters: 25 of 31 are 123.8 bits.
const CHARACTERS: usize = 25;
/// How many characters a group has as shown.
const GROUP: usize = 5;

/// What is known about an app password, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppPassword {
    /// Its immutable id, shown in lists and used to revoke it.
    pub id: CredentialId,
    /// Whose it is.
    pub account: AccountId,
    /// What its owner calls it.
    pub label: String,
    /// The device it was made for.
    pub device: Option<String>,
    /// The services it opens.
    pub scope: BTreeSet<Service>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends by itself.
    pub expires: Option<Timestamp>,
    /// When and from where it was last used.
    pub last_used: Option<(Timestamp, IpAddr)>,
    /// The id by which the device that last used it called itself (ActiveSync's DeviceId).
    pub seen_device: Option<String>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

impl AppPassword {
    /// Whether it may be used now, for this service.
    ///
    /// # Errors
    ///
    /// Why not, for the audit.
    pub fn usable(&self, service: &Service, now: Timestamp) -> Result<(), Reason> {
        if self.revoked.is_some() {
            return Err(Reason::Revoked);
        }
        if self.expires.is_some_and(|end| end <= now) {
            return Err(Reason::Expired);
        }
        if !self.opens(service) {
            return Err(Reason::OutOfScope);
        }
        Ok(())
    }

    /// Whether it is a device's: made for one of that name, or last used by one that calls itself so.
    #[must_use]
    pub fn is_of_device(&self, device: &str) -> bool {
        let mut known = [&self.device, &self.seen_device].into_iter().flatten();
        known.any(|known| known.eq_ignore_ascii_case(device))
    }

    /// Whether a service is in its scope. Autodiscover only says where the others are, so that
    /// whatever opens one of them opens it.
    #[must_use]
    pub fn opens(&self, service: &Service) -> bool {
        let is_signpost = *service == Service::AUTODISCOVER;
        let led_to = [Service::EWS, Service::ACTIVESYNC];
        self.scope.contains(service)
            || (is_signpost && led_to.iter().any(|service| self.scope.contains(service)))
    }
}

/// The NT hashes of both typed forms of an app password: with its groups and without.
#[derive(Clone, Debug)]
pub struct AppPasswordHashes {
    /// As shown, `abcde-fghjk-...`.
    pub grouped: NtHash,
    /// Without the dashes.
    pub plain: NtHash,
}

impl AppPasswordHashes {
    /// Hashes both forms of an app password as it is shown.
    #[must_use]
    pub fn of(shown: &Secret<String>) -> Self {
        let plain = Secret::new(shown.expose().replace('-', ""));
        Self {
            grouped: NtHash::of_password(shown.expose()),
            plain: NtHash::of_password(plain.expose()),
        }
    }
}

/// An app password as the store keeps it.
#[derive(Clone, Debug)]
pub struct StoredAppPassword {
    /// What is known about it.
    pub record: AppPassword,
    /// What NTLM and Basic are proved against.
    pub hashes: AppPasswordHashes,
}

/// Makes the text of an app password, in its groups, from fresh random bytes.
#[must_use]
pub fn made_from(random: [u8; 64]) -> Secret<String> {
    let mut text = String::with_capacity(CHARACTERS + CHARACTERS / GROUP);
    // Each 16 bytes give 7 characters; what is left over of 2^128 makes them even to 2^-93.
    let (draws, _) = random.as_chunks::<16>();
    let characters = draws.iter().flat_map(|draw| {
        let mut number = u128::from_le_bytes(*draw);
        std::iter::repeat_with(move || {
            let digit = usize::try_from(number % 31).unwrap_or_default();
            number /= 31;
            ALPHABET.get(digit).copied().unwrap_or(b'a')
        })
        .take(7)
    });
    for (index, character) in characters.take(CHARACTERS).enumerate() {
        if index > 0 && index % GROUP == 0 {
            text.push('-');
        }
        text.push(char::from(character));
    }
    Secret::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_password_has_25_characters_in_groups_of_5_and_none_look_alike() {
        let shown = made_from(std::array::from_fn(|at| {
            u8::try_from(at * 37 % 251).unwrap()
        }));
        let text = shown.expose();
        assert_eq!(text.len(), 29);
        assert!(text.split('-').all(|group| group.len() == 5));
        assert!(
            text.bytes()
                .all(|byte| byte == b'-' || ALPHABET.contains(&byte))
        );
        assert!(!ALPHABET.iter().any(|byte| b"ilo01".contains(byte)));
        assert!(31_f64.log2() * 25.0 > 120.0);
    }

    #[test]
    fn every_random_byte_that_is_used_counts() {
        let base = made_from([0; 64]);
        for at in (0..64).filter(|at| at % 16 < 4) {
            let mut random = [0; 64];
            random[at] = 1;
            assert_ne!(made_from(random).expose(), base.expose(), "byte {at}");
        }
    }

    #[test]
    fn both_typed_forms_are_hashed() {
        let shown = made_from([7; 64]);
        let hashes = AppPasswordHashes::of(&shown);
        assert_eq!(hashes.grouped, NtHash::of_password(shown.expose()));
        assert_eq!(
            hashes.plain,
            NtHash::of_password(&shown.expose().replace('-', ""))
        );
        assert_ne!(hashes.grouped, hashes.plain);
    }

    #[test]
    fn s36_revoked_ended_and_out_of_scope_are_told_apart_for_the_audit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let good = AppPassword {
            id: CredentialId("1".to_owned()),
            account: AccountId("1".to_owned()),
            label: "phone".to_owned(),
            device: None,
            scope: [Service::LYNC].into(),
            created: at(0),
            expires: Some(at(100)),
            last_used: None,
            seen_device: None,
            revoked: None,
        };
        let revoked = AppPassword {
            revoked: Some(at(1)),
            ..good.clone()
        };
        assert_eq!(good.usable(&Service::LYNC, at(99)), Ok(()));
        assert_eq!(good.usable(&Service::LYNC, at(100)), Err(Reason::Expired));
        assert_eq!(good.usable(&Service::EWS, at(1)), Err(Reason::OutOfScope));
        assert_eq!(revoked.usable(&Service::LYNC, at(1)), Err(Reason::Revoked));
    }
}
