//! Metrics of the audit trail on its way to a collector: what waits, what went, and why nothing goes.

use std::sync::atomic::AtomicU64;

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::Labels;

/// Why nothing goes to the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotShipped {
    /// It is not reached, or is not who it should be.
    Unreachable,
    /// It broke off before it said that it has what was sent.
    Unconfirmed,
    /// The store does not answer.
    Store,
}

impl NotShipped {
    const ALL: [Self; 3] = [Self::Unreachable, Self::Unconfirmed, Self::Store];

    fn word(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Unconfirmed => "unconfirmed",
            Self::Store => "store",
        }
    }
}

/// The metrics; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Shipped {
    waiting: Gauge,
    waiting_seconds: Gauge<f64, AtomicU64>,
    events: Counter,
    failures: Family<Labels<1>, Counter>,
}

impl Shipped {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "audit_unshipped_events",
            "Audit events that the collector has not",
            self.waiting.clone(),
        );
        registry.register(
            "audit_unshipped_seconds",
            "How old the oldest of them is",
            self.waiting_seconds.clone(),
        );
        registry.register(
            "audit_shipped_events",
            "Audit events that the collector took from this process",
            self.events.clone(),
        );
        for why in NotShipped::ALL {
            drop(self.failures.get_or_create(&Self::labels(why)));
        }
        registry.register(
            "audit_shipping_failures",
            "Times that nothing went to the collector, by why",
            self.failures.clone(),
        );
    }

    /// So many events wait, the oldest since a time.
    pub(crate) fn wait(&self, events: i64, oldest: Option<Timestamp>, now: Timestamp) {
        self.waiting.set(events);
        let age = oldest.map_or(0.0, |at| now.duration_since(at).as_secs_f64().max(0.0));
        self.waiting_seconds.set(age);
    }

    /// The collector took so many.
    pub(crate) fn taken(&self, events: u64) {
        self.events.inc_by(events);
    }

    /// Nothing went.
    pub(crate) fn failed(&self, why: NotShipped) {
        self.failures.get_or_create(&Self::labels(why)).inc();
    }

    fn labels(why: NotShipped) -> Labels<1> {
        Labels([("reason", why.word().into())])
    }
}
