//! Metrics of partners' metadata that is read by itself: what came of it, and how many trusts wait or are not read.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use sts::ports::Outcome;

use super::labels::Labels;

/// The metrics; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Partners {
    readings: Family<Labels<1>, Counter>,
    trusts: Family<Labels<1>, Gauge>,
}

impl Partners {
    pub(super) fn register(&self, registry: &mut Registry) {
        for outcome in Outcome::ALL {
            drop(self.readings.get_or_create(&labels(outcome)));
            drop(self.trusts.get_or_create(&labels(outcome)));
        }
        registry.register(
            "partner_metadata_readings",
            "Times that this process read a partner's metadata, by what came of it",
            self.readings.clone(),
        );
        registry.register(
            "partner_metadata_trusts",
            "Trusts whose partner's metadata is read, by what came of it last",
            self.trusts.clone(),
        );
    }

    /// One was read.
    pub(crate) fn read(&self, outcome: Outcome) {
        self.readings.get_or_create(&labels(outcome)).inc();
    }

    /// How all of them stand.
    pub(crate) fn stand(&self, last: &[Outcome]) {
        for outcome in Outcome::ALL {
            let number = last.iter().filter(|it| **it == outcome).count();
            let number = i64::try_from(number).unwrap_or(i64::MAX);
            self.trusts.get_or_create(&labels(outcome)).set(number);
        }
    }
}

fn labels(outcome: Outcome) -> Labels<1> {
    Labels([("outcome", outcome.word().into())])
}
