//! Standing the world up: its servers on loopback, one set of people, one list of requests.

mod doors;
mod parts;
mod pool;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::passive::{Passive, StsMetadata};
use crate::requests::{Requests, Seen, Server};
use crate::serve::accept::{Door, accept, accept_while_up, bind};
use crate::serve::list::RequestList;
use crate::serve::switches::Switches;
use crate::settings::{LabError, MetadataHost, WorldSettings};
use crate::ticket::Mint;
use doors::{Numbers, Plain, Secure, Sip};
use parts::Parts;
use pool::member_ids;

pub(crate) use pool::Homes;
pub use pool::{Member, Pool, StartedPool};

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
    members: usize,
    passive: Option<StsMetadata>,
    pools: Vec<Pool>,
    exchange_host: String,
    exchange_members: usize,
}

impl World {
    /// The world of these settings: one pool of one front end, one Exchange.
    #[must_use]
    pub fn new(settings: WorldSettings) -> Self {
        let (_, network) = settings
            .internal_host
            .split_once('.')
            .unwrap_or(("", &settings.domain));
        Self {
            exchange_host: format!("exch01.{network}"),
            exchange_members: 1,
            metadata: MetadataHost::Internal,
            members: 1,
            passive: None,
            pools: Vec::new(),
            settings,
        }
    }

    /// Chooses the name under which the front end writes itself into its metadata.
    #[must_use]
    pub fn with_metadata_host(mut self, host: MetadataHost) -> Self {
        self.metadata = host;
        self
    }

    /// Gives the first pool so many front ends.
    #[must_use]
    pub fn with_members(mut self, members: usize) -> Self {
        self.members = members.max(1);
        self
    }

    /// Puts the first pool into passive mode, with whom it trusts.
    #[must_use]
    pub fn with_passive(mut self, metadata: StsMetadata) -> Self {
        self.passive = Some(metadata);
        self
    }

    /// Adds a pool, or a Director, which is a pool that is home to nobody.
    #[must_use]
    pub fn with_pool(mut self, pool: Pool) -> Self {
        self.pools.push(pool);
        self
    }

    /// Chooses the Exchange's own name, and how many servers it has.
    #[must_use]
    pub fn with_exchange(mut self, host: impl Into<String>, members: usize) -> Self {
        self.exchange_host = host.into();
        self.exchange_members = members.max(1);
        self
    }

    /// Starts the servers on free ports of loopback.
    ///
    /// # Errors
    ///
    /// A setting is wrong, or a port cannot be had.
    pub async fn start(self) -> Result<Started, LabError> {
        let pools = self.all_pools();
        let parts = Parts::new(&self, &pools)?;
        let sip = match bind(Server::Sip, self.settings.sip_port).await {
            Ok(listener) => listener,
            Err(_) => bind(Server::Sip, 0).await?,
        };
        let sip_address = address(&sip, Server::Sip)?;
        let mut running = Running::default();
        let mut started = Vec::new();
        let mut mints = Vec::new();
        for (number, pool) in pools.iter().enumerate() {
            let mint = Arc::new(Mint::new(&pool.internal_host, &pool.web_host)?);
            let passive = pool.passive.clone().map(|it| Arc::new(Passive::new(it)));
            let shared = (&mint, &passive);
            let mut members = Vec::new();
            for id in member_ids(&pool.internal_host, pool.members) {
                let front_end = parts.front_end((number, pool), &id, shared, sip_address.port());
                let door = Secure {
                    tls: parts.tls.clone(),
                    application: Arc::new(front_end),
                    numbers: Arc::clone(&running.numbers),
                };
                let listener = bind(Server::FrontEnd, 0).await?;
                members.push(running.member(id, Server::FrontEnd, listener, door)?);
            }
            mints.push((pool.internal_host.clone(), mint));
            started.push(StartedPool {
                internal_host: pool.internal_host.clone(),
                web_host: Some(pool.web_host.clone()),
                members,
            });
        }
        let exchanges = self.start_exchange(&parts, &mut running).await?;
        let door = Sip {
            tls: parts.tls.clone(),
            registrar: parts.registrar(),
            numbers: Arc::clone(&running.numbers),
        };
        running.spawn(Server::Sip.to_string(), sip, door);
        let list = RequestList {
            requests: Arc::clone(&parts.requests),
            provocation: Arc::clone(&parts.provocation),
            mints: mints.clone(),
            switches: Arc::clone(&running.switches),
        };
        let list = running.list(list).await?;
        let first = |pool: Option<&StartedPool>| {
            let member = pool.and_then(|pool| pool.members.first());
            member.map(|member| member.address)
        };
        Ok(Started {
            front_end: first(started.first()).ok_or(LabError::NoMember)?,
            exchange: first(Some(&exchanges)).ok_or(LabError::NoMember)?,
            sip: sip_address,
            requests_url: format!("http://{list}/requests"),
            pools: started,
            exchanges,
            requests: parts.requests,
            mints,
            running,
        })
    }

    async fn start_exchange(
        &self,
        parts: &Parts,
        running: &mut Running,
    ) -> Result<StartedPool, LabError> {
        let mut members = Vec::new();
        for id in member_ids(&self.exchange_host, self.exchange_members) {
            let door = Secure {
                tls: parts.tls.clone(),
                application: Arc::new(parts.exchange(&id)),
                numbers: Arc::clone(&running.numbers),
            };
            let listener = bind(Server::Exchange, 0).await?;
            members.push(running.member(id, Server::Exchange, listener, door)?);
        }
        Ok(StartedPool {
            internal_host: self.exchange_host.clone(),
            web_host: None,
            members,
        })
    }

    fn all_pools(&self) -> Vec<Pool> {
        let first = Pool {
            internal_host: self.settings.internal_host.clone(),
            web_host: self.settings.lync_web_host.clone(),
            members: self.members,
            people: Vec::new(),
            passive: self.passive.clone(),
        };
        [&[first], self.pools.as_slice()].concat()
    }
}

/// A world that runs until it is stopped or dropped.
#[derive(Debug)]
pub struct Started {
    /// Where the first front end of the first pool listens (HTTPS).
    pub front_end: SocketAddr,
    /// Where the first server of the Exchange listens (HTTPS).
    pub exchange: SocketAddr,
    /// Where the SIP registrar listens (TLS).
    pub sip: SocketAddr,
    /// Where the list of requests is to be had (HTTP).
    pub requests_url: String,
    /// Every pool, the first one first.
    pub pools: Vec<StartedPool>,
    /// The servers of the Exchange.
    pub exchanges: StartedPool,
    requests: Arc<Requests>,
    mints: Vec<(String, Arc<Mint>)>,
    running: Running,
}

impl Started {
    /// Every request that the servers have seen, the oldest first.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.requests.all()
    }

    /// The public key of the first pool's SAML tickets (SubjectPublicKeyInfo, DER).
    #[must_use]
    pub fn ticket_key(&self) -> &[u8] {
        self.mints
            .first()
            .map_or(&[], |(_, mint)| mint.public_key())
    }

    /// Stops one member for good, ends its connections and gives up its port; whether there was one.
    pub async fn kill(&mut self, id: &str) -> bool {
        let servers = &mut self.running.servers;
        let Some(place) = servers.iter().position(|server| server.id == id) else {
            return false;
        };
        self.running.switches.remove(id);
        servers.swap_remove(place).stop().await;
        true
    }

    /// Stops the servers and ends their connections.
    pub async fn stop(self) {
        self.running.switches.clear();
        for server in self.running.servers {
            server.stop().await;
        }
    }
}

/// The servers that run.
#[derive(Debug, Default)]
struct Running {
    numbers: Arc<Numbers>,
    servers: Vec<RunningServer>,
    switches: Arc<Switches>,
}

/// A server that runs until it is stopped or dropped.
#[derive(Debug)]
struct RunningServer {
    id: String,
    stop: Stop,
    task: JoinSet<()>,
}

/// How a server is stopped: a member's accepting ends when it is down and nobody can put it up again.
#[derive(Debug)]
enum Stop {
    Tell(watch::Sender<()>),
    SwitchOff(watch::Sender<bool>),
}

impl RunningServer {
    async fn stop(mut self) {
        match self.stop {
            Stop::Tell(stop) => stop.send_replace(()),
            Stop::SwitchOff(is_up) => {
                is_up.send_replace(false);
            }
        }
        while self.task.join_next().await.is_some() {}
    }
}

impl Running {
    fn spawn(&mut self, id: String, listener: TcpListener, door: impl Door) {
        let (stop, stopped) = watch::channel(());
        let mut task = JoinSet::new();
        task.spawn(accept(listener, stopped, Arc::new(door)));
        let stop = Stop::Tell(stop);
        self.servers.push(RunningServer { id, stop, task });
    }

    fn member(
        &mut self,
        id: String,
        server: Server,
        listener: TcpListener,
        door: impl Door,
    ) -> Result<Member, LabError> {
        let address = address(&listener, server)?;
        let (switch, is_up) = watch::channel(true);
        let mut task = JoinSet::new();
        task.spawn(accept_while_up(listener, is_up, Arc::new(door)));
        self.switches.add(&id, &switch);
        self.servers.push(RunningServer {
            id: id.clone(),
            stop: Stop::SwitchOff(switch),
            task,
        });
        Ok(Member { id, address })
    }

    async fn list(&mut self, list: RequestList) -> Result<SocketAddr, LabError> {
        let listener = bind(Server::Requests, 0).await?;
        let address = address(&listener, Server::Requests)?;
        let door = Plain {
            application: Arc::new(list),
            numbers: Arc::clone(&self.numbers),
        };
        self.spawn(Server::Requests.to_string(), listener, door);
        Ok(address)
    }
}

fn address(listener: &TcpListener, server: Server) -> Result<SocketAddr, LabError> {
    listener
        .local_addr()
        .map_err(|source| LabError::Bind { server, source })
}
