//! HTTP/2, on hosts where nothing is proved by a connection: each stream is a conversation of its own,
//! so that nothing of NTLM or Negotiate can exist there (I5).
//!
//! The second reader of bytes (`framing.rs`) has nothing to read here: frames tell where a request
//! begins and ends, one library alone reads them, and it holds the length that a head names against
//! what came (RFC 9113 8.1.1). Whom a request is for is judged by [`gateway::headers::framing`].
//! Start at [`Proxy::serve_streams`].

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use gateway::{Conversation, Peer};
use http::HeaderMap;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::body::{BodyError, Passing};
use super::exchange::Connection;
use super::framing::FramingDoubt;
use super::heads;
use super::lines::{Leased, Lines};
use super::traffic::{Stream, Traffic};
use super::wire::{Watch, Wire};
use super::{Ending, Proxy, ending, limits, shown};
use crate::live::Seen;

/// What all streams of a connection share; none of it says whose a stream is.
struct Streams {
    proxy: Arc<Proxy>,
    peer: Peer,
    seen: Seen,
    lines: Arc<Lines>,
    turns: Arc<Semaphore>,
    traffic: Traffic,
}

/// What a stream holds until the last byte of its answer is taken.
struct Held {
    stream: Stream,
    _turn: Arc<OwnedSemaphorePermit>,
    _line: Option<Leased>,
}

/// The body of an answer, with what its stream holds.
pub(super) struct Answering {
    body: Passing,
    held: Option<Held>,
}

/// The tasks of a connection's streams; they end with it, whatever they wait for.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<JoinSet<()>>>);

impl Proxy {
    /// Serves one client's connection of HTTP/2 to its end, as [`Proxy::serve`] does one of HTTP/1.1.
    pub(crate) fn serve_streams<S>(
        self: Arc<Self>,
        stream: S,
        peer: Peer,
        mut stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let io = TokioIo::new(Wire::new(stream, Watch::of_frames()));
        let seen = Seen::default();
        let mut told = self.live.listen();
        let traffic = Traffic::default();
        let streams = Arc::new(Streams {
            proxy: self,
            peer,
            seen: seen.for_streams(),
            lines: Arc::default(),
            turns: Arc::new(Semaphore::new(limits::STREAMS_AT_A_TIME)),
            traffic: traffic.clone(),
        });
        let service = service_fn(move |request: Request<Incoming>| {
            let streams = Arc::clone(&streams);
            Box::pin(async move { Ok::<_, Infallible>(streams.serve(request).await) })
        });
        let mut connection = Box::pin(builder().serve_connection(io, service));
        async move {
            let patience = tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(error = %shown(&error), "a connection ended");
                    }
                    return;
                }
                ending = ending(&seen, &mut told, &mut stop) => match ending {
                    Ending::AtOnce => return,
                    Ending::Drained => limits::DRAIN_ON_STOP,
                },
                end = traffic.end() => {
                    tracing::debug!("a connection is ended: {end}");
                    end.patience()
                }
            };
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = tokio::time::timeout(patience, &mut connection) => if ended.is_err() {
                    tracing::debug!("a connection was cut with a request under way");
                },
                () = seen.revoked(&mut told) => {
                    tracing::info!("a connection was ended: what it rested on is revoked");
                }
            }
        }
    }
}

/// Every limit of a connection, so that none is left to a library's taste (T-DOS-2). Frames of a head
/// that does not end and frames without data are bounded by the library itself.
fn builder() -> http2::Builder<Tasks> {
    let mut builder = http2::Builder::new(Tasks::default());
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits::STREAMS)
        .max_header_list_size(limits::STREAM_HEAD_BYTES)
        .max_pending_accept_reset_streams(limits::STREAMS_RESET_UNSEEN)
        .max_local_error_reset_streams(limits::STREAMS_RESET_BY_US)
        .initial_stream_window_size(limits::STREAM_WINDOW_BYTES)
        .initial_connection_window_size(limits::STREAMS_WINDOW_BYTES)
        .max_send_buf_size(limits::STREAM_SEND_BYTES)
        .keep_alive_interval(limits::PING)
        .keep_alive_timeout(limits::PONG);
    builder
}

impl Streams {
    /// Answers the request of a stream, once it is its turn.
    async fn serve(&self, mut request: Request<Incoming>) -> Response<Answering> {
        let mut stream = self.traffic.open();
        let judgement = judged(&mut request);
        let Ok(turn) = Arc::clone(&self.turns).acquire_owned().await else {
            // Nobody closes it.
            return heads::out_of_turn().map(Answering::alone);
        };
        let turn = Arc::new(turn);
        let publication = Arc::clone(&self.proxy.publication);
        let conversation = Conversation::new(publication, self.peer.clone());
        let (proxy, client) = (Arc::clone(&self.proxy), self.peer.address);
        let connection = Connection::new(proxy, conversation, self.seen.clone(), client);
        let mut connection = connection.of_stream(&self.lines, &turn);
        let answer = connection.serve(request, judgement).await;
        answer.map(|body| {
            if body.is_end_stream() {
                stream.is_answered();
            }
            let held = Held {
                stream,
                _turn: turn,
                _line: connection.leased(),
            };
            let held = Some(held);
            Answering { body, held }
        })
    }
}

/// Refuses a head of too many lines, which then need not be kept until it is the stream's turn: each
/// may be one byte on the wire.
fn judged(request: &mut Request<Incoming>) -> Result<(), FramingDoubt> {
    if request.headers().len() <= limits::MAX_HEADERS {
        return Ok(());
    }
    *request.headers_mut() = HeaderMap::new();
    Err(FramingDoubt::Lines)
}

impl Answering {
    fn alone(body: Passing) -> Self {
        Self { body, held: None }
    }
}

impl Body for Answering {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        if let Some(held) = &mut this.held {
            held.stream.is_taken();
        }
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        let is_part = matches!(frame, Some(Ok(_)));
        let is_last = !is_part || this.body.is_end_stream();
        if let Some(held) = &mut this.held {
            if is_part {
                // The last part as well: as long as the client does not take it, the library keeps it,
                // and with it the stream's turn and line.
                held.stream.is_given();
            }
            if is_last {
                held.stream.is_answered();
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::super::traffic::End;
    use super::*;

    #[tokio::test]
    async fn t_dos_2_a_last_part_that_is_not_taken_is_waited_for_like_any_other() {
        let body = Passing::whole(Bytes::from_static(b"not here"));
        let traffic = Traffic::default();
        let held = Some(Held {
            stream: traffic.open(),
            _turn: Arc::new(Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap()),
            _line: None,
        });
        let mut answering = Answering { body, held };
        let part = poll_fn(|cx| Pin::new(&mut answering).poll_frame(cx)).await;
        assert!(part.is_some() && answering.is_end_stream());
        let ended = traffic.ends_after(limits::WRITE_STALL);
        assert_eq!(ended, Some(End::Stalled));
        drop(answering);
        assert_eq!(traffic.ends_after(limits::WRITE_STALL), None);
    }

    #[test]
    fn what_waits_for_its_turn_leaves_the_window_of_what_has_it() {
        let waiting = limits::STREAMS - u32::try_from(limits::STREAMS_AT_A_TIME).unwrap();
        let at_most = waiting * limits::STREAM_WINDOW_BYTES;
        assert!(limits::STREAMS_WINDOW_BYTES > at_most);
    }
}
