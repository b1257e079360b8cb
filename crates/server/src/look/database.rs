//! The server of the store, where there is one.

use std::time::Duration;

use store::Database;

use super::{Look, one, within, words};
use crate::config::Settings;
use crate::doctor::wire::Seen;

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(6);

/// One look, unless the store is a file.
pub(super) fn look(settings: &Settings) -> Option<Look> {
    let Database::Postgres(server) = settings.store.as_ref()?.database.clone() else {
        return None;
    };
    Some(one(async move {
        let asking = async { server.is_durable().await.map_err(|error| words(&error)) };
        Seen::Database {
            place: server.address.to_string(),
            is_durable: within(PATIENCE, asking).await,
        }
    }))
}
