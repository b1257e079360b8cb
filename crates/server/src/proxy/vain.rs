//! Whose Kerberos tokens a farm does not take, fresh ones neither: for a while no others are fetched for it, as each
//! would cost the domain controllers two questions and bring nothing.
//!
//! Start at [`Vain::is_in_vain`].

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use authn::account::AccountId;
use tokio::time::Instant;

/// How long no fresh ticket is fetched where the last one was not taken.
const AGAIN: Duration = Duration::from_secs(30);
/// Of how many people and farms it is known.
const MAX_KNOWN: usize = 4_096;

/// Who, where, and since when.
#[derive(Default)]
pub(super) struct Vain(Mutex<HashMap<(AccountId, String), Instant>>);

impl Vain {
    /// Whether a fresh ticket would not be taken either, as far as is known.
    pub(super) fn is_in_vain(&self, account: &AccountId, farm: &str, now: Instant) -> bool {
        let of = (account.clone(), farm.to_owned());
        self.known()
            .get(&of)
            .is_some_and(|since| now < *since + AGAIN)
    }

    /// Sets down that a fresh one was not taken.
    pub(super) fn note(&self, account: &AccountId, farm: &str, now: Instant) {
        let mut known = self.known();
        if known.len() >= MAX_KNOWN {
            known.retain(|_, since| now < *since + AGAIN);
        }
        // What is not known costs questions, and no more.
        if known.len() >= MAX_KNOWN {
            known.clear();
        }
        known.insert((account.clone(), farm.to_owned()), now);
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(AccountId, String), Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_vain_is_so_for_that_person_and_farm_and_half_a_minute() {
        let (vain, now) = (Vain::default(), Instant::now());
        let id = |text: &str| AccountId(text.to_owned());
        vain.note(&id("anna"), "fe", now);
        assert!(vain.is_in_vain(&id("anna"), "fe", now + AGAIN / 2));
        assert!(!vain.is_in_vain(&id("anna"), "fe", now + AGAIN));
        assert!(!vain.is_in_vain(&id("anna"), "exchange", now));
        assert!(!vain.is_in_vain(&id("ben"), "fe", now));
    }

    #[test]
    fn no_more_is_known_than_there_is_room_for() {
        let (vain, now) = (Vain::default(), Instant::now());
        for number in 0..=MAX_KNOWN {
            vain.note(&AccountId(number.to_string()), "fe", now);
        }
        assert_eq!(vain.known().len(), 1);
    }
}
