//! The proxy: one conversation for each client's connection, and the bytes that it lets through.
//!
//! It reads, writes and waits; what may pass is [`gateway::Conversation`]'s word alone. Start at
//! [`Proxy::serve`].

mod access;
mod body;
mod exchange;
mod framing;
mod heads;
mod junk;
pub(crate) mod limits;
mod lines;
mod onward;
mod pages;
mod passes;
mod streams;
mod traffic;
mod tunnel;
mod unread;
mod upstream;
mod vain;
mod wire;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use gateway::ports::{Delegation, Verifier};
use gateway::{Conversation, Peer, Publication};
use http::StatusCode;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{broadcast, watch};

pub(crate) use pages::Pages;

use crate::config::Settings;
use crate::live::{Live, Seen, Told};
use crate::metrics::Metrics;
use crate::outbound::assertion::{Signer, SignerError};
use crate::outbound::farm::Farm;
use crate::outbound::members::Members;
use crate::outbound::tls::TlsError;
use body::Passing;
use exchange::Connection;
use tunnel::Tunnel;
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
    farms: BTreeMap<String, Arc<Farm>>,
    signer: Option<Signer>,
    delegation: Option<Arc<dyn Delegation>>,
    junk: junk::Junk,
    passes: passes::Passes,
    unread: unread::Unread,
    vain: vain::Vain,
    verifier: Arc<dyn Verifier>,
    live: Arc<Live>,
    rules: u64,
    pages: Option<Pages>,
    api: Option<Arc<web::api::Api>>,
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
        (live, members): (Arc<Live>, &Members),
        delegation: Option<Arc<dyn Delegation>>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, ProxyError> {
        Ok(Self {
            publication: Arc::clone(&settings.publication),
            farms: farms(settings, members)?,
            signer: settings.onward.as_ref().map(Signer::new).transpose()?,
            delegation,
            junk: junk::Junk::default(),
            passes: passes::Passes::default(),
            unread: unread::Unread::default(),
            vain: vain::Vain::default(),
            verifier,
            rules: live.number_rules(),
            pages: None,
            api: None,
            live,
            metrics,
        })
    }

    /// The same with pages of ours.
    pub(crate) fn with_pages(self, pages: Option<Pages>) -> Self {
        Self { pages, ..self }
    }

    /// The same with an API.
    pub(crate) fn with_api(self, api: Option<Arc<web::api::Api>>) -> Self {
        Self { api, ..self }
    }

    /// Reads what [`Proxy::new`] reads, and keeps nothing.
    ///
    /// # Errors
    ///
    /// The same.
    pub(crate) fn check(settings: &Settings) -> Result<(), ProxyError> {
        for (name, farm) in &settings.farms {
            Farm::check(farm).map_err(|source| unusable(name, source))?;
        }
        settings.onward.as_ref().map(Signer::new).transpose()?;
        Ok(())
    }

    /// The farms that requests go to.
    pub(crate) fn farms(&self) -> impl Iterator<Item = &Arc<Farm>> {
        self.farms.values()
    }

    /// Whether a connection that asked for a name may carry several requests at once.
    pub(crate) fn may_multiplex(&self, name: Option<&str>) -> bool {
        self.publication.may_multiplex(name)
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
        let given_over = Arc::clone(&seat);
        let service = service_fn(move |request: Request<Incoming>| {
            let (watch, seat) = (watch.clone(), Arc::clone(&seat));
            Box::pin(async move { Ok::<_, Infallible>(seat.serve(request, &watch).await) })
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits::IDLE)
            .max_buf_size(limits::BUFFER_BYTES)
            .max_headers(limits::MAX_HEADERS)
            .serve_connection(io, service)
            .with_upgrades();
        let mut connection = Box::pin(connection);
        async move {
            let ended_by = {
                let ending = ending(&seen, &mut told, &mut stop);
                tokio::pin!(ending);
                tokio::select! {
                    ended = &mut connection => {
                        if let Err(error) = ended {
                            tracing::debug!(error = %shown(&error), "a connection ended");
                            return;
                        }
                        let Some(tunnel) = given_over.tunnel() else { return };
                        // Nothing is known of what is under way in it, so that nothing can be drained.
                        tokio::select! {
                            () = Box::pin(tunnel.run()) => {}
                            _ = &mut ending => {}
                        }
                        return;
                    }
                    ending = &mut ending => ending,
                }
            };
            if matches!(ended_by, Ending::AtOnce) {
                return;
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

fn farms(
    settings: &Settings,
    members: &Members,
) -> Result<BTreeMap<String, Arc<Farm>>, ProxyError> {
    let farm = |(name, farm): (&String, &crate::config::settings::Farm)| {
        let farm = Farm::new(name, farm, members);
        let farm = farm.map_err(|source| unusable(name, source))?;
        Ok((name.clone(), Arc::new(farm)))
    };
    settings.farms.iter().map(farm).collect()
}

fn unusable(farm: &str, source: TlsError) -> ProxyError {
    ProxyError::Farm {
        farm: farm.to_owned(),
        source,
    }
}

/// How a connection is ended from here.
enum Ending {
    /// Whatever is under way.
    AtOnce,
    /// After what is under way.
    Drained,
}

/// Waits until a connection is to end.
async fn ending(
    seen: &Seen,
    told: &mut broadcast::Receiver<Told>,
    stop: &mut watch::Receiver<bool>,
) -> Ending {
    tokio::select! {
        () = seen.revoked(told) => {
            tracing::info!("a connection was ended: what it rested on is revoked");
            Ending::AtOnce
        }
        _ = stop.wait_for(|stop| *stop) => Ending::Drained,
        () = tokio::time::sleep(limits::MAX_AGE) => Ending::Drained,
    }
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

    async fn serve(&self, request: Request<Incoming>, watch: &Watch) -> Response<Passing> {
        let judgement = watch.judgement();
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut connection) = taken else {
            // HTTP/1.1 has one request at a time; where it had not, nobody knows whose it is.
            return heads::out_of_turn();
        };
        let answer = connection.serve(request, judgement).await;
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            watch.give_over();
        }
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection);
        answer
    }

    /// What the connection was given over to, if to anything.
    fn tunnel(&self) -> Option<Tunnel> {
        let mut seat = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seat.as_mut()?.tunnel()
    }
}

/// An error with its causes, for the log.
pub(crate) fn shown(error: &dyn std::error::Error) -> impl fmt::Display + '_ {
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
