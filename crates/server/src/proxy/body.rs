//! Bodies on their way through: streamed frame by frame without a copy, or read whole up to a cap.
//!
//! Trailers are dropped in both directions: whatever they name was judged nowhere (T-HTTP-6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::limits;
use super::upstream::Using;
use super::wire::Countdown;

/// Why a body came to no good end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// Whoever sent it broke off, or sent what cannot be read.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
    /// A stream was reset before its end, with a code that says that nothing is wrong.
    #[error("the stream was reset before its end")]
    Reset,
    /// Whoever sends it paused for too long.
    #[error("the body stalled")]
    Stalled,
    /// It is longer than may be read.
    #[error("the body is too large")]
    TooLarge,
}

/// A body on its way through.
pub(crate) enum Passing {
    /// One that is there already; it is handed over in parts, so that a client that does not take it is
    /// noticed.
    Whole(Bytes),
    /// One that is still coming.
    Streaming(Streaming),
}

/// A body that is still coming.
pub(crate) struct Streaming {
    body: Incoming,
    pause: Duration,
    countdown: Countdown,
    pulse: Option<Pulse>,
    allowance: Option<Allowance>,
    is_stream: bool,
    using: Option<Using>,
    copy: Option<Copy>,
}

/// A copy of what was sent of a request's body, as long as it is small, so that the request can be sent once
/// more where a back end says that it did nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Copy(Arc<Mutex<Copied>>);

#[derive(Debug, Default)]
struct Copied {
    bytes: BytesMut,
    is_too_large: bool,
    is_whole: bool,
}

/// How slow a client may be: only the time counts in which the gate waited for it, so that nobody pays
/// for a slow back end.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    waiting: Option<Instant>,
    waited: Duration,
    taken: u64,
}

/// When a request's body last moved.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Instant>>);

impl Passing {
    /// One that is there already.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(bytes)
    }

    /// A client's body on its way to a back end; of a stream of HTTP/2, or of a connection.
    pub(crate) fn request(body: Incoming, is_stream: bool) -> Self {
        Self::Streaming(Streaming {
            body,
            pause: limits::REQUEST_BODY_IDLE,
            countdown: Countdown::default(),
            pulse: Some(Pulse::new()),
            allowance: Some(Allowance::default()),
            is_stream,
            using: None,
            copy: None,
        })
    }

    /// The same body, of which a copy is kept.
    pub(crate) fn copied(mut self) -> (Self, Copy) {
        let copy = Copy::default();
        match &mut self {
            Self::Whole(bytes) => {
                copy.take(bytes);
                copy.is_whole();
            }
            Self::Streaming(streaming) => {
                if streaming.body.is_end_stream() {
                    copy.is_whole();
                }
                streaming.copy = Some(copy.clone());
            }
        }
        (self, copy)
    }

    /// A back end's body on its way to a client.
    pub(crate) fn answer(body: Incoming, using: Using) -> Self {
        Self::Streaming(Streaming {
            using: (!body.is_end_stream()).then_some(using),
            body,
            pause: limits::ANSWER_BODY_IDLE,
            countdown: Countdown::default(),
            pulse: None,
            allowance: None,
            is_stream: false,
            copy: None,
        })
    }

    /// When it last moved.
    pub(crate) fn pulse(&self) -> Pulse {
        match self {
            Self::Streaming(Streaming {
                pulse: Some(pulse), ..
            }) => pulse.clone(),
            Self::Streaming(_) | Self::Whole(_) => Pulse::new(),
        }
    }
}

impl Copy {
    /// All of the body, where it was sent to its end and is small enough.
    pub(crate) fn whole(&self) -> Option<Bytes> {
        let copied = self.lock();
        let is_all = copied.is_whole && !copied.is_too_large;
        is_all.then(|| copied.bytes.clone().freeze())
    }

    fn take(&self, bytes: &Bytes) {
        let mut copied = self.lock();
        copied.is_too_large |= copied.bytes.len() + bytes.len() > limits::SENT_AGAIN_BYTES;
        if copied.is_too_large {
            copied.bytes = BytesMut::new();
        } else {
            copied.bytes.extend_from_slice(bytes);
        }
    }

    fn is_whole(&self) {
        self.lock().is_whole = true;
    }

    fn lock(&self) -> MutexGuard<'_, Copied> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }

    /// When the body last moved.
    pub(crate) fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

impl Body for Passing {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Whole(rest) => {
                let part = rest.split_to(rest.len().min(limits::PART_BYTES));
                let frame = (!part.is_empty()).then(|| Ok(Frame::data(part)));
                Poll::Ready(frame)
            }
            Self::Streaming(body) => body.poll_data(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(rest) => rest.is_empty(),
            Self::Streaming(streaming) => streaming.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(rest) => {
                SizeHint::with_exact(u64::try_from(rest.len()).unwrap_or(u64::MAX))
            }
            Self::Streaming(streaming) => streaming.body.size_hint(),
        }
    }
}

impl Allowance {
    /// How much longer it may keep the gate waiting.
    fn left(&self) -> Duration {
        let earned = Duration::from_secs(self.taken / limits::REQUEST_BODY_RATE);
        (limits::REQUEST_BODY_GRACE + earned).saturating_sub(self.waited)
    }

    fn waits(&mut self, now: Instant) {
        self.waiting.get_or_insert(now);
    }

    fn took(&mut self, bytes: u64, now: Instant) {
        let waited = self.waiting.take();
        self.waited += waited.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.taken = self.taken.saturating_add(bytes);
    }
}

impl Streaming {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            let mut pause = self.pause;
            if let Some(allowance) = &mut self.allowance {
                allowance.waits(Instant::now());
                pause = pause.min(allowance.left());
            }
            ready!(self.countdown.poll(cx, pause));
            return Poll::Ready(Some(Err(BodyError::Stalled)));
        };
        if let (Some(allowance), Some(Ok(frame))) = (&mut self.allowance, &frame) {
            let length = frame.data_ref().map_or(0, Bytes::len);
            allowance.took(u64::try_from(length).unwrap_or(u64::MAX), Instant::now());
        }
        self.countdown.stop();
        if let Some(pulse) = &self.pulse {
            pulse.beat();
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) if frame.is_data() => {
                if let (Some(copy), Some(data)) = (&self.copy, frame.data_ref()) {
                    copy.take(data);
                    if self.body.is_end_stream() {
                        copy.is_whole();
                    }
                }
                Some(Ok(frame))
            }
            // The library takes RST_STREAM with NO_ERROR for the end, and half an upload would go on as a whole one.
            None if self.is_stream && !self.body.is_end_stream() => Some(Err(BodyError::Reset)),
            // Trailers are the last frame there is.
            Some(Ok(_)) | None => {
                if let Some(copy) = &self.copy {
                    copy.is_whole();
                }
                self.using = None;
                None
            }
            Some(Err(error)) => {
                if let Some(using) = self.using.take() {
                    using.broke_off();
                }
                Some(Err(BodyError::Broken(error)))
            }
        })
    }
}

/// Reads a whole body.
///
/// # Errors
///
/// It is too large (nothing is read of one that says so itself), breaks off or takes too long.
pub(crate) async fn read(
    mut body: Incoming,
    is_stream: bool,
    (at_most, within): (usize, Duration),
) -> Result<Bytes, BodyError> {
    let cap = u64::try_from(at_most).unwrap_or(u64::MAX);
    if body.size_hint().lower() > cap {
        return Err(BodyError::TooLarge);
    }
    let reading = async {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() else {
                return Ok(whole.freeze());
            };
            if whole.len() + data.len() > at_most {
                return Err(BodyError::TooLarge);
            }
            whole.extend_from_slice(&data);
        }
        match is_stream && !body.is_end_stream() {
            true => Err(BodyError::Reset),
            false => Ok(whole.freeze()),
        }
    };
    tokio::time::timeout(within, reading)
        .await
        .unwrap_or(Err(BodyError::Stalled))
}

/// Reads and throws away a small body; `false` where something is left, so that the connection
/// cannot be kept (T-CONN-7).
pub(crate) async fn drain(mut body: Incoming, at_most: u64) -> bool {
    if body.size_hint().lower() > at_most {
        return false;
    }
    let mut left = at_most;
    let draining = async {
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else { return false };
            let length = frame.data_ref().map_or(0, Bytes::len);
            match left.checked_sub(u64::try_from(length).unwrap_or(u64::MAX)) {
                Some(rest) => left = rest,
                None => return false,
            }
        }
        true
    };
    tokio::time::timeout(limits::DRAIN, draining)
        .await
        .unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn t_dos_2_an_answer_that_is_there_is_handed_over_part_by_part() {
        let whole = Bytes::from(vec![7; limits::PART_BYTES + 1]);
        let mut passing = Passing::whole(whole.clone());
        let mut taken = Vec::new();
        for length in [limits::PART_BYTES, 1] {
            assert!(!passing.is_end_stream());
            let part = passing.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(part.len(), length);
            taken.extend_from_slice(&part);
        }
        assert_eq!(taken, whole);
        assert!(passing.is_end_stream() && passing.frame().await.is_none());
    }

    #[test]
    fn a_copy_is_there_where_all_was_sent_and_all_of_it_is_small() {
        let copied = |bytes: usize| {
            let (_, copy) = Passing::whole(Bytes::from(vec![7; bytes])).copied();
            copy.whole().map(|whole| whole.len())
        };
        let most = limits::SENT_AGAIN_BYTES;
        assert_eq!((copied(0), copied(most)), (Some(0), Some(most)));
        assert_eq!(copied(most + 1), None);
        let copy = Copy::default();
        copy.take(&Bytes::from_static(b"half"));
        assert_eq!(copy.whole(), None, "more may come");
    }

    #[test]
    fn a_byte_every_ten_seconds_is_too_slow_and_a_kilobyte_a_second_is_not() {
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let mut trickle = Allowance::default();
        assert_eq!(trickle.left(), limits::REQUEST_BODY_GRACE);
        trickle.waits(begin);
        trickle.took(1, after(9));
        assert_eq!(trickle.left(), Duration::from_secs(1));
        trickle.waits(after(9));
        trickle.took(1, after(19));
        assert_eq!(trickle.left(), Duration::ZERO);

        let mut steady = Allowance::default();
        for second in 0..3_600 {
            steady.waits(after(second));
            steady.took(limits::REQUEST_BODY_RATE, after(second + 1));
            assert_eq!(steady.left(), limits::REQUEST_BODY_GRACE);
        }
    }

    #[test]
    fn the_time_in_which_a_back_end_takes_nothing_is_not_the_client_s() {
        let begin = Instant::now();
        let mut allowance = Allowance::default();
        allowance.took(10, begin + Duration::from_secs(3_600));
        assert_eq!(allowance.left(), limits::REQUEST_BODY_GRACE);
    }
}
