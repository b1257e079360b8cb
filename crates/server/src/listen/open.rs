//! Listeners that accept, and what each gives its new connections; a reload replaces that.
//!
//! A connection keeps what it began with. A new TLS configuration knows no session of the old one, so
//! that each new connection is shown a new certificate and its channel bindings are of those alone.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;

use gateway::Publication;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::entrance::Entrance;
use super::{Bound, Door, ListenError, doors, plain, socket};
use crate::config::Settings;
use crate::config::settings::Plain;
use crate::proxy::Proxy;

/// What a connection is taken in with.
#[derive(Clone)]
pub(super) struct Inside {
    pub(super) door: Door,
    pub(super) proxy: Arc<Proxy>,
}

/// Listeners that accept; each ends when its sender is dropped.
pub(crate) struct Open {
    entrance: Arc<Entrance>,
    stopping: watch::Sender<bool>,
    tasks: JoinSet<()>,
    tls: Vec<Running<Inside>>,
    plain: Vec<Running<plain::Inside>>,
}

/// A listener under the address that the configuration gives it, and what it gives out.
struct Running<T> {
    address: SocketAddr,
    current: watch::Sender<T>,
}

/// What becomes of an address of a new configuration.
enum Planned {
    /// It is listened at already.
    Kept(usize),
    /// It is bound anew.
    Fresh(TcpListener),
}

impl Open {
    /// Begins to accept.
    ///
    /// # Errors
    ///
    /// A bound socket cannot be used.
    pub(super) fn begin(bound: Bound, proxy: &Arc<Proxy>) -> Result<Self, ListenError> {
        let mut open = Self {
            entrance: Entrance::new(bound.room, Arc::clone(&proxy.metrics)),
            stopping: watch::Sender::new(false),
            tasks: JoinSet::new(),
            tls: Vec::new(),
            plain: Vec::new(),
        };
        for listening in bound.listening {
            let address = listening.door.settings.address;
            let socket = usable(listening.socket, address)?;
            let proxy = Arc::clone(proxy);
            let door = listening.door;
            open.take_in(socket, address, Inside { door, proxy });
        }
        for (plain, socket) in bound.plain {
            let socket = usable(socket, plain.address)?;
            let inside = inside(&plain, &bound.publication);
            open.answer_plain(socket, plain.address, inside, proxy);
        }
        Ok(open)
    }

    /// Gives new connections what a new configuration says; those that are open keep the old one. An
    /// address that it does not name is listened at no longer.
    ///
    /// # Errors
    ///
    /// A certificate or key is not usable, or a new address is taken; then nothing has changed.
    pub(crate) fn replace(
        &mut self,
        settings: &Settings,
        proxy: &Arc<Proxy>,
    ) -> Result<(), ListenError> {
        let doors = doors(settings)?;
        let addresses = doors.iter().map(|door| door.settings.address);
        let tls = plan(&self.tls, addresses)?;
        let plain = plan(&self.plain, settings.plain.iter().map(|it| it.address))?;
        let mut old: Vec<_> = self.tls.drain(..).map(Some).collect();
        for (planned, door) in tls.into_iter().zip(doors) {
            let address = door.settings.address;
            let proxy = Arc::clone(proxy);
            let inside = Inside { door, proxy };
            match planned {
                Planned::Kept(at) => self.tls.extend(kept(&mut old, at, inside)),
                Planned::Fresh(socket) => self.take_in(socket, address, inside),
            }
        }
        let mut old: Vec<_> = self.plain.drain(..).map(Some).collect();
        for (planned, plain) in plain.into_iter().zip(&settings.plain) {
            let inside = inside(plain, &settings.publication);
            match planned {
                Planned::Kept(at) => self.plain.extend(kept(&mut old, at, inside)),
                Planned::Fresh(socket) => self.answer_plain(socket, plain.address, inside, proxy),
            }
        }
        Ok(())
    }

    /// Stops accepting and lets what is under way finish.
    pub(crate) async fn close(mut self) {
        tracing::info!("the gate closes; requests under way are finished");
        // Where nobody listens any more, everybody has stopped already.
        let _ = self.stopping.send(true);
        while self.tasks.join_next().await.is_some() {}
    }

    /// The certificates that are served, each with its listener and the second of 1970 it ends in.
    pub(crate) fn certificates(&self) -> Vec<(SocketAddr, PathBuf, i64)> {
        let mut served = Vec::new();
        for running in &self.tls {
            let inside = running.current.borrow();
            let ends = inside.door.certificates.ends();
            served.extend(ends.map(|(chain, end)| (running.address, chain, end)));
        }
        served
    }

    fn take_in(&mut self, socket: TcpListener, address: SocketAddr, inside: Inside) {
        let (current, seen) = watch::channel(inside);
        let (entrance, stop) = (Arc::clone(&self.entrance), self.stopping.subscribe());
        self.tasks
            .spawn(super::accept(socket, entrance, seen, stop));
        self.tls.push(Running { address, current });
    }

    fn answer_plain(
        &mut self,
        socket: TcpListener,
        address: SocketAddr,
        inside: plain::Inside,
        proxy: &Proxy,
    ) {
        let (current, seen) = watch::channel(inside);
        let shared = (Arc::clone(&self.entrance), Arc::clone(&proxy.metrics));
        let stop = self.stopping.subscribe();
        self.tasks.spawn(plain::serve(socket, shared, seen, stop));
        self.plain.push(Running { address, current });
    }
}

/// What a listener of plain HTTP gives its connections.
fn inside(plain: &Plain, publication: &Arc<Publication>) -> plain::Inside {
    plain::Inside {
        balancers: plain.balancers.clone(),
        publication: Arc::clone(publication),
    }
}

/// What becomes of each address; what is not listened at yet is bound here.
fn plan<T>(
    running: &[Running<T>],
    addresses: impl Iterator<Item = SocketAddr>,
) -> Result<Vec<Planned>, ListenError> {
    let mut taken = vec![false; running.len()];
    let mut planned = Vec::new();
    for address in addresses {
        // Several may listen at port 0, each at a port of its own.
        let mut known = running.iter().zip(&mut taken).enumerate();
        let free = known.find(|(_, (it, is_taken))| it.address == address && !**is_taken);
        planned.push(match free {
            Some((at, (_, is_taken))) => {
                *is_taken = true;
                Planned::Kept(at)
            }
            None => Planned::Fresh(usable(socket(address, &mut Vec::new())?, address)?),
        });
    }
    Ok(planned)
}

fn kept<T>(old: &mut [Option<Running<T>>], at: usize, next: T) -> Option<Running<T>> {
    let running = old.get_mut(at)?.take()?;
    running.current.send_replace(next);
    Some(running)
}

fn usable(socket: StdListener, address: SocketAddr) -> Result<TcpListener, ListenError> {
    let unusable = |source: io::Error| ListenError::Bind { address, source };
    TcpListener::from_std(socket).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(addresses: &[SocketAddr]) -> Vec<Running<()>> {
        let running = |address: &SocketAddr| Running {
            address: *address,
            current: watch::Sender::new(()),
        };
        addresses.iter().map(running).collect()
    }

    #[tokio::test]
    async fn an_address_that_is_listened_at_is_kept_and_a_new_one_bound() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let other = SocketAddr::from(([127, 0, 0, 2], 0));
        let planned = plan(&running(&[any, any]), [any, other, any].into_iter()).unwrap();
        let is_kept: Vec<Option<usize>> = planned
            .iter()
            .map(|planned| match planned {
                Planned::Kept(at) => Some(*at),
                Planned::Fresh(_) => None,
            })
            .collect();
        assert_eq!(is_kept, [Some(0), None, Some(1)]);
    }

    #[tokio::test]
    async fn an_address_that_is_taken_is_named() {
        let socket = StdListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let refused = plan(&running(&[]), [address].into_iter()).err().unwrap();
        assert!(
            refused.to_string().contains(&address.to_string()),
            "{refused}"
        );
    }
}
