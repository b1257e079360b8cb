//! Listeners: TCP and TLS, up to the point where a connection has a peer and a zone.
//!
//! HTTP/2 is agreed on for hosts only where nothing is proved by NTLM, which belongs to a connection
//! (T-CONN-4). Start at [`bind`].

pub(crate) mod certificates;
mod entrance;
mod fingerprint;
mod open;
mod places;
mod plain;
mod room;

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use authn::place::{TlsFingerprint, Zone};
use gateway::{Peer, Publication};
use ipnet::IpNet;
use jiff::Timestamp;
use proto::channel_binding::Demand;
use rustls::ServerConfig;
use rustls::server::{Acceptor, ResolvesServerCert};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::Settings;
use crate::config::settings::{LegacyTls, Listener, Plain};
use crate::legacy::{self, LegacyError};
use crate::metrics::Handshake;
use crate::pace::Pace;
use crate::proxy::{Proxy, limits};
use crate::vanished;
use certificates::CertificateError;
pub(crate) use certificates::Certificates;
use entrance::{Arrival, Entrance, Named};
use open::Inside;
pub(crate) use open::Open;
use room::Room;

/// Why the gate cannot listen.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ListenError {
    /// A certificate or key is not usable.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// No certificate names a published host, so that nobody can reach it by its name.
    #[error(
        "{place}: no certificate of any [[listener]] names `{host}`; add one, or do not publish it"
    )]
    Uncovered {
        /// Where the configuration publishes it.
        place: crate::config::settings::Place,
        /// The host.
        host: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// TLS of old phones cannot be set up.
    #[error("{place}: {source}")]
    Legacy {
        /// Where the configuration asks for it.
        place: crate::config::settings::Place,
        /// Why.
        source: LegacyError,
    },
    /// The address cannot be listened at.
    #[error("{address} cannot be listened at: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
}

/// Listeners that are bound and do not accept yet.
#[derive(Debug)]
pub(crate) struct Bound {
    listening: Vec<Listening>,
    plain: Vec<(Plain, StdListener)>,
    publication: Arc<Publication>,
    room: Room,
}

#[derive(Debug)]
struct Listening {
    socket: StdListener,
    address: SocketAddr,
    door: Door,
}

/// What a metric calls these listeners.
const KIND: &str = "tls";
/// HTTP/1.1, as ALPN names it.
const HTTP_1: &[u8] = b"http/1.1";
/// HTTP/2, as ALPN names it.
const HTTP_2: &[u8] = b"h2";

/// What a listener needs to know to take a connection in.
#[derive(Clone)]
struct Door {
    settings: Arc<Listener>,
    certificates: Arc<Certificates>,
    spoken: Spoken,
}

/// The TLS that a listener speaks.
#[derive(Clone)]
enum Spoken {
    Modern {
        /// Where a connection has one request at a time.
        single: Arc<ServerConfig>,
        /// Where it may have several.
        multiplexed: Arc<ServerConfig>,
    },
    Legacy(legacy::Acceptor),
}

impl std::fmt::Debug for Door {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Door")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// Reads what [`bind`] reads, and binds nothing.
///
/// # Errors
///
/// A certificate or key is not usable, or a published host has no certificate.
pub(crate) fn check(settings: &Settings) -> Result<(), ListenError> {
    doors(settings).map(drop)
}

/// Loads the certificates and binds every listener; sockets that are held for it are taken.
///
/// # Errors
///
/// As of [`check`], or an address is taken.
pub(crate) fn bind(settings: &Settings, mut held: Vec<StdListener>) -> Result<Bound, ListenError> {
    let mut listening = Vec::new();
    for door in doors(settings)? {
        listening.push(Listening::new(door, &mut held)?);
    }
    let plain = settings.plain.iter();
    Ok(Bound {
        listening,
        plain: plain
            .map(|plain| Ok((plain.clone(), socket(plain.address, &mut held)?)))
            .collect::<Result<_, ListenError>>()?,
        publication: Arc::clone(&settings.publication),
        room: Room::make(),
    })
}

/// The socket that is held for an address, or one that is bound to it.
fn socket(address: SocketAddr, held: &mut Vec<StdListener>) -> Result<StdListener, ListenError> {
    let is_it = |socket: &StdListener| socket.local_addr().is_ok_and(|own| own == address);
    let unusable = |source| ListenError::Bind { address, source };
    let socket = match held.iter().position(is_it) {
        Some(at) => held.swap_remove(at),
        None => StdListener::bind(address).map_err(unusable)?,
    };
    socket.set_nonblocking(true).map_err(unusable)?;
    Ok(socket)
}

fn doors(settings: &Settings) -> Result<Vec<Door>, ListenError> {
    let now = crate::clock::now();
    let doors: Vec<Door> = settings
        .listeners
        .iter()
        .filter(|listener| !is_over(listener, now))
        .map(Door::new)
        .collect::<Result<_, _>>()?;
    // A listener that will be over shall leave nobody without a certificate.
    let lasting = |door: &&Door| door.settings.legacy_tls.is_none();
    for (host, place) in &settings.published {
        let mut lasting = doors.iter().filter(lasting);
        if !lasting.any(|door| door.certificates.cover(host)) {
            return Err(ListenError::Uncovered {
                place: place.clone(),
                host: host.clone(),
            });
        }
    }
    Ok(doors)
}

impl Bound {
    /// The addresses that clients can reach by TLS, ports that were chosen by the system included.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let addresses = self.listening.iter();
        addresses.map(|listening| listening.address).collect()
    }

    /// Those of plain HTTP.
    pub(crate) fn plain_addresses(&self) -> Vec<SocketAddr> {
        let plain = self.plain.iter();
        plain
            .map(|(plain, socket)| socket.local_addr().unwrap_or(plain.address))
            .collect()
    }

    /// Begins to accept.
    ///
    /// # Errors
    ///
    /// A bound socket cannot be used.
    pub(crate) fn open(self, proxy: &Arc<Proxy>) -> Result<Open, ListenError> {
        Open::begin(self, proxy)
    }
}

impl Listening {
    fn new(door: Door, held: &mut Vec<StdListener>) -> Result<Self, ListenError> {
        let address = door.settings.address;
        let socket = socket(address, held)?;
        let bound = socket.local_addr();
        let address = bound.map_err(|source| ListenError::Bind { address, source })?;
        Ok(Self {
            socket,
            address,
            door,
        })
    }
}

/// Accepts until told to stop or taken away, then waits for the connections.
async fn accept(
    socket: TcpListener,
    entrance: Arc<Entrance>,
    mut current: watch::Receiver<Inside>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut refused = Pace::new(limits::ACCEPT_LOG);
    let mut over = Pace::new(limits::ACCEPT_LOG);
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
            replaced = current.changed() => match replaced {
                Ok(()) => continue,
                // A reload took the listener away.
                Err(_) => break,
            },
            Some(_) = connections.join_next() => continue,
        };
        let accepted = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if let Some(times) = refused.count(tokio::time::Instant::now()) {
                    tracing::warn!(times, "connections cannot be accepted: {error}");
                }
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Inside { door, proxy } = current.borrow().clone();
        if is_over(&door.settings, crate::clock::now()) {
            proxy.metrics.refused_connection(KIND);
            if let Some(times) = over.count(tokio::time::Instant::now()) {
                let address = door.settings.address;
                tracing::warn!(times, %address, "the last day of `legacy_tls` is over: nobody is let in");
            }
            continue;
        }
        if let Some(arrival) = entrance.admit(accepted, KIND, &door.settings.balancers) {
            connections.spawn(door.connection(arrival, proxy, stop.clone()));
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

impl Door {
    fn new(listener: &Listener) -> Result<Self, ListenError> {
        let certificates = Arc::new(Certificates::load(&listener.certificates)?);
        let spoken = match &listener.legacy_tls {
            None => Spoken::Modern {
                single: tls(&certificates, &[HTTP_1])?,
                multiplexed: tls(&certificates, &[HTTP_2, HTTP_1])?,
            },
            Some(LegacyTls { place, .. }) => {
                let acceptor = legacy::Acceptor::new(&certificates.shown());
                Spoken::Legacy(acceptor.map_err(|source| ListenError::Legacy {
                    place: place.clone(),
                    source,
                })?)
            }
        };
        Ok(Self {
            settings: Arc::new(listener.clone()),
            spoken,
            certificates,
        })
    }

    /// Takes one connection from its first byte to its end.
    async fn connection(
        self,
        arrival: Arrival,
        proxy: Arc<Proxy>,
        mut stop: watch::Receiver<bool>,
    ) {
        let _open = proxy.metrics.opened(KIND);
        let named = tokio::select! {
            named = arrival.named() => named,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        let Some(Named {
            stream,
            address,
            place,
        }) = named
        else {
            return;
        };
        let set = stream.set_nodelay(true);
        if let Err(error) = set.and_then(|()| vanished::noticed_of_client(&stream)) {
            tracing::debug!(%address, "a connection ended at once: {error}");
            return;
        }
        let (single, multiplexed) = match &self.spoken {
            Spoken::Modern {
                single,
                multiplexed,
            } => (single, multiplexed),
            Spoken::Legacy(acceptor) => {
                let shaking = Box::pin(agreed(acceptor.accept(stream), address, &proxy, &mut stop));
                let Some((stream, name)) = shaking.await else {
                    return;
                };
                let peer = self.peer((address, None), name);
                return Box::pin(Arc::clone(&proxy).serve(stream, peer, stop)).await;
            }
        };
        let shaking = accept_modern(stream, (single, multiplexed), &proxy);
        let shaken = Box::pin(agreed(shaking, address, &proxy, &mut stop)).await;
        let Some((stream, offered)) = shaken else {
            return;
        };
        let tls = stream.get_ref().1;
        let server_name = tls.server_name().map(str::to_ascii_lowercase);
        let peer = self.peer((address, Some(offered)), server_name);
        if stream.get_ref().1.alpn_protocol() != Some(HTTP_2) {
            return Arc::clone(&proxy).serve(stream, peer, stop).await;
        }
        let Some(_more) = place.more(limits::STREAMS_PLACES) else {
            proxy.metrics.refused_connection(KIND);
            tracing::debug!(%address, "there is no place for a connection of many requests");
            return;
        };
        Box::pin(Arc::clone(&proxy).serve_streams(stream, peer, stop)).await;
    }

    /// SECURITY: where bindings are off, something ends TLS in front of the listener, and what it offers says nothing of its
    /// clients.
    fn peer(
        &self,
        (address, offered): (IpAddr, Option<TlsFingerprint>),
        server_name: Option<String>,
    ) -> Peer {
        let is_its_own = self.settings.channel_binding != Demand::Off;
        Peer {
            address,
            tls: offered.filter(|_| is_its_own),
            zone: zone(&self.settings, address),
            end_points: self.certificates.end_points(server_name.as_deref()),
            channel_binding: self.settings.channel_binding,
            mic: self.settings.mic,
            server_name,
        }
    }
}

/// Waits until TLS is agreed on, but not for too long.
async fn agreed<T>(
    shaking: impl Future<Output = io::Result<T>>,
    address: IpAddr,
    proxy: &Proxy,
    stop: &mut watch::Receiver<bool>,
) -> Option<T> {
    let shaken = tokio::select! {
        shaken = timeout(limits::HANDSHAKE, shaking) => shaken,
        _ = stop.wait_for(|stop| *stop) => return None,
    };
    match shaken {
        Ok(Ok(agreed)) => Some(agreed),
        Ok(Err(error)) => {
            proxy.metrics.handshake_failed(Handshake::Failed);
            tracing::debug!(%address, "no TLS was agreed on: {error}");
            None
        }
        Err(_) => {
            proxy.metrics.handshake_failed(Handshake::Slow);
            tracing::debug!(%address, "the TLS handshake took too long");
            None
        }
    }
}

/// Reads the client's hello first: what it may be offered depends on the name it asks for.
async fn accept_modern(
    stream: TcpStream,
    (single, multiplexed): (&Arc<ServerConfig>, &Arc<ServerConfig>),
    proxy: &Proxy,
) -> io::Result<(TlsStream<TcpStream>, TlsFingerprint)> {
    let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let hello = begun.client_hello();
    let offered = fingerprint::of(&hello);
    let name = hello.server_name().map(str::to_ascii_lowercase);
    let tls = match proxy.may_multiplex(name.as_deref()) {
        true => multiplexed,
        false => single,
    };
    let stream = begun.into_stream(Arc::clone(tls)).await?;
    Ok((stream, offered))
}

/// Whether it speaks TLS of old phones and its last day is over.
fn is_over(listener: &Listener, now: Timestamp) -> bool {
    let legacy = listener.legacy_tls.as_ref();
    legacy.is_some_and(|legacy| legacy.is_over(now))
}

/// Internal is this listener and a network of its list together; all else is external.
///
/// SECURITY: a balancer itself is never internal, whether it is its own client or another names it.
pub(crate) fn zone(listener: &Listener, address: IpAddr) -> Zone {
    let is_in = |networks: &[IpNet]| networks.iter().any(|it| it.contains(&address));
    match &listener.internal_zone {
        Some((zone, networks)) if is_in(networks) && !is_in(&listener.balancers) => zone.clone(),
        Some(_) | None => Zone::EXTERNAL,
    }
}

/// How TLS is spoken where these protocols are offered, the first of them first.
fn tls(
    certificates: &Arc<Certificates>,
    protocols: &[&[u8]],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let resolver: Arc<dyn ResolvesServerCert> = Arc::<Certificates>::clone(certificates);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut tls = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(resolver);
    tls.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(tls))
}

#[cfg(test)]
mod tests;
