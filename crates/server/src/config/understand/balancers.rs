//! Balancers (PROXY protocol): who is believed when they say whose a connection is, and that nothing is
//! granted to their own addresses (design 13, internal).

use ipnet::IpNet;
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;
use crate::config::written::Written;

impl Understanding<'_> {
    /// Checks the networks of balancers, of all listeners together.
    ///
    /// SECURITY: whoever is in one says who the client is. A balancer reaches every listener, with a
    /// header or without, so that an address of its own must be worth nothing at any of them.
    pub(super) fn balancers_are_outside(&self, written: &Written) -> Result<(), ConfigError> {
        let listeners = written.listener.iter();
        let internal = listeners.flat_map(|it| &it.internal_networks);
        let hybrid = written.exchange.iter().flat_map(|it| &it.hybrid);
        let granted: Vec<(&str, &Spanned<IpNet>)> = internal
            .map(|network| ("internal", network))
            .chain(hybrid.map(|network| ("another organisation's", network)))
            .collect();
        for balancer in written.listener.iter().flat_map(|it| &it.proxy_protocol) {
            let both = granted
                .iter()
                .find(|(_, network)| overlap(*network.get_ref(), *balancer.get_ref()));
            if let Some((what, network)) = both {
                let message = format!(
                    "`{}` would make the balancer `{}` of line {} {what}, and with it whoever it \
                     does not name; name networks without it",
                    network.get_ref(),
                    balancer.get_ref(),
                    self.line(balancer.span())
                );
                return Err(self.error(network, &message));
            }
        }
        Ok(())
    }
}

fn overlap(one: IpNet, other: IpNet) -> bool {
    one.contains(&other) || other.contains(&one)
}
