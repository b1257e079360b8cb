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
    ///
    /// SECURITY: Kerberos is for the office, whatever a rule says: from outside, whoever has a laptop's ticket
    /// would need nothing else.
    #[must_use]
    pub fn methods(&self, zone: &Zone, service: &Service, channel: Channel) -> BTreeSet<Method> {
        let mut rules = self.rules.iter();
        let mut methods = rules
            .find(|rule| {
                (rule.zones.is_empty() || rule.zones.contains(zone))
                    && (rule.services.is_empty() || rule.services.contains(service))
                    && (rule.channels.is_empty() || rule.channels.contains(&channel))
            })
            .map(|rule| rule.methods.clone())
            .unwrap_or_default();
        if *zone != Zone::INTERNAL {
            methods.remove(&Method::Kerberos);
        }
        methods
    }
}
