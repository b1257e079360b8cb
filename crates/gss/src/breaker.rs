//! A circuit breaker: where no domain controller answered several times in a row, nobody waits for the next
//! silence; one question is let through from time to time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::Unavailable;

/// Silences in a row that open it.
const SILENCES: u32 = 3;
/// How long an answer proves that somebody is there: who then waits in vain waits for others' questions.
const FRESH: Duration = Duration::from_secs(1);
/// How long nobody is asked.
const REST: Duration = Duration::from_secs(3);

/// What became of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Somebody answered, yes or no.
    Answered,
    /// Nobody did.
    Silence,
    /// Nobody has yet, and whoever asked went away: it may be a queue.
    Late,
}

/// Whether to ask.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    silences: u32,
    answered: Option<Instant>,
    rests_until: Option<Instant>,
}

impl Breaker {
    /// Lets a question through, or says why not. After a rest one goes through, and if nothing becomes of it,
    /// another after the next.
    ///
    /// # Errors
    ///
    /// Nobody answered of late.
    pub(crate) fn ask(&self, now: Instant) -> Result<(), Unavailable> {
        let mut state = self.state();
        match state.rests_until {
            None => Ok(()),
            Some(until) if now >= until => {
                state.rests_until = Some(now + REST);
                Ok(())
            }
            Some(_) => Err(Unavailable::Resting {
                seconds: REST.as_secs(),
            }),
        }
    }

    /// Whether somebody answered just now: whoever waits, waits in a queue.
    pub(crate) fn is_answering(&self, now: Instant) -> bool {
        let state = self.state();
        state.answered.is_some_and(|at| now < at + FRESH) && state.rests_until.is_none()
    }

    /// Says what became of one.
    pub(crate) fn tell(&self, outcome: Outcome, now: Instant) {
        let mut state = self.state();
        match outcome {
            Outcome::Answered => {
                *state = State {
                    answered: Some(now),
                    ..State::default()
                };
            }
            Outcome::Late if state.answered.is_some_and(|at| now < at + FRESH) => {}
            Outcome::Silence | Outcome::Late => {
                state.silences = state.silences.saturating_add(1);
                if state.silences >= SILENCES {
                    state.rests_until = Some(now + REST);
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn it_opens_after_three_silences_in_a_row_and_lets_one_through_after_a_rest() {
        let (breaker, now) = (Breaker::default(), clock::now());
        for outcome in [Outcome::Silence, Outcome::Late, Outcome::Answered] {
            breaker.tell(outcome, now);
        }
        for _ in 0..SILENCES {
            assert_eq!(breaker.ask(now), Ok(()));
            breaker.tell(Outcome::Silence, now);
        }
        assert!(breaker.ask(now).is_err());
        let rested = now + REST;
        assert_eq!(breaker.ask(rested), Ok(()));
        assert!(breaker.ask(rested).is_err());
        breaker.tell(Outcome::Answered, rested);
        assert_eq!(breaker.ask(rested), Ok(()));
    }

    #[test]
    fn whoever_is_late_beside_answers_waits_in_a_queue_and_opens_nothing() {
        let (breaker, now) = (Breaker::default(), clock::now());
        assert!(!breaker.is_answering(now), "nobody has yet");
        breaker.tell(Outcome::Answered, now);
        for _ in 0..2 * SILENCES {
            breaker.tell(Outcome::Late, now + FRESH / 2);
        }
        assert!(breaker.is_answering(now + FRESH / 2));
        assert!(!breaker.is_answering(now + FRESH));
        assert_eq!(breaker.ask(now + FRESH / 2), Ok(()));
        for _ in 0..SILENCES {
            breaker.tell(Outcome::Late, now + FRESH);
        }
        assert!(breaker.ask(now + FRESH).is_err());
    }

    #[test]
    fn a_question_of_which_nothing_becomes_does_not_keep_it_open() {
        let (breaker, now) = (Breaker::default(), clock::now());
        for _ in 0..SILENCES {
            breaker.tell(Outcome::Silence, now);
        }
        assert_eq!(breaker.ask(now + REST), Ok(()));
        assert_eq!(breaker.ask(now + 2 * REST), Ok(()));
    }
}
