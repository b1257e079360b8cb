//! Where names lead: from here as this machine is set up, and by resolvers that stand inside and outside.
//!
//! Two questions of DNS are small enough to be asked by hand ([`proto::dns`]); a library would bring a resolver with
//! caches and configuration of its own, where one named server is to be asked and no other.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use proto::dns::{self, Kind};
use tokio::net::UdpSocket;

use super::{Beside, Look, one, within, words};
use crate::clock;
use crate::config::Settings;
use crate::deployment::Deployment;
use crate::doctor::wire::{NameOf, Seen, View};

/// How long finding one name may take.
const PATIENCE: Duration = Duration::from_secs(4);
/// How often a question is sent, as datagrams get lost, and how long each waits.
const ATTEMPTS: u32 = 2;
const WAIT: Duration = Duration::from_millis(1_800);

/// The looks at every name that matters.
pub(super) fn looks(settings: &Settings, beside: &Beside) -> Vec<Look> {
    let names = Names::of(settings);
    let inner: BTreeSet<IpAddr> = settings
        .listeners
        .iter()
        .filter(|it| it.internal_zone.is_some())
        .map(|it| it.address.ip())
        .collect();
    let mut looks = Vec::new();
    for name in names.published.union(&names.exchange) {
        let of = match names.exchange.contains(name) {
            true => NameOf::Exchange,
            false => NameOf::Published,
        };
        let asked = |view| Asked {
            name: name.clone(),
            of,
            view,
            inner: inner.clone(),
        };
        if names.published.contains(name) {
            looks.push(one(here(asked(View::Here))));
            looks.extend(beside.outside.map(|it| one(at(it, asked(View::Outside)))));
        }
        looks.extend(beside.inside.map(|it| one(at(it, asked(View::Inside)))));
    }
    for name in names.back_ends {
        let asked = Asked {
            name,
            of: NameOf::BackEnd,
            view: View::Outside,
            inner: BTreeSet::new(),
        };
        looks.extend(beside.outside.map(|it| one(at(it, asked.clone()))));
    }
    looks
}

struct Names {
    published: BTreeSet<String>,
    /// Those of the external site of Exchange: published, and what its members are told as Host.
    exchange: BTreeSet<String>,
    /// Those of back ends that are not published.
    back_ends: BTreeSet<String>,
}

impl Names {
    fn of(settings: &Settings) -> Self {
        let deployment = Deployment::of(settings);
        let published: BTreeSet<String> = deployment.published.iter().cloned().collect();
        let mut exchange = BTreeSet::new();
        for it in &deployment.exchange {
            exchange.insert(it.host.clone());
            let farm = deployment.back_end(&it.farm);
            let told = farm.map(|farm| farm.told_hosts.clone()).unwrap_or_default();
            // A server's own name is found inside, of course.
            let servers = farm.map(|farm| farm.servers.clone()).unwrap_or_default();
            exchange.extend(told.into_iter().filter(|it| !servers.contains(it)));
        }
        let servers = deployment.servers().into_iter().map(str::to_owned);
        let back_ends = servers.filter(|it| !published.contains(it)).collect();
        Self {
            published,
            exchange,
            back_ends,
        }
    }
}

#[derive(Clone)]
struct Asked {
    name: String,
    of: NameOf,
    view: View,
    inner: BTreeSet<IpAddr>,
}

impl Asked {
    fn seen(self, addresses: Result<Vec<IpAddr>, String>) -> Seen {
        // A listener on every address is on that one, too.
        let is_anywhere = self.inner.iter().any(IpAddr::is_unspecified);
        let is_inner =
            |it: &Vec<IpAddr>| is_anywhere || it.iter().all(|it| self.inner.contains(it));
        Seen::Name {
            is_inner_listener: addresses.as_ref().is_ok_and(is_inner),
            name: self.name,
            of: self.of,
            view: self.view,
            addresses,
        }
    }
}

/// As this machine finds names.
async fn here(asked: Asked) -> Seen {
    let finding = async {
        let found = tokio::net::lookup_host((asked.name.as_str(), 0)).await;
        let found = found.map_err(|error| words(&error))?;
        let found: BTreeSet<IpAddr> = found.map(|it| it.ip()).collect();
        Ok(found.into_iter().collect())
    };
    let addresses = within(PATIENCE, finding).await;
    asked.seen(addresses)
}

/// As a resolver finds them.
async fn at(resolver: SocketAddr, asked: Asked) -> Seen {
    let addresses = within(PATIENCE, addresses(resolver, &asked.name)).await;
    asked.seen(addresses)
}

/// The addresses that a resolver has for a name, of both kinds.
///
/// # Errors
///
/// It does not answer, or refuses.
pub(super) async fn addresses(resolver: SocketAddr, name: &str) -> Result<Vec<IpAddr>, String> {
    let (four, six) = tokio::join!(
        ask(resolver, name, Kind::A),
        ask(resolver, name, Kind::Aaaa)
    );
    let mut found = four?;
    found.extend(six?);
    Ok(found)
}

async fn ask(resolver: SocketAddr, name: &str, kind: Kind) -> Result<Vec<IpAddr>, String> {
    let unusable = |error: std::io::Error| words(&error);
    let here: IpAddr = match resolver {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((here, 0)).await.map_err(unusable)?;
    // Nobody else's datagrams come in then.
    socket.connect(resolver).await.map_err(unusable)?;
    let id = clock::random().map_err(|error| words(&error))?;
    let question = dns::question(u16::from_be_bytes(id), name, kind);
    let question = question.ok_or_else(|| format!("`{name}` is no name of DNS"))?;
    let mut answer = vec![0; dns::MAX_MESSAGE];
    for _ in 0..ATTEMPTS {
        socket.send(&question).await.map_err(unusable)?;
        let Ok(received) = tokio::time::timeout(WAIT, socket.recv(&mut answer)).await else {
            continue;
        };
        let length = received.map_err(unusable)?;
        let message = answer.get(..length).unwrap_or_default();
        return dns::addresses(message, &question).map_err(|error| words(&error));
    }
    Err("it does not answer".to_owned())
}
