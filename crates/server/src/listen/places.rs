//! Places for connections: so many in all, and so many of one address.
//!
//! What a balancer hands on is its client's, whom nobody knows before the PROXY header: until then it
//! is the balancer's own, which has few such places, so that neither holds the other's.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::proxy::limits;

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
    each: BTreeMap<Whose, usize>,
}

/// Whose a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    /// A client's, by its address.
    Client(IpAddr),
    /// Somebody's whom a balancer has not named yet.
    Unnamed(IpAddr),
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    whose: Whose,
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
        self.take_for(Whose::Client(counted(address)))
    }

    /// Takes a place for whoever a balancer is about to name.
    pub(crate) fn take_unnamed(self: &Arc<Self>, balancer: IpAddr) -> Option<Place> {
        self.take_for(Whose::Unnamed(counted(balancer)))
    }

    fn take_for(self: &Arc<Self>, whose: Whose) -> Option<Place> {
        let mut taken = self.lock();
        if taken.in_all >= self.in_all || !taken.add(whose, self.most(whose)) {
            return None;
        }
        taken.in_all += 1;
        Some(Place {
            places: Arc::clone(self),
            whose,
        })
    }

    /// How many places one may have.
    fn most(&self, whose: Whose) -> usize {
        match whose {
            Whose::Client(_) => self.of_one,
            Whose::Unnamed(_) => self.of_one.min(limits::MAX_UNNAMED_OF_ONE_BALANCER),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    /// One more, unless there are as many as may be.
    fn add(&mut self, whose: Whose, most: usize) -> bool {
        let count = self.each.entry(whose).or_default();
        let is_free = *count < most;
        if is_free {
            *count += 1;
        }
        is_free
    }

    fn take_away(&mut self, whose: Whose) {
        let count = self.each.get(&whose).copied().unwrap_or_default();
        if count > 1 {
            self.each.insert(whose, count - 1);
        } else {
            self.each.remove(&whose);
        }
    }
}

impl Place {
    /// So many more for the same address, or none.
    pub(crate) fn more(&self, count: usize) -> Option<Vec<Self>> {
        let more = |_| self.places.take_for(self.whose);
        (0..count).map(more).collect()
    }

    /// The same place as the client's whom the balancer named, where that one may have another.
    pub(crate) fn named(mut self, client: IpAddr) -> Option<Self> {
        let whose = Whose::Client(counted(client));
        let mut taken = self.places.lock();
        if !taken.add(whose, self.places.of_one) {
            return None;
        }
        taken.take_away(self.whose);
        drop(taken);
        self.whose = whose;
        Some(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        taken.in_all = taken.in_all.saturating_sub(1);
        taken.take_away(self.whose);
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
    fn a_balancer_s_places_become_its_clients() {
        let places = Places::new(10, 2);
        let (balancer, client) = (address("192.0.2.1"), address("192.0.2.7"));
        for _ in 0..2 {
            let unnamed = places.take_unnamed(balancer).unwrap();
            std::mem::forget(unnamed.named(client).unwrap());
        }
        let third = places.take_unnamed(balancer).unwrap();
        assert!(third.named(client).is_none(), "two of one client");
        let other = places.take_unnamed(balancer).unwrap();
        let other = other.named(address("192.0.2.8")).unwrap();
        assert!(places.take(client).is_none(), "whichever way they come");
        drop(other);
        let taken = places.lock();
        assert_eq!(taken.in_all, 2, "and what ended is free again");
        assert_eq!(taken.each.len(), 1);
    }

    #[test]
    fn a_balancer_that_names_nobody_has_few_places_and_takes_no_client_s() {
        let places = Places::new(5_000, 1_000);
        let balancer = address("192.0.2.1");
        let unnamed = |_| places.take_unnamed(balancer);
        let held: Vec<Place> = (0..limits::MAX_UNNAMED_OF_ONE_BALANCER)
            .map_while(unnamed)
            .collect();
        assert_eq!(held.len(), limits::MAX_UNNAMED_OF_ONE_BALANCER);
        assert!(places.take_unnamed(balancer).is_none());
        assert!(places.take_unnamed(address("192.0.2.2")).is_some());
        assert!(places.take(balancer).is_some(), "its own, as a client");
        let few = Places::new(10, 1);
        let _one = few.take_unnamed(balancer).unwrap();
        assert!(few.take_unnamed(balancer).is_none(), "no more than of one");
    }

    #[test]
    fn a_customer_of_ipv6_is_one_address() {
        let places = Places::new(3, 1);
        let _first = places.take(address("2001:db8:0:1::1")).unwrap();
        assert!(places.take(address("2001:db8:0:1::2")).is_none());
        assert!(places.take(address("2001:db8:0:2::1")).is_some());
    }
}
