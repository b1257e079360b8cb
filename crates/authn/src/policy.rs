//! Policy: who, from which zone, to what, by which channel and method. First match decides, else refuse.
//!
//! What decides an attempt, what is offered to a client, what `policy explain` says and what `policy prove` walks are
//! the functions here, and no model of them. Start at [`Policy::judge`].

mod carried;
mod codes;
mod combination;
mod factors;
mod rule;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::account::Account;
use crate::audit::Reason;
use crate::party::{Party, PartyName};
use crate::place::{Channel, Method, RouteName, Service, Zone};
pub use combination::{Combination, CombinationParseError};
pub use factors::Factors;
pub use rule::{Condition, Rule};

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
}

/// Where somebody comes from, and what they want by which channel.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The zone.
    pub zone: &'a Zone,
    /// The service.
    pub service: &'a Service,
    /// The published path, where a rule speaks of one.
    pub route: Option<&'a RouteName>,
    /// The channel.
    pub channel: Channel,
    /// The relying party that a token is for, where it is for one.
    pub party: Option<&'a Party>,
}

/// What was proved, as the policy judges it.
#[derive(Clone, Copy, Debug)]
pub struct Proved<'a> {
    /// The methods.
    pub methods: &'a BTreeSet<Method>,
    /// When the app password was made, where it was one.
    pub made: Option<Timestamp>,
    /// When the second factor among the methods was proved, where there is one.
    pub second_factor: Option<Timestamp>,
}

/// A rule and its place in the policy, from 0.
#[derive(Clone, Copy, Debug)]
pub struct Numbered<'a> {
    /// Its place.
    pub index: usize,
    /// The rule.
    pub rule: &'a Rule,
}

impl Policy {
    /// Judges what somebody proved: until when that is enough by itself, without an end where there is none.
    ///
    /// # Errors
    ///
    /// Why it is not, for the audit.
    pub fn judge(
        &self,
        account: &Account,
        asking: &Asking<'_>,
        proved: &Proved<'_>,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, Reason> {
        let Some(Numbered { rule, .. }) = self.rule(account, asking) else {
            return Err(Reason::NotAllowedHere);
        };
        let mut refused = Reason::NotAllowedHere;
        let mut longest: Option<Timestamp> = None;
        for combination in rule.combinations(asking) {
            if !combination.is_met_by(proved.methods) {
                continue;
            }
            match rule.admits(combination, account, proved, now) {
                Ok(None) => return Ok(None),
                Ok(Some(until)) => longest = longest.max(Some(until)),
                Err(reason) => refused = reason,
            }
        }
        longest.map(Some).ok_or(refused)
    }

    /// The rule that decides about an account: the first that speaks of it and of what is asked.
    #[must_use]
    pub fn rule(&self, account: &Account, asking: &Asking<'_>) -> Option<Numbered<'_>> {
        let mut here = self.here(asking);
        here.find(|numbered| numbered.rule.speaks_of(account))
    }

    /// The rules that decide about anybody who asks for this, each about some: those that are for certain people, and
    /// the first that is for everybody.
    #[must_use]
    pub fn deciding(&self, asking: &Asking<'_>) -> Vec<Numbered<'_>> {
        let mut deciding = Vec::new();
        for numbered in self.here(asking) {
            deciding.push(numbered);
            if numbered.rule.is_for_everybody() {
                break;
            }
        }
        deciding
    }

    /// The rule that decides about whoever is nobody of ours, and so in no rule that is for certain people: the first that is
    /// for everybody.
    #[must_use]
    pub fn for_strangers(&self, asking: &Asking<'_>) -> Option<Numbered<'_>> {
        let mut here = self.here(asking);
        here.find(|numbered| numbered.rule.is_for_everybody())
    }

    /// Whether what can be proved is enough for anybody who asks for this.
    #[must_use]
    pub fn may_be_met(&self, asking: &Asking<'_>, provable: &BTreeSet<Method>) -> bool {
        let deciding = self.deciding(asking).into_iter();
        let mut combinations = deciding.flat_map(|it| it.rule.combinations(asking));
        combinations.any(|combination| combination.is_met_by(provable))
    }

    /// The channels by which anything may be proved there, of what can be proved to that service at all; empty
    /// where nobody can come in. The channel that is asked for is of no account.
    ///
    /// A ticket is judged by the channel that bought it, and so may come where one may that buys tickets.
    #[must_use]
    pub fn channels(&self, asking: &Asking<'_>, provable: &BTreeSet<Method>) -> BTreeSet<Channel> {
        let is_open = |channel: &Channel| {
            let by_it = Asking {
                channel: *channel,
                ..*asking
            };
            self.may_be_met(&by_it, provable)
        };
        let proving = Channel::ALL.into_iter().filter(|it| *it != Channel::Ticket);
        let mut channels: BTreeSet<Channel> = proving.filter(is_open).collect();
        if channels.iter().any(|channel| channel.buys_tickets()) {
            channels.insert(Channel::Ticket);
        }
        channels
    }

    /// Whether any rule speaks of paths, so that what is asked must say which it is.
    #[must_use]
    pub fn speaks_of_routes(&self) -> bool {
        self.rules.iter().any(|rule| !rule.routes.is_empty())
    }

    /// Parties that among them are judged as any party that there is: one that no rule names, and of each name that is in a
    /// rule one whose trust is called so, and one that calls itself so. What decides about a party with several names decides
    /// about one of these, too, which fewer rules speak of.
    #[must_use]
    pub fn parties(&self) -> Vec<Option<Party>> {
        let named: BTreeSet<_> = self.rules.iter().flat_map(|it| &it.parties).collect();
        let named = named.into_iter().flat_map(PartyName::parties);
        [None].into_iter().chain(named.map(Some)).collect()
    }

    /// Paths that among them are judged as any path that there is, whether or not it is known here: one that no rule names, and
    /// each that a rule does, of which a host stands for its paths without a rule of their own. Nothing where no rule speaks of
    /// paths.
    #[must_use]
    pub fn routes(&self) -> Vec<Option<RouteName>> {
        if !self.speaks_of_routes() {
            return vec![None];
        }
        let named: BTreeSet<_> = self.rules.iter().flat_map(|it| &it.routes).collect();
        let named = named.into_iter().cloned();
        // No host has a blank in its name.
        let unlisted = RouteName::host("any other host");
        [unlisted].into_iter().chain(named).map(Some).collect()
    }

    /// The rules that speak of what is asked, whoever asks.
    ///
    /// SECURITY: where a rule speaks of paths and nobody said which path it is, it may be the one: nothing behind it
    /// is believed.
    fn here(&self, asking: &Asking<'_>) -> impl Iterator<Item = Numbered<'_>> {
        let asking = *asking;
        let numbered = self.rules.iter().enumerate();
        let numbered = numbered.map(|(index, rule)| Numbered { index, rule });
        numbered
            .take_while(move |it| asking.route.is_some() || it.rule.routes.is_empty())
            .filter(move |it| it.rule.is_about(&asking))
    }
}
