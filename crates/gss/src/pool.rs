//! Threads for what blocks: libkrb5 cannot be cancelled, and without help waits 40 s for a silent domain
//! controller. Their number is bounded, and so is who waits for them and how long.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::error::Unavailable;

/// Most threads. A domain controller answers some hundred questions a second, however many ask.
const MAX_THREADS: usize = 8;
/// Most questions that wait for a thread.
const MAX_WAITING: usize = 256;

type Job = Box<dyn FnOnce() + Send>;

/// Threads, made when they are needed. Dropped, it lets what runs end alone.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
    _end: Arc<End>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Job>,
    threads: usize,
    idle: usize,
    is_over: bool,
}

/// Ends the idle threads with the last handle on the pool.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let _end = Arc::new(End(Arc::clone(&shared)));
        Self { shared, _end }
    }

    /// Does `work` on a thread of the pool and waits for it, but no longer than `patience`: then the thread ends it
    /// alone. What has not begun by then is not begun.
    ///
    /// # Errors
    ///
    /// Too many wait already, or it takes too long.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let done = tokio::time::timeout(patience, self.run_in_turn(patience, work)).await;
        done.unwrap_or_else(|_| Err(timed_out(patience)))
    }

    /// The same, with `patience` counted from when it begins. Whoever drops this before then takes the work out of
    /// the queue.
    ///
    /// # Errors
    ///
    /// Too many wait already, or it takes too long.
    pub(crate) async fn run_in_turn<T: Send + 'static>(
        &self,
        patience: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unavailable> {
        let (begin, begun) = oneshot::channel();
        let (done, result) = oneshot::channel();
        self.push(Box::new(move || {
            if !done.is_closed() {
                // Whoever asked may have gone meanwhile.
                let _ = begin.send(());
                let _ = done.send(work());
            }
        }))?;
        // Where it will never begin, there is no result either.
        let _ = begun.await;
        match tokio::time::timeout(patience, result).await {
            Ok(Ok(result)) => Ok(result),
            // The work panicked, or took too long: nothing is known either way.
            Ok(Err(_)) | Err(_) => Err(timed_out(patience)),
        }
    }

    fn push(&self, job: Job) -> Result<(), Unavailable> {
        let mut state = self.shared.state();
        if state.waiting.len() >= MAX_WAITING {
            let waiting = state.waiting.len();
            return Err(Unavailable::Busy { waiting });
        }
        state.waiting.push_back(job);
        if state.waiting.len() <= state.idle || state.threads >= MAX_THREADS {
            drop(state);
            self.shared.changed.notify_one();
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        let builder = std::thread::Builder::new().name("kerberos".to_owned());
        match builder.spawn(move || serve(&shared)) {
            Ok(_) => {
                state.threads += 1;
                Ok(())
            }
            Err(_) if state.threads > 0 => Ok(()),
            Err(error) => {
                state.waiting.pop_back();
                Err(Unavailable::Other {
                    major: 0,
                    minor: 0,
                    said: error.to_string(),
                })
            }
        }
    }
}

/// Nobody waits any longer.
pub(crate) fn timed_out(patience: Duration) -> Unavailable {
    Unavailable::TimedOut {
        millis: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
    }
}

fn serve(shared: &Shared) {
    let mut state = shared.state();
    loop {
        if let Some(job) = state.waiting.pop_front() {
            drop(state);
            // A panic is the end of that job, not of the thread that others count on.
            let _ = catch_unwind(AssertUnwindSafe(job));
            state = shared.state();
        } else if state.is_over {
            state.threads -= 1;
            return;
        } else {
            state.idle += 1;
            state = shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn work_is_done_on_another_thread_and_a_panic_hurts_no_other() {
        let pool = Pool::new();
        let here = std::thread::current().id();
        for _ in 0..2 * MAX_THREADS {
            let panicked = pool.run(PATIENCE, || panic!("on purpose")).await;
            let panicked: Result<(), _> = panicked;
            assert!(panicked.is_err());
        }
        let there = pool.run(PATIENCE, || std::thread::current().id()).await;
        assert_ne!(there.unwrap(), here);
        assert!(pool.shared.state().threads <= MAX_THREADS);
    }

    /// Threads that are all busy until the sender is dropped.
    async fn occupied(pool: &Pool) -> Vec<mpsc::Sender<()>> {
        let mut held = Vec::new();
        for _ in 0..MAX_THREADS {
            let (hold, held_by) = mpsc::channel::<()>();
            let (began, begins) = oneshot::channel();
            let work = move || {
                let _ = began.send(());
                let _ = held_by.recv();
            };
            let pool = pool.clone();
            tokio::spawn(async move { pool.run(PATIENCE, work).await });
            begins.await.unwrap();
            held.push(hold);
        }
        held
    }

    #[tokio::test]
    async fn whoever_waits_too_long_is_told_and_their_work_is_not_begun() {
        let pool = Pool::new();
        let held = occupied(&pool).await;
        let (began, begins) = mpsc::channel();
        let late = pool.run(Duration::from_millis(20), move || began.send(()));
        assert_eq!(late.await, Err(Unavailable::TimedOut { millis: 20 }));
        drop(held);
        // The sender went with the work, which nobody did.
        assert!(begins.recv().is_err());
    }

    #[tokio::test]
    async fn patience_may_begin_with_the_work_and_whoever_goes_takes_theirs_along() {
        let pool = Pool::new();
        let held = occupied(&pool).await;
        let (began, begins) = mpsc::channel();
        // Three times as long as it may take once it has begun.
        let waiting = pool.run_in_turn(Duration::from_millis(20), move || began.send(()));
        let waited = tokio::time::timeout(Duration::from_millis(60), waiting).await;
        assert!(waited.is_err(), "it has not begun, and waits on");
        drop(held);
        assert!(begins.recv().is_err(), "nobody did what nobody waits for");
    }

    #[tokio::test]
    async fn when_too_many_wait_the_next_is_refused() {
        let pool = Pool::new();
        let held = occupied(&pool).await;
        for _ in 1..MAX_WAITING {
            pool.push(Box::new(|| {})).unwrap();
        }
        let (last, at_last) = oneshot::channel();
        let is_last = move || last.send(()).unwrap();
        pool.push(Box::new(is_last)).unwrap();
        let refused = pool.run(PATIENCE, || ()).await;
        assert_eq!(
            refused,
            Err(Unavailable::Busy {
                waiting: MAX_WAITING
            })
        );
        assert_eq!(pool.shared.state().threads, MAX_THREADS);
        drop(held);
        at_last.await.unwrap();
        assert_eq!(pool.run(PATIENCE, || 7).await.ok(), Some(7));
    }
}
