//! Follows the directory: reads again and again everybody who came from it, and brings their accounts in step.
//!
//! Sign-ins wait for nothing here; they ask the store. Start at [`follow`].

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use authn::account::{Account, AccountId};
use authn::audit::Kind;
use authn::directory::{InStep, MAX_AGE, Step, in_step};
use authn::ports::{Accounts, Directory, DirectoryCopy, Unavailable};
use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::clock;
use crate::live::Live;

/// How long a reading may take: with the wait before it what it finds holds within a minute.
const READING: Duration = Duration::from_secs(25);
/// How long until the next reading after one that failed.
const RETRY: Duration = Duration::from_secs(5);
/// Of how many accounts the groups are read at once: a controller is asked for each. With more, each is
/// asked every so many readings.
const GROUPS_AT_ONCE: usize = 500;
/// The same where the directory is too slow for more.
const LEAST_GROUPS_AT_ONCE: usize = 10;
/// How many steps are taken in one transaction.
const STEPS_AT_ONCE: usize = 100;

/// How often it is looked at how old the last reading is, where nobody reads.
const UNFOLLOWED: Duration = Duration::from_secs(30);

/// Reads every `refresh`, for as long as anybody polls it.
pub(crate) async fn follow(
    store: impl Accounts + DirectoryCopy,
    directory: Arc<dyn Directory>,
    live: Arc<Live>,
    refresh: Duration,
) {
    let mut follower = Follower {
        store,
        directory,
        asked: 0,
        at_once: GROUPS_AT_ONCE,
        problems: BTreeSet::new(),
    };
    // Whether it was read the last time; nobody knows at first.
    let mut was_read = None;
    loop {
        let read = follower.read().await;
        let wait = match read {
            Ok(()) => {
                if was_read != Some(true) {
                    tracing::info!("the directory is read");
                }
                was_read = Some(true);
                refresh
            }
            Err(error) => {
                if was_read != Some(false) {
                    tracing::error!("the directory cannot be read: {error}");
                }
                was_read = Some(false);
                if is_too_old(&follower.store).await {
                    live.directory_unread();
                }
                refresh.min(RETRY)
            }
        };
        sleep(wait).await;
    }
}

/// What is done where no directory is configured (any more): whoever came from one is put out in time.
pub(crate) async fn follow_none(store: impl DirectoryCopy, live: Arc<Live>) {
    loop {
        if is_too_old(&store).await {
            live.directory_unread();
        }
        sleep(UNFOLLOWED).await;
    }
}

/// Whether nobody knows how the people of the directory stand.
pub(crate) async fn is_too_old(store: &impl DirectoryCopy) -> bool {
    let is_old = |read: Timestamp| clock::now().duration_since(read).abs() >= MAX_AGE;
    match store.last_read().await {
        Ok(read) => read.is_none_or(is_old),
        Err(_) => true,
    }
}

struct Follower<S> {
    store: S,
    directory: Arc<dyn Directory>,
    /// How many were asked for their groups, of all.
    asked: usize,
    /// How many are asked at once: fewer, where the directory is slow.
    at_once: usize,
    problems: BTreeSet<String>,
}

impl<S: Accounts + DirectoryCopy> Follower<S> {
    async fn read(&mut self) -> Result<(), Unavailable> {
        let begun = clock::now();
        let accounts = self.store.list().await?;
        let from_directory = accounts
            .iter()
            .filter(|account| account.directory.is_some());
        let ids: Vec<AccountId> = from_directory.map(|account| account.id.clone()).collect();
        let groups_of = self.next(&ids);
        let (asked, at_once) = (groups_of.len(), self.at_once);
        // Until they are read, so that a slow directory is asked for less.
        self.at_once = (at_once / 2).max(LEAST_GROUPS_AT_ONCE);
        let directory = Arc::clone(&self.directory);
        // On a task of its own: whatever a controller answers, following goes on.
        let mut reading = JoinSet::new();
        reading.spawn(async move { directory.by_ids(&ids, &groups_of).await });
        let reading = match timeout(READING, reading.join_next()).await {
            Ok(Some(Ok(reading))) => reading?,
            Ok(Some(Err(error))) => return Err(unread(&error.to_string())),
            Ok(None) | Err(_) => return Err(unread("it takes too long")),
        };
        // SECURITY: whose groups could not be read is asked again, or a directory would count as read that never shows them.
        self.asked = self.asked.saturating_add(asked);
        self.at_once = at_once.saturating_mul(2).min(GROUPS_AT_ONCE);
        let InStep { steps, problems } = in_step(&accounts, &reading, begun);
        self.tell(problems);
        let is_whole = self.keep(&accounts, steps).await?;
        if is_whole {
            self.store.was_read(begun).await?;
        }
        Ok(())
    }

    /// Those whose groups are asked for this time.
    fn next(&mut self, ids: &[AccountId]) -> BTreeSet<AccountId> {
        if self.asked >= ids.len() {
            self.asked = 0;
        }
        let next = ids.iter().skip(self.asked).take(self.at_once);
        next.cloned().collect()
    }

    /// Takes the steps; whether all were. Whoever is put out goes first, and no name of somebody is in the
    /// way of that.
    async fn keep(&self, accounts: &[Account], steps: Vec<Step>) -> Result<bool, Unavailable> {
        let (renamed, plain): (Vec<Step>, Vec<Step>) =
            steps.into_iter().partition(|step| step.is_renamed);
        let mut is_whole = true;
        for steps in plain
            .chunks(STEPS_AT_ONCE)
            .chain(renamed.chunks(STEPS_AT_ONCE))
        {
            if self.store.keep(steps.to_vec()).await?.is_ok() {
                steps.iter().for_each(say);
                continue;
            }
            for step in steps {
                let Err(taken) = self.store.keep(vec![step.clone()]).await? else {
                    say(step);
                    continue;
                };
                tracing::warn!(
                    account.id = step.account.id.0,
                    "{taken}; the next reading tries again"
                );
                is_whole &= self
                    .store
                    .keep(vec![step.without_names(accounts)])
                    .await?
                    .is_ok();
            }
        }
        Ok(is_whole)
    }

    /// Says each problem once, until it is gone.
    fn tell(&mut self, problems: Vec<String>) {
        let problems: BTreeSet<String> = problems.into_iter().collect();
        for problem in problems.difference(&self.problems) {
            tracing::warn!("of the directory: {problem}");
        }
        self.problems = problems;
    }
}

/// What happened to an account is worth a line, as it was nobody here who did it.
fn say(step: &Step) {
    let changes = step.events.iter().map(|event| change(&event.kind));
    let mut changes: Vec<String> = changes.collect();
    if changes.is_empty() {
        changes.push("has other groups or other attributes".to_owned());
    }
    let (id, upn) = (&step.account.id.0, &step.account.upn);
    tracing::info!(
        account.id = id,
        account.upn = upn,
        changes = changes.join(", "),
        "an account changed in the directory"
    );
}

fn change(kind: &Kind) -> String {
    match kind {
        Kind::StandingChanged { standing } => format!("stands as {standing}"),
        Kind::NamesChanged { name, .. } => format!("has the names of {name}"),
        Kind::DelegableChanged {
            not_delegable: None,
        } => "may be passed on".to_owned(),
        Kind::DelegableChanged {
            not_delegable: Some(why),
        } => format!("is not passed on, {why}"),
        other => format!("{other:?}"),
    }
}

fn unread(detail: &str) -> Unavailable {
    Unavailable {
        what: "the directory",
        detail: detail.to_owned(),
    }
}

#[cfg(test)]
mod tests;
