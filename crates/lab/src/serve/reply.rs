//! Answers: a status, headers, and a body that is at hand, streams, or breaks off on purpose.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use thiserror::Error;
use tokio::time::{Interval, interval};

/// How many bytes a body that breaks off had promised beyond those it sends.
const BROKEN_PROMISE: usize = 4096;

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: ReplyBody,
}

impl Reply {
    /// An answer without a body.
    pub(crate) fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: ReplyBody::Whole(None),
        }
    }

    /// An answer with a body that is at hand.
    pub(crate) fn with_body(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut reply = Self::new(status);
        reply.body = ReplyBody::Whole(Some(body.into()));
        reply.header(CONTENT_TYPE, content_type)
    }

    /// An answer whose body is the request's, as it comes.
    pub(crate) fn with_stream(body: Incoming) -> Self {
        let mut reply = Self::new(StatusCode::OK);
        reply.body = ReplyBody::Stream(body);
        reply.header(CONTENT_TYPE, "application/octet-stream")
    }

    /// An answer whose body comes piece by piece.
    pub(crate) fn with_pieces(content_type: &'static str, pieces: Pieces) -> Self {
        let mut reply = Self::new(StatusCode::OK);
        reply.body = ReplyBody::Pieces(pieces);
        reply.header(CONTENT_TYPE, content_type)
    }

    /// Adds a header where there is none of its name.
    pub(crate) fn header_if_absent(self, name: HeaderName, value: &str) -> Self {
        if self.headers.contains_key(&name) {
            self
        } else {
            self.header(name, value)
        }
    }

    /// Adds a header; a value that no header can carry is left out.
    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.append(name, value);
        }
        self
    }

    /// Replaces the status.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// Makes the body break off before the length that was promised.
    pub(crate) fn cut_short(mut self) -> Self {
        if let ReplyBody::Whole(body) = &mut self.body {
            let body = body.take().unwrap_or_default();
            let promised = body.len().saturating_add(BROKEN_PROMISE);
            self.headers.insert(CONTENT_LENGTH, promised.into());
            self.body = ReplyBody::CutShort(Some(body));
        }
        self
    }

    /// What hyper sends.
    pub(crate) fn into_response(self) -> Response<ReplyBody> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum ReplyBody {
    Whole(Option<Bytes>),
    Stream(Incoming),
    Pieces(Pieces),
    CutShort(Option<Bytes>),
}

/// A body of pieces: one at once, the same again at every tick, and a last one.
#[derive(Debug)]
pub(crate) struct Pieces {
    ticks: Interval,
    left: u64,
    each: Bytes,
    last: Option<Bytes>,
}

impl Pieces {
    /// The pieces that come in a time; between two of them is at least a millisecond.
    pub(crate) fn new(each: Bytes, last: Bytes, every: Duration, during: Duration) -> Self {
        let every = every.max(Duration::from_millis(1));
        let left = during.as_millis() / every.as_millis();
        Self {
            ticks: interval(every),
            left: u64::try_from(left).unwrap_or(u64::MAX).max(1),
            each,
            last: Some(last),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.last.is_none() {
            return Poll::Ready(None);
        }
        ready!(self.ticks.poll_tick(context));
        if self.left == 0 {
            return Poll::Ready(self.last.take());
        }
        self.left = self.left.saturating_sub(1);
        Poll::Ready(Some(self.each.clone()))
    }
}

/// Why an answer breaks off.
#[derive(Debug, Error)]
pub(crate) enum ReplyError {
    /// The request whose body is sent back broke.
    #[error(transparent)]
    Request(hyper::Error),
    /// It was asked for.
    #[error("the answer was to break off")]
    CutShort,
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = ReplyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ReplyError>>> {
        match self.get_mut() {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Stream(body) => {
                let polled = Pin::new(body).poll_frame(context);
                polled.map(|frame| frame.map(|frame| frame.map_err(ReplyError::Request)))
            }
            Self::Pieces(pieces) => pieces.poll(context).map(|piece| {
                let piece = piece?;
                Some(Ok(Frame::data(piece)))
            }),
            Self::CutShort(body) => Poll::Ready(Some(match body.take() {
                Some(body) => Ok(Frame::data(body)),
                None => Err(ReplyError::CutShort),
            })),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_none(),
            Self::Stream(body) => body.is_end_stream(),
            Self::Pieces(_) | Self::CutShort(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => {
                let length = body.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Self::Stream(body) => body.size_hint(),
            Self::Pieces(_) | Self::CutShort(_) => SizeHint::default(),
        }
    }
}
