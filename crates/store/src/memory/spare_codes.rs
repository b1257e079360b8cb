//! The port [`SpareCodes`] in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use authn::account::AccountId;
use authn::audit::Event;
use authn::credential::CredentialId;
use authn::credential::memorised_secret::SecretPlace;
use authn::credential::otp_token::Source;
use authn::credential::spare_code::{
    MAX_IN_A_ROW, MAX_IN_WINDOW, SpareKind, SpareUse, StoredSpareCode,
};
use authn::lockout::Subject;
use authn::ports::{SpareCodes, Unavailable};
use jiff::Timestamp;

use super::memorised_secrets::Budget;
use super::{Memory, State};

/// The codes, and the budgets of whoever was named.
#[derive(Debug, Default)]
pub(super) struct Spares {
    of: BTreeMap<CredentialId, StoredSpareCode>,
    budgets: BTreeMap<(Subject, bool), Budget>,
}

fn budget_of(place: &SecretPlace) -> (Subject, bool) {
    (place.subject.clone(), place.source == Source::Familiar)
}

impl State {
    /// Whether a code of an account may be used.
    pub(super) fn can_use_spare(
        &self,
        account: &AccountId,
        used: &SpareUse,
        now: Timestamp,
    ) -> bool {
        let code = self.spares.of.get(&used.code).map(|it| &it.record);
        code.is_some_and(|it| {
            it.account == *account && it.uses > 0 && it.ends.is_none_or(|ends| ends > now)
        })
    }

    /// Uses it, and gives its place back.
    pub(super) fn use_spare(&mut self, used: &SpareUse) {
        if let Some(code) = self.spares.of.get_mut(&used.code) {
            code.record.uses -= 1;
        }
        if let Some(budget) = self.spares.budgets.get_mut(&budget_of(&used.place)) {
            budget.give_back(used.place.now);
        }
    }
}

#[async_trait]
impl SpareCodes for Memory {
    async fn spare_codes_of(&self, subject: &Subject) -> Result<Vec<StoredSpareCode>, Unavailable> {
        let state = self.open()?;
        let is_its =
            |code: &&StoredSpareCode| Subject::Account(code.record.account.clone()) == *subject;
        let mut own: Vec<StoredSpareCode> =
            state.spares.of.values().filter(is_its).cloned().collect();
        own.sort_by(|a, b| (a.record.made, &a.record.id).cmp(&(b.record.made, &b.record.id)));
        Ok(own)
    }

    async fn set_spare_codes(
        &self,
        (account, kind): (&AccountId, SpareKind),
        codes: Vec<StoredSpareCode>,
        event: Event,
    ) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        if !state.accounts.contains_key(account) {
            return Err(crate::unavailable("there is no account for these codes"));
        }
        let is_old =
            |code: &StoredSpareCode| code.record.account == *account && code.record.kind == kind;
        if codes.is_empty() && !state.spares.of.values().any(is_old) {
            return Ok(false);
        }
        state.append(vec![event])?;
        state.spares.of.retain(|_, code| !is_old(code));
        let new = codes.into_iter().map(|code| (code.record.id.clone(), code));
        state.spares.of.extend(new);
        let subject = Subject::Account(account.clone());
        state.spares.budgets.retain(|(of, _), _| *of != subject);
        Ok(true)
    }

    async fn reserve_spare(&self, place: SecretPlace) -> Result<bool, Unavailable> {
        let mut state = self.open()?;
        let new = Budget::new(place.now);
        let budgets = &mut state.spares.budgets;
        let budget = budgets.entry(budget_of(&place)).or_insert(new);
        Ok(budget.take(&place, (MAX_IN_WINDOW, MAX_IN_A_ROW)))
    }
}
