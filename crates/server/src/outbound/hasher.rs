//! Argon2id on threads of its own: so many at a time and no more, as each takes its memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::credential::memorised_secret::{Cost, SecretHash, Typed};
use authn::ports::{PasswordHasher, Unavailable};
use tokio::sync::Semaphore;

/// How many are hashed at a time: 19 MiB each.
const AT_A_TIME: usize = 4;
/// How many may wait; whoever comes then is told to come again.
const WAITING: usize = 256;
/// How long somebody waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who hashes memorised secrets.
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Hasher {
    /// One that is idle.
    pub(crate) fn new() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(AT_A_TIME)),
            waiting: Semaphore::new(AT_A_TIME + WAITING),
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let _place = self
            .waiting
            .try_acquire()
            .map_err(|_| busy("too many wait"))?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn).await;
        let turn = turn.map_err(|_| busy("no turn came"))?;
        let turn = turn.map_err(|_| busy("it was closed"))?;
        // The turn goes with the work, which nobody can stop: whoever leaves does not make room for another.
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        working.await.map_err(|error| busy(&error.to_string()))?
    }
}

fn busy(detail: &str) -> Unavailable {
    Unavailable {
        what: "the hash of secrets",
        detail: detail.to_owned(),
    }
}

#[async_trait]
impl PasswordHasher for Hasher {
    async fn make(&self, typed: Typed, salt: [u8; 16]) -> Result<SecretHash, Unavailable> {
        self.run(move || typed.hashed(Cost::NEW, salt)).await
    }

    async fn proves(&self, typed: Typed, hash: SecretHash) -> Result<bool, Unavailable> {
        self.run(move || typed.is_of(&hash)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_are_hashed_at_a_time_and_no_more() {
        let hasher = Arc::new(Hasher::new());
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..64)
            .map(|_| {
                let (hasher, now, most) =
                    (Arc::clone(&hasher), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move {
                    let work = move || {
                        most.fetch_max(1 + now.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    };
                    hasher.run(work).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        assert!((1..=AT_A_TIME).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn whoever_comes_when_too_many_wait_is_sent_away() {
        let hasher = Hasher::new();
        let _all = hasher
            .waiting
            .try_acquire_many(u32::try_from(AT_A_TIME + WAITING).unwrap());
        let done = hasher.run(|| Ok(())).await;
        assert_eq!(done, Err(busy("too many wait")));
    }
}
