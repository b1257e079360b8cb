//! Argon2id on threads of its own: so many at a time and no more, as each takes its memory and a processor.
//!
//! Whoever floods waits for others who flood: there is a queue for those whom their account knows, one for those whom it
//! does not, and one for networks with many failures; of the latter two each has one in front at a time.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use authn::credential::memorised_secret::{Cost, SecretHash, Typed};
use authn::lockout::Queue;
use authn::ports::{PasswordHasher, Unavailable};
use tokio::sync::Semaphore;

/// How many may wait in a queue; whoever comes then is told to come again.
const WAITING: usize = 256;
/// How long somebody waits.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many of a queue of those who are not known wait for a turn at once, so that whoever is known waits for few.
const NEXT: usize = 1;
/// So many processors there are for each hash that is made at a time.
const PROCESSORS: usize = 2;
/// The most that are hashed at a time: 19 MiB each.
const MOST_AT_A_TIME: usize = 4;

/// Who hashes memorised secrets.
pub(crate) struct Hasher {
    turns: Arc<Semaphore>,
    familiar: Line,
    unfamiliar: Line,
    noisy: Line,
}

/// Those who wait: in the room, and next.
struct Line {
    room: Semaphore,
    next: Semaphore,
}

impl Line {
    fn new(next: usize) -> Self {
        Self {
            room: Semaphore::new(WAITING),
            next: Semaphore::new(next),
        }
    }
}

impl Hasher {
    /// One that is idle. It leaves every other processor to those who need no hash.
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self::of((processors / PROCESSORS).clamp(1, MOST_AT_A_TIME))
    }

    fn of(at_a_time: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_a_time)),
            familiar: Line::new(WAITING),
            unfamiliar: Line::new(NEXT),
            noisy: Line::new(NEXT),
        }
    }

    fn line(&self, queue: Queue) -> &Line {
        match queue {
            Queue::Familiar => &self.familiar,
            Queue::Unfamiliar => &self.unfamiliar,
            Queue::Noisy => &self.noisy,
        }
    }

    async fn run<T: Send + 'static>(
        &self,
        queue: Queue,
        work: impl FnOnce() -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Unavailable> {
        let line = self.line(queue);
        let _place = line.room.try_acquire().map_err(|_| busy("too many wait"))?;
        let turn = async {
            let _next = line.next.acquire().await?;
            Arc::clone(&self.turns).acquire_owned().await
        };
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
        self.run(Queue::Familiar, move || typed.hashed(Cost::NEW, salt))
            .await
    }

    async fn proves(
        &self,
        typed: Typed,
        hash: SecretHash,
        queue: Queue,
    ) -> Result<bool, Unavailable> {
        self.run(queue, move || typed.is_of(&hash)).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    const AT_A_TIME: usize = 2;

    #[tokio::test(flavor = "multi_thread")]
    async fn so_many_are_hashed_at_a_time_and_no_more() {
        let hasher = Arc::new(Hasher::of(AT_A_TIME));
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let queues = [Queue::Familiar, Queue::Unfamiliar, Queue::Noisy];
        let tasks: Vec<_> = queues
            .into_iter()
            .cycle()
            .take(96)
            .map(|queue| {
                let (hasher, now, most) =
                    (Arc::clone(&hasher), Arc::clone(&now), Arc::clone(&most));
                tokio::spawn(async move {
                    let work = move || {
                        most.fetch_max(1 + now.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                        std::thread::yield_now();
                        now.fetch_sub(1, Ordering::SeqCst);
                        Ok(())
                    };
                    hasher.run(queue, work).await
                })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        assert!((1..=AT_A_TIME).contains(&most.load(Ordering::SeqCst)));
    }

    #[tokio::test]
    async fn whoever_comes_when_too_many_wait_is_sent_away_and_others_are_not() {
        let hasher = Hasher::of(AT_A_TIME);
        let all = u32::try_from(WAITING).unwrap();
        let _all = hasher.noisy.room.try_acquire_many(all).unwrap();
        let done = hasher.run(Queue::Noisy, || Ok(())).await;
        assert_eq!(done, Err(busy("too many wait")));
        for queue in [Queue::Familiar, Queue::Unfamiliar] {
            assert_eq!(hasher.run(queue, || Ok(())).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn a_flood_has_one_in_front_of_whoever_is_known() {
        let hasher = Arc::new(Hasher::of(1));
        let turn = Arc::clone(&hasher.turns).acquire_owned().await.unwrap();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let queues = [Queue::Noisy, Queue::Noisy, Queue::Noisy, Queue::Familiar];
        let tasks: Vec<_> = queues
            .into_iter()
            .map(|queue| {
                let (hasher, order) = (Arc::clone(&hasher), Arc::clone(&order));
                tokio::spawn(async move {
                    let work = move || {
                        order.lock().unwrap().push(queue);
                        Ok(())
                    };
                    hasher.run(queue, work).await
                })
            })
            .collect();
        // Everybody waits before the first turn is given.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        drop(turn);
        for task in tasks {
            assert_eq!(task.await.unwrap(), Ok(()));
        }
        let order = order.lock().unwrap().clone();
        let [noisy, familiar] = [Queue::Noisy, Queue::Familiar];
        assert_eq!(order, [noisy, familiar, noisy, noisy]);
    }
}
