//! The proxy: one conversation for each client's connection, and the bytes that it lets through.
//!
//! It reads, writes and waits; what may pass is [`gateway::Conversation`]'s word alone. Start at
//! [`Proxy::serve`].

mod body;
mod exchange;
mod framing;
mod junk;
pub(crate) mod limits;
mod upstream;
mod wire;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gateway::ports::Verifier;
use gateway::{Conversation, Peer, Publication};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::config::Settings;
use crate::live::{Live, Seen};
use crate::metrics::Metrics;
use crate::outbound::assertion::{Signer, SignerError};
use crate::outbound::farm::Farm;
use crate::outbound::tls::TlsError;
use body::Passing;
use exchange::Connection;
pub(crate) use upstream::UpstreamError;
use wire::{Watch, Wire};

/// Why the proxy cannot be set up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    /// A farm's TLS is not usable.
    #[error("the farm `{farm}`: {source}")]
    Farm {
        /// Its name.
        farm: String,
        /// Why.
        source: TlsError,
    },
    /// The key of onward assertions is not usable.
    #[error(transparent)]
    Signer(#[from] SignerError),
}

/// What every connection shares; none of it is about a user.
pub(crate) struct Proxy {
    publication: Arc<Publication>,
    farms: BTreeMap<String, Farm>,
    signer: Option<Signer>,
    junk: junk::Junk,
    verifier: Arc<dyn Verifier>,
    live: Arc<Live>,
    rules: u64,
    pub(crate) metrics: Arc<Metrics>,
}

impl Proxy {
    /// Sets it up; authorities and keys are read here.
    ///
    /// # Errors
    ///
    /// One of them is not usable.
    pub(crate) fn new(
        settings: &Settings,
        verifier: Arc<dyn Verifier>,
        live: Arc<Live>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ProxyError> {
        Ok(Self {
            publication: Arc::clone(&settings.publication),
            farms: farms(settings)?,
            signer: settings.onward.as_ref().map(Signer::new).transpose()?,
            junk: junk::Junk::default(),
            verifier,
            rules: live.number_rules(),
            live,
            metrics,
        })
    }

    /// Reads what [`Proxy::new`] reads, and keeps nothing.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn check(settings: &Settings) -> Result<(), ProxyError> {
        farms(settings)?;
        settings.onward.as_ref().map(Signer::new).transpose()?;
        Ok(())
    }

    /// Serves one client's connection to its end, or until `stop` says so or it grows too old;
    /// then only what is under way is finished.
    ///
    /// What an idle connection holds is small: an `async fn` would keep a second place for the
    /// stream, and hyper one for the whole work on a request, so both are boxed.
    pub(crate) fn serve<S>(
        self: Arc<Self>,
        stream: S,
        peer: Peer,
        mut stop: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let watch = Watch::default();
        let io = TokioIo::new(Wire::new(stream, watch.clone()));
        let seen = Seen::default();
        let mut told = self.live.listen();
        let seat = Arc::new(Seat::new(&self, peer, seen.clone()));
        let service = service_fn(move |request: Request<Incoming>| {
            let judgement = watch.judgement();
            let seat = Arc::clone(&seat);
            Box::pin(async move { Ok::<_, Infallible>(seat.serve(request, judgement).await) })
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::IDLE)
            .max_buf_size(limits::BUFFER_BYTES)
            .max_headers(limits::MAX_HEADERS)
            .serve_connection(io, service);
        let mut connection = Box::pin(connection);
        async move {
            tokio::select! {
                ended = &mut connection => {
                    if let Err(error) = ended {
                        tracing::debug!(error = %shown(&error), "a connection ended");
                    }
                    return;
                }
                () = seen.revoked(&mut told) => {
                    tracing::info!("a connection was ended: what it rested on is revoked");
                    return;
                }
                _ = stop.wait_for(|stop| *stop) => {}
                () = tokio::time::sleep(limits::MAX_AGE) => {}
            }
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                _ = &mut connection => {}
                () = seen.revoked(&mut told) => {
                    tracing::info!("a connection was ended: what it rested on is revoked");
                }
                () = tokio::time::sleep(limits::DRAIN_ON_STOP) => {
                    tracing::debug!("a connection was cut with a request under way");
                }
            }
        }
    }
}

fn farms(settings: &Settings) -> Result<BTreeMap<String, Farm>, ProxyError> {
    let farm = |(name, farm): (&String, &crate::config::settings::Farm)| match Farm::new(farm) {
        Ok(farm) => Ok((name.clone(), farm)),
        Err(source) => Err(ProxyError::Farm {
            farm: name.clone(),
            source,
        }),
    };
    settings.farms.iter().map(farm).collect()
}

/// Where a connection's state sits while no request is served; a request takes it with it, so that
/// no lock is held while it waits.
struct Seat(Mutex<Option<Box<Connection>>>);

impl Seat {
    fn new(proxy: &Arc<Proxy>, peer: Peer, seen: Seen) -> Self {
        let client = peer.address;
        let conversation = Conversation::new(Arc::clone(&proxy.publication), peer);
        let connection = Connection::new(Arc::clone(proxy), conversation, seen, client);
        Self(Mutex::new(Some(Box::new(connection))))
    }

    async fn serve(
        &self,
        request: Request<Incoming>,
        judgement: Result<(), framing::FramingDoubt>,
    ) -> Response<Passing> {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut connection) = taken else {
            // HTTP/1.1 has one request at a time; where it had not, nobody knows whose it is.
            return exchange::out_of_turn();
        };
        let answer = connection.serve(request, judgement).await;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        answer
    }
}

/// An error with its causes, for the log.
fn shown(error: &dyn std::error::Error) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        write!(f, "{error}")?;
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    })
}
