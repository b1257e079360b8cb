//! A TCP connection to a back end that can be asked from beside whether the other side still keeps it.
//!
//! A server closes a connection that was idle for a while, or when it is busy. Until the task that reads the
//! connection has noticed, a request would be sent into it and be lost; and what was sent is never sent again.
//! Start at [`watched`].

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use rustix::net::{RecvFlags, Shutdown};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection, for whoever speaks over it.
#[derive(Debug)]
pub(crate) struct Line(Arc<TcpStream>);

/// The same, for whoever only looks; it does not keep it open.
#[derive(Debug)]
pub(crate) struct Beside(Weak<TcpStream>);

/// Both ends of a connection's watch.
pub(crate) fn watched(stream: TcpStream) -> (Line, Beside) {
    let stream = Arc::new(stream);
    let beside = Beside(Arc::downgrade(&stream));
    (Line(stream), beside)
}

impl Beside {
    /// Whether the other side keeps it and says nothing, as is right between two requests.
    pub(crate) fn is_quiet(&self) -> bool {
        let Some(stream) = self.0.upgrade() else {
            return false;
        };
        let mut one = [0; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        // A byte, the end or an error are each as good as an end; bytes would answer nobody's question.
        let seen = rustix::net::recv(&*stream, &mut one, flags);
        seen.is_err_and(|error| error == rustix::io::Errno::AGAIN)
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            ready!(self.0.poll_read_ready(cx))?;
            match self.0.try_read_buf(buffer) {
                Ok(_) => return Poll::Ready(Ok(())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
    }
}

impl Line {
    fn poll_written(
        &self,
        cx: &mut Context<'_>,
        write: impl Fn(&TcpStream) -> io::Result<usize>,
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.0.poll_write_ready(cx))?;
            match write(&self.0) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return Poll::Ready(written),
            }
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |stream| stream.try_write(bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_written(cx, |stream| stream.try_write_vectored(parts))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = rustix::net::shutdown(&*self.0, Shutdown::Write);
        Poll::Ready(shut.map_err(io::Error::from))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    async fn both() -> ((Line, Beside), TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ours, theirs) = tokio::join!(TcpStream::connect(address), listener.accept());
        (watched(ours.unwrap()), theirs.unwrap().0)
    }

    #[tokio::test]
    async fn what_is_said_arrives_and_the_end_is_an_end() {
        let ((mut line, _), mut theirs) = both().await;
        let large = vec![7; 3_000_000];
        let sending = async {
            line.write_all(&large).await.unwrap();
            line.shutdown().await.unwrap();
            let mut answer = Vec::new();
            line.read_to_end(&mut answer).await.unwrap();
            answer
        };
        let answering = async {
            let mut read = Vec::new();
            theirs.read_to_end(&mut read).await.unwrap();
            theirs.write_all(&read).await.unwrap();
            drop(theirs);
        };
        let (answer, ()) = tokio::join!(sending, answering);
        assert_eq!(answer, large);
    }

    /// Waits until the system has noticed, which it does by itself.
    async fn until_readable(line: &Line) {
        line.0.readable().await.unwrap();
    }

    #[tokio::test]
    async fn whoever_closes_or_speaks_out_of_turn_is_noticed_before_anybody_reads() {
        let ((line, beside), theirs) = both().await;
        assert!(beside.is_quiet());
        drop(theirs);
        until_readable(&line).await;
        assert!(!beside.is_quiet(), "it was closed");
        let ((line, beside), mut theirs) = both().await;
        theirs
            .write_all(b"HTTP/1.1 408 Request Timeout\r\n")
            .await
            .unwrap();
        until_readable(&line).await;
        assert!(!beside.is_quiet(), "nobody asked it");
        let ((line, beside), _theirs) = both().await;
        drop(line);
        assert!(!beside.is_quiet(), "we closed it ourselves");
    }
}
