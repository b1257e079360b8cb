//! The port [`SecondFactors`] in memory.

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::second_factor::SecondFactor;
use authn::place::Method;
use authn::ports::{SecondFactors, Unavailable};
use jiff::Timestamp;

use super::{Memory, State};

#[async_trait]
impl SecondFactors for Memory {
    async fn note_second_factor(
        &self,
        account: &AccountId,
        method: Method,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        if !state.accounts.contains_key(account) {
            return Ok(false);
        }
        let at = event.at;
        state.append(vec![event])?;
        state.note_second_factor(account, method, at);
        Ok(true)
    }
}

impl State {
    /// Notes what was proved; what was proved first stays, and so does what was proved later.
    pub(super) fn note_second_factor(
        &mut self,
        account: &AccountId,
        method: Method,
        at: Timestamp,
    ) {
        let new = SecondFactor {
            method,
            first: at,
            last: at,
        };
        let known = self.second_factors.entry(account.clone()).or_insert(new);
        known.first = known.first.min(at);
        if known.last <= at {
            (known.last, known.method) = (at, method);
        }
    }
}
