//! The listener of plain HTTP: one request a connection, answered by `gateway::plain`, never forwarded.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use gateway::Publication;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::entrance::{Arrival, Entrance, Named};
use crate::metrics::{Closing, Metrics};
use crate::proxy::limits;

/// What a metric calls these listeners.
const KIND: &str = "plain";

/// What a connection is taken in with.
#[derive(Clone, Debug)]
pub(super) struct Inside {
    pub(super) balancers: Vec<IpNet>,
    pub(super) publication: Arc<Publication>,
}

/// Answers until told to stop or taken away.
pub(super) async fn serve(
    socket: TcpListener,
    (entrance, metrics): (Arc<Entrance>, Arc<Metrics>),
    mut current: watch::Receiver<Inside>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
            replaced = current.changed() => match replaced {
                Ok(()) => continue,
                // A reload took the listener away; what it began is finished.
                Err(_) => break,
            },
            Some(_) = connections.join_next() => continue,
        };
        let Ok(accepted) = accepted else {
            // The listeners of TLS say so in the log.
            tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            continue;
        };
        let Inside {
            balancers,
            publication,
        } = current.borrow().clone();
        if let Some(arrival) = entrance.admit(accepted, KIND, &balancers) {
            connections.spawn(connection(arrival, metrics.opened(KIND), publication));
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

async fn connection(arrival: Arrival, _open: Closing, publication: Arc<Publication>) {
    let Some(Named {
        stream,
        place: _place,
        ..
    }) = arrival.named().await
    else {
        return;
    };
    let service = service_fn(move |request: Request<Incoming>| {
        let (head, _) = request.into_parts();
        let reply = gateway::plain::answer(&publication, &head);
        let mut response = Response::new(Full::new(Bytes::clone(&reply.body)));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        async move { Ok::<_, Infallible>(response) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::HEAD)
        .keep_alive(false)
        .max_headers(limits::MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(limits::HEAD, served).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!("a plain connection ended: {error}"),
    }
}
