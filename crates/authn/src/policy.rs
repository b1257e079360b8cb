//! Policy: from which zone, to which service, by which method. First match decides, else refuse.

use std::collections::BTreeSet;

use crate::place::{Channel, Method, Service, Zone};

/// One line of the policy; an empty set matches anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The zones it speaks of.
    pub zones: BTreeSet<Zone>,
    /// The services it speaks of.
    pub services: BTreeSet<Service>,
    /// The channels it speaks of.
    pub channels: BTreeSet<Channel>,
    /// What may be proved there; an empty list refuses.
    pub methods: BTreeSet<Method>,
}

/// The rules, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    /// The rules, in the order in which they were written.
    pub rules: Vec<Rule>,
}

impl Policy {
    /// The methods that may be used there; empty where nothing may.
    #[must_use]
    pub fn methods(&self, zone: &Zone, service: &Service, channel: Channel) -> BTreeSet<Method> {
        let rule = self.rule(zone, service, channel);
        rule.map(|rule| rule.methods.clone()).unwrap_or_default()
    }

    /// The channels by which anything may be proved there; empty where nobody can come in.
    ///
    /// A ticket is judged by the channel that bought it, and so may come where one may that buys tickets.
    #[must_use]
    pub fn channels(&self, zone: &Zone, service: &Service) -> BTreeSet<Channel> {
        let is_open = |channel: &Channel| {
            let rule = self.rule(zone, service, *channel);
            rule.is_some_and(|rule| !rule.methods.is_empty())
        };
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
