//! Requirements: what the pages ask for, read from the policy, and whether what was proved there is enough.
//!
//! A page asks for a secret, and for a code behind it. Which secrets count, the policy says; an app password counts on the
//! pages of services alone that it cannot make others at (decision 0023). Start at [`Requirement::of`].

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{At, Purpose};
use crate::account::Account;
use crate::audit::Reason;
use crate::place::{Channel, Method, Zone};
use crate::policy::{Asking, Policy, Proved, Rule};

/// What must be proved before it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Requirement {
    /// The secret alone.
    Secret,
    /// The secret and a code: of a token, one that we send, or a spare one.
    SecretAndCode,
    /// A passkey that verified its user.
    Passkey,
}

/// What counts as the secret, where the policy says so.
const SECRETS: [Method; 2] = [Method::MemorisedSecret, Method::AppPassword];

/// What counts as the code behind a secret, where the policy says so: whatever stands in for a token's.
const CODES: [Method; 4] = [
    Method::OneTimeCode,
    Method::SentCode,
    Method::RecoveryCode,
    Method::TemporaryCode,
];

/// What somebody proved to a page.
pub(super) struct Shown {
    /// The methods.
    pub(super) methods: BTreeSet<Method>,
    /// When the app password among them was made, where there is one.
    pub(super) made: Option<Timestamp>,
}

/// What is proved by a memorised secret, and by a code behind it.
pub(super) fn memorised(code: Option<Method>) -> Shown {
    Shown {
        methods: proved_by(Method::MemorisedSecret, code),
        made: None,
    }
}

/// What is proved by a secret, and by a code behind it.
fn proved_by(secret: Method, code: Option<Method>) -> BTreeSet<Method> {
    [secret].into_iter().chain(code).collect()
}

/// What people of another claims provider must have proved there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfStrangers {
    /// As much.
    pub requirement: Requirement,
    /// How long ago at the most, where the policy says so of a second factor.
    pub fresh: Option<SignedDuration>,
}

impl OfStrangers {
    /// What the policy asks for a purpose of whoever is nobody of ours; `None` where it lets none of them in.
    ///
    /// SECURITY: nobody who comes from elsewhere is an account or in a group of ours, so that what is for some of ours lets
    /// none of them in: the first rule that is for everybody decides.
    #[must_use]
    pub fn of<'a>(policy: &Policy, zone: &Zone, purpose: impl Into<Purpose<'a>>) -> Option<Self> {
        let asking = asking(zone, purpose.into());
        let rule = policy.for_strangers(&asking)?.rule;
        let requirement = Requirement::of_rules([rule].into_iter(), &asking)?;
        let has_second = requirement == Requirement::SecretAndCode;
        Some(Self {
            requirement,
            fresh: rule.fresh.filter(|_| has_second),
        })
    }
}

impl Requirement {
    /// What the policy asks for a purpose there; `None` where nothing that a page can ask is enough. Who it is is not
    /// known yet, nor which secret is typed: a code is asked of everybody where anybody needs one (T-CRED-8).
    ///
    /// SECURITY: an app password is never enough for a page of the portal: whoever found one on a device could make others.
    #[must_use]
    pub fn of<'a>(policy: &Policy, zone: &Zone, purpose: impl Into<Purpose<'a>>) -> Option<Self> {
        let asking = asking(zone, purpose.into());
        let deciding = policy.deciding(&asking).into_iter().map(|it| it.rule);
        Self::of_rules(deciding, &asking)
    }

    /// What these rules ask for, of whomever they decide about.
    fn of_rules<'a>(deciding: impl Iterator<Item = &'a Rule>, asking: &Asking<'_>) -> Option<Self> {
        let let_in: Vec<(&Rule, Method)> = deciding
            .flat_map(|rule| SECRETS.map(|secret| (rule, secret)))
            .filter(|(rule, secret)| Self::SecretAndCode.is_enough((rule, *secret), asking))
            .collect();
        let is_short = let_in
            .iter()
            .all(|of_rule| Self::Secret.is_enough(*of_rule, asking));
        match (let_in.is_empty(), is_short) {
            (true, _) => None,
            (false, true) => Some(Self::Secret),
            (false, false) => Some(Self::SecretAndCode),
        }
    }

    /// A passkey, where the policy lets anybody in by one; nobody is named before.
    #[must_use]
    pub fn passkey<'a>(
        policy: &Policy,
        zone: &Zone,
        purpose: impl Into<Purpose<'a>>,
    ) -> Option<Self> {
        let passkey = [Method::Passkey].into();
        let is_enough = policy.may_be_met(&asking(zone, purpose.into()), &passkey);
        is_enough.then_some(Self::Passkey)
    }

    /// Whether a code of a kind may be the code behind the secret there, whoever it is.
    #[must_use]
    pub fn takes<'a>(
        policy: &Policy,
        (zone, purpose): (&Zone, impl Into<Purpose<'a>>),
        code: Method,
    ) -> bool {
        let purpose = purpose.into();
        let asking = asking(zone, purpose);
        let deciding = policy.deciding(&asking).into_iter();
        let mut combinations = deciding.flat_map(|it| it.rule.combinations(&asking));
        let is_asked = Self::of(policy, zone, purpose) == Some(Self::SecretAndCode);
        let proved = SECRETS.map(|secret| proved_by(secret, Some(code)));
        let is_such = |it: &BTreeSet<Method>| proved.contains(it);
        is_asked && combinations.any(|it| is_such(&it.methods().collect()))
    }

    /// Whether a secret of a kind may count there at all, whoever it is.
    #[must_use]
    pub fn takes_secret<'a>(
        policy: &Policy,
        (zone, purpose): (&Zone, impl Into<Purpose<'a>>),
        secret: Method,
    ) -> bool {
        let asking = asking(zone, purpose.into());
        let mut deciding = policy.deciding(&asking).into_iter();
        deciding.any(|it| Self::SecretAndCode.is_enough((it.rule, secret), &asking))
    }

    /// Whether the policy lets an account in that proved this with a secret, in any way.
    ///
    /// # Errors
    ///
    /// Why it does not, for the audit.
    pub(super) fn admits(
        self,
        (secret, made): (Method, Option<Timestamp>),
        account: &Account,
        policy: &Policy,
        place: (&At, Purpose<'_>),
    ) -> Result<(), Reason> {
        let mut refused = Reason::NotAllowedHere;
        for methods in self.ways(secret) {
            let shown = Shown { methods, made };
            match admits(&shown, account, policy, place) {
                Ok(()) => return Ok(()),
                Err(Reason::NotAllowedHere) => {}
                Err(reason) => refused = reason,
            }
        }
        Err(refused)
    }

    fn is_enough(self, (rule, secret): (&Rule, Method), asking: &Asking<'_>) -> bool {
        let mut ways = self.ways(secret).into_iter();
        ways.any(|methods| {
            let mut combinations = rule.combinations(asking);
            combinations.any(|it| it.needs(secret) && it.is_met_by(&methods))
        })
    }

    /// Whether what is proved by it is enough where another is required.
    #[must_use]
    pub fn covers(self, other: Self) -> bool {
        self == other || (self, other) == (Self::SecretAndCode, Self::Secret)
    }

    /// Every way to prove it with a secret of a kind.
    fn ways(self, secret: Method) -> Vec<BTreeSet<Method>> {
        match self {
            Self::Secret => vec![proved_by(secret, None)],
            Self::SecretAndCode => CODES.map(|code| proved_by(secret, Some(code))).into(),
            Self::Passkey => vec![[Method::Passkey].into()],
        }
    }
}

/// Whether the policy lets an account in that proved these at once.
///
/// # Errors
///
/// Why it does not, for the audit.
pub(super) fn admits(
    shown: &Shown,
    account: &Account,
    policy: &Policy,
    (at, purpose): (&At, Purpose<'_>),
) -> Result<(), Reason> {
    let has_second = shown.methods.iter().any(|method| method.is_second_factor());
    let proved = has_second.then_some(at.now);
    judge((shown, proved), account, policy, (at, purpose))
}

/// The same where the second factor among these was proved at a time.
///
/// SECURITY: a session of another host rests on what counted there; an app password is nothing to the portal, whatever else
/// was proved.
pub(super) fn judge(
    (shown, second_factor): (&Shown, Option<Timestamp>),
    account: &Account,
    policy: &Policy,
    (at, purpose): (&At, Purpose<'_>),
) -> Result<(), Reason> {
    if !shown
        .methods
        .iter()
        .all(|it| purpose.service.page_takes(*it))
    {
        return Err(Reason::NotAllowedHere);
    }
    let proved = Proved {
        methods: &shown.methods,
        made: shown.made,
        second_factor,
    };
    let judged = policy.judge(account, &asking(&at.zone, purpose), &proved, at.now);
    judged.map(|_| ())
}

pub(crate) fn asking<'a>(zone: &'a Zone, purpose: Purpose<'a>) -> Asking<'a> {
    Asking {
        zone,
        service: purpose.service,
        route: None,
        channel: Channel::Page,
        party: purpose.party,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Combination;

    /// Every combination of methods.
    fn combinations() -> BTreeSet<Combination> {
        let mut all: BTreeSet<Combination> = Method::ALL.map(Combination::from).into();
        for method in Method::ALL {
            let more: Vec<_> = all.iter().map(|it| it.clone().and(method)).collect();
            all.extend(more);
        }
        all
    }

    #[test]
    fn a_page_carries_what_can_be_shown_on_one_and_nothing_else() {
        let requirements = [Requirement::Secret, Requirement::SecretAndCode];
        let mut shown: Vec<BTreeSet<Method>> = SECRETS
            .into_iter()
            .flat_map(|secret| requirements.map(|it| it.ways(secret)))
            .flatten()
            .collect();
        shown.push([Method::Passkey].into());
        // What a session rests on that began with a first passkey.
        shown.push([Method::MemorisedSecret, Method::Passkey].into());
        assert_eq!(combinations().len(), 511);
        for combination in combinations() {
            let is_shown = shown.contains(&combination.methods().collect());
            assert_eq!(
                Channel::Page.carries(&combination),
                is_shown,
                "{combination}"
            );
        }
    }
}
