//! Policy: from which zone, to which service, by which method. First match decides, else refuse.

mod codes;
mod combination;

use std::collections::BTreeSet;

use crate::place::{Channel, Method, Service, Zone};
pub use combination::{Combination, CombinationParseError};

/// One line of the policy; an empty set matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The zones it speaks of.
    pub zones: BTreeSet<Zone>,
    /// The services it speaks of.
    pub services: BTreeSet<Service>,
    /// The channels it speaks of.
    pub channels: BTreeSet<Channel>,
    /// What is enough there, each by itself; an empty list refuses.
    pub methods: Vec<Combination>,
}

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// The combinations that are enough there, in the order in which they were written; none where nothing is.
    ///
    /// SECURITY: Kerberos is for the office, whatever a rule says: from outside, whoever has a laptop's ticket
    /// would need nothing else. And it comes by Negotiate alone; a one-time code comes where it can be typed.
    #[must_use]
    pub fn combinations(
        &self,
        zone: &Zone,
        service: &Service,
        channel: Channel,
    ) -> Vec<Combination> {
        let rule = self.rule(zone, service, channel);
        let mut combinations = rule.map(|rule| rule.methods.clone()).unwrap_or_default();
        if *zone != Zone::INTERNAL || channel != Channel::Negotiate {
            combinations.retain(|combination| !combination.needs(Method::Kerberos));
        }
        // A ticket stands for the channel that bought it.
        if !channel.carries_codes() && channel != Channel::Ticket {
            combinations.retain(|combination| !combination.needs(Method::OneTimeCode));
        }
        combinations
    }

    /// Whether what was proved is enough there.
    #[must_use]
    pub fn allows(
        &self,
        zone: &Zone,
        service: &Service,
        channel: Channel,
        proved: &BTreeSet<Method>,
    ) -> bool {
        let mut combinations = self.combinations(zone, service, channel).into_iter();
        combinations.any(|combination| combination.is_met_by(proved))
    }

    /// The channels by which anything may be proved there, of what can be proved to that service at all; empty
    /// where nobody can come in.
    ///
    /// A ticket is judged by the channel that bought it, and so may come where one may that buys tickets.
    #[must_use]
    pub fn channels(
        &self,
        zone: &Zone,
        service: &Service,
        provable: &BTreeSet<Method>,
    ) -> BTreeSet<Channel> {
        let is_open = |channel: &Channel| self.allows(zone, service, *channel, provable);
        let proving = Channel::ALL.into_iter().filter(|it| *it != Channel::Ticket);
        let mut channels: BTreeSet<Channel> = proving.filter(is_open).collect();
        if channels.iter().any(|channel| channel.buys_tickets()) {
            channels.insert(Channel::Ticket);
        }
        channels
    }

    fn rule(&self, zone: &Zone, service: &Service, channel: Channel) -> Option<&Rule> {
        self.rules.iter().find(|rule| {
            (rule.zones.is_empty() || rule.zones.contains(zone))
                && (rule.services.is_empty() || rule.services.contains(service))
                && (rule.channels.is_empty() || rule.channels.contains(&channel))
        })
    }
}
