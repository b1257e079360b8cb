//! What the servers share, and how each of them is put together from it.

use std::sync::Arc;

use proto::ntlm::Target;
use tokio_rustls::TlsAcceptor;

use super::World;
use super::pool::{Homes, Pool};
use crate::exchange::Exchange;
use crate::front_end::{Addresses, FrontEnd};
use crate::identity::{Assertions, Logon, Reception};
use crate::passive::Passive;
use crate::people::People;
use crate::provocation::Provocation;
use crate::requests::{Requests, Server};
use crate::serve::accept::tls;
use crate::settings::{LabError, MetadataHost, WorldSettings};
use crate::sip::Registrar;
use crate::ticket::Mint;

/// What the servers share.
pub(super) struct Parts {
    pub(super) settings: WorldSettings,
    pub(super) tls: TlsAcceptor,
    pub(super) requests: Arc<Requests>,
    pub(super) provocation: Arc<Provocation>,
    metadata: MetadataHost,
    exchange_host: String,
    people: Arc<People>,
    assertions: Arc<Assertions>,
    homes: Arc<Homes>,
}

impl Parts {
    /// Takes a world apart; its pools are put together one by one.
    pub(super) fn new(world: &World, pools: &[Pool]) -> Result<Self, LabError> {
        let settings = world.settings.clone();
        Ok(Self {
            people: Arc::new(People::new(&settings)?),
            assertions: Arc::new(Assertions::new(&settings.assertion)?),
            requests: Arc::default(),
            provocation: Arc::default(),
            tls: tls(&settings.tls)?,
            homes: Arc::new(Homes::new(pools, settings.external_https_port)),
            metadata: world.metadata,
            exchange_host: world.exchange_host.clone(),
            settings,
        })
    }

    /// One member of a pool; `number` is the pool's place among them.
    pub(super) fn front_end(
        &self,
        (number, pool): (usize, &Pool),
        member: &str,
        (mint, passive): (&Arc<Mint>, &Option<Arc<Passive>>),
        sip_port: u16,
    ) -> FrontEnd {
        let settings = &self.settings;
        let audience = &settings.assertion.front_end_audience;
        FrontEnd {
            reception: self.reception(Server::FrontEnd, member, audience, &pool.internal_host),
            mint: Arc::clone(mint),
            homes: Arc::clone(&self.homes),
            pool: number,
            addresses: Addresses {
                internal: format!("https://{}", pool.internal_host),
                external: self.homes.origin(number).to_owned(),
                internal_host: pool.internal_host.clone(),
                sip_host: settings.sip_host.clone(),
                sip_port,
                metadata: self.metadata,
            },
            passive: passive.clone(),
        }
    }

    /// One member of the Exchange.
    pub(super) fn exchange(&self, member: &str) -> Exchange {
        let audience = &self.settings.assertion.exchange_audience;
        Exchange {
            reception: self.reception(Server::Exchange, member, audience, &self.exchange_host),
        }
    }

    /// The SIP registrar.
    pub(super) fn registrar(&self) -> Registrar {
        Registrar {
            people: Arc::clone(&self.people),
            requests: Arc::clone(&self.requests),
        }
    }

    fn reception(&self, server: Server, member: &str, audience: &str, host: &str) -> Reception {
        let (computer, _) = host.split_once('.').unwrap_or((host, ""));
        let target = Target {
            netbios_domain: self.settings.netbios.clone(),
            netbios_computer: computer.to_ascii_uppercase(),
            dns_domain: self.settings.domain.clone(),
            dns_computer: host.to_owned(),
        };
        Reception {
            server,
            member: member.to_owned(),
            audience: audience.to_owned(),
            host: host.to_owned(),
            assertions: Arc::clone(&self.assertions),
            logon: Logon {
                target,
                people: Arc::clone(&self.people),
            },
            requests: Arc::clone(&self.requests),
            provocation: Arc::clone(&self.provocation),
        }
    }
}
