//! A stream whose next answer can be made garbage, for clients that must cope with a broken server.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that no reader takes for HTTP.
const NO_HTTP: &[u8] = b"\x00\xff\x15lab\x03\x01 this is no answer\n\n";

/// Whether what is written next is to be garbage.
#[derive(Clone, Debug, Default)]
pub(crate) struct Garbage(Arc<AtomicBool>);

impl Garbage {
    /// Makes it so.
    pub(crate) fn begin(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_wanted(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A stream that writes what it is given, or garbage and then its end.
#[derive(Debug)]
pub(super) struct Wire<Stream> {
    stream: Stream,
    garbage: Garbage,
    written: usize,
}

impl<Stream> Wire<Stream> {
    /// Wraps a stream.
    pub(super) fn new(stream: Stream, garbage: Garbage) -> Self {
        Self {
            stream,
            garbage,
            written: 0,
        }
    }
}

impl<Stream: AsyncRead + Unpin> AsyncRead for Wire<Stream> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<Stream: AsyncWrite + Unpin> AsyncWrite for Wire<Stream> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        if !wire.garbage.is_wanted() {
            return Pin::new(&mut wire.stream).poll_write(context, bytes);
        }
        while let Some(rest) = NO_HTTP.get(wire.written..).filter(|rest| !rest.is_empty()) {
            let written = ready!(Pin::new(&mut wire.stream).poll_write(context, rest))?;
            if written == 0 {
                break;
            }
            wire.written = wire.written.saturating_add(written);
        }
        ready!(Pin::new(&mut wire.stream).poll_flush(context))?;
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
