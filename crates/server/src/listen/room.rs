//! Room for connections, by what the system gives: file descriptors, raised as far as it allows.
//!
//! A gate without a free descriptor reaches neither its store nor a back end, so that a part is never
//! given to clients, and no address may have more than its share of the rest (T-DOS).

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::proxy::limits;

/// Descriptors that are kept for the store, the listeners, the log and connections to back ends.
const RESERVE: u64 = 256;
/// What one client's connection may take: its own, and one to a back end.
const OF_EACH: u64 = 2;
/// Fewer places than this are worth a word to whoever runs the gate.
const FEW: usize = 2_000;
/// How many addresses it takes at least to fill all places.
const SHARES: usize = 8;

/// How many connections may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    /// Of all clients together.
    pub(crate) in_all: usize,
    /// Of one address.
    pub(crate) of_one: usize,
}

impl Room {
    /// Raises the limit of open files to what the system allows, and takes what there is then.
    pub(crate) fn make() -> Self {
        let before = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: before.maximum,
            maximum: before.maximum,
        };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!("the limit of open files cannot be raised: {error}");
        }
        let descriptors = getrlimit(Resource::Nofile).current;
        let room = Self::of(descriptors);
        if room.in_all < FEW {
            tracing::warn!(
                descriptors,
                connections = room.in_all,
                of_one_address = room.of_one,
                "the system gives few open files, so that few connections are taken; \
                 raise LimitNOFILE"
            );
        }
        room
    }

    /// The room that so many descriptors make; `None` is without a limit.
    pub(crate) fn of(descriptors: Option<u64>) -> Self {
        let fitting = descriptors.map_or(usize::MAX, |all| {
            usize::try_from(all.saturating_sub(RESERVE) / OF_EACH).unwrap_or(usize::MAX)
        });
        let in_all = fitting.clamp(SHARES, limits::MAX_CONNECTIONS);
        Self {
            in_all,
            of_one: (in_all / SHARES).min(limits::MAX_CONNECTIONS_OF_ONE_ADDRESS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(descriptors: Option<u64>) -> (usize, usize) {
        let Room { in_all, of_one } = Room::of(descriptors);
        (in_all, of_one)
    }

    #[test]
    fn no_address_can_take_every_descriptor() {
        assert_eq!(room(Some(1_024)), (384, 48));
        assert_eq!(room(Some(4_096)), (1_920, 240));
        assert_eq!(room(Some(1_048_576)), (20_000, 1_024));
        assert_eq!(room(None), (20_000, 1_024));
        assert_eq!(room(Some(0)), (8, 1), "and somebody gets in even so");
        for descriptors in 272..100_000 {
            let room = Room::of(Some(descriptors));
            let taken = u64::try_from(room.in_all).unwrap() * OF_EACH;
            assert!(taken + RESERVE <= descriptors, "{descriptors}: {room:?}");
            assert!(room.of_one * SHARES <= room.in_all, "{room:?}");
        }
    }
}
