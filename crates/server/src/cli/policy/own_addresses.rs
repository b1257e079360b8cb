//! The addresses by which a gate is asked on its own machine: those of its listeners, and of every interface where one of
//! them listens on all.
//!
//! Never asks a name server or another machine. Start at [`own`].

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::{InterfaceAddress, getifaddrs};

/// The addresses of listeners, where these are those of the machine.
///
/// Loopback is no address of a machine's that a NAT sends back to: it counts where a listener names it.
pub(super) fn own(
    listeners: impl IntoIterator<Item = SocketAddr>,
    interfaces: &[IpAddr],
) -> BTreeSet<IpAddr> {
    let of_listener = |listener: SocketAddr| match listener.ip() {
        ip if ip.is_unspecified() => {
            let interfaces = interfaces.iter().copied();
            let reached = interfaces.filter(|it| !it.is_loopback() && is_reached(ip, *it));
            reached.collect::<Vec<IpAddr>>()
        }
        ip => vec![ip],
    };
    listeners.into_iter().flat_map(of_listener).collect()
}

/// Whether who listens on all addresses is asked by one of them: `[::]` takes IPv4 as well, as nothing here forbids it.
fn is_reached(all: IpAddr, one: IpAddr) -> bool {
    all.is_ipv6() || one.is_ipv4()
}

/// The addresses of this machine.
///
/// # Errors
///
/// The system does not tell them.
pub(super) fn of_interfaces() -> io::Result<Vec<IpAddr>> {
    let addresses = getifaddrs().map_err(io::Error::from)?;
    Ok(addresses.filter_map(|it| ip(&it)).collect())
}

fn ip(interface: &InterfaceAddress) -> Option<IpAddr> {
    let address = interface.address.as_ref()?;
    let v4 = address.as_sockaddr_in().map(|it| IpAddr::from(it.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|it| IpAddr::from(it.ip())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(listeners: &[&str]) -> Vec<String> {
        let interfaces = ["127.0.0.1", "10.1.2.3", "192.0.2.7", "::1", "2001:db8::7"];
        let interfaces = interfaces.map(|it| it.parse().unwrap());
        let listeners = listeners.iter().map(|it| it.parse().unwrap());
        let own = own(listeners, &interfaces);
        own.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_listens_on_all_addresses_has_those_of_the_interfaces() {
        for (listeners, expected) in [
            (&["10.1.2.3:443"][..], &["10.1.2.3"][..]),
            (&["127.0.0.1:443"], &["127.0.0.1"]),
            (&["0.0.0.0:443"], &["10.1.2.3", "192.0.2.7"]),
            (&["[::]:443"], &["10.1.2.3", "192.0.2.7", "2001:db8::7"]),
            (
                &["0.0.0.0:443", "[2001:db8::9]:443"],
                &["10.1.2.3", "192.0.2.7", "2001:db8::9"],
            ),
            (&[], &[]),
        ] {
            assert_eq!(shown(listeners), expected, "{listeners:?}");
        }
    }

    #[test]
    fn this_machine_has_its_loopback_among_its_addresses() {
        let addresses = of_interfaces().unwrap();
        assert!(addresses.iter().any(|it| it.is_loopback()), "{addresses:?}");
    }
}
