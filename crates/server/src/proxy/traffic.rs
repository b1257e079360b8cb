//! What moves on a connection of many streams: when it is idle, when its client takes nothing of an
//! answer, and when it asks only to break off (T-DOS-2).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::limits;

/// The streams of a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Traffic(Arc<watch::Sender<Moving>>);

/// A stream that is open; it is over when this is dropped.
#[derive(Debug)]
pub(super) struct Stream {
    traffic: Traffic,
    number: u64,
    is_answered: bool,
}

/// Why a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing was asked for a while.
    Idle,
    /// The client took none of an answer for a while.
    Stalled,
    /// The client broke off more streams than it let finish.
    Reset,
}

impl End {
    /// How long what is under way on other streams may still take, once the client is told that no further ones are
    /// taken. A stream whose answer is not taken is one of several: a browser may have paused a single download.
    pub(super) fn patience(self) -> Duration {
        match self {
            Self::Idle | Self::Stalled => limits::DRAIN_ON_STOP,
            Self::Reset => limits::LINGER,
        }
    }
}

#[derive(Debug)]
struct Moving {
    next: u64,
    /// When a stream last came or went.
    last: Instant,
    /// The open streams, and since when the client has not taken what it was given.
    open: BTreeMap<u64, Option<Instant>>,
    /// How many streams may be broken off yet; one that finishes earns one.
    credit: usize,
}

impl Default for Moving {
    fn default() -> Self {
        Self {
            next: 0,
            last: Instant::now(),
            open: BTreeMap::new(),
            credit: limits::STREAMS_BROKEN_OFF,
        }
    }
}

impl Moving {
    /// Why the connection is ended at a moment, where it is.
    fn end(&self, now: Instant) -> Option<End> {
        let since = |then: Instant| now.saturating_duration_since(then);
        let mut given = self.open.values().flatten();
        if self.credit == 0 {
            Some(End::Reset)
        } else if given.any(|given| since(*given) >= limits::WRITE_STALL) {
            Some(End::Stalled)
        } else if self.open.is_empty() && since(self.last) >= limits::IDLE {
            Some(End::Idle)
        } else {
            None
        }
    }
}

impl Traffic {
    /// Opens a stream.
    pub(super) fn open(&self) -> Stream {
        let mut number = 0;
        self.0.send_modify(|moving| {
            number = moving.next;
            moving.next += 1;
            moving.last = Instant::now();
            moving.open.insert(number, None);
        });
        Stream {
            traffic: self.clone(),
            number,
            is_answered: false,
        }
    }

    /// Waits until there is a reason to end the connection.
    pub(super) async fn end(&self) -> End {
        let mut seen = self.0.subscribe();
        loop {
            let broken = seen.wait_for(|moving| moving.credit == 0);
            if let Ok(Ok(_)) = timeout(limits::STREAMS_LOOK, broken).await {
                return End::Reset;
            }
            if let Some(end) = self.0.borrow().end(Instant::now()) {
                return end;
            }
        }
    }

    /// Whether there is a reason after a while.
    #[cfg(test)]
    pub(super) fn ends_after(&self, after: Duration) -> Option<End> {
        self.0.borrow().end(Instant::now() + after)
    }

    /// Sets down since when the client has not taken what it was given; nobody waits for that.
    fn gives(&self, number: u64, since: Option<Instant>) {
        self.0.send_if_modified(|moving| {
            if let Some(given) = moving.open.get_mut(&number) {
                *given = since;
            }
            false
        });
    }
}

impl Stream {
    /// The client was given a part of the answer and has yet to take it.
    pub(super) fn is_given(&self) {
        self.traffic.gives(self.number, Some(Instant::now()));
    }

    /// The client took what it was given.
    pub(super) fn is_taken(&self) {
        self.traffic.gives(self.number, None);
    }

    /// The answer is there to its end.
    pub(super) fn is_answered(&mut self) {
        self.is_answered = true;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let (number, is_answered) = (self.number, self.is_answered);
        self.traffic.0.send_modify(|moving| {
            moving.open.remove(&number);
            moving.last = Instant::now();
            moving.credit = match is_answered {
                true => (moving.credit + 1).min(limits::STREAMS_BROKEN_OFF),
                false => moving.credit.saturating_sub(1),
            };
        });
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Idle => "nothing was asked for a while",
            Self::Stalled => "the client takes none of an answer",
            Self::Reset => "the client breaks off what it asks for",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(traffic: &Traffic, after: Duration) -> Option<End> {
        traffic.ends_after(after)
    }

    #[test]
    fn whoever_only_breaks_off_runs_out_of_credit_and_whoever_finishes_does_not() {
        let traffic = Traffic::default();
        for _ in 0..10 * limits::STREAMS_BROKEN_OFF {
            drop(traffic.open());
            traffic.open().is_answered();
            assert_eq!(ends(&traffic, Duration::ZERO), None);
        }
        for _ in 1..limits::STREAMS_BROKEN_OFF {
            drop(traffic.open());
        }
        assert_eq!(ends(&traffic, Duration::ZERO), None);
        drop(traffic.open());
        assert_eq!(ends(&traffic, Duration::ZERO), Some(End::Reset));
    }

    #[test]
    fn a_connection_without_a_stream_is_idle_after_a_while_and_one_with_a_stream_is_not() {
        let traffic = Traffic::default();
        let mut open = traffic.open();
        assert_eq!(ends(&traffic, 10 * limits::IDLE), None);
        open.is_answered();
        drop(open);
        assert_eq!(ends(&traffic, limits::IDLE / 2), None);
        assert_eq!(ends(&traffic, limits::IDLE), Some(End::Idle));
    }

    #[test]
    fn a_client_that_takes_nothing_is_ended_and_one_that_waits_for_a_back_end_is_not() {
        let traffic = Traffic::default();
        let stream = traffic.open();
        stream.is_given();
        stream.is_taken();
        assert_eq!(ends(&traffic, 10 * limits::WRITE_STALL), None);
        stream.is_given();
        assert_eq!(ends(&traffic, limits::WRITE_STALL / 2), None);
        assert_eq!(ends(&traffic, limits::WRITE_STALL), Some(End::Stalled));
        assert_eq!(End::Stalled.patience(), limits::DRAIN_ON_STOP);
    }
}
