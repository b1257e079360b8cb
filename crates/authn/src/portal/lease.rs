//! The lease of an app password, as its owner is shown it: until when it opens something from outside, or that it waits.
//!
//! What is said here the policy says, by the functions that decide about an attempt. Start at [`Owner::lease_of`].

use jiff::Timestamp;

use super::Owner;
use crate::audit::Reason;
use crate::credential::app_password::AppPassword;
use crate::place::{Channel, Method, Zone};
use crate::policy::{Asking, Policy, Proved};

/// How the lease of an app password stands, outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It is not leased: it opens what it opens without one, or nothing.
    None,
    /// It runs until then; where it opens several things, until the first of them is shut.
    Until(Timestamp),
    /// It lapsed for something that it opens, until its owner proves a second factor again.
    Lapsed,
    /// It never began: the app password was made before its owner proved a second factor for the first time.
    Never,
}

impl Owner<'_> {
    /// How the lease of an app password of one's own stands, over all that it opens from outside.
    #[must_use]
    pub fn lease_of(&self, password: &AppPassword, policy: &Policy) -> Lease {
        let methods = [Method::AppPassword].into();
        let proved = Proved {
            methods: &methods,
            made: Some(password.created),
            second_factor: None,
        };
        let mut shortest = Lease::None;
        for service in &password.scope {
            let channels = Channel::ALL.into_iter().filter(|it| *it != Channel::Page);
            for channel in channels {
                let asking = Asking {
                    zone: &Zone::EXTERNAL,
                    service,
                    route: None,
                    channel,
                    party: None,
                };
                match policy.judge(self.account, &asking, &proved, self.at.now) {
                    Err(Reason::LeaseLapsed) => return self.lapsed(password),
                    Ok(Some(until)) => shortest = shortest.or_sooner(until),
                    Ok(None) | Err(_) => {}
                }
            }
        }
        shortest
    }

    fn lapsed(&self, password: &AppPassword) -> Lease {
        let first = self.account.second_factor.map(|it| it.first);
        match first.is_some_and(|first| password.created >= first) {
            true => Lease::Lapsed,
            false => Lease::Never,
        }
    }
}

impl Lease {
    fn or_sooner(self, until: Timestamp) -> Self {
        match self {
            Self::Until(sooner) => Self::Until(sooner.min(until)),
            _ => Self::Until(until),
        }
    }
}
