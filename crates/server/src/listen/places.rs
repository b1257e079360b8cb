//! Places for connections: so many in all, and so many of one address.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of all listeners together.
#[derive(Debug)]
pub(crate) struct Places {
    taken: Mutex<Taken>,
    in_all: usize,
    of_one: usize,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    /// So many places in all, and of one address.
    pub(crate) fn new(in_all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self {
            taken: Mutex::default(),
            in_all,
            of_one,
        })
    }

    /// Takes a place, where there is one.
    pub(crate) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = counted(address);
        let mut taken = self.lock();
        let of_one = taken.by_address.get(&address).copied().unwrap_or_default();
        if taken.in_all >= self.in_all || of_one >= self.of_one {
            return None;
        }
        taken.in_all += 1;
        taken.by_address.insert(address, of_one + 1);
        Some(Place {
            places: Arc::clone(self),
            address,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// So many more for the same address, or none.
    pub(crate) fn more(&self, count: usize) -> Option<Vec<Self>> {
        let more = |_| self.places.take(self.address);
        (0..count).map(more).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.in_all = taken.in_all.saturating_sub(1);
        let left = taken
            .by_address
            .get(&self.address)
            .map_or(0, |count| count.saturating_sub(1));
        if left == 0 {
            taken.by_address.remove(&self.address);
        } else {
            taken.by_address.insert(self.address, left);
        }
    }
}

/// What is counted as one address: of IPv6 a /64, which is one customer's at least.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let places = Places::new(3, 2);
        let first = places.take(address("192.0.2.1")).unwrap();
        let _second = places.take(address("::ffff:192.0.2.1")).unwrap();
        assert!(
            places.take(address("192.0.2.1")).is_none(),
            "two of one address"
        );
        let _third = places.take(address("192.0.2.2")).unwrap();
        assert!(places.take(address("192.0.2.3")).is_none(), "three in all");
        drop(first);
        assert!(places.take(address("192.0.2.1")).is_some());
    }

    #[test]
    fn a_customer_of_ipv6_is_one_address() {
        let places = Places::new(3, 1);
        let _first = places.take(address("2001:db8:0:1::1")).unwrap();
        assert!(places.take(address("2001:db8:0:1::2")).is_none());
        assert!(places.take(address("2001:db8:0:2::1")).is_some());
    }
}
