//! HTTP/1.1 over TLS or plain: one connection, one number, one request after the other.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::reply::Reply;
use super::wire::{Garbage, Wire};
use crate::identity::WindowsLogon;

/// How long a connection may rest, or take to send a head; IIS's own.
const REST: Duration = Duration::from_secs(120);
/// Largest head that is read; a ticket may fill half of it.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What answers requests.
pub(crate) trait Application: Send + Sync + 'static {
    /// Answers one.
    fn answer(&self, asked: Asked, connection: &Connection) -> impl Future<Output = Reply> + Send;
}

/// The longest that any answer is held back.
const LONGEST_HOLD: Duration = Duration::from_secs(900);
/// The header that says for how many seconds an answer is held back.
const HOLD: HeaderName = HeaderName::from_static("x-lab-hold");

/// A connection, with what NTLM makes of it.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its number, over all servers.
    pub(crate) number: u64,
    /// Whose it is by NTLM.
    pub(crate) logon: WindowsLogon,
    /// What makes its next answer garbage.
    pub(crate) garbage: Garbage,
}

impl Connection {
    /// A fresh one.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            number,
            logon: WindowsLogon::default(),
            garbage: Garbage::default(),
        }
    }
}

/// A request.
#[derive(Debug)]
pub(crate) struct Asked {
    /// Everything before the body.
    pub(crate) head: Head,
    /// The body, not read yet.
    pub(crate) body: Incoming,
}

/// Everything of a request before its body.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) method: Method,
    /// The Host header in lower case, with its port if it has one.
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
}

impl Head {
    /// The path in lower case, as IIS compares it.
    pub(crate) fn route(&self) -> String {
        self.path.to_ascii_lowercase()
    }

    /// The first value of a parameter of the query, undecoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self
            .query
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// A parameter that is a number of seconds, with a fraction if need be, of at most 900.
    pub(crate) fn seconds(&self, name: &str) -> Option<Duration> {
        self.parameter(name).and_then(seconds)
    }

    /// Holds an answer back: as long as the parameter `hold` or the header `x-lab-hold` says, or 900 s.
    pub(crate) async fn hold(&self) {
        let header = self.headers.get(HOLD);
        let header = header.and_then(|value| value.to_str().ok());
        let hold = self
            .seconds("hold")
            .or_else(|| header.and_then(seconds))
            .unwrap_or(LONGEST_HOLD);
        tokio::time::sleep(hold).await;
    }

    fn of(parts: Parts) -> Self {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        Self {
            method: parts.method,
            host: host.unwrap_or_default().to_ascii_lowercase(),
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
        }
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds = Duration::try_from_secs_f64(text.parse().ok()?).ok()?;
    Some(seconds.min(LONGEST_HOLD))
}

/// Serves a connection until it ends.
pub(crate) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    application: Arc<impl Application>,
    connection: Connection,
) {
    let stream = Wire::new(stream, connection.garbage.clone());
    let connection = Arc::new(connection);
    let number = connection.number;
    let service = service_fn(move |request: Request<Incoming>| {
        let (application, connection) = (Arc::clone(&application), Arc::clone(&connection));
        async move {
            let (parts, body) = request.into_parts();
            let asked = Asked {
                head: Head::of(parts),
                body,
            };
            let reply = application.answer(asked, &connection).await;
            Ok::<_, Infallible>(reply.into_response())
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REST)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(connection.number = number, %error, "a connection of the lab broke");
    }
}
