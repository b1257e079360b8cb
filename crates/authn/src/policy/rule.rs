//! One rule: of whom and of what it speaks, what is enough there, and for how long.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Asking, Combination, Proved};
use crate::account::Account;
use crate::audit::Reason;
use crate::credential::grant::BoundTo;
use crate::name::NameKey;
use crate::party::{Party, PartyName};
use crate::place::{Channel, Method, RouteName, Service, Zone};

/// One line of the policy; an empty set matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The accounts that it speaks of, by the names that Windows knows them by; with `groups` it is either.
    pub accounts: BTreeSet<NameKey>,
    /// The groups whose members it speaks of, by their SIDs; with `accounts` it is either.
    pub groups: BTreeSet<String>,
    /// The zones it speaks of.
    pub zones: BTreeSet<Zone>,
    /// The services it speaks of.
    pub services: BTreeSet<Service>,
    /// The published paths it speaks of.
    pub routes: BTreeSet<RouteName>,
    /// The channels it speaks of.
    pub channels: BTreeSet<Channel>,
    /// The relying parties it speaks of; where it names some, it speaks of nothing but signing in for them.
    pub parties: BTreeSet<PartyName>,
    /// What is enough there, each by itself; an empty list refuses.
    pub methods: Vec<Combination>,
    /// How old the second factor of a combination may be; as old as it likes where there is nothing.
    pub fresh: Option<SignedDuration>,
    /// What of a client a grant is bound to that a code buys.
    pub grant_bound_to: BoundTo,
    /// For how long after its owner's last second factor an app password is enough by itself; for ever where there
    /// is nothing.
    pub lease: Option<SignedDuration>,
}

/// One condition of a rule and what is asked, read together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Which, by its key in the configuration.
    pub key: &'static str,
    /// What the rule wants, as words; nothing where it wants nothing.
    pub wants: Vec<String>,
    /// Whether what is asked is one of these.
    pub holds: bool,
}

impl Rule {
    /// Whether it speaks of what is asked, whoever asks.
    #[must_use]
    pub fn is_about(&self, asking: &Asking<'_>) -> bool {
        self.holds(asking) == [true; 5]
    }

    /// Whether it speaks of an account.
    ///
    /// SECURITY: an account is named by what Windows knows it by, never by an address; groups are those that the
    /// directory gave, and an account that is not of a directory is in none.
    #[must_use]
    pub fn speaks_of(&self, account: &Account) -> bool {
        if self.is_for_everybody() {
            return true;
        }
        let mut groups = account.directory.iter().flat_map(|it| &it.groups);
        let is_named = || {
            let mut keys = account.windows_keys().into_iter();
            keys.any(|key| self.accounts.contains(&key))
        };
        groups.any(|sid| self.groups.contains(sid)) || (!self.accounts.is_empty() && is_named())
    }

    /// Whether it is for everybody.
    #[must_use]
    pub fn is_for_everybody(&self) -> bool {
        self.accounts.is_empty() && self.groups.is_empty()
    }

    /// What of its methods can be proved where it is asked, in the order in which they were written.
    ///
    /// SECURITY: Kerberos is for the office, whatever a rule says: from outside, whoever has a laptop's ticket would
    /// need nothing else. A channel carries what it can: see [`Channel::carries`], and for pages [`Service::page_takes`].
    /// Nor is an app password enough for a page from outside with nothing beside it, leased or not: on a page nothing
    /// binds it to the device that it was made for.
    pub fn combinations(&self, asking: &Asking<'_>) -> impl Iterator<Item = &Combination> {
        let (channel, service) = (asking.channel, asking.service);
        let is_inside = *asking.zone == Zone::INTERNAL;
        let is_page = channel == Channel::Page;
        let counts = move |method: Method| {
            (is_inside || method != Method::Kerberos) && (!is_page || service.page_takes(method))
        };
        let is_too_little =
            move |combination: &Combination| is_page && !is_inside && is_found(combination);
        self.methods.iter().filter(move |combination| {
            channel.carries(combination)
                && combination.methods().all(counts)
                && !is_too_little(combination)
        })
    }

    /// Each condition about what is asked, whoever asks, with whether it holds.
    #[must_use]
    pub fn conditions(&self, asking: &Asking<'_>) -> [Condition; 5] {
        let [zones, services, routes, channels, parties] = self.holds(asking);
        [
            condition("zones", &self.zones, zones),
            condition("services", &self.services, services),
            condition("routes", &self.routes, routes),
            condition("channels", &self.channels, channels),
            condition("parties", &self.parties, parties),
        ]
    }

    /// Whether what is asked is of its zones, services, routes, channels and parties.
    fn holds(&self, asking: &Asking<'_>) -> [bool; 5] {
        let is_named = |party: &Party| self.parties.iter().any(|it| party.is_called(it));
        let covers = |route: &RouteName| self.routes.iter().any(|it| it.covers(route));
        [
            self.zones.is_empty() || self.zones.contains(asking.zone),
            self.services.is_empty() || self.services.contains(asking.service),
            self.routes.is_empty() || asking.route.is_some_and(covers),
            self.channels.is_empty() || self.channels.contains(&asking.channel),
            self.parties.is_empty() || asking.party.is_some_and(is_named),
        ]
    }

    /// Until when a combination that was proved is enough by itself, without an end where there is none.
    pub(super) fn admits(
        &self,
        combination: &Combination,
        account: &Account,
        proved: &Proved<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Reason> {
        let is_leased = is_found(combination);
        if let Some(lease) = self.lease.filter(|_| is_leased) {
            let factor = account.second_factor.as_ref();
            let until = factor
                .zip(proved.made)
                .and_then(|(it, made)| it.lease(made, lease));
            let until = until.filter(|until| now < *until);
            return until.map(Some).ok_or(Reason::LeaseLapsed);
        }
        let has_second = combination.methods().any(Method::is_second_factor);
        let Some(fresh) = self.fresh.filter(|_| has_second) else {
            return Ok(None);
        };
        let until = proved
            .second_factor
            .and_then(|at| at.checked_add(fresh).ok());
        let until = until.filter(|until| now < *until);
        until.map(Some).ok_or(Reason::SecondFactorTooOld)
    }
}

/// Whether it is what anybody has who has read it on a device.
fn is_found(combination: &Combination) -> bool {
    *combination == Combination::from(Method::AppPassword)
}

fn condition<T: ToString>(key: &'static str, wanted: &BTreeSet<T>, holds: bool) -> Condition {
    Condition {
        key,
        wants: wanted.iter().map(T::to_string).collect(),
        holds,
    }
}
