//! The listener of `[metrics]`: plain HTTP for the machine itself, three paths and nothing else.
//!
//! Never a door for clients: it shares no socket, place or limit with them. Start at [`serve`].

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Metrics;
use super::ready::Readiness;
use crate::proxy::limits;

/// How many connections are served at once; whoever scrapes needs one.
const CONNECTIONS: usize = 16;
/// How long one connection may last, which takes one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The format of Prometheus's text.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";
/// The format of everything else.
const TEXT: &str = "text/plain; charset=utf-8";

/// What the paths tell of.
pub(crate) struct Told {
    /// What is counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Whether the gate can do its work.
    pub(crate) readiness: Readiness,
}

/// Binds the address.
///
/// # Errors
///
/// It is taken.
pub(crate) fn bind(address: SocketAddr) -> std::io::Result<StdListener> {
    let socket = StdListener::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Answers for as long as it is waited for; `closing` says that the gate drains.
///
/// # Errors
///
/// The socket cannot be used.
pub(crate) async fn serve(
    socket: StdListener,
    told: Arc<Told>,
    closing: watch::Receiver<bool>,
) -> std::io::Result<Infallible> {
    let socket = TcpListener::from_std(socket)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    // Whoever stops waiting ends them all.
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let (told, closing) = (Arc::clone(&told), closing.clone());
        connections.spawn(async move {
            connection(stream, told, closing).await;
            drop(place);
        });
    }
}

async fn connection(stream: TcpStream, told: Arc<Told>, closing: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (told, is_closing) = (Arc::clone(&told), *closing.borrow());
        async move { Ok::<_, Infallible>(told.answer(&request, is_closing).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Whoever asks for metrics and leaves or is too slow misses them.
    let _ = timeout(PATIENCE, served).await;
}

impl Told {
    async fn answer(&self, request: &Request<Incoming>, is_closing: bool) -> Response<Full<Bytes>> {
        if ![Method::GET, Method::HEAD].contains(request.method()) {
            return answer(
                StatusCode::METHOD_NOT_ALLOWED,
                TEXT,
                "only GET\n".to_owned(),
            );
        }
        match request.uri().path() {
            "/metrics" => match self.metrics.text(self.readiness.live.silence()) {
                Ok(text) => answer(StatusCode::OK, METRICS, text),
                Err(error) => answer(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    TEXT,
                    format!("{error}\n"),
                ),
            },
            "/healthz" => answer(StatusCode::OK, TEXT, "alive\n".to_owned()),
            "/readyz" => match self.readiness.why_not(is_closing).await {
                None => answer(StatusCode::OK, TEXT, "ready\n".to_owned()),
                Some(why) => answer(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
            },
            _ => {
                let paths = "/metrics, /healthz or /readyz\n".to_owned();
                answer(StatusCode::NOT_FOUND, TEXT, paths)
            }
        }
    }
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(kind);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
