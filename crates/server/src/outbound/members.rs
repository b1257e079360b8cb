//! What is known of every member of every farm, whatever configuration names it: how it fares and
//! whether it is drained.
//!
//! A member is its farm and its address, so that a configuration that is read anew finds what was known
//! before, and nothing looks down for a moment. Start at [`Members::of`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use authn::drain::Drained;
use gateway::farm::Standing;
use gateway::farm::health::{Health, Heard, Thresholds};
use proto::secret::Secret;
use tokio::sync::{Notify, watch};

use crate::metrics::{Failed, Metrics, OfMember};

/// Everything that is known.
pub(crate) struct Members {
    known: Mutex<Known>,
    metrics: Arc<Metrics>,
    cookies: Secret<[u8; 32]>,
}

#[derive(Default)]
struct Known {
    members: BTreeMap<Drained, Arc<Tracked>>,
    /// Those that no configuration names any more, for as long as a connection from before has them.
    left: Vec<Weak<Tracked>>,
    drained: BTreeSet<Drained>,
}

/// What is known of one member.
pub(crate) struct Tracked {
    name: Drained,
    health: Mutex<Health>,
    drained: watch::Sender<bool>,
    /// Whether anybody checks it: nobody would take back what is heard of one that is in no
    /// configuration any more.
    is_watched: AtomicBool,
    doubted: Notify,
    counted: OfMember,
}

impl Members {
    /// Begins with nothing; the key is that of the cookies which name a member.
    pub(crate) fn new(metrics: Arc<Metrics>, cookies: Secret<[u8; 32]>) -> Self {
        Self {
            known: Mutex::default(),
            metrics,
            cookies,
        }
    }

    /// The key of the cookies.
    pub(crate) fn cookies(&self) -> &[u8; 32] {
        self.cookies.expose()
    }

    /// What is known of a member; nothing bad at first.
    pub(crate) fn of(&self, farm: &str, address: &str) -> Arc<Tracked> {
        let name = Drained {
            farm: farm.to_owned(),
            member: address.to_owned(),
        };
        let mut known = self.lock();
        let is_drained = known.drained.contains(&name);
        let tracked = known.members.entry(name.clone()).or_insert_with(|| {
            Arc::new(Tracked {
                counted: self.metrics.of_member(farm, address),
                name,
                health: Mutex::default(),
                drained: watch::Sender::new(is_drained),
                is_watched: AtomicBool::new(false),
                doubted: Notify::new(),
            })
        });
        Arc::clone(tracked)
    }

    /// Watches those that a configuration names, and forgets the others: connections from before still
    /// hear whether one is drained, and ask it last where it was not well when it left.
    pub(crate) fn watch_only<'a>(&self, named: impl Iterator<Item = &'a Arc<Tracked>>) {
        let mut known = self.lock();
        let mut left = BTreeMap::new();
        for tracked in named {
            tracked.is_watched.store(true, Ordering::Relaxed);
            tracked.show();
            left.insert(tracked.name.clone(), Arc::clone(tracked));
        }
        let before = std::mem::replace(&mut known.members, left);
        known.left.retain(|tracked| tracked.strong_count() > 0);
        for (name, tracked) in before {
            if !known.members.contains_key(&name) {
                tracked.is_checked_no_more();
                known.left.push(Arc::downgrade(&tracked));
                self.metrics.forget_member(&name.farm, &name.member);
            }
        }
    }

    /// Takes what the store says is drained.
    pub(crate) fn set_drained(&self, drained: BTreeSet<Drained>) {
        let mut known = self.lock();
        if known.drained == drained {
            return;
        }
        let left: Vec<_> = known.left.iter().filter_map(Weak::upgrade).collect();
        for tracked in known.members.values().chain(&left) {
            tracked.set_drained(drained.contains(&tracked.name));
        }
        known.drained = drained;
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tracked {
    /// Its address.
    pub(crate) fn address(&self) -> &str {
        &self.name.member
    }

    /// How it stands when a request looks for a member.
    pub(crate) fn standing(&self) -> Standing {
        if *self.drained.borrow() {
            return Standing::Drained;
        }
        match *self.lock() {
            Health::Up { .. } => Standing::Taking,
            Health::Doubtful => Standing::Doubtful,
            Health::Down { .. } => Standing::Down,
        }
    }

    /// Takes what was heard of it; `is_alone` where no other takes requests.
    pub(crate) fn heard(
        &self,
        heard: Heard,
        (thresholds, is_alone): (Thresholds, bool),
        why: &dyn std::fmt::Display,
    ) {
        let (before, health) = {
            let mut health = self.lock();
            // Read under the lock, or what is heard now would stand for ever after it left.
            if !self.is_watched.load(Ordering::Relaxed) {
                return;
            }
            (health.heard(heard, thresholds, is_alone), *health)
        };
        if heard == Heard::Refused {
            self.doubted.notify_one();
        }
        if before.is_none() {
            return;
        }
        self.counted.changed(health);
        let Drained { farm, member } = &self.name;
        match health {
            Health::Up { .. } => tracing::info!(farm, member, "a member of a farm is up"),
            Health::Doubtful => tracing::warn!(
                farm,
                member,
                "a member of a farm took no connection; the others are asked first: {why}"
            ),
            Health::Down { .. } => {
                tracing::warn!(farm, member, "a member of a farm is down: {why}")
            }
        }
    }

    /// A request is sent to it.
    pub(crate) fn requested(&self) {
        if self.is_watched.load(Ordering::Relaxed) {
            self.counted.requested();
        }
    }

    /// It failed one.
    pub(crate) fn failed(&self, how: Failed) {
        if self.is_watched.load(Ordering::Relaxed) {
            self.counted.failed(how);
        }
    }

    /// Waits until there is a reason to check it before its time.
    pub(crate) async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// Whether it is up without a doubt.
    pub(crate) fn is_up(&self) -> bool {
        self.lock().is_up()
    }

    /// Waits until it is drained; for ever where nobody drains it.
    pub(crate) async fn until_drained(&self) {
        let mut drained = self.drained.subscribe();
        if drained.wait_for(|it| *it).await.is_err() {
            // Whoever waits holds this, and with it the sender.
            std::future::pending::<()>().await;
        }
    }

    fn set_drained(&self, is_drained: bool) {
        if self
            .drained
            .send_if_modified(|it| std::mem::replace(it, is_drained) != is_drained)
        {
            let Drained { farm, member } = &self.name;
            match is_drained {
                true => tracing::info!(farm, member, "a member of a farm is drained"),
                false => tracing::info!(farm, member, "a member of a farm is used again"),
            }
            self.counted.drained(is_drained);
        }
    }

    /// Nobody will find out whether it is well again.
    fn is_checked_no_more(&self) {
        let mut health = self.lock();
        self.is_watched.store(false, Ordering::Relaxed);
        if !health.is_up() {
            *health = Health::Doubtful;
        }
    }

    fn show(&self) {
        self.counted.shows(self.is_up(), *self.drained.borrow());
    }

    fn lock(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Thresholds = Thresholds { fall: 2, rise: 2 };

    fn members() -> Members {
        Members::new(Arc::new(Metrics::new()), Secret::new([7; 32]))
    }

    fn drained(farm: &str, member: &str) -> BTreeSet<Drained> {
        BTreeSet::from([Drained {
            farm: farm.to_owned(),
            member: member.to_owned(),
        }])
    }

    fn fails(tracked: &Tracked) {
        for _ in 0..2 {
            tracked.heard(Heard::Failed, (TWO, false), &"tested");
        }
    }

    #[test]
    fn what_is_known_of_a_member_outlives_its_configuration() {
        let members = members();
        let (one, two) = (members.of("pool", "a:1"), members.of("pool", "b:1"));
        members.watch_only([&one, &two].into_iter());
        fails(&one);
        assert_eq!(one.standing(), Standing::Down);
        let again = members.of("pool", "a:1");
        members.watch_only([&again].into_iter());
        assert_eq!(again.standing(), Standing::Down, "it was down before");
        assert_eq!(members.of("mail", "a:1").standing(), Standing::Taking);
    }

    #[test]
    fn nothing_is_held_against_a_member_that_nobody_checks() {
        let members = members();
        let gone = members.of("pool", "a:1");
        members.watch_only([&gone].into_iter());
        members.watch_only(std::iter::empty());
        fails(&gone);
        assert_eq!(gone.standing(), Standing::Taking);
    }

    #[test]
    fn a_member_that_left_while_down_is_asked_last() {
        let members = members();
        let gone = members.of("pool", "a:1");
        members.watch_only([&gone].into_iter());
        fails(&gone);
        members.watch_only(std::iter::empty());
        assert_eq!(gone.standing(), Standing::Doubtful);
        let back = members.of("pool", "a:1");
        assert_eq!(back.standing(), Standing::Taking, "it begins anew");
    }

    #[test]
    fn draining_a_member_that_left_and_came_back_reaches_the_connections_from_before() {
        let members = members();
        let before = members.of("pool", "a:1");
        members.watch_only([&before].into_iter());
        members.watch_only(std::iter::empty());
        let back = members.of("pool", "a:1");
        members.watch_only([&back].into_iter());
        let standings = || (before.standing(), back.standing());
        members.set_drained(drained("pool", "a:1"));
        assert_eq!(standings(), (Standing::Drained, Standing::Drained));
        members.set_drained(BTreeSet::new());
        assert_eq!(standings(), (Standing::Taking, Standing::Taking));
    }

    #[test]
    fn a_drained_member_is_so_in_its_farm_alone_and_before_it_is_configured() {
        let members = members();
        members.set_drained(drained("pool", "a:1"));
        let (here, there) = (members.of("pool", "a:1"), members.of("mail", "a:1"));
        let standings = || (here.standing(), there.standing());
        assert_eq!(standings(), (Standing::Drained, Standing::Taking));
        members.set_drained(BTreeSet::new());
        assert_eq!(standings(), (Standing::Taking, Standing::Taking));
    }
}
