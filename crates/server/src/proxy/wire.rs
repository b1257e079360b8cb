//! The client's side of a connection: every byte is shown to [`Framing`], and nothing may stall.
//!
//! It closes a head that takes too long and a client that takes none of its answer; after the last
//! answer it reads on for a moment, so that a reset does not eat the answer.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::framing::{Framing, FramingDoubt};
use super::limits;

/// What the reader of the bytes and the server of the requests share.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(Arc<Mutex<Framing>>);

impl Watch {
    /// The judgement on the head of the request that is served next.
    ///
    /// # Errors
    ///
    /// Its framing is in doubt.
    pub(crate) fn judgement(&self) -> Result<(), FramingDoubt> {
        self.framing().judgement()
    }

    /// A watch over frames, which say themselves where a request ends.
    pub(crate) fn of_frames() -> Self {
        let watch = Self::default();
        watch.give_over();
        watch
    }

    /// What follows is no request.
    pub(crate) fn give_over(&self) {
        self.framing().give_over();
    }

    fn framing(&self) -> MutexGuard<'_, Framing> {
        // A panic under the lock leaves a state that can only refuse more.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's stream.
pub(crate) struct Wire<S> {
    stream: S,
    watch: Watch,
    head: Countdown,
    stall: Countdown,
    end: End,
}

/// How far the end of the connection has come.
enum End {
    Open,
    Lingering { read: usize, until: Pin<Box<Sleep>> },
    Done,
}

impl<S> Wire<S> {
    /// Wraps a stream.
    pub(crate) fn new(stream: S, watch: Watch) -> Self {
        Self {
            stream,
            watch,
            head: Countdown::default(),
            stall: Countdown::default(),
            end: End::Open,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let is_in_head = {
            let mut framing = this.watch.framing();
            framing.read(buffer.filled().get(before..).unwrap_or_default());
            framing.is_in_head()
        };
        if !is_in_head {
            this.head.stop();
            return polled;
        }
        match this.head.poll(cx, limits::HEAD) {
            Poll::Ready(()) if polled.is_pending() => {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(()) | Poll::Pending => polled,
        }
    }
}

impl<S> Wire<S> {
    /// Gives what a write came to, or an end to one that stalls.
    fn written<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stall.stop();
            return polled;
        }
        ready!(self.stall.poll(cx, limits::WRITE_STALL));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.written(cx, polled)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.written(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        this.written(cx, polled)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            match &mut this.end {
                End::Open => {
                    let polled = Pin::new(&mut this.stream).poll_shutdown(cx);
                    ready!(this.written(cx, polled))?;
                    this.end = if this.watch.framing().is_between() {
                        End::Done
                    } else {
                        let until = Box::pin(tokio::time::sleep(limits::LINGER));
                        End::Lingering { read: 0, until }
                    };
                }
                End::Lingering { read, until } => {
                    let mut space = [0; 4096];
                    let mut buffer = ReadBuf::new(&mut space);
                    let polled = Pin::new(&mut this.stream).poll_read(cx, &mut buffer);
                    *read += buffer.filled().len();
                    let is_over = match polled {
                        Poll::Pending => {
                            ready!(until.as_mut().poll(cx));
                            true
                        }
                        Poll::Ready(Err(_)) => true,
                        Poll::Ready(Ok(())) => buffer.filled().is_empty(),
                    };
                    if is_over || *read > limits::LINGER_BYTES {
                        this.end = End::Done;
                    }
                }
                End::Done => return Poll::Ready(Ok(())),
            }
        }
    }
}

/// A timer that runs while something is waited for.
#[derive(Default)]
pub(crate) struct Countdown {
    timer: Option<Pin<Box<Sleep>>>,
    is_running: bool,
}

impl Countdown {
    /// Begins where it does not run, and is ready when the time is over.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, length: Duration) -> Poll<()> {
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(length)));
        if !self.is_running {
            timer.as_mut().reset(tokio::time::Instant::now() + length);
            self.is_running = true;
        }
        timer.as_mut().poll(cx)
    }

    /// What was waited for has come.
    pub(crate) fn stop(&mut self) {
        self.is_running = false;
    }
}
