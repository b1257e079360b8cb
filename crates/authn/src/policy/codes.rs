//! Where a one-time code counts: it is typed behind another secret, and so comes where that is sent in clear.

use super::Policy;
use crate::place::{Channel, Method, Service, Zone};

impl Policy {
    /// Whether a rule speaks of codes there, whether or not the channel can carry one.
    #[must_use]
    pub fn wants_codes(&self, zone: &Zone, service: &Service, channel: Channel) -> bool {
        let rule = self.rule(zone, service, channel);
        let mut combinations = rule.into_iter().flat_map(|rule| &rule.methods);
        combinations.any(|combination| combination.needs(Method::OneTimeCode))
    }

    /// Whether a code may be proved there.
    #[must_use]
    pub fn takes_codes(&self, zone: &Zone, service: &Service, channel: Channel) -> bool {
        channel.carries_codes() && self.wants_codes(zone, service, channel)
    }
}
