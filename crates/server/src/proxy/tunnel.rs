//! A connection that was given over to WebSocket: bytes in both directions until one end goes.
//!
//! It begins after the back end's 101 and not before (T-CONN-8), belongs to whoever asked for it, and
//! ends with the client's connection: whoever runs it drops it on a revocation.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use authn::Authenticated;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional};
use tokio::time::{Instant, sleep, sleep_until};

use super::{limits, shown};
use crate::clock;

/// Both ends of a connection that is given over.
pub(super) struct Tunnel {
    /// The client's.
    pub(super) client: OnUpgrade,
    /// The back end's.
    pub(super) back_end: OnUpgrade,
    /// Whoever asked for it, where it is somebody's.
    pub(super) whose: Option<Arc<Authenticated>>,
}

impl Tunnel {
    /// Copies until both ends are done, neither sends for a while, or what its owner rests on ends.
    pub(super) async fn run(self) {
        let (client, back_end) = match tokio::try_join!(self.client, self.back_end) {
            Ok(ends) => ends,
            Err(error) => {
                tracing::debug!(error = %shown(&error), "a connection was not given over");
                return;
            }
        };
        let moved = Moved::default();
        let mut client = Moving::new(TokioIo::new(client), &moved);
        let mut back_end = Moving::new(TokioIo::new(back_end), &moved);
        tokio::select! {
            copied = copy_bidirectional(&mut client, &mut back_end) => match copied {
                Ok((sent, received)) => tracing::debug!(sent, received, "a WebSocket ended"),
                Err(error) => tracing::debug!("a WebSocket ended: {error}"),
            },
            () = moved.idle() => tracing::debug!("a WebSocket ended: nothing moved for a while"),
            () = no_longer_stands(self.whose.as_deref()) => {
                tracing::debug!("a WebSocket ended: so did what its owner rests on");
            }
        }
    }
}

/// Waits until a credential ends by itself; one that is revoked ends the connection.
async fn no_longer_stands(whose: Option<&Authenticated>) {
    let Some((who, ends)) = whose.and_then(|who| Some((who, who.ends()?))) else {
        return std::future::pending().await;
    };
    while who.stands(clock::now()) {
        let left = Duration::try_from(ends.duration_since(clock::now()));
        sleep(left.unwrap_or_default()).await;
    }
}

/// When something last came from either end.
#[derive(Clone)]
struct Moved(Arc<Mutex<Instant>>);

impl Default for Moved {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Instant::now())))
    }
}

impl Moved {
    async fn idle(&self) {
        while !self.is_idle(Instant::now()) {
            sleep_until(self.last() + limits::WEBSOCKET_IDLE).await;
        }
    }

    fn is_idle(&self, now: Instant) -> bool {
        self.last() + limits::WEBSOCKET_IDLE <= now
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn beat(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// An end that says when something came from it.
struct Moving<S> {
    stream: S,
    moved: Moved,
}

impl<S> Moving<S> {
    fn new(stream: S, moved: &Moved) -> Self {
        let moved = moved.clone();
        Self { stream, moved }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Moving<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if polled.is_ready() {
            this.moved.beat();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Moving<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::body::Incoming;
    use hyper::server::conn::http1;
    use hyper::service::service_fn;
    use hyper::{Request, Response, header};
    use prometheus_client::metrics::counter::Counter;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::timeout;

    use super::*;
    use crate::live::Live;
    use crate::live::tests::signed_in;

    #[tokio::test(start_paused = true)]
    async fn a_tunnel_ends_with_the_app_password_of_its_owner() {
        let live = Live::new(&[1; 32], 0, Counter::default());
        let over = "2026-11-25T09:00:00Z".parse().unwrap();
        let (_, who) = signed_in(&live, Some(over)).await;
        no_longer_stands(Some(&who)).await;
        let (_, lasting) = signed_in(&live, None).await;
        for whose in [Some(&*lasting), None] {
            let ended = timeout(limits::MAX_AGE, no_longer_stands(whose)).await;
            assert!(ended.is_err(), "nothing of it ends");
        }
    }

    #[tokio::test]
    async fn a_tunnel_in_which_nothing_came_for_a_while_is_idle() {
        let moved = Moved::default();
        let began = moved.last();
        let (mut far, near) = duplex(16);
        let mut near = Moving::new(near, &moved);
        assert!(!moved.is_idle(began + limits::WEBSOCKET_IDLE / 2));
        assert!(moved.is_idle(began + limits::WEBSOCKET_IDLE));
        far.write_all(b"x").await.unwrap();
        near.read_u8().await.unwrap();
        assert!(moved.last() > began);
        assert!(!moved.is_idle(began + limits::WEBSOCKET_IDLE));
    }

    /// A connection that is given over, and its far end.
    async fn given_over() -> (DuplexStream, OnUpgrade) {
        let (mut far, near) = duplex(1_024);
        let (give, mut given) = unbounded_channel();
        let service = service_fn(move |mut request: Request<Incoming>| {
            give.send(hyper::upgrade::on(&mut request)).unwrap();
            let switched = Response::builder()
                .status(101)
                .header(header::CONNECTION, "upgrade")
                .header(header::UPGRADE, "websocket");
            let switched = switched.body(Empty::<Bytes>::new()).unwrap();
            async { Ok::<_, Infallible>(switched) }
        });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(near), service);
        tokio::spawn(connection.with_upgrades());
        let asked =
            b"GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        far.write_all(asked).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(far.read_u8().await.unwrap());
        }
        (far, given.recv().await.unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn t_dos_1_a_tunnel_ends_when_neither_end_sends_for_a_while() {
        let (mut clients, client) = given_over().await;
        let (mut back_ends, back_end) = given_over().await;
        let tunnel = Tunnel {
            client,
            back_end,
            whose: None,
        };
        let mut running = tokio::spawn(tunnel.run());
        let halfway = limits::WEBSOCKET_IDLE * 3 / 4;
        for _ in 0..3 {
            assert!(timeout(halfway, &mut running).await.is_err());
            back_ends.write_all(b"x").await.unwrap();
            assert_eq!(clients.read_u8().await.unwrap(), b'x');
            assert!(timeout(halfway, &mut running).await.is_err());
            clients.write_all(b"y").await.unwrap();
            assert_eq!(back_ends.read_u8().await.unwrap(), b'y');
        }
        let ended = timeout(limits::WEBSOCKET_IDLE * 2, running).await;
        ended.expect("it ends").unwrap();
        assert_eq!(clients.read(&mut [0]).await.unwrap(), 0);
    }
}
