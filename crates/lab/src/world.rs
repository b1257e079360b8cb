//! Standing the world up: four servers on loopback, one set of people, one list of requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proto::ntlm::Target;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::exchange::Exchange;
use crate::front_end::{Addresses, FrontEnd};
use crate::identity::{Assertions, Logon, Reception};
use crate::people::People;
use crate::requests::{Requests, Seen, Server};
use crate::serve::accept::{Door, accept, bind, secured, tls};
use crate::serve::http::{self, Application, Connection};
use crate::serve::list::RequestList;
use crate::settings::{LabError, MetadataHost, WorldSettings};
use crate::sip::Registrar;
use crate::ticket::Mint;

/// The published port that no address needs to name.
const HTTPS_PORT: u16 = 443;

/// Starts the world as a real one is, its own names in its metadata.
///
/// # Errors
///
/// A setting is wrong, or a port cannot be had.
pub async fn start(settings: WorldSettings) -> Result<Started, LabError> {
    World::new(settings).start().await
}

/// What to stand up.
#[derive(Clone, Debug)]
pub struct World {
    settings: WorldSettings,
    metadata: MetadataHost,
}

impl World {
    /// The world of these settings.
    #[must_use]
    pub fn new(settings: WorldSettings) -> Self {
        Self {
            settings,
            metadata: MetadataHost::Internal,
        }
    }

    /// Chooses the name under which the front end writes itself into its metadata.
    #[must_use]
    pub fn with_metadata_host(mut self, host: MetadataHost) -> Self {
        self.metadata = host;
        self
    }

    /// Starts the servers on free ports of loopback.
    ///
    /// # Errors
    ///
    /// A setting is wrong, or a port cannot be had.
    pub async fn start(self) -> Result<Started, LabError> {
        let parts = Parts::new(self.settings, self.metadata)?;
        let sip_port = parts.settings.sip_port;
        let listeners = Listeners {
            front_end: bind(Server::FrontEnd, 0).await?,
            exchange: bind(Server::Exchange, 0).await?,
            sip: match bind(Server::Sip, sip_port).await {
                Ok(listener) => listener,
                Err(_) => bind(Server::Sip, 0).await?,
            },
            list: bind(Server::Requests, 0).await?,
        };
        Started::of(parts, listeners)
    }
}

/// A world that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Started {
    /// Where the front end listens (HTTPS).
    pub front_end: SocketAddr,
    /// Where the Exchange listens (HTTPS).
    pub exchange: SocketAddr,
    /// Where the SIP registrar listens (TLS).
    pub sip: SocketAddr,
    /// Where the list of requests is to be had (HTTP).
    pub requests_url: String,
    requests: Arc<Requests>,
    mint: Arc<Mint>,
    stop: watch::Sender<()>,
    servers: JoinSet<()>,
}

impl Started {
    /// Every request that the servers have seen, the oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.requests.all()
    }

    /// The public key of the front end's SAML tickets (SubjectPublicKeyInfo, DER).
    #[must_use]
    pub fn ticket_key(&self) -> &[u8] {
        self.mint.public_key()
    }

    /// Stops the servers and ends their connections.
    pub async fn stop(mut self) {
        self.stop.send_replace(());
        while self.servers.join_next().await.is_some() {}
    }

    fn of(parts: Parts, listeners: Listeners) -> Result<Self, LabError> {
        let [front_end, exchange, sip, list_address] = listeners.addresses()?;
        let (stop, stopped) = watch::channel(());
        let mut servers = JoinSet::new();
        let Parts {
            tls,
            requests,
            mint,
            ..
        } = &parts;
        let numbers = Arc::new(Numbers::default());
        let list = RequestList {
            requests: Arc::clone(requests),
            mint: Arc::clone(mint),
        };
        let list_door = Plain {
            application: Arc::new(list),
            numbers: Arc::clone(&numbers),
        };
        let sip_door = Sip {
            tls: tls.clone(),
            registrar: parts.registrar(),
            numbers: Arc::clone(&numbers),
        };
        let front_end_door = Secure {
            tls: tls.clone(),
            application: Arc::new(parts.front_end(sip.port())),
            numbers: Arc::clone(&numbers),
        };
        let exchange_door = Secure {
            tls: tls.clone(),
            application: Arc::new(parts.exchange()),
            numbers,
        };
        servers.spawn(accept(listeners.list, stopped.clone(), Arc::new(list_door)));
        servers.spawn(accept(listeners.sip, stopped.clone(), Arc::new(sip_door)));
        servers.spawn(accept(
            listeners.front_end,
            stopped.clone(),
            Arc::new(front_end_door),
        ));
        servers.spawn(accept(listeners.exchange, stopped, Arc::new(exchange_door)));
        Ok(Self {
            front_end,
            exchange,
            sip,
            requests_url: format!("http://{list_address}/requests"),
            requests: Arc::clone(requests),
            mint: Arc::clone(mint),
            stop,
            servers,
        })
    }
}

struct Listeners {
    front_end: TcpListener,
    exchange: TcpListener,
    sip: TcpListener,
    list: TcpListener,
}

impl Listeners {
    fn addresses(&self) -> Result<[SocketAddr; 4], LabError> {
        let address = |listener: &TcpListener, server| {
            listener
                .local_addr()
                .map_err(|source| LabError::Bind { server, source })
        };
        Ok([
            address(&self.front_end, Server::FrontEnd)?,
            address(&self.exchange, Server::Exchange)?,
            address(&self.sip, Server::Sip)?,
            address(&self.list, Server::Requests)?,
        ])
    }
}

/// HTTP over TLS.
struct Secure<App> {
    tls: TlsAcceptor,
    application: Arc<App>,
    numbers: Arc<Numbers>,
}

impl<App: Application> Door for Secure<App> {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if let Some(stream) = secured(&self.tls, stream).await {
            let connection = Connection::new(self.numbers.next());
            http::serve(stream, Arc::clone(&self.application), connection).await;
        }
    }
}

/// HTTP without TLS.
struct Plain<App> {
    application: Arc<App>,
    numbers: Arc<Numbers>,
}

impl<App: Application> Door for Plain<App> {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let connection = Connection::new(self.numbers.next());
        http::serve(stream, Arc::clone(&self.application), connection).await;
    }
}

/// SIP over TLS.
struct Sip {
    tls: TlsAcceptor,
    registrar: Registrar,
    numbers: Arc<Numbers>,
}

impl Door for Sip {
    async fn serve(self: Arc<Self>, stream: TcpStream) {
        if let Some(stream) = secured(&self.tls, stream).await {
            self.registrar.serve(stream, self.numbers.next()).await;
        }
    }
}

/// The numbers of connections, over all servers.
#[derive(Debug, Default)]
struct Numbers(AtomicU64);

impl Numbers {
    fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// What the servers share.
struct Parts {
    settings: WorldSettings,
    metadata: MetadataHost,
    people: Arc<People>,
    assertions: Arc<Assertions>,
    mint: Arc<Mint>,
    requests: Arc<Requests>,
    tls: TlsAcceptor,
}

impl Parts {
    fn new(settings: WorldSettings, metadata: MetadataHost) -> Result<Self, LabError> {
        Ok(Self {
            people: Arc::new(People::new(&settings)?),
            assertions: Arc::new(Assertions::new(&settings.assertion)?),
            mint: Arc::new(Mint::new(&settings)?),
            requests: Arc::default(),
            tls: tls(&settings.tls)?,
            settings,
            metadata,
        })
    }

    fn front_end(&self, sip_port: u16) -> FrontEnd {
        let settings = &self.settings;
        let port = match settings.external_https_port {
            HTTPS_PORT => String::new(),
            port => format!(":{port}"),
        };
        FrontEnd {
            reception: self.reception(
                Server::FrontEnd,
                &settings.assertion.front_end_audience,
                &settings.internal_host,
            ),
            mint: Arc::clone(&self.mint),
            addresses: Addresses {
                internal: format!("https://{}", settings.internal_host),
                external: format!("https://{}{port}", settings.lync_web_host),
                internal_host: settings.internal_host.clone(),
                sip_host: settings.sip_host.clone(),
                sip_port,
                metadata: self.metadata,
            },
        }
    }

    fn exchange(&self) -> Exchange {
        let host = format!("exchange.{}", self.settings.domain);
        let audience = &self.settings.assertion.exchange_audience;
        Exchange {
            reception: self.reception(Server::Exchange, audience, &host),
        }
    }

    fn registrar(&self) -> Registrar {
        Registrar {
            people: Arc::clone(&self.people),
            requests: Arc::clone(&self.requests),
        }
    }

    fn reception(&self, server: Server, audience: &str, host: &str) -> Reception {
        let (computer, _) = host.split_once('.').unwrap_or((host, ""));
        let target = Target {
            netbios_domain: self.settings.netbios.clone(),
            netbios_computer: computer.to_ascii_uppercase(),
            dns_domain: self.settings.domain.clone(),
            dns_computer: host.to_owned(),
        };
        Reception {
            server,
            audience: audience.to_owned(),
            host: host.to_owned(),
            assertions: Arc::clone(&self.assertions),
            logon: Logon {
                target,
                people: Arc::clone(&self.people),
            },
            requests: Arc::clone(&self.requests),
        }
    }
}
