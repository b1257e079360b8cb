//! Networks that are granted or believed something: each says which addresses it is, and is not everybody.

use std::net::Ipv6Addr;

use ipnet::{IpNet, Ipv6Net};
use toml::Spanned;

use super::Understanding;
use crate::config::ConfigError;

/// The widest network of IPv4 that is anybody's own: `10.0.0.0/8`.
const WIDEST_IPV4: u8 = 8;
/// The widest of IPv6, where it is not of the unique local addresses.
const WIDEST_IPV6: u8 = 16;
/// The unique local addresses (RFC 4193, section 3.1), which are nobody's outside.
const LOCAL_IPV6: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7);

impl Understanding<'_> {
    /// Takes a list of networks; `why` says what a network of everybody would do, and what to write.
    ///
    /// SECURITY: two halves of everybody are everybody, and a network written from one of its hosts may
    /// be meant as that host.
    pub(super) fn networks(
        &self,
        written: &[Spanned<IpNet>],
        why: &str,
    ) -> Result<Vec<IpNet>, ConfigError> {
        written
            .iter()
            .map(|network| self.network(network, why))
            .collect()
    }

    fn network(&self, network: &Spanned<IpNet>, why: &str) -> Result<IpNet, ConfigError> {
        let net = *network.get_ref();
        let refused = |message: String| Err(self.error(network, &message));
        if net.addr() != net.addr().to_canonical() {
            return refused(format!("write the network `{net}` as one of IPv4"));
        }
        let widest = match net {
            IpNet::V4(_) => WIDEST_IPV4,
            IpNet::V6(net) if LOCAL_IPV6.contains(&net) => LOCAL_IPV6.prefix_len(),
            IpNet::V6(_) => WIDEST_IPV6,
        };
        if net.prefix_len() == 0 {
            return refused(format!("`{net}` is everybody; {why}"));
        }
        if net.prefix_len() < widest {
            return refused(format!(
                "`{net}` is wider than /{widest}, and so wide is nobody's network; {why}"
            ));
        }
        if net != net.trunc() {
            return refused(format!(
                "`{net}` is an address within a network; write `{}/{}` for that address alone, \
                 or `{}` for the whole network",
                net.addr(),
                net.max_prefix_len(),
                net.trunc()
            ));
        }
        Ok(net)
    }
}
