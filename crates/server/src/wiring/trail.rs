//! What the command line does with the audit trail.

use authn::audit::export::{Place, Seal};
use authn::ports::ChainedEvent;
use authn::retention::{Collector, Planned, RetentionError};
use jiff::Timestamp;
use store::Head;

use super::{Desk, keeping};
use crate::cli::CliError;
use crate::clock;
use crate::operator::by_hand;

impl Desk {
    /// Checks the whole audit trail and says where it ends.
    ///
    /// # Errors
    ///
    /// The trail is broken, or the store is unavailable.
    pub(crate) async fn verify_trail(&self) -> Result<Head, CliError> {
        self.store.verify_trail().await.map_err(keeping::of_store)
    }

    /// Behind which event the audit trail begins.
    ///
    /// # Errors
    ///
    /// That was not sealed with our keys, or the store is unavailable.
    pub(crate) async fn trail_beginning(&self) -> Result<Head, CliError> {
        let removed = self.store.trail_beginning().await;
        removed.map_err(keeping::of_store)
    }

    /// Where the audit trail ends.
    ///
    /// # Errors
    ///
    /// The trail has no end that is sealed with our keys, or the store is unavailable.
    pub(crate) async fn trail_end(&self) -> Result<Head, CliError> {
        self.store.trail_end().await.map_err(keeping::of_store)
    }

    /// Events of the audit trail.
    ///
    /// # Errors
    ///
    /// The store is unavailable.
    pub(crate) async fn events(
        &self,
        first: i64,
        count: u32,
    ) -> Result<Vec<ChainedEvent>, CliError> {
        Ok(self.ports.audit.read(first, count).await?)
    }

    /// Seals a part of the trail that is exported.
    pub(crate) fn seal_export(&self, after: &Place, end: &Place) -> Seal {
        self.store.keys().seal_export(after, end)
    }

    /// The events that may go because they happened before a time.
    ///
    /// # Errors
    ///
    /// The collector lacks some, the time is in the future, or the store is unavailable.
    pub(crate) async fn old_events(&self, before: Timestamp) -> Result<Planned, CliError> {
        let times = (before, clock::now());
        let planned = Planned::look((&self.store, &self.store), times, self.collector());
        planned.await.map_err(of_retention)
    }

    /// Removes them.
    ///
    /// # Errors
    ///
    /// Somebody else removes some, or the store is unavailable.
    pub(crate) async fn remove_events(&self, planned: &Planned) -> Result<(), CliError> {
        let by = by_hand();
        let removing = planned.remove(&self.store, (by.at, Some(&by)), self.collector());
        removing.await.map_err(of_retention)
    }

    fn collector(&self) -> Collector {
        match self.ships_trail {
            true => Collector::MustHaveAll,
            false => Collector::Absent,
        }
    }
}

fn of_retention(error: RetentionError) -> CliError {
    match error {
        RetentionError::Unavailable(error) => error.into(),
        RetentionError::InTheFuture { .. } => CliError::usage(error.to_string()),
        RetentionError::NotShipped { .. } | RetentionError::Elsewhere => {
            CliError::refused(error.to_string())
        }
    }
}
