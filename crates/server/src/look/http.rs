//! One GET on a connection, and as much of the answer as a doctor reads.

use std::time::Duration;

use bytes::Bytes;
use gateway::headers::ACTIVITY;
use http::header::{self, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{within, words};
use crate::doctor::wire::Answer;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest head, and as much of a body as is read.
const HEAD_BYTES: usize = 64 * 1024;
const BODY_BYTES: usize = 1024 * 1024;

/// What is asked for.
pub(super) struct Get<'a> {
    /// The path.
    pub(super) path: &'a str,
    /// The Host.
    pub(super) host: HeaderValue,
    /// Who asks, where it is not nobody.
    pub(super) authorization: Option<HeaderValue>,
}

/// What was answered.
pub(super) struct Got {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    /// Nothing where it is larger than anybody reads, or breaks off.
    pub(super) body: Option<Bytes>,
}

/// Asks, and waits for the answer in bounded time.
///
/// # Errors
///
/// There is none.
pub(super) async fn get<T>(transport: T, get: Get<'_>) -> Result<Got, String>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    within(PATIENCE, answered(transport, get)).await
}

async fn answered<T>(transport: T, get: Get<'_>) -> Result<Got, String>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let handshake = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .handshake(TokioIo::new(transport));
    let (mut sender, connection) = handshake.await.map_err(|error| words(&error))?;
    let mut request = Request::builder()
        .method(Method::GET)
        .uri(get.path)
        .header(header::HOST, get.host)
        .header(header::USER_AGENT, "wicketgate-doctor")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| words(&error))?;
    if let Some(mut authorization) = get.authorization {
        authorization.set_sensitive(true);
        request
            .headers_mut()
            .insert(header::AUTHORIZATION, authorization);
    }
    // It ends with the answer, or with this look's time.
    let mut connections = tokio::task::JoinSet::new();
    connections.spawn(connection);
    let answer = sender.send_request(request).await;
    let (head, body) = answer.map_err(|error| words(&error))?.into_parts();
    let body = Limited::new(body, BODY_BYTES).collect().await;
    Ok(Got {
        status: head.status.as_u16(),
        headers: head.headers,
        body: body.ok().map(http_body_util::Collected::to_bytes),
    })
}

impl Got {
    /// As an answer to nobody; metadata are read where they are expected.
    pub(super) fn answer(&self, ports: Option<Vec<String>>) -> Answer {
        Answer {
            status: self.status,
            offers: self.offers(),
            is_gate: self.headers.contains_key(ACTIVITY),
            ports,
        }
    }

    /// The values of a header that are text.
    pub(super) fn texts(&self, name: HeaderName) -> impl Iterator<Item = &str> {
        let values = self.headers.get_all(name).into_iter();
        values.filter_map(|it| it.to_str().ok())
    }

    fn offers(&self) -> Vec<String> {
        let offers = self.texts(header::WWW_AUTHENTICATE);
        let scheme = |it: &str| it.split(' ').next().unwrap_or_default().to_owned();
        offers.map(scheme).collect()
    }
}
