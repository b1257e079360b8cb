//! Tickets of people that can be used again: bounded in number and in life, gone when their owner is
//! forgotten.
//!
//! The key is the user, their account, the service and how they signed in: a ticket got on the strength of one proof
//! never serves a request that rests on another, and none serves whoever has its user's name after them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proto::kerberos::Sid;

use crate::principal::{Principal, Service};

/// Most tickets that are kept; each takes about 12 KB.
const MAX_TICKETS: usize = 4096;
/// What a ticket must still have to live to be used.
const LEAST_LIFE: Duration = Duration::from_secs(30);
/// The longest that one is kept, however long the domain would have it live.
const MAX_LIFE: Duration = Duration::from_secs(600);
/// Of how many who were forgotten it is known who they were; whatever is being fetched since before that is not kept.
const MAX_FORGOTTEN: usize = 1024;

/// How a user signed in, as a number of the caller's: tickets of one level never serve another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Level(pub u32);

/// For whom a token is, and to where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wanted {
    /// Who is to be seen there.
    pub user: Principal,
    /// Which account that is, where it is known: a ticket of another is nobody's.
    pub sid: Option<Sid>,
    /// The service, from the configuration.
    pub target: Service,
    /// How they signed in.
    pub level: Level,
}

/// A moment in the history of what was forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Epoch(u64);

/// What is kept.
pub(crate) struct Tickets<T> {
    kept: Mutex<Kept<T>>,
}

struct Kept<T> {
    tickets: HashMap<Wanted, Ticket<T>>,
    epoch: u64,
    /// Who was forgotten last, each with the epoch that began with it.
    forgotten: VecDeque<(u64, Principal)>,
    /// Of what came after this epoch all is in `forgotten`.
    known_since: u64,
}

struct Ticket<T> {
    it: Arc<T>,
    ends: Instant,
    used: Instant,
}

impl<T> Tickets<T> {
    pub(crate) fn new() -> Self {
        Self {
            kept: Mutex::new(Kept {
                tickets: HashMap::new(),
                epoch: 0,
                forgotten: VecDeque::new(),
                known_since: 0,
            }),
        }
    }

    /// One that is still good.
    pub(crate) fn find(&self, wanted: &Wanted, now: Instant) -> Option<Arc<T>> {
        let mut kept = self.kept();
        let ticket = kept.tickets.get_mut(wanted)?;
        if ticket.ends < now + LEAST_LIFE {
            kept.tickets.remove(wanted);
            return None;
        }
        ticket.used = now;
        Some(Arc::clone(&ticket.it))
    }

    /// To be asked before a ticket is fetched, and shown when it is kept.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.kept().epoch)
    }

    /// Keeps one, unless its user was forgotten since it was asked for, or may have been.
    pub(crate) fn keep(
        &self,
        wanted: Wanted,
        it: Arc<T>,
        ends: Instant,
        since: Epoch,
        now: Instant,
    ) {
        let mut kept = self.kept();
        if kept.may_have_forgotten(&wanted.user, since) {
            return;
        }
        let ends = ends.min(now + MAX_LIFE);
        if kept.tickets.len() >= MAX_TICKETS && !kept.tickets.contains_key(&wanted) {
            kept.make_room(now);
        }
        let used = now;
        kept.tickets.insert(wanted, Ticket { it, ends, used });
    }

    /// Drops every ticket of a user, however they were spelled, and what is being fetched will not be kept.
    pub(crate) fn forget(&self, user: &Principal) {
        let mut kept = self.kept();
        kept.epoch += 1;
        let now = kept.epoch;
        kept.forgotten.push_back((now, user.clone()));
        if kept.forgotten.len() > MAX_FORGOTTEN
            && let Some((epoch, _)) = kept.forgotten.pop_front()
        {
            kept.known_since = epoch;
        }
        kept.tickets
            .retain(|wanted, _| !wanted.user.is_same_account(user));
    }

    /// Drops everything.
    pub(crate) fn forget_all(&self) {
        let mut kept = self.kept();
        kept.epoch += 1;
        kept.known_since = kept.epoch;
        kept.forgotten.clear();
        kept.tickets.clear();
    }

    pub(crate) fn count(&self) -> usize {
        self.kept().tickets.len()
    }

    fn kept(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Kept<T> {
    fn may_have_forgotten(&self, user: &Principal, since: Epoch) -> bool {
        let later = self.forgotten.iter().rev();
        let mut later = later.take_while(|(epoch, _)| *epoch > since.0);
        since.0 < self.known_since || later.any(|(_, forgotten)| forgotten.is_same_account(user))
    }

    /// Drops what has ended, and if that is nothing, the one that was used longest ago.
    fn make_room(&mut self, now: Instant) {
        self.tickets.retain(|_, ticket| ticket.ends > now);
        if self.tickets.len() < MAX_TICKETS {
            return;
        }
        let oldest = self.tickets.iter().min_by_key(|(_, ticket)| ticket.used);
        let oldest = oldest.map(|(wanted, _)| wanted.clone());
        if let Some(oldest) = oldest {
            self.tickets.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn wanted(user: &str, target: &str, level: u32) -> Wanted {
        let realm = "A.TEST".parse().unwrap();
        Wanted {
            user: Principal::new(user, &realm).unwrap(),
            sid: Some("S-1-5-21-1-2-3-1104".parse().unwrap()),
            target: Service::new(target, &realm).unwrap(),
            level: Level(level),
        }
    }

    fn of_account(sid: &str) -> Wanted {
        Wanted {
            sid: Some(sid.parse().unwrap()),
            ..wanted("alice", "HTTP/a", 1)
        }
    }

    const HOUR: Duration = Duration::from_secs(3600);

    fn keep(tickets: &Tickets<u32>, wanted: Wanted, value: u32, now: Instant) {
        let since = tickets.epoch();
        tickets.keep(wanted, Arc::new(value), now + HOUR, since, now);
    }

    #[test]
    fn a_ticket_serves_its_user_account_service_and_level_only() {
        let (tickets, now) = (Tickets::new(), clock::now());
        keep(&tickets, wanted("alice", "HTTP/a", 1), 7, now);
        assert_eq!(
            tickets.find(&wanted("alice", "HTTP/a", 1), now).as_deref(),
            Some(&7)
        );
        for other in [
            wanted("bob", "HTTP/a", 1),
            wanted("alice", "HTTP/b", 1),
            wanted("alice", "HTTP/a", 2),
            // Whoever is called alice after her, and nobody knows who.
            of_account("S-1-5-21-1-2-3-1105"),
            Wanted {
                sid: None,
                ..wanted("alice", "HTTP/a", 1)
            },
        ] {
            assert_eq!(tickets.find(&other, now), None);
        }
    }

    #[test]
    fn a_ticket_ends_ten_minutes_after_it_was_got_whatever_the_domain_says() {
        let (tickets, now) = (Tickets::new(), clock::now());
        let alice = wanted("alice", "HTTP/a", 1);
        keep(&tickets, alice.clone(), 7, now);
        let last = now + MAX_LIFE - LEAST_LIFE;
        assert!(tickets.find(&alice, last).is_some());
        assert!(
            tickets
                .find(&alice, last + Duration::from_secs(1))
                .is_none()
        );
        assert_eq!(tickets.count(), 0);
    }

    #[test]
    fn whoever_is_forgotten_has_no_ticket_and_gets_none_that_was_under_way() {
        let (tickets, now) = (Tickets::new(), clock::now());
        let (alice, bob) = (wanted("alice", "HTTP/a", 1), wanted("bob", "HTTP/a", 1));
        keep(&tickets, alice.clone(), 7, now);
        keep(&tickets, wanted("ALICE", "HTTP/b", 2), 8, now);
        keep(&tickets, bob.clone(), 9, now);
        let since = tickets.epoch();
        tickets.forget(&alice.user);
        assert_eq!(tickets.count(), 1);
        tickets.keep(alice.clone(), Arc::new(7), now + HOUR, since, now);
        assert_eq!(tickets.find(&alice, now), None);
        assert!(tickets.find(&bob, now).is_some());
        let since = tickets.epoch();
        tickets.forget_all();
        assert_eq!(tickets.count(), 0);
        tickets.keep(bob.clone(), Arc::new(9), now + HOUR, since, now);
        assert_eq!(tickets.find(&bob, now), None);
    }

    #[test]
    fn what_is_under_way_for_others_is_kept_as_long_as_it_is_known_who_was_forgotten() {
        let (tickets, now) = (Tickets::new(), clock::now());
        let (alice, bob) = (wanted("alice", "HTTP/a", 1), wanted("bob", "HTTP/a", 1));
        let since = tickets.epoch();
        tickets.forget(&alice.user);
        tickets.keep(bob.clone(), Arc::new(9), now + HOUR, since, now);
        assert!(tickets.find(&bob, now).is_some());
        // So many were forgotten that it is not known any more whether Bob was among them.
        for number in 0..MAX_FORGOTTEN {
            tickets.forget(&wanted(&format!("user{number}"), "HTTP/a", 1).user);
        }
        tickets.forget(&bob.user);
        tickets.keep(bob.clone(), Arc::new(9), now + HOUR, since, now);
        assert_eq!(tickets.find(&bob, now), None);
        let carol = wanted("carol", "HTTP/a", 1);
        tickets.keep(carol.clone(), Arc::new(9), now + HOUR, since, now);
        assert_eq!(tickets.find(&carol, now), None);
    }

    #[test]
    fn when_it_is_full_the_one_that_was_used_longest_ago_goes() {
        let (tickets, now) = (Tickets::new(), clock::now());
        let of = |number: usize| wanted(&format!("user{number}"), "HTTP/a", 1);
        let second = Duration::from_secs(1);
        keep(&tickets, of(0), 0, now);
        keep(&tickets, of(1), 1, now + second);
        for number in 2..MAX_TICKETS {
            keep(&tickets, of(number), 2, now + 2 * second);
        }
        assert!(tickets.find(&of(0), now + 3 * second).is_some());
        keep(&tickets, of(MAX_TICKETS), 3, now + 3 * second);
        assert_eq!(tickets.count(), MAX_TICKETS);
        assert!(tickets.find(&of(1), now + 3 * second).is_none());
        assert!(tickets.find(&of(0), now + 3 * second).is_some());
    }
}
