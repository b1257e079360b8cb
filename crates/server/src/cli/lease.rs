//! Leases of app passwords as their owner is told of them: until when each lasts, or why it does not.

use authn::account::Account;
use authn::credential::app_password::AppPassword;
use authn::policy::Policy;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::policy::length;

/// One app password under the policy's shortest lease.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Lease {
    /// The app password.
    pub(super) id: String,
    /// What its owner calls it.
    pub(super) label: String,
    /// Until when it lasts; nothing where no lease is named.
    pub(super) until: Option<Timestamp>,
    /// How it stands.
    pub(super) standing: Standing,
    /// The lease, in words.
    pub(super) lease: Option<String>,
}

/// How an app password stands under a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Standing {
    /// No rule names a lease.
    NotLeased,
    /// It is enough where the lease is.
    Leased,
    /// Its owner's last second factor is too old.
    Lapsed,
    /// Its owner never proved a second factor.
    NeverProved,
    /// It was made before its owner's first second factor, and no lease is ever given to it.
    MadeBefore,
}

/// The leases of an account's app passwords that neither were revoked nor have ended.
pub(super) fn of(
    account: &Account,
    passwords: &[AppPassword],
    (policy, now): (&Policy, Timestamp),
) -> Vec<Lease> {
    let shortest = policy.rules.iter().filter_map(|rule| rule.lease).min();
    let is_good =
        |it: &&AppPassword| it.revoked.is_none() && it.expires.is_none_or(|expires| now < expires);
    let good = passwords.iter().filter(is_good);
    good.map(|it| {
        let (standing, until) = match shortest {
            None => (Standing::NotLeased, None),
            Some(lease) => standing(account, it.created, (lease, now)),
        };
        Lease {
            id: it.id.0.clone(),
            label: it.label.clone(),
            until,
            standing,
            lease: shortest.map(length),
        }
    })
    .collect()
}

fn standing(
    account: &Account,
    made: Timestamp,
    (lease, now): (SignedDuration, Timestamp),
) -> (Standing, Option<Timestamp>) {
    let Some(factor) = &account.second_factor else {
        return (Standing::NeverProved, None);
    };
    match factor.lease(made, lease) {
        None => (Standing::MadeBefore, None),
        Some(until) if now < until => (Standing::Leased, Some(until)),
        Some(until) => (Standing::Lapsed, Some(until)),
    }
}

/// One lease as a line.
pub(super) fn line(lease: &Lease) -> String {
    let until = lease.until.map(|it| it.to_string()).unwrap_or_default();
    let Lease { id, label, .. } = lease;
    let standing = match lease.standing {
        Standing::NotLeased => "no lease is named".to_owned(),
        Standing::Leased => format!("leased until {until}"),
        Standing::Lapsed => {
            format!("LAPSED at {until}: its owner proves a second factor to renew it")
        }
        Standing::NeverProved => {
            "LAPSED: its owner never proved a second factor; once they have, make another"
                .to_owned()
        }
        Standing::MadeBefore => {
            "LAPSED: it was made before its owner's first second factor; revoke it and make another"
                .to_owned()
        }
    };
    format!("{id}  {label}  {standing}")
}

/// What is said of an account with app passwords that do not work, or will not in a while.
pub(super) fn warning(leases: &[Lease]) -> String {
    let lapsed = leases.iter().filter(|lease| match lease.standing {
        Standing::NotLeased | Standing::Leased => false,
        Standing::Lapsed | Standing::NeverProved | Standing::MadeBefore => true,
    });
    match lapsed.count() {
        0 => String::new(),
        count => format!(
            "\nwarning: {count} of its app passwords are refused where the policy names a lease; `wicketgate user \
             lease NAME` says why"
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use authn::account::{AccountId, AccountState};
    use authn::credential::CredentialId;
    use authn::credential::second_factor::SecondFactor;
    use authn::place::Method;
    use authn::policy::Rule;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn anna(second_factor: Option<SecondFactor>) -> Account {
        Account {
            id: AccountId("1".to_owned()),
            domain: "CONTOSO".to_owned(),
            sam: "anna".to_owned(),
            upn: "anna@contoso.com".to_owned(),
            realm: "CONTOSO.COM".to_owned(),
            sid: None,
            sip_addresses: Vec::new(),
            mail: Vec::new(),
            state: AccountState::Active,
            directory: None,
            second_factor,
        }
    }

    fn phone(created: i64) -> AppPassword {
        AppPassword {
            id: CredentialId("7".to_owned()),
            account: AccountId("1".to_owned()),
            label: "phone".to_owned(),
            device: None,
            scope: BTreeSet::new(),
            created: at(created),
            expires: None,
            last_used: None,
            seen_device: None,
            revoked: None,
        }
    }

    #[test]
    fn an_owner_is_told_how_each_app_password_stands() {
        let proved = Some(SecondFactor {
            method: Method::OneTimeCode,
            first: at(1_000),
            last: at(2_000),
        });
        let leased = Policy {
            rules: vec![
                Rule {
                    lease: Some(SignedDuration::from_mins(10)),
                    ..Rule::default()
                },
                Rule {
                    lease: Some(SignedDuration::from_hours(1)),
                    ..Rule::default()
                },
            ],
        };
        for (account, made, now, standing) in [
            (anna(None), 1_500, 2_100, Standing::NeverProved),
            (anna(proved), 999, 2_100, Standing::MadeBefore),
            (anna(proved), 1_000, 2_599, Standing::Leased),
            (anna(proved), 1_000, 2_600, Standing::Lapsed),
        ] {
            let leases = of(&account, &[phone(made)], (&leased, at(now)));
            assert_eq!(leases[0].standing, standing);
            let is_warned = !warning(&leases).is_empty();
            assert_eq!(is_warned, standing != Standing::Leased);
            assert_eq!(line(&leases[0]).contains("LAPSED"), is_warned);
        }
        let unleased = of(&anna(None), &[phone(1)], (&Policy::default(), at(2)));
        assert_eq!(unleased[0].standing, Standing::NotLeased);
        assert_eq!(warning(&unleased), "");
    }

    #[test]
    fn what_does_not_stand_anyway_is_not_told_of() {
        let revoked = AppPassword {
            revoked: Some(at(5)),
            ..phone(1)
        };
        let ended = AppPassword {
            expires: Some(at(9)),
            ..phone(1)
        };
        let leases = of(&anna(None), &[revoked, ended], (&Policy::default(), at(9)));
        assert_eq!(leases, []);
    }
}
