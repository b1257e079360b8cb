//! Metrics of the members of farms: how each stands, what it was sent and how it failed.
//!
//! Farm and member are words of the configuration, so that there are as many as it names; a member that
//! it names no longer is told of no longer. Start at [`OfMember`].

use gateway::farm::health::Health;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::Labels;

/// How a member failed a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// It took no connection: nothing was sent, and another member is asked.
    Unconnected,
    /// It broke off after something was sent; nothing is sent again.
    BrokeOff,
    /// It did not answer in time.
    Slow,
}

impl Failed {
    const ALL: [Self; 3] = [Self::Unconnected, Self::BrokeOff, Self::Slow];

    fn word(self) -> &'static str {
        match self {
            Self::Unconnected => "unconnected",
            Self::BrokeOff => "broke-off",
            Self::Slow => "slow",
        }
    }
}

/// The families; clones share them.
#[derive(Clone, Default)]
pub(super) struct Farms {
    up: Family<Labels<2>, Gauge>,
    drained: Family<Labels<2>, Gauge>,
    requests: Family<Labels<2>, Counter>,
    failures: Family<Labels<3>, Counter>,
    changes: Family<Labels<3>, Counter>,
}

/// The metrics of one member.
pub(crate) struct OfMember {
    farms: Farms,
    farm: String,
    member: String,
}

/// What a member may become.
const STATES: [&str; 3] = ["up", "doubtful", "down"];

impl Farms {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "farm_member_up",
            "Whether a member of a farm is up without a doubt",
            self.up.clone(),
        );
        registry.register(
            "farm_member_drained",
            "Whether a member of a farm is drained",
            self.drained.clone(),
        );
        registry.register(
            "farm_member_requests",
            "Requests that were sent to a member of a farm",
            self.requests.clone(),
        );
        registry.register(
            "farm_member_failures",
            "How often a member of a farm failed a request, by how",
            self.failures.clone(),
        );
        registry.register(
            "farm_member_changes",
            "How often a member of a farm became up, doubtful or down",
            self.changes.clone(),
        );
    }

    pub(super) fn of(&self, farm: &str, member: &str) -> OfMember {
        OfMember {
            farms: self.clone(),
            farm: farm.to_owned(),
            member: member.to_owned(),
        }
    }

    pub(super) fn forget(&self, farm: &str, member: &str) {
        let it = self.of(farm, member);
        self.up.remove(&it.labels());
        self.drained.remove(&it.labels());
        self.requests.remove(&it.labels());
        for failed in Failed::ALL {
            self.failures.remove(&it.with("reason", failed.word()));
        }
        for state in STATES {
            self.changes.remove(&it.with("to", state));
        }
    }
}

impl OfMember {
    /// How it stands, when it is told of first; what is counted begins at zero.
    pub(crate) fn shows(&self, is_up: bool, is_drained: bool) {
        self.farms
            .up
            .get_or_create(&self.labels())
            .set(i64::from(is_up));
        self.drained(is_drained);
        drop(self.farms.requests.get_or_create(&self.labels()));
        for failed in Failed::ALL {
            let labels = self.with("reason", failed.word());
            drop(self.farms.failures.get_or_create(&labels));
        }
        for state in STATES {
            drop(self.farms.changes.get_or_create(&self.with("to", state)));
        }
    }

    /// It is drained, or used again.
    pub(crate) fn drained(&self, is_drained: bool) {
        let gauge = &self.farms.drained;
        gauge
            .get_or_create(&self.labels())
            .set(i64::from(is_drained));
    }

    /// It fares otherwise than before.
    pub(crate) fn changed(&self, to: Health) {
        let [up, doubtful, down] = STATES;
        let state = match to {
            Health::Up { .. } => up,
            Health::Doubtful => doubtful,
            Health::Down { .. } => down,
        };
        let gauge = &self.farms.up;
        gauge
            .get_or_create(&self.labels())
            .set(i64::from(to.is_up()));
        self.farms
            .changes
            .get_or_create(&self.with("to", state))
            .inc();
    }

    /// A request is sent to it.
    pub(crate) fn requested(&self) {
        self.farms.requests.get_or_create(&self.labels()).inc();
    }

    /// It failed one.
    pub(crate) fn failed(&self, how: Failed) {
        let labels = self.with("reason", how.word());
        self.farms.failures.get_or_create(&labels).inc();
    }

    fn labels(&self) -> Labels<2> {
        Labels([
            ("farm", self.farm.clone().into()),
            ("member", self.member.clone().into()),
        ])
    }

    fn with(&self, label: &'static str, word: &'static str) -> Labels<3> {
        Labels([
            ("farm", self.farm.clone().into()),
            ("member", self.member.clone().into()),
            (label, word.into()),
        ])
    }
}
