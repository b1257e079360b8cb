//! Where a one-time code counts: where a rule speaks of it, and by a channel that carries what was typed.

use super::{Asking, Policy, Rule};
use crate::account::Account;
use crate::place::Method;

impl Policy {
    /// Whether a code may count for anybody who asks for this.
    #[must_use]
    pub fn may_take_codes(&self, asking: &Asking<'_>) -> bool {
        let mut deciding = self.deciding(asking).into_iter();
        deciding.any(|it| takes_codes(it.rule, asking))
    }

    /// Whether a code counts for an account there.
    #[must_use]
    pub fn takes_codes(&self, account: &Account, asking: &Asking<'_>) -> bool {
        let rule = self.rule(account, asking);
        rule.is_some_and(|it| takes_codes(it.rule, asking))
    }

    /// Whether the rule that decides about an account speaks of codes, whether or not the channel can carry one.
    #[must_use]
    pub fn wants_codes(&self, account: &Account, asking: &Asking<'_>) -> bool {
        let rule = self.rule(account, asking);
        let mut combinations = rule.into_iter().flat_map(|it| &it.rule.methods);
        combinations.any(|combination| combination.needs(Method::OneTimeCode))
    }
}

fn takes_codes(rule: &Rule, asking: &Asking<'_>) -> bool {
    let mut combinations = rule.combinations(asking);
    combinations.any(|combination| combination.needs(Method::OneTimeCode))
}
