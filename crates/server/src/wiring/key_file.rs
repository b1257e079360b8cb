//! What the command line does with the key file: its keys are rotated while gates run.

use std::time::Duration;

use authn::audit::{Event, Kind, SealingKeyAct};
use authn::ports::Audit as _;
use jiff::Timestamp;
use store::seal::{KeyFile, Stands};
use store::{KeyUse, Resealed, SEALER_LIVES, Sealer, Store};
use tokio::time::{Instant, sleep};

use super::keeping;
use crate::cli::CliError;
use crate::clock;
use crate::config::Settings;
use crate::operator::by_hand;

/// How long a gate may take to say that it took a newer key file.
const A_MOMENT: Duration = Duration::from_secs(15);

/// What each key of the file seals.
///
/// # Errors
///
/// The store cannot be opened.
pub(crate) async fn uses(settings: &Settings) -> Result<Vec<KeyUse>, CliError> {
    let store = keeping::open(settings).await?;
    let uses = store.sealed_by().await?;
    store.close().await;
    Ok(uses)
}

/// Adds a key; gives its id.
///
/// # Errors
///
/// The store cannot be opened or written, or the file cannot be read or written.
pub(crate) async fn add(settings: &Settings, stands: Stands) -> Result<String, CliError> {
    let store = keeping::open(settings).await?;
    let added = KeyFile::add(&settings.store()?.key_file, clock::random()?, stands);
    let added = added.map_err(keeping::of_keys)?;
    let acts = match stands {
        Stands::First => &[SealingKeyAct::Added, SealingKeyAct::Promoted][..],
        Stands::Last => &[SealingKeyAct::Added],
    };
    notes(store, &added, acts).await?;
    Ok(added)
}

/// Lets a key seal.
///
/// # Errors
///
/// There is no such key, the store cannot be opened or written, or the file cannot be read or written.
pub(crate) async fn promote(settings: &Settings, id: &str) -> Result<(), CliError> {
    let store = keeping::open(settings).await?;
    KeyFile::promote(&settings.store()?.key_file, id).map_err(keeping::of_keys)?;
    notes(store, id, &[SealingKeyAct::Promoted]).await
}

/// Writes down what was done with a key, and closes the store. The store was opened before: where nothing can be written
/// down, nothing is done.
async fn notes(store: Store, key: &str, acts: &[SealingKeyAct]) -> Result<(), CliError> {
    let event = |act: &SealingKeyAct| {
        let kind = Kind::SealingKey {
            key: key.to_owned(),
            act: *act,
        };
        Event::by_hand(&by_hand(), kind, None)
    };
    let noted = store.append(acts.iter().map(event).collect()).await;
    store.close().await;
    noted.map_err(|error| {
        CliError::unavailable(format!(
            "the key file is changed (`{key}`), and the audit trail does not say so: {error}"
        ))
    })
}

/// Seals by the first key what others seal.
///
/// # Errors
///
/// The store is unavailable.
pub(crate) async fn reseal(
    settings: &Settings,
    told: impl Fn(&str, i64),
) -> Result<Resealed, CliError> {
    let store = keeping::open(settings).await?;
    let resealed = store.reseal(&by_hand(), told).await?;
    store.close().await;
    Ok(resealed)
}

/// Takes a key out that seals nothing, and by which nobody who lives seals.
///
/// # Errors
///
/// It seals something, or somebody would seal by it; there is no such key, or a file or the store is unavailable.
pub(crate) async fn remove(settings: &Settings, id: &str) -> Result<(), CliError> {
    let store = keeping::open(settings).await?;
    // Whoever seals by it is asked for before what it seals: behind its word nobody begins again.
    let sealers = sealing_by(&store, id).await;
    let uses = store.sealed_by().await;
    let (sealers, uses) = (sealers?, uses?);
    let used = uses.iter().find(|it| it.key.as_deref() == Some(id));
    let Some(used) = used else {
        return Err(CliError::refused(format!("the key file has no key `{id}`")));
    };
    let count: i64 = used.seals.values().sum();
    if count > 0 || uses.first() == Some(used) {
        return Err(CliError::refused(format!(
            "`{id}` seals {count} values, or is the key that seals: let another be first, then run `wicketgate key-file \
             reseal`"
        )));
    }
    if !sealers.is_empty() {
        let lives = SEALER_LIVES.as_mins();
        return Err(CliError::refused(format!(
            "a gate still seals by `{id}`, as it has not read the newer key file: {}. Copy the file there and run \
             `systemctl reload wicketgate`; of one that was stopped this is said for {lives} minutes, or until the time that its own \
             clock said last, where that was ahead",
            shown(&sealers, clock::now())
        )));
    }
    KeyFile::remove(&settings.store()?.key_file, id).map_err(keeping::of_keys)?;
    notes(store, id, &[SealingKeyAct::Removed]).await
}

/// Who seals by a key and goes on with it: a gate that is about to say that it took the newer file has a moment to.
async fn sealing_by(store: &Store, id: &str) -> Result<Vec<Sealer>, CliError> {
    let began = Instant::now();
    loop {
        let mut sealers = store.sealers(clock::now()).await?;
        sealers.retain(|it| it.key == id);
        if sealers.is_empty() || began.elapsed() > A_MOMENT {
            return Ok(sealers);
        }
        sleep(A_MOMENT / 20).await;
    }
}

fn shown(sealers: &[Sealer], now: Timestamp) -> String {
    let all = sealers.iter().map(|it| {
        let ahead = match it.said.duration_since(now) > SEALER_LIVES {
            true => ", by a clock that is ahead of this machine's",
            false => "",
        };
        format!("{}, at {:.0}{ahead}", it.called, it.said)
    });
    all.collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_said_it_by_a_clock_that_is_ahead_is_named_as_such() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let sealer = |after: i64| Sealer {
            called: "gate (7)".to_owned(),
            key: "a".to_owned(),
            said: Timestamp::from_second(1_800_000_000 + after).unwrap(),
        };
        let lives = SEALER_LIVES.as_secs();
        for (after, is_ahead) in [(-60, false), (0, false), (lives, false), (lives + 1, true)] {
            let told = shown(&[sealer(after)], now);
            assert!(told.starts_with("gate (7), at 2027-01-15T0"), "{told}");
            assert_eq!(told.contains("a clock that is ahead"), is_ahead, "{told}");
        }
    }
}
