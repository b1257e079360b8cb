//! Connections to back ends of one HTTP/2 connection: a few, each with one request at a time.
//!
//! INVARIANT: a line is leased for the farm and the identity that it was made for, and for no other
//! (I3); it goes with its client's connection.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gateway::conversation::Pass;
use tokio::sync::OwnedSemaphorePermit;

use super::body::Passing;
use super::limits;
use super::upstream::{Answered, Class, Onward, UpstreamError, Upstreams, class};

/// How a request gets to a back end.
pub(super) enum Behind {
    /// Over the connections of its client's connection, which has one request at a time.
    Own(Upstreams),
    /// Over one of the lines that it shares with other streams of its client's connection.
    Shared {
        lines: Arc<Lines>,
        leased: Option<Leased>,
        /// Held as long as anything is done for the stream.
        turn: Arc<OwnedSemaphorePermit>,
    },
}

/// The lines of a connection that nobody uses at the moment.
#[derive(Default)]
pub(super) struct Lines(Mutex<Set>);

#[derive(Default)]
struct Set {
    free: VecDeque<(Line, Upstreams)>,
    leased: usize,
}

/// What a line is made for.
#[derive(Clone, PartialEq, Eq)]
struct Line {
    farm: String,
    class: Class,
}

/// A line that is used; it is free again when this is dropped.
pub(super) struct Leased {
    lines: Arc<Lines>,
    line: Line,
    upstreams: Upstreams,
}

impl Behind {
    /// Whether it is for one stream of HTTP/2.
    pub(super) fn is_stream(&self) -> bool {
        matches!(self, Self::Shared { .. })
    }

    /// Sends a request and waits for the answer's head.
    ///
    /// # Errors
    ///
    /// As of [`Upstreams::send`].
    pub(super) async fn send(
        &mut self,
        onward: &Onward<'_>,
        body: Passing,
    ) -> Result<Answered, UpstreamError> {
        match self {
            Self::Own(upstreams) => upstreams.send(onward, body).await,
            Self::Shared { lines, leased, .. } => {
                let line = Line {
                    farm: onward.farm.name.clone(),
                    class: class(onward.pass),
                };
                let leased = leased.insert(Lines::lease(lines, line));
                leased.upstreams.send(onward, body).await
            }
        }
    }

    /// Ends the connections of everybody else; lines of others are others' streams'.
    pub(super) fn keep_only(&mut self, pass: &Pass) {
        if let Self::Own(upstreams) = self {
            upstreams.keep_only(pass);
        }
    }

    /// Ends the connections of everybody; a stream has none before it is let through.
    pub(super) fn forget_people(&mut self) {
        if let Self::Own(upstreams) = self {
            upstreams.forget_people();
        }
    }

    /// Whether the connection that the request came on is its own.
    pub(super) fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    /// What is held as long as anything is done for a stream.
    pub(super) fn turn(&self) -> Option<Arc<OwnedSemaphorePermit>> {
        match self {
            Self::Own(_) => None,
            Self::Shared { turn, .. } => Some(Arc::clone(turn)),
        }
    }

    /// The line that the answer still comes on.
    pub(super) fn leased(&mut self) -> Option<Leased> {
        match self {
            Self::Own(_) => None,
            Self::Shared { leased, .. } => leased.take(),
        }
    }
}

impl Lines {
    fn lease(self: &Arc<Self>, line: Line) -> Leased {
        let mut set = self.lock();
        set.leased += 1;
        let known = set.free.iter().position(|(free, _)| *free == line);
        let known = known.and_then(|at| set.free.remove(at));
        while set.free.len() + set.leased > limits::STREAMS_AT_A_TIME {
            // The one that was not used for the longest time.
            if set.free.pop_front().is_none() {
                break;
            }
        }
        Leased {
            lines: Arc::clone(self),
            line,
            upstreams: known.map(|(_, upstreams)| upstreams).unwrap_or_default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Set> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        let upstreams = std::mem::take(&mut self.upstreams);
        let mut set = self.lines.lock();
        set.leased = set.leased.saturating_sub(1);
        set.free.push_back((self.line.clone(), upstreams));
    }
}

#[cfg(test)]
mod tests {
    use authn::account::AccountId;
    use authn::credential::CredentialId;

    use super::*;

    fn line(farm: &str) -> Line {
        Line {
            farm: farm.to_owned(),
            class: Class::Nobody,
        }
    }

    #[test]
    fn i3_a_line_is_leased_again_for_its_farm_and_identity_alone() {
        let line = |farm: &str, who: Option<(u8, u8)>| Line {
            farm: farm.to_owned(),
            class: match who {
                None => Class::Nobody,
                Some((account, credential)) => Class::Somebody(
                    AccountId(format!("a{account}")),
                    CredentialId(format!("c{credential}")),
                ),
            },
        };
        let all = [
            line("one", None),
            line("one", Some((1, 1))),
            line("one", Some((1, 2))),
            line("one", Some((2, 1))),
            line("other", Some((1, 1))),
        ];
        let lines = Arc::new(Lines::default());
        let free = || lines.lock().free.len();
        for (number, line) in all.iter().enumerate() {
            drop(Lines::lease(&lines, line.clone()));
            assert_eq!(free(), number + 1, "it is one of its own");
        }
        for line in &all {
            let leased = Lines::lease(&lines, line.clone());
            assert_eq!(free(), all.len() - 1, "it is the one from before");
            drop(leased);
        }
    }

    #[test]
    fn there_are_never_more_lines_than_requests_at_a_time() {
        let lines = Arc::new(Lines::default());
        for number in 0..100 {
            let one = Lines::lease(&lines, line(&format!("farm {number}")));
            let other = Lines::lease(&lines, line(&format!("farm {number}")));
            drop((one, other));
            let set = lines.lock();
            assert!(set.free.len() + set.leased <= limits::STREAMS_AT_A_TIME);
        }
        assert_eq!(lines.lock().leased, 0);
    }
}
