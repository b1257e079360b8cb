//! The trusts, as the store has them.

use sts::admin::trusts::Found;

use super::words;
use crate::config::Settings;
use crate::wiring::Desk;

/// All of them, where the configuration has a security token service.
pub(crate) async fn trusts(settings: &Settings) -> Option<Result<Vec<Found>, String>> {
    settings.sts.as_ref()?;
    let desk = match Desk::of(settings).await {
        Ok(desk) => desk,
        Err(error) => return Some(Err(words(&error))),
    };
    Some(desk.trusts().await.map_err(|error| words(&error)))
}
