//! What the directory shows of the gate's account and of those that it asks tickets for, by the account that reads it.

use std::collections::BTreeSet;
use std::time::Duration;

use proto::facts::ActiveDirectory;

use super::{within, words};
use crate::config::Settings;
use crate::deployment::Deployment;
use crate::wiring::Desk;

/// How long reading it may take; each of its operations has a limit of its own.
const PATIENCE: Duration = Duration::from_secs(15);

/// The accounts, where the configuration names both a directory and the gate's account in it.
pub(crate) async fn accounts(settings: &Settings) -> Option<Result<ActiveDirectory, String>> {
    if settings.directory.is_none() || settings.kerberos.is_none() {
        return None;
    }
    let deployment = Deployment::of(settings);
    let mut services: BTreeSet<String> = deployment.published_spns().into_iter().collect();
    services.extend(deployment.back_end_spns().into_iter().map(str::to_owned));
    let reading = async {
        let desk = Desk::of(settings).await.map_err(|error| words(&error))?;
        let facts = desk.facts(&deployment.gateway.name, &services).await;
        facts.map_err(|error| words(&error))
    };
    Some(within(PATIENCE, reading).await)
}
