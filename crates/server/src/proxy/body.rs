//! Bodies on their way through: streamed frame by frame without a copy, or read whole up to a cap.
//!
//! Trailers are dropped in both directions: whatever they name was judged nowhere (T-HTTP-6).

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::limits;
use super::wire::Countdown;

/// Why a body came to no good end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// Whoever sent it broke off, or sent what cannot be read.
    #[error("the body broke off")]
    Broken(#[source] hyper::Error),
    /// Whoever sends it paused for too long.
    #[error("the body stalled")]
    Stalled,
    /// It is longer than may be read.
    #[error("the body is too large")]
    TooLarge,
}

/// A body on its way through.
pub(crate) enum Passing {
    /// One that is there already.
    Whole(Full<Bytes>),
    /// One that is still coming.
    Streaming(Streaming),
}

/// A body that is still coming.
pub(crate) struct Streaming {
    body: Incoming,
    pause: Duration,
    countdown: Countdown,
    pulse: Option<Pulse>,
}

/// When a request's body last moved.
#[derive(Clone, Debug)]
pub(crate) struct Pulse(Arc<Mutex<Instant>>);

impl Passing {
    /// One that is there already.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Full::new(bytes))
    }

    /// A client's body on its way to a back end.
    pub(crate) fn request(body: Incoming) -> Self {
        Self::Streaming(Streaming {
            body,
            pause: limits::REQUEST_BODY_IDLE,
            countdown: Countdown::default(),
            pulse: Some(Pulse::new()),
        })
    }

    /// A back end's body on its way to a client.
    pub(crate) fn answer(body: Incoming) -> Self {
        Self::Streaming(Streaming {
            body,
            pause: limits::ANSWER_BODY_IDLE,
            countdown: Countdown::default(),
            pulse: None,
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
            Self::Whole(body) => {
                let frame = ready!(Pin::new(body).poll_frame(cx));
                Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
            }
            Self::Streaming(body) => body.poll_data(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Streaming(streaming) => streaming.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Streaming(streaming) => streaming.body.size_hint(),
        }
    }
}

impl Streaming {
    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) else {
            ready!(self.countdown.poll(cx, self.pause));
            return Poll::Ready(Some(Err(BodyError::Stalled)));
        };
        self.countdown.stop();
        if let Some(pulse) = &self.pulse {
            pulse.beat();
        }
        Poll::Ready(match frame {
            Some(Ok(frame)) if frame.is_data() => Some(Ok(frame)),
            // Trailers are the last frame there is.
            Some(Ok(_)) | None => None,
            Some(Err(error)) => Some(Err(BodyError::Broken(error))),
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
    at_most: usize,
    within: Duration,
) -> Result<Bytes, BodyError> {
    let cap = u64::try_from(at_most).unwrap_or(u64::MAX);
    if body.size_hint().lower() > cap {
        return Err(BodyError::TooLarge);
    }
    let reading = async {
        let mut whole = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(BodyError::Broken)?.into_data() else {
                break;
            };
            if whole.len() + data.len() > at_most {
                return Err(BodyError::TooLarge);
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    };
    tokio::time::timeout(within, reading)
        .await
        .unwrap_or(Err(BodyError::Stalled))
}

/// Reads and throws away a small body; `false` where something is left, so that the connection
/// cannot be kept (T-CONN-7).
pub(crate) async fn drain(mut body: Incoming) -> bool {
    if body.size_hint().lower() > limits::DRAIN_BYTES {
        return false;
    }
    let mut left = limits::DRAIN_BYTES;
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
