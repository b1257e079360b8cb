//! Where a code counts, and what it stands behind: where a rule speaks of it, and by a channel that carries what was typed.

use super::{Asking, Combination, Policy, Rule};
use crate::account::Account;
use crate::credential::grant::BoundTo;
use crate::place::Method;

/// The codes that may stand behind a secret in the field for a password.
pub(super) const CODES: [Method; 2] = [Method::OneTimeCode, Method::SentCode];

impl Policy {
    /// Whether a method may count for anybody who asks for this.
    #[must_use]
    pub fn may_take(&self, asking: &Asking<'_>, method: Method) -> bool {
        let mut deciding = self.deciding(asking).into_iter();
        deciding.any(|it| takes(it.rule, asking, method))
    }

    /// Whether a code of any kind may count for anybody who asks for this.
    #[must_use]
    pub fn may_take_codes(&self, asking: &Asking<'_>) -> bool {
        CODES.into_iter().any(|code| self.may_take(asking, code))
    }

    /// Whether a code of any kind counts behind a secret of an account there.
    #[must_use]
    pub fn takes_codes(&self, account: &Account, asking: &Asking<'_>, secret: Method) -> bool {
        let rule = self.rule(account, asking);
        let mut combinations = rule.into_iter().flat_map(|it| it.rule.combinations(asking));
        combinations.any(|it| is_code_behind(it, secret))
    }

    /// What of a client a grant is bound to there that an account uses.
    #[must_use]
    pub fn grant_bound_to(&self, account: &Account, asking: &Asking<'_>) -> BoundTo {
        let rule = self.rule(account, asking);
        rule.map(|it| it.rule.grant_bound_to).unwrap_or_default()
    }

    /// Whether a method is enough for an account there with nothing beside it.
    #[must_use]
    pub fn takes_alone(&self, account: &Account, asking: &Asking<'_>, method: Method) -> bool {
        let alone = Combination::from(method);
        let rule = self.rule(account, asking);
        rule.is_some_and(|it| it.rule.combinations(asking).any(|it| *it == alone))
    }

    /// Whether the rule that decides about an account speaks of codes behind a secret, whether or not the channel can
    /// carry one.
    #[must_use]
    pub fn wants_codes(&self, account: &Account, asking: &Asking<'_>, secret: Method) -> bool {
        let rule = self.rule(account, asking);
        let mut combinations = rule.into_iter().flat_map(|it| &it.rule.methods);
        combinations.any(|it| is_code_behind(it, secret))
    }
}

fn is_code_behind(combination: &Combination, secret: Method) -> bool {
    combination.needs(secret) && CODES.iter().any(|code| combination.needs(*code))
}

fn takes(rule: &Rule, asking: &Asking<'_>, method: Method) -> bool {
    let mut combinations = rule.combinations(asking);
    combinations.any(|combination| combination.needs(method))
}
